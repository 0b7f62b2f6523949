#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "formats/crc64.h"
#include "formats/mend.h"

#define OLD "0123456789abcdef"

struct bytes {
    char *text;
    size_t size, left; /* it takes so much before it fails */
};

static int
append(void *context, const void *bytes, size_t size, struct error *e)
{
    struct bytes *b = context;

    if (size > b->left)
        return error_set(e, ERROR_FAILED, "no space");
    b->text = memory_resize(b->text, b->size + size + 1, 1);
    memcpy(b->text + b->size, bytes, size);
    b->size += size;
    b->left -= size;
    b->text[b->size] = '\0';
    return 0;
}

static void
begin(struct mend *m, struct source *old, struct bytes *new)
{
    *new = (struct bytes){.text = memory_new(1), .left = SIZE_MAX};
    source_of_memory(old, OLD, sizeof OLD - 1);
    mend_begin(m, old, append, new);
}

START_TEST(keeps_ranges_and_puts_bytes_between)
{
    struct source old;
    struct bytes new;
    struct mend m;
    struct error e = {0};

    begin(&m, &old, &new);
    ck_assert_int_eq(mend_keep(&m, 0, 3, &e), 0);
    ck_assert_int_eq(mend_keep(&m, 3, 0, &e), 0);
    ck_assert_int_eq(mend_keep(&m, 3, 2, &e), 0);
    ck_assert(!m.changed);
    ck_assert_uint_eq(new.size, 0); /* held back */
    ck_assert_int_eq(mend_put(&m, "--", 2, &e), 0);
    ck_assert_int_eq(mend_keep(&m, 10, 2, &e), 0);
    ck_assert_int_eq(mend_keep(&m, 14, 2, &e), 0);
    ck_assert_int_eq(mend_end(&m, &e), 0);
    ck_assert_str_eq(new.text, "01234--abef");
    ck_assert_uint_eq(m.size_bytes, 11);
    ck_assert(m.changed);
    mend_clear(&m);
    free(new.text);
}
END_TEST

START_TEST(knows_whether_the_new_file_is_the_old_one)
{
    struct source old;
    struct bytes new;
    struct mend m;
    struct error e = {0};

    begin(&m, &old, &new);
    ck_assert_int_eq(mend_keep(&m, 0, 10, &e), 0);
    ck_assert_int_eq(mend_keep(&m, 10, 6, &e), 0);
    ck_assert_int_eq(mend_end(&m, &e), 0);
    ck_assert_str_eq(new.text, OLD);
    ck_assert(!m.changed);
    mend_clear(&m);
    free(new.text);

    begin(&m, &old, &new);
    ck_assert_int_eq(mend_keep(&m, 0, 15, &e), 0);
    ck_assert_int_eq(mend_end(&m, &e), 0);
    ck_assert(m.changed);
    mend_clear(&m);
    free(new.text);

    begin(&m, &old, &new);
    ck_assert_int_eq(mend_keep(&m, 1, 15, &e), 0);
    ck_assert(m.changed);
    mend_clear(&m);
    free(new.text);
}
END_TEST

START_TEST(finds_out_without_writing)
{
    struct source old;
    struct mend m;
    struct error e = {0};

    source_of_memory(&old, OLD, sizeof OLD - 1);
    mend_begin(&m, &old, NULL, NULL);
    ck_assert_int_eq(mend_keep(&m, 0, 3, &e), 0);
    ck_assert_int_eq(mend_put(&m, "xyz", 3, &e), 0);
    ck_assert_int_eq(mend_keep(&m, 9, 1, &e), 0);
    ck_assert_int_eq(mend_end(&m, &e), 0);
    ck_assert_uint_eq(m.size_bytes, 7);
    ck_assert(m.changed);
    mend_clear(&m);
}
END_TEST

START_TEST(ends_an_rdb_with_its_checksum_from_version_5_on)
{
    struct source old;
    struct bytes new;
    struct mend m;
    struct error e = {0};
    uint64_t crc, found = 0;

    begin(&m, &old, &new);
    ck_assert_int_eq(mend_keep(&m, 2, 9, &e), 0);
    ck_assert_int_eq(mend_put_rdb_end(&m, 11, &e), 0);
    ck_assert_int_eq(mend_end(&m, &e), 0);
    ck_assert_uint_eq(new.size, 18);
    ck_assert_mem_eq(new.text, "23456789a\xff", 10);
    crc = crc64_update(0, new.text, 10);
    for (unsigned i = 0; i < 8; i++)
        found |= (uint64_t)(unsigned char)new.text[10 + i] << (8 * i);
    ck_assert_uint_eq(found, crc);
    mend_clear(&m);
    free(new.text);

    begin(&m, &old, &new);
    ck_assert_int_eq(mend_put_rdb_end(&m, 4, &e), 0);
    ck_assert_int_eq(mend_end(&m, &e), 0);
    ck_assert_str_eq(new.text, "\xff");
    mend_clear(&m);
    free(new.text);
}
END_TEST

START_TEST(adds_up_what_is_lost)
{
    struct source old;
    struct bytes new;
    struct mend m;

    begin(&m, &old, &new);
    mend_lose(&m, (struct mend_loss){.offset = 2,
                                     .size_bytes = 3,
                                     .commands = 2,
                                     .keys = 1,
                                     .name = memory_dup("k")});
    mend_lose(&m, (struct mend_loss){
                      .offset = 9, .size_bytes = 4, .commands = 1, .keys = -1});
    ck_assert(m.changed);
    ck_assert_uint_eq(m.count, 2);
    ck_assert_uint_eq(m.bytes_lost, 7);
    ck_assert_int_eq(m.commands_lost, 3);
    ck_assert_int_eq(m.keys_lost, -1);
    ck_assert_str_eq(m.losses[0].name, "k");
    for (unsigned i = 2; i < MEND_LOSSES_MAX + 5; i++)
        mend_lose(&m, (struct mend_loss){.size_bytes = 1,
                                         .name = memory_dup("dropped")});
    ck_assert_uint_eq(m.count, MEND_LOSSES_MAX);
    ck_assert_uint_eq(m.dropped, 5);
    ck_assert_uint_eq(m.bytes_lost, 7 + MEND_LOSSES_MAX + 3);
    mend_clear(&m);
    ck_assert_uint_eq(m.count, 0);
    free(new.text);
}
END_TEST

START_TEST(takes_back_what_was_lost)
{
    struct source old;
    struct bytes new;
    struct mend m;

    begin(&m, &old, &new);
    mend_lose(&m, (struct mend_loss){.offset = 0, .size_bytes = 2, .keys = -1});
    mend_lose(&m,
              (struct mend_loss){.offset = 3, .size_bytes = 5, .commands = 1});
    mend_lose(&m, (struct mend_loss){.offset = 8,
                                     .size_bytes = 4,
                                     .commands = 2,
                                     .keys = 1,
                                     .name = memory_dup("k")});
    mend_regain(&m, 6);
    ck_assert_uint_eq(m.count, 2);
    ck_assert_uint_eq(m.losses[1].size_bytes, 3);
    ck_assert_uint_eq(m.bytes_lost, 5);
    ck_assert_int_eq(m.commands_lost, 1);
    ck_assert_int_eq(m.keys_lost, -1);
    mend_regain(&m, 9);
    ck_assert_uint_eq(m.bytes_lost, 5);
    mend_regain(&m, 0);
    ck_assert_uint_eq(m.count, 0);
    ck_assert_uint_eq(m.bytes_lost, 0);
    mend_clear(&m);
    free(new.text);
}
END_TEST

/* Whatever write fails, that is told. */
START_TEST(tells_a_failed_write)
{
    for (size_t room = 0;; room++) {
        struct source old;
        struct bytes new;
        struct mend m;
        struct error e = {0};
        int rc;

        begin(&m, &old, &new);
        new.left = room;
        rc = mend_keep(&m, 0, 4, &e) != 0 || mend_put(&m, "xx", 2, &e) != 0 ||
             mend_keep(&m, 6, 4, &e) != 0 || mend_keep(&m, 12, 4, &e) != 0 ||
             mend_end(&m, &e) != 0;
        ck_assert_int_eq(rc, room < 14);
        ck_assert_str_eq(e.text, room < 14 ? "no space" : "");
        mend_clear(&m);
        free(new.text);
        if (rc == 0)
            break;
    }
}
END_TEST

START_TEST(refuses_a_file_that_became_shorter)
{
    char path[] = "/tmp/test_mend.XXXXXX";
    int fd = mkstemp(path);
    struct source old;
    struct bytes new = {.text = memory_new(1), .left = SIZE_MAX};
    struct mend m;
    struct error e = {0};

    unlink(path);
    ck_assert_int_eq(ftruncate(fd, 1000), 0);
    ck_assert_int_eq(source_of_file(&old, fd, 1000, &e), 0);
    mend_begin(&m, &old, append, &new);
    ck_assert_int_eq(mend_keep(&m, 0, 1000, &e), 0);
    ck_assert_int_eq(ftruncate(fd, 999), 0);
    ck_assert_int_eq(mend_end(&m, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_CHANGED);
    mend_clear(&m);
    source_close(&old);
    close(fd);
    free(new.text);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("mend");
    TCase *tc = tcase_create("mend");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tc);
    tcase_add_test(tc, keeps_ranges_and_puts_bytes_between);
    tcase_add_test(tc, knows_whether_the_new_file_is_the_old_one);
    tcase_add_test(tc, finds_out_without_writing);
    tcase_add_test(tc, ends_an_rdb_with_its_checksum_from_version_5_on);
    tcase_add_test(tc, adds_up_what_is_lost);
    tcase_add_test(tc, takes_back_what_was_lost);
    tcase_add_test(tc, tells_a_failed_write);
    tcase_add_test(tc, refuses_a_file_that_became_shorter);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
