/* What is said when a repository cannot be opened. */
#include "repo/storage.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "test_storage_repo.h"

/* What lies there, the instance asked for, and what is said. */
static const struct {
    const char *file, *instance;
    enum error_kind kind;
    const char *text;
} absent[] = {
    {NULL, "main", ERROR_FAILED,
     "no repository at @: nothing is there; give the right one with --repo, or mount its disk; if there was none yet, take a first snapshot with "
     "'redkeep snapshot --repo @'"},
    {"", "main", ERROR_FAILED,
     "no repository at @: the folder is empty; give the right one with --repo, or mount its disk; if there was none yet, take a first snapshot with "
     "'redkeep snapshot --repo @'"},
    {"dump.rdb", "main", ERROR_FAILED,
     "no repository at @: the folder holds dump.rdb, expected instances; give the right one with --repo, or mount its disk; if there was none yet, take "
     "a first snapshot with 'redkeep snapshot --repo @'"},
    {"jobs/instance.json", "main", ERROR_FAILED,
     "no instance 'main' in @: there is jobs; choose one with --instance"},
    {"instance.json", "main", ERROR_FAILED,
     "no repository at @: it is the folder of one instance; give the folder "
     "that holds it"},
    {"main/x\ny", "main", ERROR_FAILED,
     "@/main is not an instance of a repository: it holds x\\x0ay, expected "
     "instance.json"},
    {"main", "main", ERROR_FAILED,
     "instance main in @: open the folder main: Not a directory"},
    {NULL, "..", ERROR_USAGE, "'..' cannot be the name of an instance"},
    {NULL, "a/b", ERROR_USAGE, "'a/b' cannot be the name of an instance"},
    {NULL, "", ERROR_USAGE, "'' cannot be the name of an instance"},
    {NULL, ".trash", ERROR_USAGE, "'.trash' cannot be the name of an instance"},
    {"main/instance.json", "main", ERROR_DAMAGED,
     "@/main: instance.json: not a JSON object"},
};

START_TEST(says_what_is_there_and_what_to_do)
{
    struct storage s;
    struct error e = {0};

    if (absent[_i].file != NULL) {
        put("x", "");
        ck_assert_int_eq(file_remove_tree(AT_FDCWD, repo, &e), 0);
        ck_assert_int_eq(mkdir(repo, 0700), 0);
        if (absent[_i].file[0] != '\0')
            put(absent[_i].file, "");
    }
    ck_assert_int_eq(storage_open(&s, repo, absent[_i].instance, &e), -1);
    check_text(e.text, absent[_i].text);
    ck_assert_int_eq(e.kind, absent[_i].kind);
    ck_assert_int_eq(s.instance_dir, -1);
    storage_close(&s);
}
END_TEST

START_TEST(says_that_the_repository_is_a_file)
{
    struct storage s;
    struct error e = {0};

    ck_assert_int_eq(file_replace(AT_FDCWD, repo, "", 0, 0600, &e), 0);
    ck_assert_int_eq(storage_open(&s, repo, "main", &e), -1);
    check_text(e.text, "no repository at @: it is a file, expected a folder");
    ck_assert_int_eq(e.kind, ERROR_FAILED);
}
END_TEST

START_TEST(names_the_instances_that_are_there)
{
    struct storage s;
    struct error e = {0};

    make("jobs", &alpha);
    make("cache", &alpha);
    put("lost+found/x", "");
    ck_assert_int_eq(storage_open(&s, repo, "main", &e), -1);
    check_text(e.text, "no instance 'main' in @: there is cache, jobs; choose "
                       "one with --instance");
}
END_TEST

static const struct {
    const char *json, *text;
    enum error_kind kind;
} marks[] = {
    {"{\"format\": 2, \"uuid\": 7}",
     "@/main: instance.json: the repository has format 2, this redkeep reads "
     "up to 1: use a newer redkeep",
     ERROR_REFUSED},
    {"[]", "@/main: instance.json: not a JSON object", ERROR_DAMAGED},
    {"{\"format\": 1, \"uuid\": \"x\"}",
     "@/main: instance.json: machine is missing", ERROR_DAMAGED},
    {"{\"format\": 0}",
     "@/main: instance.json: format is 0, expected 1 to 2147483647",
     ERROR_DAMAGED},
};

START_TEST(refuses_what_it_cannot_read_in_either_way)
{
    struct storage s;
    struct error e = {0};

    make("main", &alpha);
    put("main/instance.json", marks[_i].json);
    ck_assert_int_eq(storage_open(&s, repo, "main", &e), -1);
    check_text(e.text, marks[_i].text);
    ck_assert_int_eq(e.kind, marks[_i].kind);
    ck_assert_int_eq(storage_open_writable(&s, repo, "main", &alpha, true, &e),
                     -1);
    check_text(e.text, marks[_i].text);
    ck_assert_int_eq(e.kind, marks[_i].kind);
}
END_TEST

/* Permissions do not bind root: a child is made that is not. */
static int
as_nobody(int (*work)(void))
{
    int status;
    pid_t pid;

    ck_assert_int_eq(chmod(folder, 0755), 0);
    pid = fork();
    if (pid == 0) {
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
            _exit(99);
        _exit(work());
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* 0 when the text begins as it should. */
static int
compare(int rc, const struct error *e, const char *begin)
{
    if (rc == -1 && e->kind == ERROR_FAILED && strstr(e->text, begin) != NULL &&
        strstr(e->text, "as root") != NULL)
        return 0;
    fprintf(stderr, "%d: %s\n", rc, e->text);
    return 1;
}

static int
read_denied(void)
{
    struct storage s;
    struct error e = {0};
    int rc = storage_open(&s, repo, "main", &e);

    return compare(rc, &e, " may not read ");
}

static int
write_denied(void)
{
    struct storage s;
    struct error e = {0};
    int rc = storage_open_writable(&s, repo, "main", &alpha, false, &e);

    return compare(rc, &e, " may not write to ");
}

static const struct {
    const char *path;
    mode_t mode;
    int (*work)(void);
} denied[] = {
    {"", 0, read_denied},
    {"/main", 0, read_denied},
    {"", 0555, write_denied},
    {"/main", 0555, write_denied},
};

START_TEST(says_who_may_not_do_what)
{
    char *path = text_format("%s%s", repo, denied[_i].path);
    struct error e = {0};

    make("main", &alpha);
    ck_assert_int_eq(chmod(repo, 0755), 0);
    if (_i == 2) { /* the instance is to be made in a closed folder */
        char *instance = text_format("%s/main", repo);

        ck_assert_int_eq(file_remove_tree(AT_FDCWD, instance, &e), 0);
        free(instance);
    }
    ck_assert_int_eq(chmod(path, denied[_i].mode), 0);
    ck_assert_int_eq(as_nobody(denied[_i].work), 0);
    ck_assert_int_eq(chmod(path, 0700), 0);
    free(path);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("storage_absent");
    TCase *cases = tcase_create("storage_absent");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_loop_test(cases, says_what_is_there_and_what_to_do, 0,
                        (int)(sizeof absent / sizeof *absent));
    tcase_add_test(cases, says_that_the_repository_is_a_file);
    tcase_add_test(cases, names_the_instances_that_are_there);
    tcase_add_loop_test(cases, refuses_what_it_cannot_read_in_either_way, 0,
                        (int)(sizeof marks / sizeof *marks));
    tcase_add_loop_test(cases, says_who_may_not_do_what, 0,
                        (int)(sizeof denied / sizeof *denied));
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
