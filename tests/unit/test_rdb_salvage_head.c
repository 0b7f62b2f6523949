/* What is left of each kind of damage, made byte by byte. */
#include "test_rdb_salvage_file.h"

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

#define NO_RDB                                                              \
    "neither the head of an RDB nor any key can be found in it; restore a " \
    "snapshot: redkeep restore latest --to DIR"

static const struct {
    const char *bytes;
    size_t size;
    const char *error;
} refused[] = {
    {BYTES("VKCS\0\0\0\0\0\0\0\0"), "a compressed container of Valkey, which "
                                    "this program does not read"},
    {BYTES("REDIS0015\xff"), "version 15 holds what is newer than this "
                             "program: use a newer release"},
    {BYTES("*1\r\n$4\r\nPING\r\n"), NO_RDB},
    {BYTES(""), NO_RDB},
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

static void
fill(TCase *tests)
{
    tcase_add_loop_test(tests, each_piece_is_judged_by_itself, 0,
                        sizeof cases / sizeof *cases);
    tcase_add_loop_test(tests, a_damaged_head_is_written_anew, 0,
                        sizeof heads / sizeof *heads);
    tcase_add_loop_test(tests, refuses_and_says_why, 0,
                        sizeof refused / sizeof *refused);
}

int
main(void)
{
    return run_tests("rdb_salvage_head", fill);
}
