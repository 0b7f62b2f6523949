#include "jobs/state_file.h"

#include "folder.h"

/* 2026-11-20T11:30:00Z */
#define NOW INT64_C(1795174200000)

static json_t *state;

static void
put_state(const char *text)
{
    ck_assert_int_eq(file_make_directory(dir, "agent", 0700, NULL, &e), 0);
    put("agent/state.json", text);
}

static void
save(const char *job)
{
    state = json_pack("{s:{s:s}}", "jobs", "snapshot", job);
    ck_assert_msg(state_file_save(dir, state, NOW, &e) == 0, "%s", e.text);
    json_decref(state);
}

START_TEST(loads_what_was_saved)
{
    struct file_identity id;

    save("first");
    save("second");
    ck_assert_msg(state_file_load(dir, &state, &e) == 0, "%s", e.text);
    ck_assert_str_eq(json_string_value(json_object_get(
                         json_object_get(state, "jobs"), "snapshot")),
                     "second");
    ck_assert_int_eq(json_integer_value(json_object_get(state, "format")), 1);
    ck_assert_str_eq(json_string_value(json_object_get(state, "saved")),
                     "2026-11-20T11:30:00Z");
    json_decref(state);
    ck_assert_int_eq(file_identify_at(dir, "agent/state.json", &id, &e), 0);
    ck_assert_uint_eq(id.mode & 0777, 0600);
    ck_assert_int_eq(file_identify_at(dir, "agent", &id, &e), 0);
    ck_assert_uint_eq(id.mode & 0777, 0700);
}
END_TEST

START_TEST(finds_none)
{
    ck_assert_int_eq(state_file_load(dir, &state, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_ABSENT);
    ck_assert_int_eq(file_make_directory(dir, "agent", 0700, NULL, &e), 0);
    ck_assert_int_eq(state_file_load(dir, &state, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_ABSENT);
    ck_assert_ptr_null(state);
}
END_TEST

static const char *const damaged[] = {
    "",
    "{",
    "[]",
    "{}",
    "{\"format\":0}",
    "{\"format\":\"1\"}",
    "null",
    "{\"format\":1}x",
    "{\"format\":1,\"format\":1}",
    "{\"format\":1,\"a\":\"\xff\"}",
};

START_TEST(keeps_aside_what_cannot_be_read)
{
    put_state(damaged[_i]);
    ck_assert_int_eq(state_file_load(dir, &state, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_DAMAGED);
    ck_assert_ptr_null(state);
    put("agent/state.json.damaged", "of another day");
    ck_assert_msg(state_file_set_aside(dir, &e) == 0, "%s", e.text);
    expect("agent/state.json.damaged", damaged[_i]);
    ck_assert_int_eq(state_file_load(dir, &state, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_ABSENT);
    save("new");
}
END_TEST

START_TEST(leaves_a_newer_one_alone)
{
    const char *newer = "{\"format\":2,\"jobs\":[1]}";

    put_state(newer);
    ck_assert_int_eq(state_file_load(dir, &state, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_REFUSED);
    ck_assert_str_eq(e.text, "agent/state.json has format 2, this redkeep reads"
                             " up to 1: use a newer redkeep");
    state = json_object();
    ck_assert_int_eq(state_file_save(dir, state, NOW, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_REFUSED);
    json_decref(state);
    expect("agent/state.json", newer);
}
END_TEST

START_TEST(follows_no_link_out_of_the_repository)
{
    ck_assert_int_eq(file_make_directory(dir, "elsewhere", 0700, NULL, &e), 0);
    ck_assert_int_eq(symlinkat("elsewhere", dir, "agent"), 0);
    state = json_object();
    ck_assert_int_eq(state_file_save(dir, state, NOW, &e), -1);
    json_decref(state);
    ck_assert_int_ne(faccessat(dir, "elsewhere/state.json", F_OK, 0), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("state_file");
    TCase *tc = tcase_create("all");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, folder_begin, folder_end);
    tcase_add_test(tc, loads_what_was_saved);
    tcase_add_test(tc, finds_none);
    tcase_add_loop_test(tc, keeps_aside_what_cannot_be_read, 0,
                        sizeof damaged / sizeof *damaged);
    tcase_add_test(tc, leaves_a_newer_one_alone);
    tcase_add_test(tc, follows_no_link_out_of_the_repository);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
