/* A small archive, cut and changed at every byte. */
#include "repo/pack.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct pack_member members[] = {
    {.path = "empty", .mode = 0644},
    {.path = "one", .size_bytes = 1, .mode = 0644},
    {.path = "block", .size_bytes = 512, .mode = 0644},
    {.path = "caf\xc3\xa9.aof", .size_bytes = 513, .mode = 0644},
};

static int
new_file(void)
{
    int fd = memfd_create("archive", MFD_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    return fd;
}

static uint64_t
write_small(int fd, enum codec codec, char sha256[DIGEST_HEX_SIZE])
{
    unsigned char block[600];
    struct error e = {0};
    struct pack_writer *w = pack_writer_new(fd, codec, 3, &e);
    uint64_t size = 0;

    for (size_t i = 0; i < sizeof block; i++)
        block[i] = (unsigned char)(i * i + i / 7);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        ck_assert_int_eq(pack_writer_begin(w, &members[i], &e), 0);
        ck_assert_int_eq(pack_writer_put(w, block, members[i].size_bytes, &e),
                         0);
    }
    ck_assert_int_eq(pack_writer_end(w, &size, sha256, &e), 0);
    pack_writer_free(w);
    return size;
}

/* What a small archive gives: 0 all is as it was, -1 damage was seen. */
static int
read_small(int fd, enum codec codec, const char *expected_sum)
{
    char sum[DIGEST_HEX_SIZE];
    unsigned char block[64];
    struct pack_member m;
    struct error e = {0};
    struct pack_reader *r = pack_reader_new(fd, codec, &e);
    uint64_t size;
    bool more = true;
    size_t got;
    int rc = r == NULL ? -1 : 0;

    while (rc == 0 && more) {
        rc = pack_reader_next(r, &m, &more, &e);
        do {
            got = 0;
            if (rc == 0 && more)
                rc = pack_reader_pull(r, block, sizeof block, &got, &e);
        } while (rc == 0 && got > 0);
    }
    if (rc == 0)
        rc = pack_reader_end(r, &size, sum, &e);
    if (rc != 0)
        ck_assert_int_eq(e.kind, ERROR_DAMAGED);
    pack_reader_free(r);
    return rc != 0 || strcmp(sum, expected_sum) != 0 ? -1 : 0;
}

START_TEST(sees_that_an_archive_was_cut)
{
    enum codec codec = (enum codec)_i;
    char sum[DIGEST_HEX_SIZE];
    int fd = new_file();
    uint64_t size = write_small(fd, codec, sum);

    ck_assert_int_eq(read_small(fd, codec, sum), 0);
    while (size-- > 0) {
        ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
        ck_assert_int_eq(read_small(fd, codec, sum), -1);
    }
    close(fd);
}
END_TEST

START_TEST(sees_every_byte_that_was_changed)
{
    enum codec codec = (enum codec)_i;
    char sum[DIGEST_HEX_SIZE];
    int fd = new_file();
    uint64_t size = write_small(fd, codec, sum);

    for (off_t at = 0; at < (off_t)size; at++) {
        unsigned char byte;

        ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
        byte ^= 0x41;
        ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
        ck_assert_int_eq(read_small(fd, codec, sum), -1);
        byte ^= 0x41;
        ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
    }
    ck_assert_int_eq(read_small(fd, codec, sum), 0);
    close(fd);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("pack_damage");
    TCase *cases = tcase_create("pack_damage");
    SRunner *runner;
    int failed;

    tcase_set_timeout(cases, 60);
    tcase_add_loop_test(cases, sees_that_an_archive_was_cut, 0, 3);
    tcase_add_loop_test(cases, sees_every_byte_that_was_changed, 0, 3);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
