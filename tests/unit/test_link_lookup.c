#include "redis/link_lookup.h"

#include <check.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <sys/wait.h>

struct heard {
    struct link_lookup *lookup;
    unsigned times, count;
    struct link_address first;
    struct error why;
};

static void
on_done(void *context, const struct link_address *list, unsigned count,
        const struct error *why)
{
    struct heard *h = context;

    h->times++;
    h->count = count;
    h->why = *why;
    if (count > 0)
        h->first = list[0];
    link_lookup_free(h->lookup);
    h->lookup = NULL;
}

static void
run(struct heard *h, const char *host)
{
    struct event_base *base = event_base_new();
    struct error e = {0};

    *h = (struct heard){0};
    h->lookup = link_lookup_new(base, host, 6379, on_done, h, &e);
    ck_assert_msg(h->lookup != NULL, "%s", e.text);
    ck_assert_uint_eq(h->times, 0);
    event_base_loop(base, 0);
    event_base_free(base);
    ck_assert_uint_eq(h->times, 1);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* none is left */
}

START_TEST(takes_an_address_as_it_is)
{
    struct heard h;
    const struct sockaddr_in *a = (const void *)&h.first.address;

    run(&h, "127.0.0.2");
    ck_assert_uint_eq(h.count, 1);
    ck_assert_int_eq(a->sin_family, AF_INET);
    ck_assert_uint_eq(ntohl(a->sin_addr.s_addr), 0x7f000002);
    ck_assert_uint_eq(ntohs(a->sin_port), 6379);
    run(&h, "::1");
    ck_assert_uint_eq(h.count, 1);
    ck_assert_int_eq(a->sin_family, AF_INET6);
}
END_TEST

START_TEST(says_what_the_system_says_of_a_bad_name)
{
    struct heard h;

    run(&h, "a..b");
    ck_assert_uint_eq(h.count, 0);
    ck_assert_str_eq(h.why.text, "Name or service not known");
    ck_assert_int_eq(h.why.kind, ERROR_FAILED);
}
END_TEST

/* The loop ends only when the child is gone. */
START_TEST(leaves_no_child_when_it_is_not_waited_for)
{
    struct event_base *base = event_base_new();
    struct heard h = {0};
    struct error e = {0};

    h.lookup = link_lookup_new(base, "a..b", 6379, on_done, &h, &e);
    link_lookup_free(h.lookup);
    event_base_loop(base, 0);
    event_base_free(base);
    ck_assert_uint_eq(h.times, 0);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("link_lookup");
    TCase *t = tcase_create("link_lookup");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, t);
    tcase_add_test(t, takes_an_address_as_it_is);
    tcase_add_test(t, says_what_the_system_says_of_a_bad_name);
    tcase_add_test(t, leaves_no_child_when_it_is_not_waited_for);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
