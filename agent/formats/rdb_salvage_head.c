#include "formats/rdb_salvage_head.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "formats/rdb_item.h"
#include "formats/rdb_types.h"

enum { HEAD_SIZE = 9, DIGITS_REDIS = 5, DIGITS_VALKEY = 6 };

/* Aux fields, sizes and checksums are as old. */
enum { LEAST_VERSION = 7 };

/* Releases to come count on by one; beyond that it is a damaged digit. */
enum { VERSIONS_TO_COME = 10 };

/* How many of the letters of a magic are there. */
static unsigned
likeness(const unsigned char *p, const char *magic)
{
    unsigned same = 0;

    for (size_t i = 0; magic[i] != '\0'; i++)
        same += p[i] == (unsigned char)magic[i];
    return same;
}

/* -1: no number. */
static int
read_digits(const unsigned char *p)
{
    int n = 0;

    for (; isdigit(*p); p++)
        n = n * 10 + *p - '0';
    return *p == '\0' ? n : -1;
}

static void
read_damaged(struct rdb_salvage_head *h, const unsigned char *head)
{
    int redis = read_digits(head + DIGITS_REDIS);
    int valkey = read_digits(head + DIGITS_VALKEY);

    h->valkey = valkey == RDB_VALKEY_VERSION_MAX ||
                likeness(head, "VALKEY") > 3;
    h->version = h->valkey ? RDB_VALKEY_VERSION_MAX : RDB_VERSION_MAX;
    h->new_version = h->valkey ? h->version : LEAST_VERSION;
    h->version_known = h->valkey;
    if (h->valkey || redis < 1 || redis > RDB_VERSION_MAX)
        return;
    h->version = h->new_version = redis;
    h->version_known = true;
}

int
rdb_salvage_head_read(struct rdb_salvage_head *h, const struct source *s,
                      uint64_t begin, const struct rdb_result *whole,
                      struct error *e)
{
    unsigned char head[HEAD_SIZE + 1] = {0};
    int most = whole->valkey_magic ? RDB_VALKEY_VERSION_MAX : RDB_VERSION_MAX;
    size_t got;

    *h = (struct rdb_salvage_head){.begin = begin,
                                   .end_offset = begin + HEAD_SIZE};
    if (whole->container)
        return error_set(e, ERROR_REFUSED,
                         "a compressed container of Valkey, which this program "
                         "does not read");
    if (whole->verdict == VERDICT_UNKNOWN ||
        (whole->version > most && whole->version <= most + VERSIONS_TO_COME))
        return error_set(e, ERROR_REFUSED,
                         "version %d holds what is newer than this program: "
                         "use a newer release",
                         whole->version);
    if (source_read_at(s, head, HEAD_SIZE, begin, &got, e) != 0)
        return -1;
    h->intact = whole->version > 0 && whole->version <= most;
    h->valkey = whole->valkey_magic;
    h->version = h->new_version = whole->version;
    h->version_known = h->intact;
    if (!h->intact)
        read_damaged(h, head);
    return 0;
}

void
rdb_salvage_head_need(struct rdb_salvage_head *h, bool key, uint8_t byte)
{
    static const struct {
        uint8_t opcode;
        int since;
    } opcodes[] = {
        {RDB_ITEM_META, 14},     {RDB_ITEM_SLOT_INFO, 12},
        {RDB_ITEM_FUNCTION, 10}, {RDB_ITEM_MODULE_AUX, 9},
        {RDB_ITEM_IDLE, 9},      {RDB_ITEM_FREQUENCY, 9},
    };
    int since = 0;

    if (h->version_known)
        return;
    if (key)
        since = rdb_types_find(h->valkey, byte)->since;
    for (size_t i = 0; !key && i < sizeof opcodes / sizeof *opcodes; i++)
        if (opcodes[i].opcode == byte)
            since = opcodes[i].since;
    if (since > h->new_version)
        h->new_version = since;
}

int
rdb_salvage_head_write(const struct rdb_salvage_head *h, struct mend *m,
                       struct error *e)
{
    char head[32];

    if (h->intact)
        return mend_keep(m, h->begin, HEAD_SIZE, e);
    snprintf(head, sizeof head, h->valkey ? "VALKEY%03d" : "REDIS%04d",
             h->new_version);
    mend_lose(m, (struct mend_loss){
                     .offset = h->begin,
                     .size_bytes = HEAD_SIZE,
                     .why = h->version_known
                                ? "the head of the RDB is damaged: written anew"
                                : "the head of the RDB is damaged: written "
                                  "anew, with the least version that knows "
                                  "all that follows",
                     .after_s = -1,
                     .before_s = -1,
                 });
    return mend_put(m, head, HEAD_SIZE, e);
}
