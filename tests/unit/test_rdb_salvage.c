/* What comes out of damaged RDBs, made byte by byte and then hurt. */
#include "formats/rdb_salvage.h"

#include <stdio.h>

#include "test_rdb_bytes.h"

enum { FILE_KEYS = 40 };

struct salvaged {
    int rc;
    struct mend mend;
    struct error error;
    struct bytes out;
    uint64_t offset; /* where the source stood at the end */
};

static int
take(void *context, const void *bytes, size_t size, struct error *e)
{
    (void)e;
    add(context, bytes, size);
    return 0;
}

static struct salvaged
salvage(const struct bytes *b)
{
    struct salvaged s = {0};
    struct source source;

    source_of_memory(&source, b->data, b->size);
    mend_begin(&s.mend, &source, take, &s.out);
    s.rc = rdb_salvage(&source, &s.mend, &s.error);
    if (s.rc == 0)
        s.rc = mend_end(&s.mend, &s.error);
    s.offset = source_offset(&source);
    return s;
}

static void
clear(struct salvaged *s)
{
    mend_clear(&s->mend);
    free(s->out.data);
}

/* A key as the file has it: 7 bytes of name, 8 of value, expiries now and
 * then, and a strong value now and then. */
static void
add_key(struct bytes *b, unsigned i)
{
    char name[16];

    snprintf(name, sizeof name, "user:%02u", i);
    if (i % 5 == 3)
        add(b, "\xfc\x00\x40\x50\x8f\x8f\x01\x00\x00", 9);
    if (i % 4 == 2)
        add(b, "\x0b\x07", 2);
    else
        add(b, "\x00\x07", 2);
    add(b, name, 7);
    if (i % 4 == 2)
        add(b, "\x0c\2\0\0\0\2\0\0\0\1\0\2\0", 13);
    else
        add(b, "\x08value-is", 9);
}

/* offsets[i] is where key i begins, offsets[FILE_KEYS] the end mark. */
static struct bytes
make_file(size_t offsets[FILE_KEYS + 1])
{
    struct bytes b = {0};

    add(&b, "REDIS0011\xfe\x00\xfb\x28\x08", 14);
    for (unsigned i = 0; i < FILE_KEYS; i++) {
        offsets[i] = b.size;
        add_key(&b, i);
    }
    offsets[FILE_KEYS] = b.size;
    add(&b, "\xff", 1);
    add_checksum(&b);
    return b;
}

/* Walks what came out; it must be sound. */
static struct walked
walk_out(const struct salvaged *s)
{
    struct rdb_options options = {.key_seen = note_key, .deep = true};
    struct walked w = {0};
    struct source source;

    options.context = &w;
    source_of_memory(&source, s->out.data, s->out.size);
    ck_assert_int_eq(
        rdb_walk(&source, &options, &w.report, &w.result, &w.error), 0);
    if (w.result.verdict != VERDICT_SOUND)
        ck_abort_msg("%s", w.report.findings[0].text);
    ck_assert_uint_eq(w.result.end_offset, s->out.size);
    return w;
}

/* Whether the key is byte for byte one of the original, but for those. */
static bool
is_original(const struct salvaged *s, const struct rdb_key *key,
            const struct bytes *original, const size_t *offsets, unsigned from,
            unsigned to)
{
    for (unsigned i = 0; i < FILE_KEYS; i++) {
        size_t size = offsets[i + 1] - offsets[i];

        if ((i < from || i >= to) && key->end_offset - key->offset == size &&
            memcmp(s->out.data + key->offset, original->data + offsets[i],
                   size) == 0)
            return true;
    }
    return false;
}

/* All keys but [from, to), and no more than were there: of a changed byte in a
 * name nobody can know. */
static void
assert_all_but(const struct salvaged *s, const struct bytes *original,
               const size_t offsets[FILE_KEYS + 1], unsigned from, unsigned to)
{
    struct walked w = walk_out(s);
    unsigned found = 0;

    for (size_t i = 0; i < w.key_count; i++)
        found += is_original(s, &w.keys[i], original, offsets, from, to);
    ck_assert_uint_eq(found, FILE_KEYS - (to - from));
    ck_assert_uint_le(w.key_count, FILE_KEYS);
    report_clear(&w.report);
}

START_TEST(a_sound_file_stays_as_it_is)
{
    size_t offsets[FILE_KEYS + 1];
    struct bytes b = make_file(offsets);
    struct salvaged s;

    add(&b, "*1\r\n$4\r\nPING\r\n", 14);
    s = salvage(&b);
    ck_assert_int_eq(s.rc, 0);
    ck_assert_uint_eq(s.offset, b.size - 14);
    ck_assert_uint_eq(s.out.size, b.size - 14);
    ck_assert_int_eq(memcmp(s.out.data, b.data, s.out.size), 0);
    ck_assert_uint_eq(s.mend.count, 0);
    ck_assert_uint_eq(s.mend.keys, FILE_KEYS);
    clear(&s);
    b.size -= 14;
    s = salvage(&b);
    ck_assert(!s.mend.changed);
    clear(&s);
    free(b.data);
}
END_TEST

/* Whichever byte of the keys it is, and the neighbours of the one it is in
 * stay: but the key before may seem to end in what follows. */
START_TEST(one_damaged_byte_costs_one_key)
{
    static const unsigned char values[] = {0x00, 0x01, 0x41, 0x80, 0xfe, 0xff};
    size_t offsets[FILE_KEYS + 1];
    struct bytes b = make_file(offsets);

    for (unsigned i = 0; i < FILE_KEYS; i++)
        for (size_t at = offsets[i]; at < offsets[i + 1]; at++) {
            unsigned char was = b.data[at];
            struct salvaged s;

            b.data[at] = values[_i];
            s = salvage(&b);
            b.data[at] = was;
            ck_assert_int_eq(s.rc, 0);
            ck_assert_uint_eq(s.offset, b.size);
            assert_all_but(&s, &b, offsets, i, i + 1);
            clear(&s);
        }
    free(b.data);
}
END_TEST

START_TEST(a_cut_file_gives_all_whole_keys)
{
    size_t offsets[FILE_KEYS + 1];
    struct bytes b = make_file(offsets);
    size_t whole = b.size;

    for (b.size = offsets[0]; b.size < whole; b.size++) {
        struct salvaged s = salvage(&b);
        unsigned keys = 0;

        while (keys < FILE_KEYS && offsets[keys + 1] <= b.size)
            keys++;
        ck_assert_int_eq(s.rc, 0);
        ck_assert_uint_eq(s.mend.keys, keys);
        ck_assert_uint_eq(s.offset, b.size);
        ck_assert(s.mend.changed);
        assert_all_but(&s, &b, offsets, keys, FILE_KEYS);
        clear(&s);
    }
    free(b.data);
}
END_TEST

/* A block over some keys: of zeros, of a letter, of what is no text. */
START_TEST(a_block_costs_what_it_lies_on)
{
    static const unsigned char fill[] = {0x00, 'x', 0xc8, 0xff};
    size_t offsets[FILE_KEYS + 1];
    struct bytes b = make_file(offsets);

    for (size_t at = offsets[5]; at < offsets[6]; at++) {
        struct bytes hurt = {0};
        struct salvaged s;
        unsigned last = 6;

        add(&hurt, b.data, b.size);
        memset(hurt.data + at, fill[_i], 100);
        while (offsets[last] < at + 100)
            last++;
        s = salvage(&hurt);
        ck_assert_int_eq(s.rc, 0);
        assert_all_but(&s, &b, offsets, 5, last);
        clear(&s);
        free(hurt.data);
    }
    free(b.data);
}
END_TEST

START_TEST(the_plan_is_what_is_done)
{
    size_t offsets[FILE_KEYS + 1];
    struct bytes b = make_file(offsets);
    struct source source;
    struct salvaged s;
    struct mend plan;
    struct error e = {0};

    memset(b.data + offsets[7], 0, 50);
    b.data[offsets[20] + 12]++; /* an intset of an odd width */
    s = salvage(&b);
    source_of_memory(&source, b.data, b.size);
    mend_begin(&plan, &source, NULL, NULL);
    ck_assert_int_eq(rdb_salvage(&source, &plan, &e), 0);
    ck_assert_int_eq(mend_end(&plan, &e), 0);
    ck_assert_uint_eq(plan.size_bytes, s.out.size);
    ck_assert_uint_eq(plan.count, s.mend.count);
    ck_assert_uint_eq(plan.keys, s.mend.keys);
    for (size_t i = 0; i < plan.count; i++) {
        ck_assert_uint_eq(plan.losses[i].offset, s.mend.losses[i].offset);
        ck_assert_str_eq(plan.losses[i].why, s.mend.losses[i].why);
    }
    mend_clear(&plan);
    clear(&s);
    free(b.data);
}
END_TEST

#define BYTES(text) text, sizeof(text) - 1
#define KEY(n) "\x00\x06user:" n "\x05value"

/* What is left of a body, and the first loss. Offsets begin with the head's 9.
 * commands: what is put behind the whole. */
static const struct {
    const char *body;
    size_t size;
    const char *kept;
    size_t kept_size;
    uint64_t at, lost;
    int64_t keys;
    const char *name, *why;
} cases[] = {
    /* a member twice; an intset that does not ascend */
    {BYTES(KEY("1") "\x02\x06user:2\x02\x01"
                    "a\x01"
                    "a" KEY("3")),
     BYTES(KEY("1") KEY("3")), 23, 13, 1, "user:2", "its value is bad"},
    /* twice the same key; in another database it is another */
    {BYTES(KEY("1") KEY("2") KEY("1") "\xfe\x01" KEY("1")),
     BYTES(KEY("1") KEY("2") "\xfe\x01" KEY("1")), 37, 14, 1, "user:1",
     "comes twice, or one of its members does; the first stays"},
    /* a name that cannot be shown as it is */
    {BYTES("\x02\x06us\x1b\xff:2\x02\x01"
           "a\x01"
           "a" KEY("3")),
     BYTES(KEY("3")), 9, 13, 1, "us\\x1b\\xff:2", "its value is bad"},
    /* a type that every server refuses; one that is not there */
    {BYTES(KEY("1") "\x06\x06user:2\x05value" KEY("3")),
     BYTES(KEY("1") KEY("3")), 23, 14, -1, NULL, "does not parse"},
    {BYTES(KEY("1") "\x3f\x06user:2\x05value" KEY("3")),
     BYTES(KEY("1") KEY("3")), 23, 14, -1, NULL, "does not parse"},
    /* code of functions that is no LZF */
    {BYTES("\xf5\xc3\x03\x09\x01#!" KEY("1")), BYTES(KEY("1")), 9, 7, 0, NULL,
     "a library of functions is damaged"},
    /* a library stays, damage before it does not */
    {BYTES("\xfa\xff\xf5\x0f#!lua name=lib\n" KEY("1")),
     BYTES("\xf5\x0f#!lua name=lib\n" KEY("1")), 9, 2, -1, NULL,
     "does not parse"},
    /* keys without elements are as they were */
    {BYTES("\x02\x01"
           "e\x00" KEY("1") "\x06" KEY("3")),
     BYTES("\x02\x01"
           "e\x00" KEY("1") KEY("3")),
     27, 1, -1, NULL, "does not parse"},
};

START_TEST(each_piece_is_judged_by_itself)
{
    struct bytes b = make_rdb("REDIS0011", cases[_i].body, cases[_i].size);
    struct bytes want =
        make_rdb("REDIS0011", cases[_i].kept, cases[_i].kept_size);
    struct salvaged s = salvage(&b);
    const struct mend_loss *loss = s.mend.losses;

    ck_assert_int_eq(s.rc, 0);
    ck_assert_uint_eq(s.mend.count, 1);
    ck_assert_str_eq(loss->why, cases[_i].why);
    ck_assert_uint_eq(loss->offset, cases[_i].at);
    ck_assert_uint_eq(loss->size_bytes, cases[_i].lost);
    ck_assert_int_eq(loss->keys, cases[_i].keys);
    if (cases[_i].name == NULL)
        ck_assert_ptr_null(loss->name);
    else
        ck_assert_str_eq(loss->name, cases[_i].name);
    ck_assert_uint_eq(s.out.size, want.size);
    ck_assert_int_eq(memcmp(s.out.data, want.data, want.size), 0);
    clear(&s);
    free(want.data);
    free(b.data);
}
END_TEST

static const struct {
    const char *head, *want;
} heads[] = {
    {"REDIT0011", "REDIS0011"},
    {"REDIS0x11", "REDIS0011"}, /* what the intset, set and list need */
    {"REDIS0099", "REDIS0011"},
    {"\0\0\0\0\0\0\0\0\0", "REDIS0011"},
    {"VBLKEY080", "VALKEY080"},
    {"VALKEY0#0", "VALKEY080"},
};

/* A set as a listpack came with version 11. */
START_TEST(a_damaged_head_is_written_anew)
{
    static const char body[] = KEY("1") "\x14\x06user:2\x0a\x0a\0\0\0\1\0\x81"
                                        "a\2\xff" KEY("3");
    struct bytes b = make_rdb("REDIS0011", BYTES(body));
    struct salvaged s;
    struct walked w;

    memcpy(b.data, heads[_i].head, 9);
    s = salvage(&b);
    ck_assert_int_eq(s.rc, 0);
    ck_assert_int_eq(memcmp(s.out.data, heads[_i].want, 9), 0);
    ck_assert_uint_eq(s.mend.keys, 3);
    ck_assert_uint_eq(s.mend.count, 1);
    w = walk_out(&s);
    report_clear(&w.report);
    clear(&s);
    free(b.data);
}
END_TEST

static const struct {
    const char *bytes;
    size_t size;
    const char *error;
} refused[] = {
    {BYTES("VKCS\0\0\0\0\0\0\0\0"), "a compressed container of Valkey, which "
                                    "this program does not read"},
    {BYTES("REDIS0015\xff"), "version 15 holds what is newer than this "
                             "program: use a newer release"},
    {BYTES("*1\r\n$4\r\nPING\r\n"), "neither the head of an RDB nor any key "
                                    "can be found in it"},
    {BYTES(""), "neither the head of an RDB nor any key can be found in it"},
};

START_TEST(refuses_and_says_why)
{
    struct bytes b = {.data = (unsigned char *)memory_copy(refused[_i].bytes,
                                                           refused[_i].size),
                      .size = refused[_i].size};
    struct salvaged s = salvage(&b);

    ck_assert_int_eq(s.rc, -1);
    ck_assert_int_eq(s.error.kind, ERROR_REFUSED);
    ck_assert_str_eq(s.error.text, refused[_i].error);
    clear(&s);
    free(b.data);
}
END_TEST

START_TEST(a_wrong_checksum_alone_is_told)
{
    size_t offsets[FILE_KEYS + 1];
    struct bytes b = make_file(offsets);
    struct salvaged s;

    b.data[b.size - 1] ^= 1;
    s = salvage(&b);
    ck_assert_int_eq(s.rc, 0);
    ck_assert_uint_eq(s.mend.keys, FILE_KEYS);
    ck_assert_uint_eq(s.mend.count, 1);
    ck_assert_int_eq(s.mend.keys_lost, 0);
    ck_assert_ptr_nonnull(strstr(s.mend.losses[0].why, "may have changed"));
    assert_all_but(&s, &b, offsets, 0, 0);
    clear(&s);
    free(b.data);
}
END_TEST

/* Of an AOF behind the RDB, wherever that is damaged. */
START_TEST(leaves_the_commands_behind_it_alone)
{
    static const char commands[] = "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n"
                                   "*2\r\n$4\r\nINCR\r\n$1\r\na\r\n";
    size_t offsets[FILE_KEYS + 1];
    struct bytes b = make_file(offsets);
    size_t size = b.size;

    add(&b, commands, sizeof commands - 1);
    for (size_t at = offsets[FILE_KEYS - 1]; at < size; at++) {
        unsigned char was = b.data[at];
        struct salvaged s;

        b.data[at] = 0xc8;
        s = salvage(&b);
        b.data[at] = was;
        ck_assert_int_eq(s.rc, 0);
        ck_assert_uint_eq(s.offset, size);
        assert_all_but(&s, &b, offsets, FILE_KEYS - 1, FILE_KEYS);
        clear(&s);
    }
    free(b.data);
}
END_TEST

/* In three databases of FILE_KEYS keys, of which the second's SELECT is hurt:
 * its keys are no one's, and put where none were. */
START_TEST(a_lost_change_of_the_database_is_told)
{
    struct bytes b = {0};
    struct salvaged s;
    struct walked w;
    size_t select = 0;

    add(&b, "REDIS0011", 9);
    for (unsigned db = 0; db < 3; db++) {
        unsigned char head[] = {0xfe, (unsigned char)(db * 2), 0xfb, FILE_KEYS,
                                8};

        select = db == 1 ? b.size : select;
        add(&b, head, sizeof head);
        for (unsigned i = 0; i < FILE_KEYS; i++)
            add_key(&b, i);
    }
    add(&b, "\xff", 1);
    add_checksum(&b);
    memset(b.data + select, 0xc8, 5);
    s = salvage(&b);
    ck_assert_int_eq(s.rc, 0);
    ck_assert_uint_eq(s.mend.keys, 3 * FILE_KEYS);
    ck_assert_uint_eq(s.mend.count, 1);
    ck_assert_ptr_nonnull(strstr(s.mend.losses[0].why, "into the next one"));
    w = walk_out(&s);
    ck_assert_uint_eq(w.keys[FILE_KEYS].db, 1);
    report_clear(&w.report);
    clear(&s);
    free(b.data);
}
END_TEST

static void
fill(TCase *tests)
{
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_sound_file_stays_as_it_is);
    tcase_add_loop_test(tests, one_damaged_byte_costs_one_key, 0, 6);
    tcase_add_test(tests, a_cut_file_gives_all_whole_keys);
    tcase_add_loop_test(tests, a_block_costs_what_it_lies_on, 0, 4);
    tcase_add_test(tests, the_plan_is_what_is_done);
    tcase_add_loop_test(tests, each_piece_is_judged_by_itself, 0,
                        sizeof cases / sizeof *cases);
    tcase_add_loop_test(tests, a_damaged_head_is_written_anew, 0,
                        sizeof heads / sizeof *heads);
    tcase_add_loop_test(tests, refuses_and_says_why, 0,
                        sizeof refused / sizeof *refused);
    tcase_add_test(tests, a_wrong_checksum_alone_is_told);
    tcase_add_test(tests, leaves_the_commands_behind_it_alone);
    tcase_add_test(tests, a_lost_change_of_the_database_is_told);
}

int
main(void)
{
    return run_tests("rdb_salvage", fill);
}
