#include "repo/catalog.h"

#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "test_catalog_sample.h"

static void
check_text(const char *a, const char *b)
{
    ck_assert_int_eq(a == NULL, b == NULL);
    if (a != NULL)
        ck_assert_str_eq(a, b);
}

static void
check_file(const struct catalog_file *a, const struct catalog_file *b)
{
    ck_assert_str_eq(a->path, b->path);
    ck_assert_int_eq(a->role, b->role);
    ck_assert_int_eq(a->config, b->config);
    ck_assert_int_eq(a->seq, b->seq);
    ck_assert_uint_eq(a->size_bytes, b->size_bytes);
    ck_assert_uint_eq(a->length_bytes, b->length_bytes);
    ck_assert_int_eq(a->cut, b->cut);
    ck_assert_str_eq(a->sha256, b->sha256);
    ck_assert_uint_eq(a->mode, b->mode);
    ck_assert_uint_eq(a->uid, b->uid);
    ck_assert_uint_eq(a->gid, b->gid);
    check_text(a->owner, b->owner);
    check_text(a->group, b->group);
    ck_assert_uint_eq(a->device, b->device);
    ck_assert_uint_eq(a->inode, b->inode);
    ck_assert_int_eq(a->birth_ns, b->birth_ns);
    ck_assert_int_eq(a->mtime_ns, b->mtime_ns);
}

static void
check_head(const struct catalog_entry *a, const struct catalog_entry *b)
{
    ck_assert_uint_eq(a->sequence, b->sequence);
    ck_assert_str_eq(a->id, b->id);
    ck_assert_int_eq(a->kind, b->kind);
    check_text(a->parent, b->parent);
    ck_assert_str_eq(a->instance, b->instance);
    ck_assert_int_eq(a->started_ms, b->started_ms);
    ck_assert_int_eq(a->finished_ms, b->finished_ms);
    ck_assert_int_eq(a->state_time_ms, b->state_time_ms);
    ck_assert_int_eq(a->server.known, b->server.known);
    check_text(a->server.product, b->server.product);
    check_text(a->server.version, b->server.version);
    check_text(a->server.run_id, b->server.run_id);
    check_text(a->server.replication_id, b->server.replication_id);
    check_text(a->server.role, b->server.role);
    ck_assert_int_eq(a->server.replication_offset,
                     b->server.replication_offset);
    ck_assert_int_eq(a->server.used_memory, b->server.used_memory);
    ck_assert_int_eq(a->dataset, b->dataset);
    check_text(a->dbfilename, b->dbfilename);
    check_text(a->appendfilename, b->appendfilename);
    check_text(a->appenddirname, b->appenddirname);
}

static void
check_content(const struct catalog_entry *a, const struct catalog_entry *b)
{
    check_text(a->log_file, b->log_file);
    ck_assert_int_eq(a->log_offset, b->log_offset);
    ck_assert_int_eq(a->rdb_version, b->rdb_version);
    ck_assert_int_eq(a->valkey_magic, b->valkey_magic);
    ck_assert_int_eq(a->keys, b->keys);
    ck_assert_int_eq(a->expires, b->expires);
    ck_assert_uint_eq(a->commands, b->commands);
    ck_assert_int_eq(a->bound, b->bound);
    ck_assert_int_eq(a->verdict, b->verdict);
    ck_assert_str_eq(a->archive.name, b->archive.name);
    ck_assert_int_eq(a->archive.codec, b->archive.codec);
    ck_assert_uint_eq(a->archive.size_bytes, b->archive.size_bytes);
    ck_assert_str_eq(a->archive.sha256, b->archive.sha256);
    ck_assert_uint_eq(a->bytes_source, b->bytes_source);
    ck_assert_uint_eq(a->bytes_stored, b->bytes_stored);
}

static void
check_findings(const struct report *a, const struct report *b)
{
    ck_assert_uint_eq(a->count, b->count);
    ck_assert_uint_eq(a->dropped, b->dropped);
    for (size_t i = 0; i < a->count; i++) {
        ck_assert_str_eq(a->findings[i].code, b->findings[i].code);
        ck_assert_int_eq(a->findings[i].severity, b->findings[i].severity);
        ck_assert_str_eq(a->findings[i].path, b->findings[i].path);
        ck_assert_int_eq(a->findings[i].offset, b->findings[i].offset);
        ck_assert_str_eq(a->findings[i].text, b->findings[i].text);
        ck_assert_str_eq(a->findings[i].remedy, b->findings[i].remedy);
    }
}

START_TEST(reads_what_was_written)
{
    struct catalog_entry entry, found;
    struct error e = {0};
    size_t size;
    char *text;

    make_entry(&entry);
    if (_i == 2) /* the largest numbers */
        entry.files[0].size_bytes = entry.files[0].length_bytes =
            entry.bytes_source = entry.sequence = INT64_MAX;
    if (_i == 2)
        entry.server.used_memory = INT64_MAX;
    if (_i == 1) { /* all that may be missing is */
        entry.kind = CATALOG_FULL;
        entry.parent = entry.log_file = NULL;
        memset(&entry.server, 0, sizeof entry.server);
        entry.bound = CATALOG_NO_SERVER;
        entry.state_time_ms = entry.keys = -1;
        entry.log_offset = 0;
        entry.file_count = 1;
        report_clear(&entry.report);
    }
    text = catalog_entry_write(&entry, &size);
    ck_assert_uint_eq(size, strlen(text));
    ck_assert_msg(catalog_entry_read(&found, text, size, &e) == 0, "%s",
                  e.text);
    check_head(&found, &entry);
    ck_assert_uint_eq(found.file_count, entry.file_count);
    for (size_t i = 0; i < entry.file_count; i++)
        check_file(&found.files[i], &entry.files[i]);
    check_content(&found, &entry);
    check_findings(&found.report, &entry.report);
    ck_assert_int_eq(found.verified_ms, -1);
    ck_assert(!found.held);
    report_clear(&entry.report);
    catalog_entry_clear(&found);
    free(text);
}
END_TEST

/* As jq and sha256sum have it: docs/design/repository.md. */
START_TEST(is_sealed_by_a_sum_that_others_can_compute)
{
    size_t size;
    char *text = written(&size);
    char *dumped, sum[DIGEST_HEX_SIZE];
    json_t *object = json_loads(text, 0, NULL);

    ck_assert_str_eq(json_string_value(json_object_get(object, "sha256")),
                     SEAL);
    json_object_del(object, "sha256");
    dumped = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
    digest_of(dumped, strlen(dumped), sum);
    ck_assert_str_eq(sum, SEAL);
    free(dumped);
    json_decref(object);
    free(text);
}
END_TEST

START_TEST(is_written_for_people_in_a_fixed_order)
{
    static const char *const order[] = {
        "{\n  \"format\": 1,\n",
        "  \"sequence\": 42,\n",
        "  \"id\": \"20261120T113000Z-2\",\n",
        "  \"kind\": ",
        "  \"server\": {\n",
        "  \"files\": [\n",
        "\"path\": \"appendonlydir/caf\xc3\xa9 %FF%0A100%25.1.incr.aof\"",
        "\"role\": \"config\"",
        "  \"verdict\": \"sound\",\n",
        "  \"archive\": {\n",
        "  \"sha256\": \"" SEAL "\"\n}\n"};
    size_t size;
    char *text = written(&size);
    const char *at = text;

    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        at = strstr(at, order[i]);
        ck_assert_msg(at != NULL, "%s", order[i]);
    }
    free(text);
}
END_TEST

START_TEST(refuses_a_newer_format_whatever_else_it_holds)
{
    static const char text[] = "{\"format\": 2, \"seal\": \"unknown\"}";
    struct catalog_entry entry;
    struct error e = {0};

    ck_assert_int_eq(catalog_entry_read(&entry, text, strlen(text), &e), -1);
    ck_assert_int_eq(e.kind, ERROR_REFUSED);
    ck_assert_str_eq(e.text, "the entry has format 2, this redkeep reads up "
                             "to 1: use a newer redkeep");
}
END_TEST

static const struct {
    const char *json, *text;
} no_entries[] = {
    {"", "the entry is not JSON from line 1, column 0 on"},
    {"{\"format\": 1", "the entry is not JSON from line 1, column 12 on"},
    {"{\"format\": 1, \"format\": 1}",
     "the entry is not JSON from line 1, column 22 on"},
    {"[]", "the entry is not a JSON object"},
    {"{}", "format is missing"},
    {"{\"format\": \"1\"}", "format is not a whole number"},
    {"{\"format\": 0}", "format is 0, expected 1 to 2147483647"},
    {"{\"format\": 1}", "sha256 is missing"},
    {"{\"format\": 1, \"sha256\": \"ab\"}", "sha256 is not 64 hex digits"},
    {"{\"format\": 1, \"sha256\": \"" SUM_A "\"}",
     "the entry's sha256 is "
     "3f0a99256beeb89a6b9f2793885291a6454928fd74903159ab2e51452b13df6f, it "
     "says " SUM_A ": it was changed"},
};

START_TEST(calls_what_is_no_entry_damaged)
{
    const char *json = no_entries[_i].json;
    struct catalog_entry entry;
    struct error e = {0};

    ck_assert_int_eq(catalog_entry_read(&entry, json, strlen(json), &e), -1);
    ck_assert_int_eq(e.kind, ERROR_DAMAGED);
    ck_assert_str_eq(e.text, no_entries[_i].text);
}
END_TEST

START_TEST(sees_an_entry_that_was_cut_or_changed)
{
    size_t size, unseen = 0;
    char *text = written(&size);
    struct catalog_entry entry;
    struct error e = {0};

    for (size_t i = 0; i < size && _i == 0; i++)
        if (catalog_entry_read(&entry, text, i, &e) == 0)
            unseen++;
    for (size_t i = 0; i < size; i++) {
        char old = text[i];

        if (_i == 0)
            text[i] = (char)(old ^ 1);
        else if (old == ' ' || old == '\n')
            text[i] = (char)(old ^ ' ' ^ '\n');
        else
            continue;
        if (catalog_entry_read(&entry, text, size, &e) == 0)
            unseen++;
        text[i] = old;
    }
    ck_assert_uint_eq(unseen, 0);
    free(text);
}
END_TEST

START_TEST(reads_nothing_that_is_too_large)
{
    enum { COUNT = 5000 };
    struct catalog_entry entry;
    struct catalog_file *files = memory_new(COUNT * sizeof *files);
    char path[4000] = "";
    struct error e = {0};
    size_t size;
    char *text;

    make_entry(&entry);
    memset(path, 'n', sizeof path - 1);
    for (size_t i = 0; i < COUNT; i++) {
        files[i] = entry.files[0];
        files[i].path = path;
    }
    entry.files = files;
    entry.file_count = COUNT;
    text = catalog_entry_write(&entry, &size);
    ck_assert_uint_gt(size, CATALOG_ENTRY_MAX);
    report_clear(&entry.report);
    ck_assert_int_eq(catalog_entry_read(&entry, text, size, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_DAMAGED);
    ck_assert_ptr_nonnull(strstr(e.text, "expected at most 16777216"));
    free(text);
    free(files);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("catalog_entry");
    TCase *cases = tcase_create("catalog_entry");
    SRunner *runner;
    int failed;

    tcase_set_timeout(cases, 60);
    tcase_add_loop_test(cases, reads_what_was_written, 0, 3);
    tcase_add_test(cases, is_sealed_by_a_sum_that_others_can_compute);
    tcase_add_test(cases, is_written_for_people_in_a_fixed_order);
    tcase_add_test(cases, refuses_a_newer_format_whatever_else_it_holds);
    tcase_add_loop_test(cases, calls_what_is_no_entry_damaged, 0,
                        (int)(sizeof no_entries / sizeof *no_entries));
    tcase_add_loop_test(cases, sees_an_entry_that_was_cut_or_changed, 0, 2);
    tcase_add_test(cases, reads_nothing_that_is_too_large);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
