/* Archives that we would never write. */
#include "repo/pack.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

enum { BLOCK = 512 };

static void
append(int fd, const void *bytes, size_t size)
{
    static const char zeros[BLOCK];
    struct error e = {0};

    ck_assert_int_eq(file_write(fd, bytes, size, &e), 0);
    if (size % BLOCK != 0)
        ck_assert_int_eq(file_write(fd, zeros, BLOCK - size % BLOCK, &e), 0);
}

/* An ustar header (POSIX pax, "ustar Interchange Format"). */
static void
append_header(int fd, const char *name, char type, const char *size,
              const char *link)
{
    char h[BLOCK] = {0};
    unsigned sum = 0;

    snprintf(h, 100, "%s", name);
    memcpy(h + 100, "0000644", 8);
    memcpy(h + 108, "0000000", 8);
    memcpy(h + 116, "0000000", 8);
    memcpy(h + 124, size, strlen(size));
    memcpy(h + 136, "00000000000", 12);
    memset(h + 148, ' ', 8);
    h[156] = type;
    snprintf(h + 157, 100, "%s", link);
    memcpy(h + 257, "ustar\00000", 8);
    for (size_t i = 0; i < sizeof h; i++)
        sum += (unsigned char)h[i];
    snprintf(h + 148, 8, "%06o", sum);
    append(fd, h, sizeof h);
}

static void
append_end(int fd)
{
    static const char zeros[2 * BLOCK];

    append(fd, zeros, sizeof zeros);
}

/* Reads all; 0, or -1 with e. *count is the members seen. */
static int
read_all(int fd, size_t *count, struct error *e)
{
    struct pack_reader *r = pack_reader_new(fd, CODEC_NONE, e);
    char sum[DIGEST_HEX_SIZE], block[4096];
    struct pack_member m;
    uint64_t size;
    bool more = true;
    int rc = r == NULL ? -1 : 0;

    *count = 0;
    while (rc == 0 && more) {
        size_t got = 1;

        rc = pack_reader_next(r, &m, &more, e);
        if (rc == 0 && more)
            (*count)++;
        while (rc == 0 && more && got > 0)
            rc = pack_reader_pull(r, block, sizeof block, &got, e);
    }
    if (rc == 0)
        rc = pack_reader_end(r, &size, sum, e);
    if (rc != 0 && r != NULL) {
        struct error again = {0};

        /* And it stays so. */
        ck_assert_int_eq(pack_reader_end(r, &size, sum, &again), -1);
        ck_assert_str_eq(again.text, e->text);
    }
    pack_reader_free(r);
    return rc;
}

static const struct {
    const char *name;
    char type;
    const char *size, *link, *text;
} bad[] = {
    {"/etc/cron.d/x", '0', "00000000003", "",
     "the archive's member '/etc/cron.d/x' is absolute"},
    {"a/../../x", '0', "00000000003", "",
     "the archive's member 'a/../../x' has a component '..'"},
    {"./a", '0', "00000000003", "",
     "the archive's member './a' has a component '.'"},
    {"a//b", '0', "00000000003", "",
     "the archive's member 'a//b' has an empty component"},
    {"", '0', "00000000003", "", "the archive's member '' is empty"},
    {"a\033[2J/..", '0', "00000000003", "",
     "the archive's member 'a\\x1b[2J/..' has a component '..'"},
    {"a", '1', "00000000000", "dump.rdb",
     "the archive's member 'a' is a hard link, expected only files"},
    {"a", '1', "00000000003", "dump.rdb",
     "the archive's member 'a' is a hard link, expected only files"},
    {"a", '2', "00000000000", "/etc/passwd",
     "the archive's member 'a' is a symbolic link, expected only files"},
    {"a", '3', "00000000000", "",
     "the archive's member 'a' is not a regular file"},
    {"a", '4', "00000000000", "",
     "the archive's member 'a' is not a regular file"},
    {"a", '5', "00000000000", "",
     "the archive's member 'a' is a folder, expected only files"},
    {"a", '6', "00000000000", "",
     "the archive's member 'a' is not a regular file"},
    {"a", '0', "\377\377\377\377\377\377\377\377\377\377\377\375", "",
     "the tar is damaged (Tar entry has negative size)"},
};

START_TEST(refuses_and_says_why)
{
    int fd = memfd_create("tar", MFD_CLOEXEC);
    struct error e = {0};
    size_t count;

    append_header(fd, bad[_i].name, bad[_i].type, bad[_i].size, bad[_i].link);
    if (strcmp(bad[_i].size, "00000000003") == 0)
        append(fd, "abc", 3);
    append_end(fd);
    ck_assert_int_eq(read_all(fd, &count, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_DAMAGED);
    ck_assert_str_eq(e.text, bad[_i].text);
    close(fd);
}
END_TEST

/* The extended header of one member "a" with three bytes. */
static const struct {
    const char *record, *text;
} bad_pax[] = {
    {"17 path=../../x1\n",
     "the archive's member '../../x1' has a component '..'"},
    {"13 path=/abs\n", "the archive's member '/abs' is absolute"},
    {"21 uid=-100000000000\n",
     "the archive's member 'a' has an owner that cannot be"},
    {"18 gid=4294967295\n",
     "the archive's member 'a' has an owner that cannot be"},
    {"29 mtime=9223372036854775807\n",
     "the archive's member 'a' has a time that cannot be"},
};

START_TEST(refuses_what_an_extended_header_says)
{
    int fd = memfd_create("tar", MFD_CLOEXEC);
    struct error e = {0};
    char size[32];
    size_t count;

    snprintf(size, sizeof size, "%011zo", strlen(bad_pax[_i].record));
    append_header(fd, "PaxHeader/a", 'x', size, "");
    append(fd, bad_pax[_i].record, strlen(bad_pax[_i].record));
    append_header(fd, "a", '0', "00000000003", "");
    append(fd, "abc", 3);
    append_end(fd);
    ck_assert_int_eq(read_all(fd, &count, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_DAMAGED);
    ck_assert_str_eq(e.text, bad_pax[_i].text);
    close(fd);
}
END_TEST

START_TEST(refuses_sparse_files)
{
    static const char record[] = "22 GNU.sparse.major=0\n"
                                 "22 GNU.sparse.minor=1\n"
                                 "25 GNU.sparse.name=spars\n"
                                 "29 GNU.sparse.size=999999999\n"
                                 "28 GNU.sparse.map=900000,3\n";
    int fd = memfd_create("tar", MFD_CLOEXEC);
    struct error e = {0};
    char size[32];
    size_t count;

    snprintf(size, sizeof size, "%011zo", strlen(record));
    append_header(fd, "PaxHeader/a", 'x', size, "");
    append(fd, record, strlen(record));
    append_header(fd, "a", '0', "00000000003", "");
    append(fd, "abc", 3);
    append_end(fd);
    ck_assert_int_eq(read_all(fd, &count, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_DAMAGED);
    close(fd);
}
END_TEST

/* A header that announces 4 GiB of name ends without so much memory. */
static const char huge_types[] = {'x', 'g', 'L', 'K'};

START_TEST(bounds_the_size_of_special_headers)
{
    int fd = memfd_create("tar", MFD_CLOEXEC);
    struct error e = {0};
    size_t count;

    append_header(fd, "huge", huge_types[_i], "40000000000", "");
    ck_assert_int_eq(ftruncate(fd, (off_t)4 << 30), 0);
    ck_assert_int_eq(read_all(fd, &count, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_DAMAGED);
    close(fd);
}
END_TEST

START_TEST(refuses_a_name_longer_than_a_path_can_be)
{
    int fd = memfd_create("tar", MFD_CLOEXEC);
    char *name = memory_new(5001);
    struct error e = {0};
    size_t count;

    for (size_t i = 0; i < 5000; i++)
        name[i] = i % 200 == 199 ? '/' : 'n';
    append_header(fd, "././@LongLink", 'L', "00000011611", "");
    append(fd, name, 5001);
    append_header(fd, "a", '0', "00000000003", "");
    append(fd, "abc", 3);
    append_end(fd);
    ck_assert_int_eq(read_all(fd, &count, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_DAMAGED);
    ck_assert_ptr_nonnull(strstr(e.text, "is longer than 4095 bytes"));
    free(name);
    close(fd);
}
END_TEST

static void
append_good(int fd)
{
    append_header(fd, "a", '0', "00000000003", "");
    append(fd, "abc", 3);
}

START_TEST(takes_padding_behind_the_end)
{
    static const char zeros[20 * BLOCK];
    int fd = memfd_create("tar", MFD_CLOEXEC);
    struct error e = {0};
    size_t count;

    append_good(fd);
    append_end(fd);
    append(fd, zeros, sizeof zeros);
    ck_assert_msg(read_all(fd, &count, &e) == 0, "%s", e.text);
    ck_assert_uint_eq(count, 1);
    close(fd);
}
END_TEST

START_TEST(refuses_anything_else_behind_the_end)
{
    int fd = memfd_create("tar", MFD_CLOEXEC);
    struct error e = {0};
    size_t count;

    append_good(fd);
    append_end(fd);
    append(fd, "and more", 8);
    append_end(fd);
    ck_assert_int_eq(read_all(fd, &count, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_DAMAGED);
    close(fd);
}
END_TEST

START_TEST(shows_members_that_hide_behind_the_end)
{
    int fd = memfd_create("tar", MFD_CLOEXEC);
    struct error e = {0};
    size_t count;

    append_good(fd);
    append_end(fd);
    append_good(fd);
    append_end(fd);
    ck_assert_int_eq(read_all(fd, &count, &e), 0);
    ck_assert_uint_eq(count, 2);
    close(fd);
}
END_TEST

START_TEST(misses_the_end_marker)
{
    int fd = memfd_create("tar", MFD_CLOEXEC);
    struct error e = {0};
    size_t count;

    append_good(fd);
    ck_assert_int_eq(read_all(fd, &count, &e), -1);
    ck_assert_str_eq(e.text,
                     "the tar is damaged (it ends without its end marker)");
    close(fd);
}
END_TEST

static const char *const no_tars[] = {
    "",
    "x",
    "REDIS0011",
    "{\"format\": 1}",
};

START_TEST(calls_what_is_no_tar_damaged)
{
    int fd = memfd_create("tar", MFD_CLOEXEC);
    struct error e = {0};
    size_t count;

    ck_assert_int_eq(file_write(fd, no_tars[_i], strlen(no_tars[_i]), &e), 0);
    ck_assert_int_eq(read_all(fd, &count, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_DAMAGED);
    close(fd);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("pack_reader");
    TCase *cases = tcase_create("pack_reader");
    SRunner *runner;
    int failed;

    tcase_set_timeout(cases, 60);
    tcase_add_loop_test(cases, refuses_and_says_why, 0,
                        (int)(sizeof bad / sizeof *bad));
    tcase_add_loop_test(cases, refuses_what_an_extended_header_says, 0,
                        (int)(sizeof bad_pax / sizeof *bad_pax));
    tcase_add_test(cases, refuses_sparse_files);
    tcase_add_loop_test(cases, bounds_the_size_of_special_headers, 0,
                        (int)sizeof huge_types);
    tcase_add_test(cases, refuses_a_name_longer_than_a_path_can_be);
    tcase_add_test(cases, takes_padding_behind_the_end);
    tcase_add_test(cases, refuses_anything_else_behind_the_end);
    tcase_add_test(cases, shows_members_that_hide_behind_the_end);
    tcase_add_test(cases, misses_the_end_marker);
    tcase_add_loop_test(cases, calls_what_is_no_tar_damaged, 0,
                        (int)(sizeof no_tars / sizeof *no_tars));
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
