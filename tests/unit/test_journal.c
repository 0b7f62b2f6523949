#include "jobs/journal.h"

#include "base/memory.h"
#include "base/text.h"
#include "folder.h"
#include "jobs/journal_text.h"
#include "jobs/place.h"

#define FILE_OF(path)   \
    "{\"path\":\"" path \
    "\",\"entry\":true,\"id\":{\"inode\":\"7\",\"birth\":8},\"copy\":null}"
#define SET(folder, files) "{\"folder\":" folder ",\"files\":[" files "]}"
#define NAMES(dump)            \
    "[{\"dbfilename\":\"" dump \
    "\",\"appendfilename\":\"a.aof\",\"appenddirname\":\"dir\"}]"
#define WHOLE(format, job, state, names, leaves, comes)                     \
    "{\"format\":" format ",\"job\":\"" job "\",\"state\":\"" state         \
    "\",\"id\":null,\"began\":null,\"names\":" names ",\"leaves\":" leaves  \
    ",\"comes\":" comes                                                     \
    ",\"service\":null,\"stop_command\":null,\"start_command\":\"reboot\"," \
    "\"repo\":\"/r\",\"instance\":null,\"layout\":null}"
#define KEPT "\"redkeep-before-1\""
#define BUILT "\".redkeep/restore-1\""
#define EMPTY SET("null", "")
#define PLACING(leaves, comes) \
    WHOLE("1", "restore", "placing", NAMES("d.rdb"), leaves, comes)
#define OF(path) PLACING(SET(KEPT, FILE_OF(path)), EMPTY)
#define IN(folder) PLACING(SET(folder, FILE_OF("d.rdb")), EMPTY)

static const char good[] =
    PLACING(SET(KEPT, FILE_OF("d.rdb") "," FILE_OF("dir/a.aof.manifest")),
            SET(BUILT, FILE_OF("dir/odd%0Aname")));

static const struct {
    const char *text, *error;
} bad[] = {
    {"", "it is no journal of redkeep"},
    {"[]", "it is no journal of redkeep"},
    {"{\"format\":1}", "state is missing"},
    {WHOLE("2", "restore", "placed", "[]", EMPTY, EMPTY),
     "it has format 2, this redkeep knows 1: use the newer one that wrote it"},
    {WHOLE("1", "format", "placed", "[]", EMPTY, EMPTY),
     "job is none that we know"},
    {WHOLE("1", "undo", "none", "[]", EMPTY, EMPTY),
     "state is none that we know"},
    {WHOLE("1", "undo", "placed", NAMES("../d"), EMPTY, EMPTY),
     "names[0].dbfilename is no name of a dataset"},
    {WHOLE("1", "undo", "placed", NAMES(".redkeep"), EMPTY, EMPTY),
     "names[0].dbfilename is no name of a dataset"},
    {OF("/etc/passwd"), "files[0].path is no path of a dataset"},
    {OF("other.rdb"), "files[0].path is no path of a dataset"},
    {OF("dir/../x"), "files[0].path is no path of a dataset"},
    {OF("dir/x/y"), "files[0].path is no path of a dataset"},
    {OF("dir/.."), "files[0].path is no path of a dataset"},
    {OF(""), "files[0].path is no path of a dataset"},
    {IN("null"), "leaves.folder is no folder of ours"},
    {IN("\"..\""), "leaves.folder is no folder of ours"},
    {IN("\"redkeep-before-1/..\""), "leaves.folder is no folder of ours"},
    {IN("\".redkeep\""), "leaves.folder is no folder of ours"},
    {IN("\".redkeep/..\""), "leaves.folder is no folder of ours"},
    {IN("\".redkeep/restore-1/..\""), "leaves.folder is no folder of ours"},
    {IN("\".redkeep/lock\""), "leaves.folder is no folder of ours"},
};

START_TEST(refuses_and_says_why)
{
    struct journal j;

    ck_assert_int_eq(journal_read(&j, bad[_i].text, strlen(bad[_i].text), &e),
                     -1);
    ck_assert_str_eq(e.text, bad[_i].error);
    ck_assert_int_eq(j.state, JOURNAL_NONE);
}
END_TEST

START_TEST(what_is_saved_is_loaded)
{
    struct journal j, again;
    char *text, *twice;
    size_t size, twice_size;

    ck_assert_int_eq(file_make_directory(dir, PLACE_WORK, 0700, NULL, &e), 0);
    ck_assert_msg(journal_read(&j, good, strlen(good), &e) == 0, "%s", e.text);
    ck_assert_str_eq(j.comes.files[0].path, "dir/odd\nname");
    ck_assert_int_eq(journal_save(&j, dir, &e), 0);
    ck_assert_msg(journal_load(&again, dir, &e) == 0, "%s", e.text);
    text = journal_text_write(&j, &size);
    twice = journal_text_write(&again, &twice_size);
    ck_assert_str_eq(text, twice);
    ck_assert(again.trusted);
    ck_assert_str_eq(again.start_command, "reboot");
    ck_assert(journal_is_unfinished(&again));
    free(text);
    free(twice);
    journal_clear(&j);
    journal_clear(&again);
    ck_assert_int_eq(journal_remove(dir, &e), 0);
    ck_assert_int_eq(journal_load(&j, dir, &e), 0);
    ck_assert_int_eq(j.state, JOURNAL_NONE);
}
END_TEST

START_TEST(none_is_no_failure)
{
    struct journal j;

    ck_assert_int_eq(journal_load(&j, dir, &e), 0);
    ck_assert_int_eq(j.state, JOURNAL_NONE);
    ck_assert_int_eq(e.kind, ERROR_NONE);
}
END_TEST

START_TEST(what_cannot_be_read_is_told_apart_from_none)
{
    struct journal j;

    ck_assert_int_eq(file_make_directory(dir, PLACE_WORK, 0700, NULL, &e), 0);
    put(PLACE_WORK "/" JOURNAL_NAME, "{");
    ck_assert_int_eq(journal_load(&j, dir, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_DAMAGED);
    ck_assert_str_eq(e.text, "the journal .redkeep/journal.json: it is no"
                             " journal of redkeep");
}
END_TEST

START_TEST(no_link_is_followed_to_it)
{
    struct journal j;

    ck_assert_int_eq(file_make_directory(dir, "theirs", 0700, NULL, &e), 0);
    put("theirs/" JOURNAL_NAME, good);
    ck_assert_int_eq(symlinkat("theirs", dir, PLACE_WORK), 0);
    ck_assert_int_eq(journal_load(&j, dir, &e), -1);
}
END_TEST

START_TEST(the_commands_of_another_user_are_not_taken)
{
    struct journal j;

    if (geteuid() != 0)
        return;
    ck_assert_int_eq(file_make_directory(dir, PLACE_WORK, 0700, NULL, &e), 0);
    put(PLACE_WORK "/" JOURNAL_NAME, good);
    ck_assert_int_eq(
        fchownat(dir, PLACE_WORK "/" JOURNAL_NAME, 65534, 65534, 0), 0);
    ck_assert_int_eq(journal_load(&j, dir, &e), 0);
    ck_assert(!j.trusted && j.start_command == NULL && j.repo == NULL);
    ck_assert_int_eq(j.state, JOURNAL_PLACING);
    journal_clear(&j);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("journal");
    TCase *tests = tcase_create("journal");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tests, folder_begin, folder_end);
    tcase_add_loop_test(tests, refuses_and_says_why, 0,
                        (int)(sizeof bad / sizeof *bad));
    tcase_add_test(tests, what_is_saved_is_loaded);
    tcase_add_test(tests, none_is_no_failure);
    tcase_add_test(tests, what_cannot_be_read_is_told_apart_from_none);
    tcase_add_test(tests, no_link_is_followed_to_it);
    tcase_add_test(tests, the_commands_of_another_user_are_not_taken);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
