/* A file of many keys, hurt in one place after the other. */
#include "test_rdb_salvage_file.h"

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
        /* Whether other databases followed is not known. */
        ck_assert_int_eq(s.mend.keys_lost,
                         b.size > offsets[FILE_KEYS] ? 0 : -1);
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
/* What is compressed proves by unpacking where it ends. */
START_TEST(a_name_like_no_other_stays_behind_a_compressed_value)
{
    static const char both[] = "\x04\x07user:99\x02\x01"
                               "b\xc3\x09\x40\x46\x01xx\xe0\x39\x00\x01xx\x01"
                               "a\xc0\x01\x00\x08scripted\xc0\x02";
    struct bytes b = {0};
    struct salvaged s;
    struct walked w;

    add(&b, "REDIS0011\xfe\x00", 11);
    for (unsigned i = 0; i < FILE_KEYS; i++) {
        add_key(&b, i);
        if (i == 20)
            add(&b, both, sizeof both - 1);
    }
    add(&b, "\xff", 1);
    add_checksum(&b);
    b.data[28]++; /* in the first value */
    s = salvage(&b);
    ck_assert_int_eq(s.rc, 0);
    w = walk_out(&s);
    ck_assert_uint_eq(w.result.keys, FILE_KEYS + 2);
    report_clear(&w.report);
    clear(&s);
    free(b.data);
}
END_TEST

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

/* Bytes without an order. */
static void
add_junk(struct bytes *b, size_t size)
{
    uint64_t state = 1;
    unsigned char byte;

    for (size_t i = 0; i < size; i++) {
        state = state * UINT64_C(6364136223846793005) + 1;
        byte = (unsigned char)(state >> 56);
        add(b, &byte, 1);
    }
}

START_TEST(no_key_is_made_of_junk)
{
    struct bytes b = {0};
    struct salvaged s;
    struct walked w;

    add(&b, "REDIS0011\xfe\x00\xfb\x28\x08", 14);
    add_junk(&b, 1 << 20);
    s = salvage(&b);
    ck_assert_int_eq(s.rc, 0);
    w = walk_out(&s);
    ck_assert_uint_eq(w.result.keys, 0);
    report_clear(&w.report);
    clear(&s);
    free(b.data);
}
END_TEST

/* A byte that makes of a number a string's encoding: of how many keys there
 * are, of the database, and of what waits for a key. */
START_TEST(a_number_that_is_none_is_left_out)
{
    static const struct {
        const char *opcode;
        size_t size;
    } cases[] = {
        {"\xfb\xc5\x00", 3},
        {"\xfb\x28\xc5", 3},
        {"\xfe\xc0", 2},
        {"\xf8\xc5", 2},
    };
    struct bytes b = {0};
    struct salvaged s;
    struct walked w;

    add(&b, "REDIS0011\xfe\x00\xfb\x28\x08", 14);
    for (unsigned i = 0; i < FILE_KEYS; i++) {
        if (i == 20)
            add(&b, cases[_i].opcode, cases[_i].size);
        add_key(&b, i);
    }
    add(&b, "\xff", 1);
    add_checksum(&b);
    s = salvage(&b);
    ck_assert_int_eq(s.rc, 0);
    w = walk_out(&s);
    ck_assert_uint_eq(w.result.keys, FILE_KEYS);
    ck_assert_uint_eq(w.result.databases, 1);
    ck_assert_uint_eq(s.mend.losses[0].size_bytes, cases[_i].size);
    report_clear(&w.report);
    clear(&s);
    free(b.data);
}
END_TEST

START_TEST(an_opcode_newer_than_the_file_is_left_out)
{
    size_t offsets[FILE_KEYS + 1];
    struct bytes whole = make_file(offsets), b = {0};
    struct salvaged s;

    memcpy(whole.data, "REDIS0010", 9);
    add(&b, whole.data, offsets[20]);
    add(&b, "\xf4\x01\x02\x03", 4);
    add(&b, whole.data + offsets[20], whole.size - offsets[20]);
    s = salvage(&b);
    ck_assert_int_eq(s.rc, 0);
    ck_assert_uint_eq(s.mend.losses[0].offset, offsets[20]);
    ck_assert_uint_eq(s.mend.losses[0].size_bytes, 4);
    assert_all_but(&s, &whole, offsets, 0, 0);
    clear(&s);
    free(b.data);
    free(whole.data);
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
    tcase_add_test(tests, a_wrong_checksum_alone_is_told);
    tcase_add_test(tests, a_name_like_no_other_stays_behind_a_compressed_value);
    tcase_add_test(tests, leaves_the_commands_behind_it_alone);
    tcase_add_test(tests, a_lost_change_of_the_database_is_told);
    tcase_add_test(tests, no_key_is_made_of_junk);
    tcase_add_test(tests, an_opcode_newer_than_the_file_is_left_out);
    tcase_add_loop_test(tests, a_number_that_is_none_is_left_out, 0, 4);
}

int
main(void)
{
    return run_tests("rdb_salvage", fill);
}
