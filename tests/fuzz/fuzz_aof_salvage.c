/*
 * A damaged append-only file from anybody: what is made of it is sound, a sound
 * one stays as it is, and what is lost lies in the file, in order.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "formats/aof.h"
#include "formats/aof_salvage.h"

struct bytes {
    uint8_t *at;
    size_t size, capacity;
};

static int
append(void *context, const void *bytes, size_t size, struct error *e)
{
    struct bytes *b = context;

    (void)e;
    if (b->size + size > b->capacity) {
        b->capacity = 2 * (b->size + size);
        b->at = memory_resize(b->at, b->capacity, 1);
    }
    memcpy(b->at + b->size, bytes, size);
    b->size += size;
    return 0;
}

/* false: an RDB in front that nobody reads. */
static bool
salvage(const uint8_t *data, size_t size, const struct aof_options *options,
        struct mend *m, struct bytes *out)
{
    struct source s;
    struct error e = {0};
    uint64_t end = 0;

    source_of_memory(&s, data, size);
    mend_begin(m, &s, append, out);
    if (aof_salvage(&s, options, m, &e) != 0) {
        if (e.kind != ERROR_REFUSED)
            abort();
        return false;
    }
    if (mend_end(m, &e) != 0 || m->size_bytes != out->size)
        abort();
    for (size_t i = 0; i < m->count; i++) {
        if (m->losses[i].offset < end)
            abort();
        end = m->losses[i].offset + m->losses[i].size_bytes;
    }
    if (end > size)
        abort();
    return true;
}

static bool
is_sound(const uint8_t *data, size_t size, const struct aof_options *options,
         uint64_t *commands)
{
    struct aof_result r;
    struct source s;
    struct error e = {0};

    source_of_memory(&s, data, size);
    if (aof_scan(&s, options, NULL, &r, &e) != 0)
        abort();
    *commands = r.commands;
    return r.verdict == VERDICT_SOUND;
}

/* libFuzzer calls it; no header declares it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct release release = {.major = 7};
    const struct aof_options options = {.release = size % 2 ? &release : NULL,
                                        .own_commands = size % 4 == 2,
                                        .deep = true};
    struct bytes out = {0}, again = {0};
    struct mend m, second;
    uint64_t commands;
    bool sound;

    sound = is_sound(data, size, &options, &commands);
    if (salvage(data, size, &options, &m, &out)) {
        if (sound && (m.changed || m.count > 0 || out.size != size ||
                      (size > 0 && memcmp(out.at, data, size) != 0)))
            abort();
        if (!sound && !m.changed)
            abort();
        if (!is_sound(out.at, out.size, &options, &commands) ||
            commands != m.commands)
            abort();
        if (!salvage(out.at, out.size, &options, &second, &again) ||
            second.changed || second.count > 0)
            abort();
        mend_clear(&second);
    }
    mend_clear(&m);
    free(out.at);
    free(again.at);
    return 0;
}
