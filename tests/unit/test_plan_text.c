#include "daemon/plan_text.h"

#include <check.h>
#include <stdlib.h>

static const struct {
    int exit_status;
    const char *report; /* NULL: none */
    enum plan_result result;
    const char *text;
} drills[] = {
    {0, "{\"id\":\"A\",\"ok\":true,\"text\":\"9 keys loaded\"}", PLAN_OK,
     "A: 9 keys loaded"},
    {1, "{\"id\":\"A\",\"ok\":false,\"text\":\"it is not what was stored\"}",
     PLAN_FAILED, "A: it is not what was stored"},
    {3, "{\"id\":\"A\",\"ok\":null,\"text\":\"not enough memory: 9 MiB\"}",
     PLAN_SKIPPED, "A: not enough memory: 9 MiB"},
    {3, "{\"error\":\"no good snapshot\"}", PLAN_FAILED, "as it said"},
    {3, NULL, PLAN_FAILED, "as it said"},
    {0, NULL, PLAN_FAILED, "as it said"},
    {4, NULL, PLAN_REFUSED, "as it said"},
    {5, NULL, PLAN_LOCKED, "as it said"},
    {1, "{}", PLAN_FAILED, ": "},
};

START_TEST(tells_what_came_of_a_drill)
{
    struct worker_outcome o = {.exit_status = drills[_i].exit_status,
                               .text = "as it said"};
    char text[480];

    if (drills[_i].report != NULL)
        o.report = json_loads(drills[_i].report, 0, NULL);
    ck_assert_int_eq(plan_text_result(&o), drills[_i].result);
    plan_text_write(text, sizeof text, PLAN_DRILL, &o);
    ck_assert_str_eq(text, drills[_i].text);
    json_decref(o.report);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("plan_text");
    TCase *cases = tcase_create("plan_text");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_loop_test(cases, tells_what_came_of_a_drill, 0,
                        sizeof drills / sizeof *drills);
    suite_add_tcase(suite, cases);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
