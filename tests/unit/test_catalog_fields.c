/* What an entry may hold and must hold. */
#include "repo/catalog.h"

#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "test_catalog_sample.h"

/* The object or list item at "files.2.path" without its last part. */
static json_t *
parent_of(json_t *object, char *path, char **last)
{
    char *part = path, *dot;

    while ((dot = strchr(part, '.')) != NULL) {
        *dot = '\0';
        object = json_is_array(object)
                     ? json_array_get(object, (size_t)atoi(part))
                     : json_object_get(object, part);
        ck_assert_ptr_nonnull(object);
        part = dot + 1;
    }
    *last = part;
    return object;
}

/* The entry with one value changed (NULL: taken out), well sealed. */
static char *
edited(const char *path, const char *json)
{
    size_t size;
    char *text = written(&size), *copy = memory_dup(path), *last;
    char *dumped, sum[DIGEST_HEX_SIZE];
    json_t *object = json_loads(text, 0, NULL), *value = NULL;
    json_t *parent = parent_of(object, copy, &last);

    if (json != NULL) {
        value = json_loads(json, JSON_DECODE_ANY, NULL);
        ck_assert_msg(value != NULL, "%s", json);
    }
    if (json == NULL)
        ck_assert_int_eq(json_object_del(parent, last), 0);
    else if (json_is_array(parent))
        json_array_set_new(parent, (size_t)atoi(last), value);
    else
        json_object_set_new(parent, last, value);
    json_object_del(object, "sha256");
    dumped = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    digest_of(dumped, strlen(dumped), sum);
    free(dumped);
    json_object_set_new(object, "sha256", json_string(sum));
    free(text);
    free(copy);
    dumped = json_dumps(object, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
    json_decref(object);
    text = text_format("%s\n", dumped);
    free(dumped);
    return text;
}

static const struct {
    const char *path, *json, *text;
} bad[] = {
    {"sequence", "0", "sequence is 0, expected 1 to 9223372036854775807"},
    {"sequence", "-1", "sequence is -1, expected 1 to 9223372036854775807"},
    {"sequence", "1.5", "sequence is not a whole number"},
    {"sequence", "\"1\"", "sequence is not a whole number"},
    {"sequence", "null", "sequence is not a whole number"},
    {"id", "\"../../etc/passwd\"", "id has not the form of an id"},
    {"id", "\"20261120T113000Z-1\"", "id has not the form of an id"},
    {"id", "\"20261120T113000Z-234567890123456789\"",
     "id is 35 bytes long, expected at most 31"},
    {"kind", "\"delta\"", "kind is unknown, expected full or incremental"},
    {"kind", "\"full\"", "parent does not fit its kind, full"},
    {"parent", "null", "parent does not fit its kind, incremental"},
    {"parent", "\"../x\"", "parent has not the form of an id"},
    {"instance", "\"a/b\"", "instance is not a file name"},
    {"instance", "\"..\"", "instance is not a file name"},
    {"instance", "\"a%zz\"", "instance has a % without two hex digits"},
    {"instance", "\"a%00\"", "instance has a % without two hex digits"},
    {"instance", "\"a%4\"", "instance has a % without two hex digits"},
    {"instance", "7", "instance is not a text"},
    {"started", "\"yesterday\"", "started is not a time"},
    {"finished", "\"2026-02-30T00:00:00Z\"", "finished is not a time"},
    {"state_time", "5", "state_time is not a text"},
    {"server", "[]", "server is not an object"},
    {"server.version", "7", "server.version is not a text"},
    {"server.replication_offset", "-5",
     "server.replication_offset is -5, expected 0 to 9223372036854775807"},
    {"server.used_memory", "-1",
     "server.used_memory is -1, expected 0 to 9223372036854775807"},
    {"server.used_memory", "null", "server.used_memory is not a whole number"},
    {"dataset", "\"sql\"", "dataset is unknown"},
    {"names", "null", "names is not an object"},
    {"names.dbfilename", "null", "names.dbfilename is not a text"},
    {"names.dbfilename", "\"../dump.rdb\"",
     "names.dbfilename is not a file name"},
    {"names.appendfilename", "\"%2Fetc%2Fpasswd\"",
     "names.appendfilename is not a file name"},
    {"names.appenddirname", "\"..\"", "names.appenddirname is not a file name"},
    {"files", "{}", "files is not a list"},
    {"files", "[]", "files do not begin with the dataset's"},
    {"dataset", "\"none\"", "files do not begin with the dataset's"},
    {"dataset", "\"rdb\"", "files do not begin with the dataset's"},
    {"dataset", "\"aof-single\"", "files do not begin with the dataset's"},
    {"files.0.role", "\"config\"", "files do not begin with the dataset's"},
    {"files.1.path", "\"photos/1\"",
     "files name 'photos/1', which is not of the dataset"},
    {"files.1.path", "\"appendonlydir/a/b\"",
     "files name 'appendonlydir/a/b', which is not of the dataset"},
    {"files.1.path", "\"appendonlydir\"",
     "files name 'appendonlydir', which is not of the dataset"},
    {"files.1.role", "\"dump\"",
     "files name 'appendonlydir/appendonly.aof.1.base.rdb', which is not of"
     " the dataset"},
    {"files.3.path", "\"redis.conf\"",
     "files name 'redis.conf', which is not of the dataset"},
    {"files.0", "null", "files[0] is not an object"},
    {"files.0.path", "\"/etc/passwd\"", "files[0].path is absolute"},
    {"files.0.path", "\"\"", "files[0].path is empty"},
    {"files.1.path", "\"a/../b\"", "files[1].path has a component '..'"},
    {"files.1.path", "\"a/%2E%2E/b\"", "files[1].path has a component '..'"},
    {"files.1.path", "\"%2Fetc\"", "files[1].path is absolute"},
    {"files.1.path", "\"a/\"", "files[1].path has an empty component"},
    {"files.1.path", "\"./a\"", "files[1].path has a component '.'"},
    {"files.1.path", "\"config/redis.conf\"",
     "files name 'config/redis.conf' twice"},
    {"files.1.path", "\"con%66ig/redis.conf\"",
     "files name 'config/redis.conf' twice"},
    {"files.0.role", "\"history\"", "files[0].role is unknown"},
    {"files.0.size", "-1",
     "files[0].size is -1, expected 0 to 9223372036854775807"},
    {"files.0.cut", "141", "files[0].cut lies behind the length"},
    {"files.0.sha256", "\"" SUM("zzzz") "\"",
     "files[0].sha256 is not 64 hex digits"},
    {"files.0.sha256", "\"" SUM("AAAA") "\"",
     "files[0].sha256 is not 64 hex digits"},
    {"files.0.sha256", "\"" SUM_A "a\"",
     "files[0].sha256 is 65 bytes long, expected at most 64"},
    {"files.0.mode", "\"0888\"", "files[0].mode is not four octal digits"},
    {"files.0.mode", "\"644\"", "files[0].mode is not four octal digits"},
    {"files.0.mode", "420", "files[0].mode is not a text"},
    {"files.0.uid", "4294967295",
     "files[0].uid is 4294967295, expected 0 to 4294967294"},
    {"files.0.inode", "\"18446744073709551616\"",
     "files[0].inode is not a number in digits"},
    {"files.0.device", "5", "files[0].device is not a text"},
    {"files.0.mtime", "\"2026-11-20T11:30:00.5Z\"",
     "files[0].mtime is not a time"},
    {"files.0.mtime", "\"2262-04-12T00:00:00Z\"",
     "files[0].mtime is not a time"},
    {"files.0.birth", "\"\"", "files[0].birth is not a time"},
    {"log", "\"x\"", "log is not an object"},
    {"log.offset", "-1", "log.offset is -1, expected 0 to 9223372036854775807"},
    {"rdb_version", "10000", "rdb_version is 10000, expected 0 to 9999"},
    {"valkey_magic", "0", "valkey_magic is neither true nor false"},
    {"keys", "-1", "keys is -1, expected 0 to 9223372036854775807"},
    {"bound", "1", "bound is neither true nor false"},
    {"verdict", "\"good\"", "verdict is unknown"},
    {"findings", "null", "findings is not a list"},
    {"findings.0.severity", "\"fatal\"", "findings[0].severity is unknown"},
    {"findings.0.code", "7", "findings[0].code is not a text"},
    {"archive.codec", "\"lz4\"", "archive.codec is unknown"},
    {"archive.codec", "\"gzip\"",
     "archive.name is not 20261120T113000Z-2.tar.gz"},
    {"archive.name", "\"../20261120T113000Z-2.tar.zst\"",
     "archive.name is not 20261120T113000Z-2.tar.zst"},
    {"archive.name", "\"20261120T113000Z.tar.zst\"",
     "archive.name is not 20261120T113000Z-2.tar.zst"},
    {"archive.size", "true", "archive.size is not a whole number"},
    {"bytes_stored", "null", "bytes_stored is not a whole number"},
};

START_TEST(refuses_and_says_why)
{
    char *text = edited(bad[_i].path, bad[_i].json);
    struct catalog_entry entry;
    struct error e = {0};

    ck_assert_int_eq(catalog_entry_read(&entry, text, strlen(text), &e), -1);
    ck_assert_str_eq(e.text, bad[_i].text);
    ck_assert_int_eq(e.kind, ERROR_DAMAGED);
    ck_assert_ptr_null(entry.files);
    ck_assert_ptr_null(entry.instance);
    ck_assert_uint_eq(entry.file_count, 0);
    free(text);
}
END_TEST

static void
check_misses(const char *path)
{
    char *text = edited(path, NULL), *expected;
    struct catalog_entry entry;
    struct error e = {0};

    if (strncmp(path, "files.0.", 8) == 0)
        expected = text_format("files[0].%s is missing", path + 8);
    else if (strncmp(path, "findings.0.", 11) == 0)
        expected = text_format("findings[0].%s is missing", path + 11);
    else
        expected = text_format("%s is missing", path);
    ck_assert_int_eq(catalog_entry_read(&entry, text, strlen(text), &e), -1);
    ck_assert_str_eq(e.text, expected);
    free(expected);
    free(text);
}

START_TEST(misses_every_field)
{
    static const char *const groups[] = {
        "", "server.", "names.", "files.0.", "log.", "findings.0.", "archive."};
    size_t size, count = 0;
    char *text = written(&size), path[100], *last;
    json_t *object = json_loads(text, 0, NULL), *value;
    const char *key;

    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        snprintf(path, sizeof path, "%s", groups[i]);
        json_object_foreach(parent_of(object, path, &last), key, value)
        {
            snprintf(path, sizeof path, "%s%s", groups[i], key);
            if (strcmp(path, "sha256") == 0)
                continue;
            check_misses(path);
            count++;
        }
    }
    ck_assert_uint_ge(count, 60);
    json_decref(object);
    free(text);
}
END_TEST

START_TEST(passes_over_keys_it_does_not_know)
{
    static const char *const paths[] = {"new", "server.new", "files.1.new",
                                        "archive.new"};
    char *text = edited(paths[_i], "{\"a\": [1, null, \"b\"]}");
    struct catalog_entry entry;
    struct error e = {0};

    ck_assert_msg(catalog_entry_read(&entry, text, strlen(text), &e) == 0, "%s",
                  e.text);
    catalog_entry_clear(&entry);
    free(text);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("catalog_fields");
    TCase *cases = tcase_create("catalog_fields");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(cases, refuses_and_says_why, 0,
                        (int)(sizeof bad / sizeof *bad));
    tcase_add_test(cases, misses_every_field);
    tcase_add_loop_test(cases, passes_over_keys_it_does_not_know, 0, 4);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
