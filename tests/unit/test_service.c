#include "daemon/service.h"

#include <check.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* Where the manager would listen: a path, or in the abstract space. */
static struct sockaddr_un address;
static int manager;
static struct service *service;
static char heard[1024];

static void
listen_at(const char *name)
{
    size_t length = strlen(name);

    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    memcpy(address.sun_path, name, length);
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(
        bind(manager, (struct sockaddr *)&address,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)),
        0);
    ck_assert_int_eq(setenv("NOTIFY_SOCKET", name, 1), 0);
}

/* The next datagram; "" if there is none. */
static const char *
hear(void)
{
    ssize_t length = recv(manager, heard, sizeof heard - 1, 0);

    heard[length > 0 ? length : 0] = '\0';
    return heard;
}

static void
begin(void)
{
    char name[64];

    snprintf(name, sizeof name, "@redkeep-unit-%ld", (long)getpid());
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    listen_at(name);
}

static void
end(void)
{
    service_free(service);
    service = NULL;
    if (manager >= 0)
        close(manager);
}

START_TEST(tells_each_step)
{
    unsigned long long us;
    struct timespec now;

    service = service_new();
    service_ready(service);
    ck_assert_str_eq(hear(), "READY=1\n");
    service_reloading(service);
    ck_assert_int_eq(sscanf(hear(), "RELOADING=1\nMONOTONIC_USEC=%llu", &us),
                     1);
    clock_gettime(CLOCK_MONOTONIC, &now);
    ck_assert_uint_le(us / 1000000, (unsigned long long)now.tv_sec);
    ck_assert_uint_ge(us / 1000000 + 10, (unsigned long long)now.tv_sec);
    service_watchdog(service);
    ck_assert_str_eq(hear(), "WATCHDOG=1");
    service_stopping(service);
    ck_assert_str_eq(hear(), "STOPPING=1");
}
END_TEST

START_TEST(finds_a_socket_with_a_path)
{
    char name[64];

    close(manager);
    snprintf(name, sizeof name, "/tmp/redkeep-unit-%ld", (long)getpid());
    listen_at(name);
    service = service_new();
    service_ready(service);
    ck_assert_str_eq(hear(), "READY=1\n");
    unlink(name);
}
END_TEST

START_TEST(tells_a_status_once_and_as_one_line)
{
    service = service_new();
    service_status(service, "connected, 3 snapshots");
    ck_assert_str_eq(hear(), "STATUS=connected, 3 snapshots");
    service_status(service, "connected, 3 snapshots");
    ck_assert_str_eq(hear(), "");
    service_status(service, "down\nREADY=1");
    ck_assert_str_eq(hear(), "STATUS=down\\x0aREADY=1");
}
END_TEST

START_TEST(does_not_tell_its_children_of_the_manager)
{
    setenv("WATCHDOG_USEC", "30000000", 1);
    service = service_new();
    ck_assert_ptr_null(getenv("NOTIFY_SOCKET"));
    ck_assert_ptr_null(getenv("WATCHDOG_USEC"));
    ck_assert_ptr_null(getenv("WATCHDOG_PID"));
}
END_TEST

static const struct {
    const char *us;
    long pid; /* to add to ours; -1: none is given */
    uint64_t ms;
} watchdogs[] = {
    {"30000000", -1, 15000}, {"30000000", 0, 15000}, {"30000000", 1, 0},
    {"1500", 0, 1},          {"0", -1, 0},           {"x", -1, 0},
    {NULL, -1, 0},
};

START_TEST(wants_the_watchdog_at_half_its_time)
{
    char pid[32];

    if (watchdogs[_i].us != NULL)
        setenv("WATCHDOG_USEC", watchdogs[_i].us, 1);
    snprintf(pid, sizeof pid, "%ld", (long)getpid() + watchdogs[_i].pid);
    if (watchdogs[_i].pid >= 0)
        setenv("WATCHDOG_PID", pid, 1);
    service = service_new();
    ck_assert_uint_eq(service_watchdog_ms(service), watchdogs[_i].ms);
}
END_TEST

START_TEST(never_waits_and_tells_later_that_it_is_ready)
{
    service = service_new();
    /* The queue of a socket is short: max_dgram_qlen. */
    for (int i = 0; i < 10000; i++)
        service_watchdog(service);
    service_ready(service);
    while (hear()[0] != '\0')
        ck_assert_str_eq(heard, "WATCHDOG=1");
    service_status(service, "here");
    ck_assert_str_eq(hear(), "READY=1\nSTATUS=here");
    service_status(service, "there");
    ck_assert_str_eq(hear(), "STATUS=there");
}
END_TEST

static const char *const nowhere[] = {NULL, "", "@", "relative", "vsock:2:1"};

START_TEST(does_nothing_without_a_manager)
{
    if (nowhere[_i] == NULL)
        unsetenv("NOTIFY_SOCKET");
    else
        setenv("NOTIFY_SOCKET", nowhere[_i], 1);
    setenv("WATCHDOG_USEC", "30000000", 1);
    service = service_new();
    service_ready(service);
    service_status(service, "x");
    service_stopping(service);
    ck_assert_uint_eq(service_watchdog_ms(service), 0);
    ck_assert_str_eq(hear(), "");
}
END_TEST

START_TEST(survives_a_manager_that_is_gone)
{
    service = service_new();
    close(manager);
    manager = -1;
    service_ready(service);
    service_watchdog(service);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("service");
    TCase *cases = tcase_create("service");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, tells_each_step);
    tcase_add_test(cases, finds_a_socket_with_a_path);
    tcase_add_test(cases, tells_a_status_once_and_as_one_line);
    tcase_add_test(cases, does_not_tell_its_children_of_the_manager);
    tcase_add_loop_test(cases, wants_the_watchdog_at_half_its_time, 0,
                        (int)(sizeof watchdogs / sizeof *watchdogs));
    tcase_add_test(cases, never_waits_and_tells_later_that_it_is_ready);
    tcase_add_loop_test(cases, does_nothing_without_a_manager, 0,
                        (int)(sizeof nowhere / sizeof *nowhere));
    tcase_add_test(cases, survives_a_manager_that_is_gone);
    suite_add_tcase(suite, cases);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
