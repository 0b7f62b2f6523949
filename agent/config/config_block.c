#include "config/config_block.h"

#include <assert.h>
#include <string.h>

#include "base/memory.h"

/* Names of blocks become keys of JSON beside these; dependencies also beside
 * what the agent looks at itself. */
static const char counters_reserved[] = "status checked_at warnings";
static const char dependency_reserved[] =
    "status checked_at warnings redis repository archive cache";

static bool
is_reserved(const char *kind, const char *name)
{
    const char *words = strcmp(kind, "dependency") == 0 ? dependency_reserved
                                                        : counters_reserved;

    return config_value_find_word(words, name, strlen(name)) >= 0;
}

static bool
is_of(const struct config_block *block, const char *section)
{
    return strcmp(block->first->section, section) == 0;
}

static int
check_name(const struct config *c, const char *kind, const char *name,
           struct error *e)
{
    uint64_t ignored;

    if (config_value_read(&config_keys[CONFIG_INSTANCE], name, &ignored, e) !=
        0)
        return error_in(e, "[%s NAME]", kind);
    if (is_reserved(kind, name))
        return error_set(e, ERROR_USAGE,
                         "[%s %s]: this name is reserved, choose another", kind,
                         name);
    for (size_t i = 0; i < c->block_count; i++)
        if (is_of(&c->blocks[i], kind) && strcmp(c->blocks[i].name, name) == 0)
            return error_set(e, ERROR_USAGE,
                             "[%s %s]: given twice, first on line %u", kind,
                             name, c->blocks[i].line);
    if (c->block_count >= CONFIG_BLOCKS_MAX)
        return error_set(e, ERROR_USAGE,
                         "[%s %s]: more than %d sections with a name", kind,
                         name, (int)CONFIG_BLOCKS_MAX);
    return 0;
}

static void
put_presets(struct config_block *block, const char *kind)
{
    const struct config_key_info *key = block->first;

    for (; key < config_keys + CONFIG_KEYS && strcmp(key->section, kind) == 0;
         key++) {
        const char *preset = key->preset;
        struct error e;
        int rc = 0;

        if (key == &config_keys[CONFIG_COUNTERS_TITLE])
            preset = block->name;
        if (preset != NULL)
            rc = config_value_put(&block->values[key - block->first], key,
                                  preset, CONFIG_FROM_PRESET, &e);
        assert(rc == 0);
        (void)rc;
    }
}

struct config_block *
config_block_add(struct config *c, const char *kind, const char *name,
                 unsigned line, struct error *e)
{
    struct config_block *block;

    if (check_name(c, kind, name, e) != 0)
        return NULL;
    c->blocks = memory_grow(c->blocks, c->block_count, &c->block_capacity,
                            sizeof *c->blocks);
    block = &c->blocks[c->block_count++];
    *block = (struct config_block){.name = memory_dup(name), .line = line};
    for (size_t i = CONFIG_KEYS; i-- > CONFIG_KEYS_SINGLE;)
        if (strcmp(config_keys[i].section, kind) == 0)
            block->first = &config_keys[i];
    put_presets(block, kind);
    return block;
}

size_t
config_block_count(const struct config *c, const char *section)
{
    size_t count = 0;

    for (size_t i = 0; i < c->block_count; i++)
        count += is_of(&c->blocks[i], section);
    return count;
}

const struct config_block *
config_block_at(const struct config *c, const char *section, size_t i)
{
    for (size_t k = 0; k < c->block_count; k++)
        if (is_of(&c->blocks[k], section) && i-- == 0)
            return &c->blocks[k];
    return NULL;
}

static const struct config_value *
value_of(const struct config_block *b, enum config_key key)
{
    assert(is_of(b, config_keys[key].section));
    return &b->values[&config_keys[key] - b->first];
}

const char *
config_block_text(const struct config_block *b, enum config_key key)
{
    return value_of(b, key)->text;
}

uint64_t
config_block_number(const struct config_block *b, enum config_key key)
{
    return value_of(b, key)->number;
}

bool
config_block_flag(const struct config_block *b, enum config_key key)
{
    assert(config_keys[key].type == CONFIG_TYPE_FLAG);
    return value_of(b, key)->number != 0;
}

uint64_t
config_block_duration_ms(const struct config_block *b, enum config_key key)
{
    assert(config_keys[key].type == CONFIG_TYPE_DURATION);
    return value_of(b, key)->number;
}
