#include "daemon/http.h"

#include "http_client.h"

#define TOKEN "0123456789abcdef"

/* Requests and what they are answered with, without a token. */
static const struct {
    const char *request;
    int status;
} matrix[] = {
    {"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n", 200},
    {"GET /health/live?a=b HTTP/1.0\r\n\r\n", 200},
    {"GET http://x/health/live HTTP/1.1\r\n\r\n", 200},
    {"GET /health/ready HTTP/1.1\r\n\r\n", 200},
    {"GET /health/detailed HTTP/1.1\r\n\r\n", 200},
    {"GET /health/dependencies HTTP/1.1\r\n\r\n", 200},
    {"GET /health/redis_counters HTTP/1.1\r\n\r\n", 200},
    {"GET /gate/require HTTP/1.1\r\n\r\n", 200},
    {"HEAD /gate/require?a=b HTTP/1.1\r\n\r\n", 200},
    {"GET /gate/check HTTP/1.1\r\n\r\n", 200},
    {"POST /gate/require HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 405},
    {"GET /gate/require/ HTTP/1.1\r\n\r\n", 404},
    {"GET /gate HTTP/1.1\r\n\r\n", 404},
    {"GET /metrics HTTP/1.1\r\n\r\n", 200},
    {"GET /api/status HTTP/1.1\r\n\r\n", 200},
    {"GET /api/snapshots HTTP/1.1\r\n\r\n", 200},
    {"HEAD /health/live HTTP/1.1\r\n\r\n", 200},
    {"GET / HTTP/1.1\r\n\r\n", 404},
    {"GET /api/series HTTP/1.1\r\n\r\n", 404},
    {"GET /health/live/ HTTP/1.1\r\n\r\n", 404},
    {"GET /health HTTP/1.1\r\n\r\n", 404},
    {"GET //health/live HTTP/1.1\r\n\r\n", 404},
    {"GET /health/../health/live HTTP/1.1\r\n\r\n", 404},
    {"GET /health/%6cive HTTP/1.1\r\n\r\n", 404},
    {"GET /health/live#x HTTP/1.1\r\n\r\n", 404},
    {"GET /HEALTH/LIVE HTTP/1.1\r\n\r\n", 404},
    {"HEAD /nowhere HTTP/1.1\r\n\r\n", 404},
    {"POST /health/live HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", 405},
    {"PUT /nowhere HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 405},
    {"DELETE /metrics HTTP/1.1\r\n\r\n", 405},
    {"OPTIONS * HTTP/1.1\r\n\r\n", 405},
    {"TRACE /health/live HTTP/1.1\r\n\r\n", 405},
    {"PATCH /health/live HTTP/1.1\r\n\r\n", 405},
    {"CONNECT x:1 HTTP/1.1\r\n\r\n", 405},
    {"BREW /pot HTTP/1.1\r\n\r\n", 405},
    {"GET /health/live HTTP/1.1\r\nContent-Length: 1\r\n"
     "Content-Length: 2\r\n\r\nab",
     400},
    {"GET /health/live HTTP/1.1\r\nContent-Length: 1\r\n"
     "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     400},
    {"GET /health/live HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400},
    {"GET /health/live HTTP/1.1\r\nContent-Length: +1\r\n\r\na" LIVE, 400},
    {"GET /health/live HTTP/1.1\r\nContent-Length : 1\r\n\r\na" LIVE, 400},
    {"GET /health/live HTTP/1.1\r\nTransfer-Encoding\t: chunked\r\n\r\n"
     "0\r\n\r\n" LIVE,
     400},
    {"GET /health/live HTTP/1.1\r\nContent-Length: \t1 \r\n\r\na", 200},
    {"GET /health/live\r\n\r\n", 400},
    {"GET /health/live HTTP/3.0\r\n\r\n", 400},
    {"GET /health/live HTTP/0.9\r\n\r\n", 400},
    {"GET /health/live HTTP/257.1\r\n\r\n", 400},
    {"GET /health/live HTTP/1.77\r\n\r\n", 400},
    {"GET /health/live HTTP/9999999999.1\r\n\r\n", 400},
    {"GET /health/live HTTP/0.9\r\nno colon\r\n\r\n", 400},
    {"GET /health/live xHTTP/1.1\r\n\r\n", 400},
    {"\x16\x03\x01\n", 400},
    {"GET /health/live HTTP/1.1\r\nno colon\r\n\r\n", 400},
    {"\r\n\r\n", 400},
};
enum { MATRIX = sizeof matrix / sizeof *matrix };

START_TEST(answers_each_request_with_its_status)
{
    start();
    ck_assert_int_eq(ask(matrix[_i].request), matrix[_i].status);
    ck_assert_uint_eq(count("HTTP/"), 1);
    ck_assert_ptr_eq(strstr(got, "HTTP/1."), got);
    ck_assert_int_le(got[7], '1');
    ck_assert_uint_eq(counted(matrix[_i].status), 1);
    ck_assert_uint_eq(http_view(http)->connections, 0);
}
END_TEST

/* Of all our answers: errors too. */
static const char *const ours[] = {
    LIVE, "GET /metrics HTTP/1.1\r\n\r\n", "GET /x HTTP/1.1\r\n\r\n",
    "POST / HTTP/1.1\r\n\r\n", "HEAD /api/status HTTP/1.1\r\n\r\n"};

START_TEST(gives_the_headers_of_the_contract)
{
    start();
    ask(ours[_i]);
    ck_assert_ptr_nonnull(strstr(got, "\r\nCache-Control: no-store\r\n"));
    ck_assert_ptr_nonnull(
        strstr(got, "\r\nX-Content-Type-Options: nosniff\r\n"));
    ck_assert_ptr_nonnull(
        strstr(got, "\r\nContent-Security-Policy: default-src 'none'\r\n"));
    ck_assert_ptr_nonnull(strstr(got, "\r\nContent-Length: "));
    ck_assert_ptr_nonnull(strstr(got, _i == 1 ? "text/plain; version=0.0.4"
                                              : "application/json"));
    ck_assert_ptr_null(strstr(got, "Server:"));
    ck_assert_ptr_null(strstr(got, "Access-Control"));
}
END_TEST

START_TEST(gives_to_head_the_length_and_no_body)
{
    size_t length;

    start();
    ask("GET /health/redis_counters HTTP/1.1\r\n\r\n");
    length = strlen(strstr(got, "\r\n\r\n") + 4);
    ck_assert_int_eq(got[got_size - 1], '\n');
    ask("HEAD /health/redis_counters HTTP/1.1\r\n\r\n");
    ck_assert_str_eq(strstr(got, "\r\n\r\n"), "\r\n\r\n");
    ck_assert_uint_eq(strtoul(strstr(got, "Content-Length: ") + 16, NULL, 10),
                      length);
}
END_TEST

START_TEST(says_what_else_is_allowed)
{
    start();
    ask("POST /health/live HTTP/1.1\r\n\r\n");
    ck_assert_ptr_nonnull(strstr(got, "\r\nAllow: GET, HEAD\r\n"));
    ck_assert_ptr_nonnull(
        strstr(got, "{\"error\":\"Method Not Allowed\",\"message\":\""));
}
END_TEST

START_TEST(echoes_nothing)
{
    start();
    ask("GET /<script>evil HTTP/1.1\r\nHost: evil\r\n\r\n");
    ck_assert_ptr_null(strstr(got, "evil"));
}
END_TEST

/* Path, token, and the status where [http] token is set. */
static const struct {
    const char *request;
    int status, with_probes;
} tokens[] = {
    {"GET /health/live HTTP/1.1\r\n\r\n", 200, 401},
    {"HEAD /health/ready HTTP/1.1\r\n\r\n", 200, 401},
    {"GET /health/live HTTP/1.1\r\nAuthorization: bearer " TOKEN "\r\n\r\n",
     200, 200},
    {"GET /metrics HTTP/1.1\r\n\r\n", 401, 401},
    {"GET /metrics HTTP/1.1\r\nAuthorization: Bearer wrong\r\n\r\n", 401, 401},
    {"GET /metrics HTTP/1.1\r\nAuthorization: BEARER " TOKEN "\r\n\r\n", 200,
     200},
    {"GET /nowhere HTTP/1.1\r\n\r\n", 401, 401},
    {"GET /gate/require HTTP/1.1\r\n\r\n", 401, 401},
    {"GET /gate/check HTTP/1.1\r\nAuthorization: Bearer " TOKEN "\r\n\r\n", 200,
     200},
    {"POST /metrics HTTP/1.1\r\n\r\n", 401, 401},
    {"POST /health/live HTTP/1.1\r\n\r\n", 405, 401},
    {"GET /nowhere HTTP/1.1\r\nAuthorization: Bearer " TOKEN "\r\n\r\n", 404,
     404},
    {"POST /metrics HTTP/1.1\r\nAuthorization: Bearer " TOKEN "\r\n\r\n", 405,
     405},
};
enum { TOKENS = sizeof tokens / sizeof *tokens };

START_TEST(asks_for_the_token_first)
{
    set("http-token", TOKEN);
    start();
    ck_assert_int_eq(ask(tokens[_i].request), tokens[_i].status);
    set("http-token-probes", "yes");
    ck_assert_int_eq(http_reload(http, &config, &e), 0);
    ck_assert_int_eq(ask(tokens[_i].request), tokens[_i].with_probes);
    ck_assert_int_eq(
        count("\r\nWWW-Authenticate: Bearer realm=\"redkeep\"\r\n"),
        tokens[_i].with_probes == 401);
    ck_assert_ptr_null(strstr(got, TOKEN));
}
END_TEST

START_TEST(keeps_the_old_token_when_the_new_one_cannot_be_read)
{
    set("http-token", TOKEN);
    start();
    set("http-token-file", "/nowhere/token");
    ck_assert_int_eq(http_reload(http, &config, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_USAGE);
    ck_assert_int_eq(ask("GET /metrics HTTP/1.1\r\n\r\n"), 401);
}
END_TEST

START_TEST(answers_in_order_on_one_connection)
{
    static const char many[] = LIVE
        "GET /metrics HTTP/1.1\r\n\r\n"
        "GET /health/live HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"
        "HEAD /x HTTP/1.1\r\n\r\n"
        "GET /health/dependencies HTTP/1.1\r\n\r\n";
    int fd;

    start();
    fd = dial();
    say(fd, many, strlen(many));
    ck_assert(!hear(fd, 50));
    ck_assert_uint_eq(count("HTTP/1.1 200 OK"), 4);
    ck_assert_uint_eq(count("HTTP/1.1 404 Not Found"), 1);
    ck_assert(strstr(got, "redkeep_build_info") > strstr(got, "alive"));
    ck_assert(strstr(got, "404 Not Found") > strstr(got, "redkeep_build_info"));
    ck_assert(strstr(got, "transitions") > strstr(got, "404 Not Found"));
    ck_assert_uint_eq(http_view(http)->connections, 1);
    close(fd);
}
END_TEST

START_TEST(says_what_is_wrong_with_an_address)
{
    char listen[32];

    start();
    snprintf(listen, sizeof listen, "127.0.0.1:%u", port);
    set("http-listen", listen);
    ck_assert_ptr_null(http_new(&agent, &e));
    ck_assert_int_eq(e.kind, ERROR_FAILED);
    ck_assert_ptr_nonnull(strstr(e.text, listen));
    ck_assert_ptr_nonnull(strstr(e.text, "Address already in use"));
}
END_TEST

START_TEST(does_not_listen_when_off)
{
    set("http-listen", "off");
    ck_assert_ptr_null(http_new(&agent, &e));
    ck_assert_int_eq(e.kind, ERROR_NONE);
    ck_assert_uint_eq(http_view(NULL)->code_count, 0);
}
END_TEST

START_TEST(is_503_when_it_cannot_protect)
{
    start();
    views.repository.ok = false;
    ck_assert_int_eq(ask("GET /health/ready HTTP/1.1\r\n\r\n"), 503);
    ck_assert_ptr_nonnull(strstr(got, "503 Service Unavailable"));
    ck_assert_ptr_nonnull(strstr(got, "\"status\":\"unhealthy\""));
    ck_assert_int_eq(ask("GET /health/detailed HTTP/1.1\r\n\r\n"), 503);
    ck_assert_int_eq(ask("GET /health/live HTTP/1.1\r\n\r\n"), 200);
    ck_assert_int_eq(ask("GET /health/dependencies HTTP/1.1\r\n\r\n"), 200);
}
END_TEST

/* Pipelined, as a proxy would that keeps its connection. */
START_TEST(tells_proxies_by_status_and_header)
{
    static const char both[] = "GET /gate/require HTTP/1.1\r\n\r\n"
                               "HEAD /gate/check HTTP/1.1\r\n\r\n"
                               "GET /gate/check HTTP/1.1\r\n\r\n";
    int fd;

    start();
    views.server.state = SERVER_FAILED;
    fd = dial();
    say(fd, both, strlen(both));
    ck_assert(!hear(fd, 50));
    ck_assert_ptr_eq(strstr(got, "HTTP/1.1 503 Service Unavailable\r\n"), got);
    ck_assert_uint_eq(count("\r\nRetry-After: 30\r\n"), 1);
    ck_assert_uint_eq(count("\r\nX-Redis-Available: false\r\n"), 2);
    ck_assert_uint_eq(count("{\"redisAvailable\":false"), 1);
    views.server.state = SERVER_CONNECTED;
    got_size = 0;
    say(fd, both, strlen(both));
    ck_assert(!hear(fd, 50));
    ck_assert_ptr_eq(strstr(got, "HTTP/1.1 200 OK\r\n"), got);
    ck_assert_ptr_null(strstr(got, "Retry-After"));
    ck_assert_uint_eq(count("\r\nX-Redis-Available: true\r\n"), 2);
    close(fd);
}
END_TEST

START_TEST(gives_a_scrape_of_the_counters_text)
{
    start();
    ck_assert_int_eq(
        ask("GET /health/redis_counters HTTP/1.1\r\n"
            "Accept: application/openmetrics-text;version=1.0.0,text/plain;"
            "version=0.0.4;q=0.5\r\n\r\n"),
        200);
    ck_assert_ptr_nonnull(strstr(got, "Content-Length: 0\r\n"));
    ck_assert_ptr_nonnull(strstr(got, "Content-Type: text/plain"));
}
END_TEST

static TCase *
make_cases(void)
{
    TCase *cases = tcase_create("all");

    tcase_add_checked_fixture(cases, http_begin, http_end);
    tcase_add_loop_test(cases, answers_each_request_with_its_status, 0, MATRIX);
    tcase_add_loop_test(cases, gives_the_headers_of_the_contract, 0, 5);
    tcase_add_test(cases, gives_to_head_the_length_and_no_body);
    tcase_add_test(cases, says_what_else_is_allowed);
    tcase_add_test(cases, echoes_nothing);
    tcase_add_loop_test(cases, asks_for_the_token_first, 0, TOKENS);
    tcase_add_test(cases, keeps_the_old_token_when_the_new_one_cannot_be_read);
    tcase_add_test(cases, answers_in_order_on_one_connection);
    tcase_add_test(cases, says_what_is_wrong_with_an_address);
    tcase_add_test(cases, does_not_listen_when_off);
    tcase_add_test(cases, is_503_when_it_cannot_protect);
    tcase_add_test(cases, tells_proxies_by_status_and_header);
    tcase_add_test(cases, gives_a_scrape_of_the_counters_text);
    return cases;
}

int
main(void)
{
    Suite *suite = suite_create("http");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, make_cases());
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
