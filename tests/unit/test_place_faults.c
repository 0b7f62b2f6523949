/* A set takes another's place, and every call on the way is the one at which
 * it fails or the process dies. */
#include "jobs/place.h"

#include <check.h>
#include <sys/wait.h>

#include "base/memory.h"
#include "base/text.h"
#include "folder.h"
#include "place_faults.h"

#define BUILT PLACE_WORK "/restore-1"
#define KEPT PLACE_KEPT_PREFIX "1"
#define AOF "appendonlydir/appendonly.aof"

enum { FILES_MAX = 8 };

struct set {
    const char *paths[FILES_MAX];
};

static const struct set none = {{NULL}}, rdb = {{"dump.rdb"}},
                        single = {{"appendonly.aof"}},
                        aof = {{AOF ".1.base.rdb", AOF ".1.incr.aof",
                                AOF ".manifest"}},
                        base = {{AOF ".1.base.rdb", AOF ".manifest"}},
                        both = {{AOF ".2.base.rdb", AOF ".3.incr.aof",
                                 AOF ".manifest", "dump.rdb"}};

static const struct scene {
    const struct set *old, *new;
    bool shared, no_links;
} scenes[] = {
    {.old = &aof, .new = &aof},
    {.old = &rdb, .new = &rdb},
    {.old = &rdb, .new = &base},
    {.old = &single, .new = &single},
    {.old = &both, .new = &rdb},
    {.old = &none, .new = &aof},
    {.old = &aof, .new = &single},
    {.old = &aof, .new = &aof, .shared = true},
    {.old = &both, .new = &aof, .no_links = true},
};

/* Other servers' files and the user's. */
static const char *const others[] = {"notes.txt", "users.acl",
                                     "appendonlydir/other.aof.manifest"};

static struct place_names names;
static const struct scene *scene;
static int check_calls = 1;

static void
make_folder_of(const char *file)
{
    const char *slash = strrchr(file, '/');
    char *folder;

    if (slash == NULL)
        return;
    folder = memory_copy(file, (size_t)(slash - file));
    ck_assert_int_eq(file_make_path(folder, 0755, &e), 0);
    free(folder);
}

static void
put_set(const char *root, const struct set *set, const char *text)
{
    for (int i = 0; i < FILES_MAX && set->paths[i] != NULL; i++) {
        char *name = text_format("%s/%s", root, set->paths[i]);
        char *content = text_format("%s %s", text, set->paths[i]);
        char *whole = text_format("%s/%s", path, name);

        make_folder_of(whole);
        put(name, content);
        free(whole);
        free(content);
        free(name);
    }
}

static void
make_scene(const struct scene *s)
{
    const struct dataset_names usual = {.dbfilename = NULL};

    folder_begin();
    scene = s;
    faults_no_links = s->no_links;
    names.count = 0;
    place_add(&names, &usual);
    put_set(".", s->old, "old");
    put_set(BUILT, s->new, "new");
    for (size_t i = 0; i < 3; i++) {
        char *whole = text_format("%s/%s", path, others[i]);

        make_folder_of(whole);
        put(others[i], others[i]);
        free(whole);
    }
    if (!s->shared)
        return;
    /* What nobody writes to may be one file of both. */
    ck_assert_int_eq(unlinkat(dir, BUILT "/" AOF ".1.base.rdb", 0), 0);
    ck_assert_int_eq(
        linkat(dir, AOF ".1.base.rdb", dir, BUILT "/" AOF ".1.base.rdb", 0), 0);
}

static bool
holds(const char *name, const char *text)
{
    struct error absent = {0};
    size_t size;
    char *bytes;
    bool equal;

    if (file_load(dir, name, 1000, &bytes, &size, &absent) != 0)
        return false;
    equal = strcmp(bytes, text) == 0;
    free(bytes);
    return equal;
}

static bool
is_in(const struct set *set, const char *name)
{
    for (int i = 0; i < FILES_MAX && set->paths[i] != NULL; i++)
        if (strcmp(set->paths[i], name) == 0)
            return true;
    return false;
}

static bool
holds_file(const char *root, const char *file, const char *text)
{
    char *name = text_format("%s/%s", root, file);
    char *content = text_format(
        "%s %s", scene->shared && strstr(file, ".base") != NULL ? "old" : text,
        file);
    bool good = holds(name, content);

    free(content);
    free(name);
    return good;
}

/* All of a set and nothing of the other. */
static bool
is_set(const char *root, const struct set *set, const struct set *other,
       const char *text)
{
    for (int i = 0; i < FILES_MAX && set->paths[i] != NULL; i++)
        if (!holds_file(root, set->paths[i], text))
            return false;
    for (int i = 0; i < FILES_MAX && other->paths[i] != NULL; i++)
        if (!is_in(set, other->paths[i]) &&
            faccessat(dir, other->paths[i], F_OK, 0) == 0)
            return false;
    return true;
}

static bool
is_old(void)
{
    return is_set(".", scene->old, scene->new, "old");
}

static bool
is_new(void)
{
    return is_set(".", scene->new, scene->old, "new");
}

/*
 * What a server that is started now would find: an entry file of one set only
 * where all of that set is, else a tripwire.
 */
static void
expect_safe(void)
{
    const struct set *sets[] = {scene->old, scene->new};

    if (is_old() || is_new())
        return;
    for (size_t n = 0; n < 2; n++)
        for (int i = 0; i < FILES_MAX && sets[n]->paths[i] != NULL; i++) {
            const char *file = sets[n]->paths[i];
            const char *text = n == 0 ? "old" : "new";
            bool entry = strchr(file, '/') == NULL ||
                         text_has_suffix(file, ".manifest");

            if (!entry || !holds_file(".", file, text))
                continue;
            for (int k = 0; k < FILES_MAX && sets[n]->paths[k] != NULL; k++)
                if (strchr(sets[n]->paths[k], '/') != NULL &&
                    strchr(file, '/') != NULL)
                    ck_assert_msg(holds_file(".", sets[n]->paths[k], text),
                                  "%s without %s", file, sets[n]->paths[k]);
        }
}

static void
expect_others(void)
{
    for (size_t i = 0; i < 3; i++)
        expect(others[i], others[i]);
}

static int
unused(void *context, struct error *error)
{
    (void)context;
    (void)error;
    /* Of a fresh run: behind tripwires, before anything has come. */
    if (check_calls++ == 0)
        ck_assert(!is_new() && (scene->old == &none || !is_old()));
    return 0;
}

static struct place_options options;
static bool touched; /* it happened in the last run */

static void
plan(struct journal *j)
{
    int built = file_open_directory(dir, BUILT, &e);

    options = (struct place_options){
        .target = dir, .path = path, .check_unused = unused};
    *j = (struct journal){.job = memory_dup("restore"), .began_ms = 1};
    ck_assert_int_eq(place_find_built(&j->comes, built, &names, &e), 0);
    ck_assert_int_eq(place_find(&j->leaves, dir, &names, &j->comes, &e), 0);
    close(built);
    j->comes.folder = memory_dup(BUILT);
    if (j->leaves.count > 0)
        j->leaves.folder = memory_dup(KEPT);
    j->names[0] = (struct journal_names){
        .dbfilename = memory_dup("dump.rdb"),
        .appendfilename = memory_dup("appendonly.aof"),
        .appenddirname = memory_dup("appendonlydir"),
    };
    j->name_count = 1;
}

/* What a run ends with: of place_run, or of the process. */
static int
run_with(enum faults_way way, long number, struct journal *j)
{
    pid_t child;
    int status;

    faults_way = way;
    faults_left = number;
    if (way < FAULTS_DIE_BEFORE) {
        status = place_run(j, &options, &e);
        faults_way = FAULTS_NONE;
        touched = faults_left <= 0;
        return status;
    }
    child = fork();
    if (child == 0)
        _exit(place_run(j, &options, &e) == 0 ? 0 : 1);
    faults_way = FAULTS_NONE;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    touched = WEXITSTATUS(status) == FAULTS_DIED;
    return WEXITSTATUS(status);
}

/* As it stands, then to where it is asked to go. */
static void
expect_end(bool undo)
{
    struct journal j;

    expect_safe();
    memset(&e, 0, sizeof e);
    ck_assert_msg(journal_load(&j, dir, &e) == 0, "%s", e.text);
    if (j.state == JOURNAL_NONE) {
        ck_assert(is_old());
    } else if (j.state == JOURNAL_PLACED) {
        ck_assert(is_new());
    } else {
        ck_assert_int_eq(j.state, JOURNAL_PLACING);
        ck_assert_msg(place_resume(&j, undo, &options, &e) == 0, "%s", e.text);
        ck_assert(j.state == JOURNAL_UNDONE ? is_old() : is_new());
        ck_assert(j.state == JOURNAL_PLACED || undo);
        if (j.state == JOURNAL_PLACED && scene->old->paths[0] != NULL)
            ck_assert(is_set(KEPT, scene->old, &none, "old"));
        if (j.state == JOURNAL_UNDONE)
            ck_assert(is_set(BUILT, scene->new, &none, "new"));
    }
    expect_others();
    journal_clear(&j);
}

START_TEST(takes_the_place)
{
    struct journal j;

    make_scene(&scenes[_i]);
    plan(&j);
    check_calls = 0;
    ck_assert_msg(place_run(&j, &options, &e) == 0, "%s", e.text);
    ck_assert_int_eq(check_calls, 1);
    ck_assert_int_eq(j.state, JOURNAL_PLACED);
    ck_assert(is_new());
    if (scene->old->paths[0] != NULL)
        ck_assert(is_set(KEPT, scene->old, &none, "old"));
    expect_others();
    journal_clear(&j);
    folder_end();
}
END_TEST

static void
try_at(const struct scene *s, enum faults_way way, bool undo)
{
    long number = 1;
    int rc;

    do {
        struct journal j;

        make_scene(s);
        plan(&j);
        rc = run_with(way, number, &j);
        if (way == FAULTS_FAIL && rc != 0 && j.state == JOURNAL_NONE) {
            ck_assert_msg(is_old(), "call %ld: %s", number, e.text);
            expect_others();
        } else {
            expect_end(undo);
        }
        journal_clear(&j);
        folder_end();
        number++;
    } while (touched);
    ck_assert_int_gt(number, 20);
}

START_TEST(ends_at_either_side_wherever_it_died)
{
    try_at(&scenes[_i], FAULTS_DIE_BEFORE, false);
    try_at(&scenes[_i], FAULTS_DIE_AFTER, true);
}
END_TEST

START_TEST(goes_back_when_a_call_fails)
{
    try_at(&scenes[_i], FAULTS_FAIL, true);
}
END_TEST

int
main(void)
{
    const int count = (int)(sizeof scenes / sizeof *scenes);
    Suite *suite = suite_create("place_faults");
    TCase *tests = tcase_create("place_faults");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_loop_test(tests, takes_the_place, 0, count);
    tcase_add_loop_test(tests, ends_at_either_side_wherever_it_died, 0, count);
    tcase_add_loop_test(tests, goes_back_when_a_call_fails, 0, count);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
