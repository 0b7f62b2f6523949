#include "base/relay.h"

#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"

enum { MIB = 1 << 20 };

static struct error e;

static unsigned char
byte_at(uint64_t offset)
{
    return (unsigned char)(offset * 31 + (offset >> 13));
}

/* A pull that tells how often and in which threads it was called. */
struct giver {
    uint64_t size, fails_at;
    size_t portion;
    enum error_kind kind;
    atomic_uint_fast64_t given;
    atomic_uint calls, after_end;
    atomic_bool ended, elsewhere;
    pthread_t reader;
    useconds_t pause_us; /* before each block */
};

static int
give(void *context, void *bytes, size_t size, size_t *got, struct error *error)
{
    struct giver *g = context;
    unsigned char *to = bytes;
    uint64_t given = g->given;

    g->calls++;
    if (g->ended)
        g->after_end++;
    if (!pthread_equal(pthread_self(), g->reader))
        g->elsewhere = true;
    if (g->pause_us > 0)
        usleep(g->pause_us);
    if (given >= g->fails_at) {
        g->ended = true;
        return g->kind == ERROR_NONE ? -1
                                     : error_set(error, g->kind, "bad frame");
    }
    if (size > g->portion)
        size = g->portion;
    if (size > g->size - given)
        size = (size_t)(g->size - given);
    for (size_t i = 0; i < size; i++)
        to[i] = byte_at(given + i);
    if (size == 0)
        g->ended = true;
    g->given += size;
    *got = size;
    return 0;
}

static struct giver
giver_of(uint64_t size, size_t portion)
{
    return (struct giver){.size = size,
                          .portion = portion,
                          .fails_at = UINT64_MAX,
                          .reader = pthread_self()};
}

/* Reads on to the end or an error; the bytes seen are in their order. */
static int
read_all(struct relay *r, uint64_t *seen)
{
    const void *block;
    size_t size;

    for (;;) {
        const unsigned char *bytes;

        if (relay_next(r, &block, &size, &e) != 0)
            return -1;
        if (size == 0)
            return 0;
        bytes = block;
        for (size_t i = 0; i < size; i++)
            if (bytes[i] != byte_at(*seen + i))
                ck_abort_msg("byte %llu differs",
                             (unsigned long long)(*seen + i));
        *seen += size;
    }
}

static const struct {
    uint64_t size;
    size_t portion;
} streams[] = {
    {0, MIB},       {1, MIB},       {MIB, MIB},
    {2 * MIB, MIB}, {100000, 4096}, {9 * MIB + 17, MIB},
    {500, 1},       {MIB + 1, MIB}, {5 * MIB, 65535},
};

START_TEST(gives_all_bytes_in_their_order)
{
    struct giver g = giver_of(streams[_i].size, streams[_i].portion);
    struct relay *r = relay_new(give, &g);
    const void *block;
    uint64_t seen = 0;
    size_t size = 1;

    ck_assert_int_eq(read_all(r, &seen), 0);
    ck_assert_uint_eq(seen, streams[_i].size);
    /* The end is told again, and the giver is not asked again. */
    ck_assert_int_eq(relay_next(r, &block, &size, &e), 0);
    ck_assert_uint_eq(size, 0);
    relay_free(r);
    ck_assert_uint_eq(g.after_end, 0);
}
END_TEST

START_TEST(pulls_the_first_block_here_and_the_rest_elsewhere)
{
    struct giver g = giver_of(3 * MIB, MIB);
    struct relay *r = relay_new(give, &g);
    const void *block;
    uint64_t seen = MIB;
    size_t size;

    ck_assert_int_eq(relay_next(r, &block, &size, &e), 0);
    ck_assert_uint_eq(g.calls, 1);
    ck_assert(!g.elsewhere);
    ck_assert_int_eq(read_all(r, &seen), 0);
    ck_assert_uint_eq(seen, 3 * MIB);
    ck_assert(g.elsewhere);
    relay_free(r);
}
END_TEST

static const struct {
    uint64_t at;
    enum error_kind kind, told;
    const char *text;
} failures[] = {
    {0, ERROR_DAMAGED, ERROR_DAMAGED, "bad frame"},
    {MIB, ERROR_DAMAGED, ERROR_DAMAGED, "bad frame"},
    {5 * MIB, ERROR_CHANGED, ERROR_CHANGED, "bad frame"},
    {5 * MIB, ERROR_NONE, ERROR_FAILED, "read"},
};

START_TEST(tells_a_failure_behind_all_that_came_before_it)
{
    struct giver g = giver_of(20 * MIB, MIB);
    struct relay *r = relay_new(give, &g);
    uint64_t seen = 0;

    g.fails_at = failures[_i].at;
    g.kind = failures[_i].kind;
    for (int again = 0; again < 2; again++) {
        memset(&e, 0, sizeof e);
        ck_assert_int_eq(read_all(r, &seen), -1);
        ck_assert_uint_eq(seen, failures[_i].at);
        ck_assert_int_eq(e.kind, failures[_i].told);
        ck_assert_str_eq(e.text, failures[_i].text);
    }
    relay_free(r);
    ck_assert_uint_eq(g.after_end, 0);
}
END_TEST

START_TEST(runs_ahead_by_its_blocks_and_no_further)
{
    struct giver g = giver_of(100 * MIB, MIB);
    struct relay *r = relay_new(give, &g);
    const void *block;
    size_t size;

    for (uint64_t n = 0; n < 2; n++)
        ck_assert_int_eq(relay_next(r, &block, &size, &e), 0);
    /* One was given back; with the one that is lent the others fill it. */
    while (g.given < (uint64_t)(1 + RELAY_BLOCKS) * MIB)
        usleep(100);
    ck_assert_int_eq(relay_next(r, &block, &size, &e), 0);
    ck_assert_mem_eq(block, &(unsigned char){byte_at(2 * MIB)}, 1);
    while (g.given < (uint64_t)(2 + RELAY_BLOCKS) * MIB)
        usleep(100);
    relay_free(r);
    ck_assert_uint_eq(g.given, (uint64_t)(2 + RELAY_BLOCKS) * MIB);
}
END_TEST

/* The reader leaves after so many blocks; all is joined and given back. */
START_TEST(ends_when_the_reader_wants_no_more)
{
    struct giver g = giver_of(100 * MIB, MIB);
    struct relay *r = relay_new(give, &g);
    const void *block;
    size_t size;

    for (int n = 0; n < _i; n++)
        ck_assert_int_eq(relay_next(r, &block, &size, &e), 0);
    relay_free(r);
    ck_assert_uint_ge(g.calls, (unsigned)_i);
    ck_assert_uint_le(g.calls, (unsigned)_i + RELAY_BLOCKS);
    relay_free(NULL);
}
END_TEST

START_TEST(waits_for_a_slow_giver)
{
    struct giver g = giver_of(6 * MIB, MIB);
    struct relay *r = relay_new(give, &g);
    uint64_t seen = 0;

    g.pause_us = 5000;
    ck_assert_int_eq(read_all(r, &seen), 0);
    ck_assert_uint_eq(seen, 6 * MIB);
    relay_free(r);
}
END_TEST

START_TEST(waits_for_the_pull_that_is_under_way)
{
    struct giver g = giver_of(100 * MIB, MIB);
    struct relay *r = relay_new(give, &g);
    const void *block;
    size_t size;

    g.pause_us = 5000;
    for (int n = 0; n < 2; n++)
        ck_assert_int_eq(relay_next(r, &block, &size, &e), 0);
    while (g.calls < 3)
        usleep(100);
    relay_free(r);
    ck_assert_uint_eq(g.given, g.calls * (uint64_t)MIB);
}
END_TEST

/* In a process of its own: what is asked for stays asked for. */
static void
stop_and_read(void)
{
    struct giver g = giver_of(100 * MIB, MIB);
    struct relay *r = relay_new(give, &g);
    const void *block;
    size_t size;
    bool stopped;

    process_catch_stop();
    for (int n = 0; n < 3; n++)
        if (relay_next(r, &block, &size, &e) != 0)
            _exit(1);
    kill(getpid(), SIGTERM);
    stopped = relay_next(r, &block, &size, &e) == -1 &&
              e.kind == ERROR_STOPPED && size == 0;
    relay_free(r);
    _exit(stopped && g.calls < 20 ? 0 : 2);
}

/* As a user that may have no more threads. */
static void
read_alone(void)
{
    struct giver g = giver_of(9 * MIB, MIB);
    struct relay *r = relay_new(give, &g);
    struct rlimit none = {0, 0};
    uint64_t seen = 0;
    int rc;

    if ((geteuid() == 0 && setuid(65534) != 0) ||
        setrlimit(RLIMIT_NPROC, &none) != 0)
        _exit(1);
    rc = read_all(r, &seen);
    relay_free(r);
    _exit(rc == 0 && seen == 9 * MIB && !g.elsewhere ? 0 : 2);
}

static void
run_child(void (*run)(void))
{
    pid_t child = fork();
    int status;

    ck_assert_int_ge(child, 0);
    if (child == 0)
        run();
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}

START_TEST(stops_when_the_process_is_asked_to)
{
    run_child(stop_and_read);
}
END_TEST

START_TEST(works_where_no_thread_can_be_had)
{
    run_child(read_alone);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("relay");
    TCase *cases = tcase_create("relay");
    SRunner *runner;
    int failed;

    tcase_add_loop_test(cases, gives_all_bytes_in_their_order, 0,
                        (int)(sizeof streams / sizeof *streams));
    tcase_add_test(cases, pulls_the_first_block_here_and_the_rest_elsewhere);
    tcase_add_loop_test(cases, tells_a_failure_behind_all_that_came_before_it,
                        0, (int)(sizeof failures / sizeof *failures));
    tcase_add_test(cases, runs_ahead_by_its_blocks_and_no_further);
    tcase_add_loop_test(cases, ends_when_the_reader_wants_no_more, 0, 7);
    tcase_add_test(cases, waits_for_a_slow_giver);
    tcase_add_test(cases, waits_for_the_pull_that_is_under_way);
    tcase_add_test(cases, stops_when_the_process_is_asked_to);
    tcase_add_test(cases, works_where_no_thread_can_be_had);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
