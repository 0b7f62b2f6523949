#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "formats/server_command.h"
#include "formats/server_command_table.h"

static struct server_command
find(const char *name)
{
    const char *bar = strchr(name, '|');

    if (bar == NULL)
        return server_command_find(name, strlen(name));
    return server_command_find_part(name, (size_t)(bar - name), bar + 1,
                                    strlen(bar + 1));
}

START_TEST(the_table_is_sorted_and_its_names_can_be_found)
{
    for (size_t i = 0; i < server_command_table_count; i++) {
        const struct server_command_row *row = &server_command_table[i];

        if (i > 0)
            ck_assert_int_le(strcmp(row[-1].name, row->name), 0);
        ck_assert_uint_lt(strlen(row->name), SERVER_COMMAND_NAME_MAX);
        ck_assert_str_eq(server_command_name(find(row->name)), row->name);
        ck_assert_int_ne(row->arity, 0);
        ck_assert(row->redis_from != 0 || row->valkey_from != 0);
    }
}
END_TEST

static const struct {
    const char *name, *release;
    uint64_t least, most; /* 0: not known to that release */
} known[] = {
    {"get", NULL, 2, 2},
    {"GeT", "6.0.16", 2, 2},
    {"SET", "7.0.15", 3, UINT64_MAX},
    {"expire", "6.0.16", 3, 3},
    {"expire", "7.0.15", 3, UINT64_MAX},
    {"lpop", "6.0.0", 2, 2},
    {"lpop", "6.2.0", 2, UINT64_MAX},
    {"lpop", "4.0.0", 2, 2},
    {"zrank", NULL, 3, UINT64_MAX},
    {"stralgo", "6.2.0", 2, UINT64_MAX},
    {"stralgo", "7.0.0", 0, 0},
    {"getex", "6.0.16", 0, 0},
    {"hexpire", "7.2.0", 0, 0},
    {"hexpire", "7.4.0", 6, UINT64_MAX},
    {"hexpire", "valkey-8.1.1", 0, 0},
    {"hexpire", "valkey-9.0.0", 6, UINT64_MAX},
    {"hexpire", "valkey-12.0.0", 6, UINT64_MAX},
    {"arset", "8.6.0", 0, 0},
    {"arset", "9.0.0", 4, UINT64_MAX},
    {"delifeq", "8.8.0", 0, 0},
    {"xgroup", "7.0.15", 2, UINT64_MAX},
    {"xgroup|create", "7.0.15", 5, UINT64_MAX},
    {"XGROUP|Destroy", "valkey-8.1.1", 4, 4},
};

START_TEST(knows_commands_by_release)
{
    struct server_command c = find(known[_i].name);
    struct release r;
    uint64_t least, most;
    bool knows;

    ck_assert(known[_i].release == NULL || release_read(&r, known[_i].release));
    knows = server_command_words(c, known[_i].release == NULL ? NULL : &r,
                                 &least, &most);
    ck_assert_msg(knows == (known[_i].least != 0), "%s", known[_i].name);
    if (!knows)
        return;
    ck_assert_uint_eq(least, known[_i].least);
    ck_assert_uint_eq(most, known[_i].most);
}
END_TEST

static const struct {
    const char *name;
    size_t size;
} unknown[] = {
    {"", 0},
    {"bla", 3},
    {"se", 2},
    {"set\0", 4},
    {"sett", 4},
    {"xgroup|create", 13},
    {"\xff", 1},
    {"JSON.SET", 8},
    {"georadiusbymember_rogeoradiusbymember_rogeoradiusbymember_ro", 60},
};

START_TEST(finds_nothing_that_is_not_there)
{
    ck_assert_ptr_null(
        server_command_find(unknown[_i].name, unknown[_i].size).rows);
    ck_assert_ptr_null(server_command_find_part("xgroup", 6, unknown[_i].name,
                                                unknown[_i].size)
                           .rows);
    ck_assert_ptr_null(server_command_find_part(unknown[_i].name,
                                                unknown[_i].size, "create", 6)
                           .rows);
}
END_TEST

START_TEST(containers_are_those_with_subcommands)
{
    ck_assert(server_command_is_container(find("XGROUP")));
    ck_assert(server_command_is_container(find("command")));
    ck_assert(!server_command_is_container(find("get")));
    ck_assert(!server_command_is_container(find("xgroup|create")));
    ck_assert(!server_command_is_container(find("bla")));
}
END_TEST

static const struct {
    const char *name, *releases;
} spans[] = {
    {"get", "redis 6.0, valkey 7.2"},       {"lpop", "redis 6.0, valkey 7.2"},
    {"stralgo", "redis 6.0 to before 7.0"}, {"commandlog", "valkey 8.1"},
    {"hexpire", "redis 7.4, valkey 9.0"},
};

START_TEST(writes_which_releases_have_it)
{
    char out[SERVER_COMMAND_RELEASES_SIZE];

    server_command_write_releases(out, find(spans[_i].name));
    ck_assert_str_eq(out, spans[_i].releases);
}
END_TEST

START_TEST(a_dot_behind_a_prefix_is_a_module)
{
    static const char *const of[] = {"JSON.SET", "ft.create", "TS.ADD",
                                     "_FT.SAFEADDHASH", "graph.query"};
    static const char *const not [] = {
        "S.T", "SET", ".SET", "SET.", "JS.\xff\xff", "JSON SET", ""};

    for (size_t i = 0; i < sizeof of / sizeof *of; i++)
        ck_assert_msg(server_command_is_of_module(of[i], strlen(of[i])), "%s",
                      of[i]);
    for (size_t i = 0; i < sizeof not / sizeof *not ; i++)
        ck_assert_msg(!server_command_is_of_module(not [i], strlen(not [i])),
                      "%s", not [i]);
}
END_TEST

int
main(void)
{
    Suite *s = suite_create("server_command");
    TCase *c = tcase_create("server_command");
    SRunner *r;
    int failed;

    tcase_add_test(c, the_table_is_sorted_and_its_names_can_be_found);
    tcase_add_loop_test(c, knows_commands_by_release, 0,
                        (int)(sizeof known / sizeof *known));
    tcase_add_loop_test(c, finds_nothing_that_is_not_there, 0,
                        (int)(sizeof unknown / sizeof *unknown));
    tcase_add_test(c, containers_are_those_with_subcommands);
    tcase_add_loop_test(c, writes_which_releases_have_it, 0,
                        (int)(sizeof spans / sizeof *spans));
    tcase_add_test(c, a_dot_behind_a_prefix_is_a_module);
    suite_add_tcase(s, c);
    r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
