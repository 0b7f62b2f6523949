#include "repo/pack.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

static char long_path[4000];

static struct pack_member members[] = {
    {.path = "redkeep.json", .size_bytes = 700, .mode = 0600},
    {.path = "appendonlydir/appendonly.aof.1.base.rdb",
     .size_bytes = 2 << 20,
     .mode = 0640,
     .mtime_ns = INT64_C(1700000000) * 1000000000,
     .uid = 104,
     .gid = 107,
     .owner = "redis",
     .group = "redis"},
    {.path = "empty", .mode = 0644},
    {.path = "one", .size_bytes = 1, .mode = 0644},
    {.path = "block", .size_bytes = 512, .mode = 0644},
    {.path = "caf\xc3\xa9.aof", .size_bytes = 513, .mode = 0644},
    {.path = "bytes\xff\xfe\x80.aof", .size_bytes = 511, .mode = 0644},
    {.path = "new\nline", .size_bytes = 3, .mode = 0644},
    {.path = "new\nline\xff", .size_bytes = 3, .mode = 0644},
    {.path = "-rf *", .size_bytes = 3, .mode = 0644},
    {.path = "owner",
     .size_bytes = 5,
     .uid = 4000000000,
     .gid = 4000000000,
     .owner = "r\xff",
     .group = ""},
    {.path = "before 1970", .size_bytes = 5, .mtime_ns = -1500000000},
    {.path = long_path, .size_bytes = 5, .mode = 0644},
};

enum { MEMBERS = sizeof members / sizeof *members };

static unsigned char
byte_at(size_t member, uint64_t at)
{
    return (unsigned char)(at * 7 + at / 1000 + member);
}

/* Whether these are the bytes of that member from there on. */
static bool
is_ours(const void *bytes, size_t size, size_t member, uint64_t at)
{
    const unsigned char *from = bytes;

    for (size_t i = 0; i < size; i++)
        if (from[i] != byte_at(member, at + i))
            return false;
    return true;
}

static void
set_up(void)
{
    size_t length = 0;

    while (length + 250 < sizeof long_path) {
        memset(long_path + length, 'n', 249);
        length += 250;
        long_path[length - 1] = '/';
    }
    long_path[length - 1] = '\0';
}

static int
new_file(void)
{
    int fd = memfd_create("archive", MFD_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    return fd;
}

static void
put(struct pack_writer *w, size_t i, const struct pack_member *m)
{
    unsigned char block[10000];
    struct error e = {0};

    ck_assert_msg(pack_writer_begin(w, m, &e) == 0, "%s", e.text);
    for (uint64_t at = 0; at < m->size_bytes;) {
        size_t n = 0;

        for (; n < sizeof block && at < m->size_bytes; n++, at++)
            block[n] = byte_at(i, at);
        ck_assert_msg(pack_writer_put(w, block, n, &e) == 0, "%s", e.text);
    }
}

static uint64_t
write_all(int fd, enum codec codec, const struct pack_member *list,
          size_t count, char sha256[DIGEST_HEX_SIZE])
{
    struct error e = {0};
    struct pack_writer *w = pack_writer_new(fd, codec, 3, &e);
    uint64_t size = 0;

    ck_assert_msg(w != NULL, "%s", e.text);
    for (size_t i = 0; i < count; i++)
        put(w, i, &list[i]);
    ck_assert_msg(pack_writer_end(w, &size, sha256, &e) == 0, "%s", e.text);
    pack_writer_free(w);
    return size;
}

static void
check_bytes(struct pack_reader *r, size_t i, uint64_t size)
{
    unsigned char block[7001];
    struct error e = {0};
    uint64_t at = 0;
    size_t got = 1;

    while (got > 0) {
        ck_assert_msg(pack_reader_pull(r, block, sizeof block, &got, &e) == 0,
                      "%s", e.text);
        ck_assert(is_ours(block, got, i, at));
        at += got;
    }
    ck_assert_uint_eq(at, size);
}

static void
check_member(const struct pack_member *m, const struct pack_member *expected)
{
    ck_assert_str_eq(m->path, expected->path);
    ck_assert_uint_eq(m->size_bytes, expected->size_bytes);
    ck_assert_uint_eq(m->mode, expected->mode);
    ck_assert_uint_eq(m->uid, expected->uid);
    ck_assert_uint_eq(m->gid, expected->gid);
    ck_assert_int_eq(m->mtime_ns, expected->mtime_ns);
    if (expected->owner != NULL)
        ck_assert_str_eq(m->owner, expected->owner);
}

START_TEST(gives_back_every_member_as_it_was)
{
    enum codec codec = (enum codec)_i;
    char written[DIGEST_HEX_SIZE], sum[DIGEST_HEX_SIZE];
    uint64_t size, found;
    struct pack_member m;
    struct pack_reader *r;
    struct error e = {0};
    bool more;
    int fd = new_file();

    size = write_all(fd, codec, members, MEMBERS, written);
    r = pack_reader_new(fd, codec, &e);
    for (size_t i = 0; i < MEMBERS; i++) {
        ck_assert_msg(pack_reader_next(r, &m, &more, &e) == 0 && more, "%s",
                      e.text);
        check_member(&m, &members[i]);
        check_bytes(r, i, m.size_bytes);
    }
    ck_assert_int_eq(pack_reader_next(r, &m, &more, &e), 0);
    ck_assert(!more);
    ck_assert_msg(pack_reader_end(r, &found, sum, &e) == 0, "%s", e.text);
    ck_assert_uint_eq(found, size);
    ck_assert_str_eq(sum, written);
    pack_reader_free(r);
    close(fd);
}
END_TEST

START_TEST(tells_size_and_sum_also_when_members_are_passed_over)
{
    char written[DIGEST_HEX_SIZE], sum[DIGEST_HEX_SIZE];
    uint64_t size, found;
    struct pack_reader *r;
    struct error e = {0};
    struct stat st;
    int fd = new_file();

    size = write_all(fd, (enum codec)_i, members, MEMBERS, written);
    ck_assert_int_eq(fstat(fd, &st), 0);
    ck_assert_uint_eq(size, (uint64_t)st.st_size);
    r = pack_reader_new(fd, (enum codec)_i, &e);
    ck_assert_int_eq(pack_reader_end(r, &found, sum, &e), 0);
    ck_assert_uint_eq(found, size);
    ck_assert_str_eq(sum, written);
    pack_reader_free(r);
    close(fd);
}
END_TEST

static const char *const unpack[] = {"cat", "gzip -dc", "zstd -dcq"};

static void
check_file(int dir, size_t i)
{
    struct error e = {0};
    size_t size;
    char *bytes;

    ck_assert_msg(file_load(dir, members[i].path, 4 << 20, &bytes, &size, &e) ==
                      0,
                  "%s", e.text);
    ck_assert_uint_eq(size, members[i].size_bytes);
    ck_assert(is_ours(bytes, size, i, 0));
    free(bytes);
}

START_TEST(tar_unpacks_it_too)
{
    char folder[] = "/tmp/test_pack.XXXXXX", sum[DIGEST_HEX_SIZE];
    struct error e = {0};
    char *command;
    int fd, dir;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    dir = file_open_directory(AT_FDCWD, folder, &e);
    fd = file_create(dir, ".archive", 0600, &e);
    write_all(fd, (enum codec)_i, members, MEMBERS, sum);
    close(fd);
    command = text_format("cd %s && %s < .archive | tar -x --no-same-owner "
                          "2>tar.err && echo '%s  .archive' | "
                          "sha256sum --status -c",
                          folder, unpack[_i], sum);
    ck_assert_int_eq(system(command), 0);
    for (size_t i = 0; i < MEMBERS; i++)
        check_file(dir, i);
    free(command);
    close(dir);
    ck_assert_int_eq(file_remove_tree(AT_FDCWD, folder, &e), 0);
}
END_TEST

START_TEST(uses_plain_headers_where_they_suffice)
{
    struct pack_member m = {
        .path = "dump.rdb", .size_bytes = 512, .mtime_ns = 1700000000123456789};
    char sum[DIGEST_HEX_SIZE];
    int fd = new_file();

    /* Header, one block, two blocks for the end. */
    ck_assert_uint_eq(write_all(fd, CODEC_NONE, &m, 1, sum), 4 * 512);
    close(fd);
}
END_TEST

static const struct {
    const char *path, *text;
} bad_names[] = {
    {"", "tar: the name '' is empty"},
    {"/etc/passwd", "tar: the name '/etc/passwd' is absolute"},
    {"..", "tar: the name '..' has a component '..'"},
    {"a/../b", "tar: the name 'a/../b' has a component '..'"},
    {"a/..", "tar: the name 'a/..' has a component '..'"},
    {"./a", "tar: the name './a' has a component '.'"},
    {"a//b", "tar: the name 'a//b' has an empty component"},
    {"a/", "tar: the name 'a/' has an empty component"},
    {"\n/..", "tar: the name '\\x0a/..' has a component '..'"},
};

START_TEST(writes_no_name_that_leaves_the_folder)
{
    struct pack_member m = {.path = bad_names[_i].path};
    struct error e = {0};
    int fd = new_file();
    struct pack_writer *w = pack_writer_new(fd, CODEC_NONE, 3, &e);

    ck_assert_int_eq(pack_writer_begin(w, &m, &e), -1);
    ck_assert_str_eq(e.text, bad_names[_i].text);
    pack_writer_free(w);
    close(fd);
}
END_TEST

START_TEST(insists_on_the_size_that_was_announced)
{
    struct pack_member m = {.path = "a", .size_bytes = 5};
    char sum[DIGEST_HEX_SIZE];
    struct error e = {0};
    uint64_t size;
    int fd = new_file();
    struct pack_writer *w = pack_writer_new(fd, CODEC_ZSTD, 3, &e);

    ck_assert_int_eq(pack_writer_begin(w, &m, &e), 0);
    ck_assert_int_eq(pack_writer_put(w, "123", 3, &e), 0);
    ck_assert_int_eq(pack_writer_put(w, "456", 3, &e), -1);
    ck_assert_str_eq(e.text, "tar: a member has more bytes than it announced");
    ck_assert_int_eq(pack_writer_begin(w, &m, &e), -1);
    ck_assert_str_eq(e.text, "tar: 2 bytes of the member before are missing");
    ck_assert_int_eq(pack_writer_end(w, &size, sum, &e), -1);
    ck_assert_str_eq(e.text, "tar: 2 bytes of the last member are missing");
    pack_writer_free(w);
    close(fd);
}
END_TEST

START_TEST(says_why_nothing_could_be_written)
{
    struct pack_member m = {.path = "a", .size_bytes = 8 << 20};
    unsigned char *block = memory_new(8 << 20);
    char sum[DIGEST_HEX_SIZE];
    struct error e = {0};
    uint64_t size;
    int rc, fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    struct pack_writer *w = pack_writer_new(fd, (enum codec)_i, 3, &e);

    rc = pack_writer_begin(w, &m, &e);
    if (rc == 0)
        rc = pack_writer_put(w, block, 8 << 20, &e);
    if (rc == 0)
        rc = pack_writer_end(w, &size, sum, &e);
    ck_assert_int_eq(rc, -1);
    ck_assert_int_eq(e.kind, ERROR_FAILED);
    ck_assert_str_eq(e.text, "write: No space left on device; make room there "
                             "and try again");
    pack_writer_free(w);
    free(block);
    close(fd);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("pack");
    TCase *cases = tcase_create("pack");
    SRunner *runner;
    int failed;

    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, set_up, NULL);
    tcase_add_loop_test(cases, gives_back_every_member_as_it_was, 0, 3);
    tcase_add_loop_test(
        cases, tells_size_and_sum_also_when_members_are_passed_over, 0, 3);
    tcase_add_loop_test(cases, tar_unpacks_it_too, 0, 3);
    tcase_add_test(cases, uses_plain_headers_where_they_suffice);
    tcase_add_loop_test(cases, writes_no_name_that_leaves_the_folder, 0,
                        (int)(sizeof bad_names / sizeof *bad_names));
    tcase_add_test(cases, insists_on_the_size_that_was_announced);
    tcase_add_loop_test(cases, says_why_nothing_could_be_written, 0, 3);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
