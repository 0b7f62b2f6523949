#include "jobs/request.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "folder.h"

static char url[64];
static pid_t server;
static int status;

/* Reads until the whole request is there, keeps it in the folder. */
static void
read_request(int fd)
{
    char text[8192], *body;
    size_t used = 0, wanted = 1;
    ssize_t n;

    while (used < wanted && used < sizeof text - 1 &&
           (n = read(fd, text + used, sizeof text - 1 - used)) > 0) {
        char *length = strcasestr(text, "content-length:");

        used += (size_t)n;
        text[used] = '\0';
        body = strstr(text, "\r\n\r\n");
        wanted = used + 1;
        if (body != NULL) {
            length = strcasestr(text, "content-length:");
            wanted = (size_t)(body + 4 - text) +
                     (length != NULL ? strtoul(length + 15, NULL, 10) : 0);
        }
    }
    put("request", text);
}

/* Answers one request; a long answer has no end. */
static void
serve(int listener, const char *answer, bool endless)
{
    char much[4096];
    int fd = accept(listener, NULL, NULL);

    signal(SIGPIPE, SIG_IGN);
    read_request(fd);
    memset(much, 'x', sizeof much);
    if (write(fd, answer, strlen(answer)) < 0)
        _exit(1);
    while (endless && write(fd, much, sizeof much) > 0)
        continue;
    if (answer[0] == '\0')
        pause();
    close(fd);
    _exit(0);
}

static void
begin_server(const char *answer, bool endless)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, size), 0);
    ck_assert_int_eq(listen(fd, 5), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &size), 0);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/hook/secret",
             ntohs(at.sin_port));
    server = fork();
    if (server == 0)
        serve(fd, answer, endless);
    close(fd);
}

static void
end_server(void)
{
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
}

static int
ask(const char *body, uint64_t timeout_ms)
{
    struct request_task task = {
        .url = url, .body = body, .timeout_ms = timeout_ms};

    return request_send(&task, &status, &e);
}

static char *
load_request(void)
{
    char *text;
    size_t size;

    ck_assert_int_eq(file_load(dir, "request", 8192, &text, &size, &e), 0);
    return text;
}

START_TEST(posts_json)
{
    char *request;

    begin_server("HTTP/1.1 204 No Content\r\n\r\n", false);
    ck_assert_msg(ask("{\"event\":\"job\"}", 20000) == 0, "%s", e.text);
    ck_assert_int_eq(status, 204);
    end_server();
    request = load_request();
    ck_assert_int_eq(strncmp(request, "POST /hook/secret HTTP/1.1\r\n", 28), 0);
    ck_assert_ptr_nonnull(strstr(request, "Content-Type: application/json"));
    ck_assert_ptr_nonnull(strstr(request, "\r\n\r\n{\"event\":\"job\"}"));
    ck_assert_ptr_null(strstr(request, "100-continue"));
    free(request);
}
END_TEST

START_TEST(gets_without_a_body)
{
    char *request;

    begin_server("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", false);
    ck_assert_int_eq(ask(NULL, 20000), 0);
    ck_assert_int_eq(status, 500);
    end_server();
    request = load_request();
    ck_assert_int_eq(strncmp(request, "GET /hook/secret HTTP/1.1\r\n", 27), 0);
    free(request);
}
END_TEST

START_TEST(follows_nobody_elsewhere)
{
    begin_server("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
                 "Content-Length: 0\r\n\r\n",
                 false);
    ck_assert_msg(ask("{}", 20000) == 0, "%s", e.text);
    ck_assert_int_eq(status, 302);
    end_server();
}
END_TEST

START_TEST(does_not_wait_for_an_answer_without_end)
{
    begin_server("HTTP/1.1 200 OK\r\n\r\n", true);
    ck_assert_msg(ask("{}", 20000) == 0, "%s", e.text);
    ck_assert_int_eq(status, 200);
    end_server();
}
END_TEST

START_TEST(waits_no_longer_than_it_may)
{
    begin_server("", false);
    ck_assert_int_eq(ask("{}", 200), -1);
    ck_assert_int_eq(e.kind, ERROR_FAILED);
    ck_assert_msg(strstr(e.text, "timed out") != NULL, "%s", e.text);
    end_server();
}
END_TEST

static const char *const urls[] = {
    "file:///etc/passwd",
    "ftp://127.0.0.1/secret",
    "http://127.0.0.1:1/secret",
    "https://user:secret@name.invalid/secret?token=secret",
    "http://[secret",
    "/secret",
    "",
};

START_TEST(never_tells_what_may_be_secret)
{
    struct request_task task = {.url = urls[_i], .timeout_ms = 20000};

    ck_assert_int_eq(request_send(&task, &status, &e), -1);
    ck_assert_msg(strstr(e.text, "secret") == NULL, "%s", e.text);
    ck_assert_str_ne(e.text, "");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("request");
    TCase *tc = tcase_create("all");
    SRunner *runner;
    int failed;

    tcase_add_checked_fixture(tc, folder_begin, folder_end);
    tcase_add_test(tc, posts_json);
    tcase_add_test(tc, gets_without_a_body);
    tcase_add_test(tc, follows_nobody_elsewhere);
    tcase_add_test(tc, does_not_wait_for_an_answer_without_end);
    tcase_add_test(tc, waits_no_longer_than_it_may);
    tcase_add_loop_test(tc, never_tells_what_may_be_secret, 0,
                        sizeof urls / sizeof *urls);
    suite_add_tcase(suite, tc);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
