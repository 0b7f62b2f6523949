#include "redis/link_core.h"

#include <check.h>
#include <event2/event.h>
#include <hiredis/hiredis.h>

#include "fake.h"

#define PONG "+PONG\r\n"

/* What the callbacks saw, in letters: c connected, l lost, r reply, e error. */
struct witness {
    struct event_base *base;
    struct link_core *core;
    struct url url;
    char seen[32];
    int numbers[8];
    int count;
    struct error why;
    const char *ask_when_connected; /* NULL: nothing */
    char free_at;                   /* the letter at which the link is freed */
};

static void
note(struct witness *w, char letter)
{
    w->seen[strlen(w->seen)] = letter;
    if (letter != w->free_at)
        return;
    link_core_free(w->core);
    w->core = NULL;
}

static void
on_answer(void *context, struct redisReply *reply, const struct error *why)
{
    struct witness *w = context;

    if (reply != NULL)
        w->numbers[w->count++] = (int)reply->integer;
    else
        w->why = *why;
    note(w, reply != NULL ? 'r' : 'e');
    link_reply_free(reply);
}

static void
ask(struct witness *w, int times)
{
    struct error e = {0};

    for (int i = 0; i < times; i++)
        ck_assert_int_eq(
            link_core_ask(w->core, 1, &w->ask_when_connected, on_answer, w, &e),
            0);
}

static void
on_connected(void *context)
{
    struct witness *w = context;

    if (w->ask_when_connected != NULL)
        ask(w, 3);
    note(w, 'c');
}

static void
on_lost(void *context, const struct error *why)
{
    struct witness *w = context;

    w->why = *why;
    note(w, 'l');
}

/* Runs a link against the server until nothing is left to happen. */
static void
watch(struct witness *w, const struct fake *f)
{
    struct link_options options = {
        .url = &w->url, .connect_timeout_ms = 2000, .command_timeout_ms = 100};
    struct link_core_events events = {on_connected, on_lost, w};
    struct error e = {0};

    w->base = event_base_new();
    ck_assert_int_eq(url_read(&w->url, f->url, &e), 0);
    w->core = link_core_new(w->base, &options, &events, &e);
    ck_assert_ptr_nonnull(w->core);
    ck_assert_str_eq(w->seen, "");
    event_base_loop(w->base, 0);
}

static void
end(struct witness *w, struct fake *f)
{
    link_core_free(w->core);
    event_base_free(w->base);
    url_clear(&w->url);
    fake_stop(f);
}

START_TEST(answers_in_the_order_of_the_questions)
{
    struct witness w = {.ask_when_connected = "GET"};
    struct fake f;

    fake_start(&f, (const char *[]){PONG, ":1\r\n:2\r\n", FAKE_UNASKED,
                                    ":3\r\n", FAKE_CLOSE, NULL});
    watch(&w, &f);
    ck_assert_str_eq(w.seen, "crrrl");
    ck_assert_int_eq(w.numbers[0], 1);
    ck_assert_int_eq(w.numbers[1], 2);
    ck_assert_int_eq(w.numbers[2], 3);
    ck_assert_str_eq(w.why.text, "the server closed the connection");
    end(&w, &f);
}
END_TEST

START_TEST(answers_all_questions_when_the_connection_is_lost)
{
    struct witness w = {.ask_when_connected = "GET"};
    struct fake f;
    struct error e = {0};

    fake_start(&f, (const char *[]){PONG, ":1\r\n", FAKE_HANG, NULL});
    watch(&w, &f);
    ck_assert_str_eq(w.seen, "creel");
    ck_assert_str_eq(w.why.text, "timeout after 100 ms waiting for GET");
    ck_assert_int_eq(
        link_core_ask(w.core, 1, &w.ask_when_connected, on_answer, &w, &e), -1);
    ck_assert_str_eq(e.text, "timeout after 100 ms waiting for GET");
    end(&w, &f);
}
END_TEST

START_TEST(goes_on_after_an_error_reply)
{
    struct witness w = {.ask_when_connected = "GET"};
    struct fake f;

    fake_start(&f, (const char *[]){PONG, ":1\r\n-ERR no\r\n:3\r\n", FAKE_CLOSE,
                                    NULL});
    watch(&w, &f);
    ck_assert_str_eq(w.seen, "crerl");
    end(&w, &f);
}
END_TEST

static const struct {
    char free_at;
    const char *seen;
} frees[] = {{'c', "c"}, {'r', "cr"}, {'e', "cre"}, {'l', "crerl"}};

START_TEST(may_be_freed_by_any_callback)
{
    struct witness w = {.ask_when_connected = "GET",
                        .free_at = frees[_i].free_at};
    struct fake f;

    fake_start(&f, (const char *[]){PONG, ":1\r\n-ERR no\r\n:3\r\n", FAKE_CLOSE,
                                    NULL});
    watch(&w, &f);
    ck_assert_str_eq(w.seen, frees[_i].seen);
    end(&w, &f);
}
END_TEST

START_TEST(may_be_freed_before_anything_happened)
{
    struct witness w = {0};
    struct link_options options = {.url = &w.url, .connect_timeout_ms = 100};
    struct link_core_events events = {on_connected, on_lost, &w};
    struct fake f;
    struct error e = {0};

    fake_start(&f, (const char *[]){PONG, NULL});
    w.base = event_base_new();
    ck_assert_int_eq(url_read(&w.url, f.url, &e), 0);
    w.core = link_core_new(w.base, &options, &events, &e);
    link_core_free(w.core);
    w.core = NULL;
    event_base_loop(w.base, 0);
    ck_assert_str_eq(w.seen, "");
    end(&w, &f);
}
END_TEST

START_TEST(tells_once_that_nobody_listens)
{
    struct witness w = {0};
    struct fake f;

    fake_start(&f, (const char *[]){NULL});
    fake_stop(&f);
    watch(&w, &f);
    ck_assert_str_eq(w.seen, "l");
    ck_assert_str_eq(w.why.text, "Connection refused");
    link_core_free(w.core);
    event_base_free(w.base);
    url_clear(&w.url);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("link_core");
    TCase *t = tcase_create("link_core");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, t);
    tcase_add_test(t, answers_in_the_order_of_the_questions);
    tcase_add_test(t, answers_all_questions_when_the_connection_is_lost);
    tcase_add_test(t, goes_on_after_an_error_reply);
    tcase_add_loop_test(t, may_be_freed_by_any_callback, 0,
                        sizeof frees / sizeof *frees);
    tcase_add_test(t, may_be_freed_before_anything_happened);
    tcase_add_test(t, tells_once_that_nobody_listens);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
