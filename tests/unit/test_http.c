#include "daemon/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent_views.h"
#include "base/memory.h"

#define TOKEN "0123456789abcdef"
#define LIVE "GET /health/live HTTP/1.1\r\n\r\n"

static struct http *http;
static struct error e;
static unsigned port;
static char got[8 * 1024 * 1024];
static size_t got_size;

/* A port that was free just now. */
static unsigned
find_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(bind(fd, (void *)&address, sizeof address), 0);
    ck_assert_int_eq(getsockname(fd, (void *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static void
set(const char *key, const char *value)
{
    ck_assert_int_eq(config_set_option(&config, key, value, &e), 0);
}

static void
start(void)
{
    char listen[32];

    port = find_port();
    snprintf(listen, sizeof listen, "127.0.0.1:%u", port);
    set("http-listen", listen);
    http = http_new(&agent, &e);
    ck_assert_msg(http != NULL, "%s", e.text);
    agent.http = http;
}

static void
begin(void)
{
    signal(SIGPIPE, SIG_IGN);
    views_begin();
    agent.base = event_base_new();
    got_size = 0;
}

static void
end(void)
{
    http_free(http);
    event_base_free(agent.base);
    views_end();
}

static void
turn(void)
{
    const struct timeval moment = {.tv_usec = 1000};

    event_base_loopexit(agent.base, &moment);
    event_base_loop(agent.base, EVLOOP_ONCE);
}

static int
dial(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ck_assert_int_eq(connect(fd, (void *)&address, sizeof address), 0);
    ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    turn();
    return fd;
}

static void
say(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);

        if (n < 0 && errno != EAGAIN)
            return; /* it has closed: what it said is read below */
        if (n > 0) {
            bytes += n;
            size -= (size_t)n;
        }
        turn();
    }
}

/* Reads until it closes (true), or says nothing for a while. */
static bool
hear(int fd, unsigned patience_ms)
{
    uint64_t end_ms = clock_steady_ms() + patience_ms;

    while (clock_steady_ms() < end_ms) {
        ssize_t n = recv(fd, got + got_size, sizeof got - 1 - got_size, 0);

        if (n == 0 || (n < 0 && errno != EAGAIN))
            return true;
        if (n > 0) {
            got_size += (size_t)n;
            got[got_size] = '\0';
            end_ms = clock_steady_ms() + patience_ms;
        }
        turn();
    }
    return false;
}

/* Whether the whole of an answer is there. */
static bool
is_whole(bool head)
{
    const char *end = strstr(got, "\r\n\r\n"),
               *length = strstr(got, "Content-Length: ");

    if (end == NULL || length == NULL)
        return false;
    return head ||
           got_size >= (size_t)(end + 4 - got) + strtoul(length + 16, NULL, 10);
}

/* What a request is answered with, in got. Returns the status. */
static int
ask(const char *request)
{
    int fd = dial();

    got_size = 0;
    got[0] = '\0';
    say(fd, request, strlen(request));
    for (int i = 0; i < 50 && !is_whole(*request == 'H'); i++)
        hear(fd, 2);
    close(fd);
    turn();
    turn();
    return strncmp(got, "HTTP/1.", 7) == 0 ? atoi(got + 9) : 0;
}

static unsigned
count(const char *word)
{
    unsigned times = 0;

    for (const char *at = strstr(got, word); at != NULL;
         at = strstr(at + 1, word))
        times++;
    return times;
}

static uint64_t
counted(int code)
{
    const struct http_view *view = http_view(http);

    for (unsigned i = 0; i < view->code_count; i++)
        if (view->codes[i].code == code)
            return view->codes[i].count;
    return 0;
}

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
    {"GET /metrics HTTP/1.1\r\n\r\n", 200},
    {"GET /api/status HTTP/1.1\r\n\r\n", 200},
    {"GET /api/snapshots HTTP/1.1\r\n\r\n", 200},
    {"HEAD /health/live HTTP/1.1\r\n\r\n", 200},
    {"GET / HTTP/1.1\r\n\r\n", 404},
    {"GET /api/series HTTP/1.1\r\n\r\n", 404},
    {"GET /gate/check HTTP/1.1\r\n\r\n", 404},
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
    {"GET /health/live\r\n\r\n", 400},
    {"GET /health/live HTTP/3.0\r\n\r\n", 400},
    {"GET /health/live HTTP/1.1\r\nno colon\r\n\r\n", 400},
    {"\r\n\r\n", 400},
};
enum { MATRIX = sizeof matrix / sizeof *matrix };

START_TEST(answers_each_request_with_its_status)
{
    start();
    ck_assert_int_eq(ask(matrix[_i].request), matrix[_i].status);
    ck_assert_uint_eq(count("HTTP/1."), 1);
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

/* What follows is or may be the rest of a body: it is not taken for a request.
 */
static const char *const unread[] = {
    "HEAD /health/live HTTP/1.1\r\nContent-Length: 30\r\n\r\n" LIVE,
    "TRACE / HTTP/1.1\r\nContent-Length: 30\r\n\r\n" LIVE,
    "GET /health/live HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" LIVE,
};

START_TEST(closes_where_the_next_request_is_in_doubt)
{
    int fd;

    start();
    fd = dial();
    say(fd, unread[_i], strlen(unread[_i]));
    ck_assert(hear(fd, 50));
    ck_assert_uint_eq(count("HTTP/1.1"), 1);
    ck_assert_ptr_nonnull(strstr(got, "Connection: close"));
    close(fd);
}
END_TEST

/* Too large: what fills the request up, and with what it is answered. */
static const struct {
    const char *before, *after;
    size_t size;
    int status;
} large[] = {
    {"GET /", " HTTP/1.1\r\n\r\n", 4070, 404},
    {"GET /", " HTTP/1.1\r\n\r\n", 4090, 414},
    {"GET /", "", 1000000, 414},
    {"GET /health/live HTTP/1.1\r\nA: ", "\r\n\r\n", 16000, 200},
    {"GET /health/live HTTP/1.1\r\nA: ", "\r\n\r\n", 16500, 431},
    {"GET /health/live HTTP/1.1\r\nA: ", "", 1000000, 431},
    {"GET /health/live HTTP/1.1\r\nContent-Length: 65536\r\n\r\n", "", 65536,
     200},
    {"GET /health/live HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n", "",
     1000000, 413},
};
enum { LARGE = sizeof large / sizeof *large };

START_TEST(limits_the_size_and_still_says_so)
{
    char *fill = memory_new(large[_i].size);
    int fd;

    start();
    fd = dial();
    memset(fill, 'x', large[_i].size);
    say(fd, large[_i].before, strlen(large[_i].before));
    say(fd, fill, large[_i].size);
    say(fd, large[_i].after, strlen(large[_i].after));
    ck_assert_int_eq(hear(fd, 50), large[_i].status > 404);
    ck_assert_int_eq(atoi(got + 9), large[_i].status);
    ck_assert_uint_eq(count("HTTP/1.1"), 1);
    ck_assert_uint_eq(counted(large[_i].status), 1);
    close(fd);
    free(fill);
}
END_TEST

START_TEST(limits_the_number_of_headers)
{
    char request[1024] = "GET /health/live HTTP/1.1\r\n";

    start();
    for (int i = 0; i < 100; i++)
        strcat(request, "a:\r\n");
    strcat(request, "\r\n");
    ck_assert_int_eq(ask(request), 431);
}
END_TEST

static const char *const starts[] = {"G", "GET /health/live HTTP/1.1\r\n",
                                     "POST / HTTP/1.1\r\n"
                                     "Content-Length: 500\r\n\r\n",
                                     "GET / HTTP/1.1\r\n"
                                     "Transfer-Encoding: chunked\r\n\r\n1"};

START_TEST(ends_a_request_that_comes_too_slowly)
{
    uint64_t began_ms, took_ms;
    int fd;

    set("http-request-timeout", "200ms");
    start();
    fd = dial();
    say(fd, starts[_i], strlen(starts[_i]));
    began_ms = clock_steady_ms();
    while (clock_steady_ms() < began_ms + 1000 && !hear(fd, 20))
        say(fd, "a", 1);
    took_ms = clock_steady_ms() - began_ms;
    ck_assert_uint_ge(took_ms, 150);
    ck_assert_uint_le(took_ms, 400);
    ck_assert_uint_eq(http_view(http)->connections, 0);
    close(fd);
}
END_TEST

START_TEST(gives_each_request_its_own_time)
{
    uint64_t began_ms = clock_steady_ms();
    int fd;

    set("http-request-timeout", "200ms");
    start();
    fd = dial();
    while (clock_steady_ms() < began_ms + 500) {
        say(fd, LIVE "G", strlen(LIVE) + 1);
        ck_assert(!hear(fd, 100));
        say(fd, LIVE + 1, strlen(LIVE) - 1);
        ck_assert(!hear(fd, 20));
    }
    close(fd);
}
END_TEST

START_TEST(ends_an_idle_connection)
{
    int silent, after;

    set("http-idle-timeout", "150ms");
    start();
    silent = dial();
    after = dial();
    say(after, LIVE, strlen(LIVE));
    ck_assert(!hear(after, 50));
    ck_assert(hear(silent, 300));
    ck_assert(hear(after, 300));
    ck_assert_uint_eq(http_view(http)->connections, 0);
    close(silent);
    close(after);
}
END_TEST

START_TEST(ends_a_connection_that_takes_no_answer)
{
    json_t *list = json_array();
    int fd, small = 4096;

    for (int i = 0; i < 100000; i++)
        json_array_append_new(list, json_string("20261120T113000Z"));
    views.repository.list = json_pack("{s:o}", "snapshots", list);
    set("http-idle-timeout", "150ms");
    start();
    fd = dial();
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    for (int i = 0; i < 5; i++)
        say(fd, "GET /api/snapshots HTTP/1.1\r\n\r\n", 31);
    for (uint64_t until_ms = clock_steady_ms() + 400;
         clock_steady_ms() < until_ms;)
        turn();
    ck_assert_uint_eq(http_view(http)->connections, 0);
    close(fd);
}
END_TEST

START_TEST(sends_a_large_answer_whole)
{
    json_t *list = json_array();

    for (int i = 0; i < 100000; i++)
        json_array_append_new(list, json_string("20261120T113000Z"));
    views.repository.list = json_pack("{s:o}", "snapshots", list);
    start();
    ck_assert_int_eq(ask("GET /api/snapshots HTTP/1.0\r\n\r\n"), 200);
    ck_assert_uint_gt(got_size, 100000 * strlen("20261120T113000Z"));
    ck_assert(is_whole(false));
    ck_assert_int_eq(got[got_size - 1], '\n');
}
END_TEST

START_TEST(refuses_one_connection_more)
{
    int fds[9];

    set("http-max-connections", "8");
    start();
    for (int i = 0; i < 8; i++)
        fds[i] = dial();
    fds[8] = dial();
    say(fds[8], LIVE, strlen(LIVE));
    ck_assert(hear(fds[8], 50));
    ck_assert_int_eq(atoi(got + 9), 503);
    ck_assert_uint_eq(http_view(http)->connections, 8);
    close(fds[8]);
    close(fds[0]);
    turn();
    ck_assert_int_eq(ask(LIVE), 200);
    for (int i = 1; i < 8; i++)
        close(fds[i]);
}
END_TEST

START_TEST(ends_the_slowest_for_one_that_comes)
{
    int fds[8];
    uint64_t until_ms;

    set("http-max-connections", "8");
    start();
    for (int i = 0; i < 8; i++) {
        fds[i] = dial();
        say(fds[i], "G", 1);
    }
    ck_assert_int_eq(ask(LIVE), 503);
    until_ms = clock_steady_ms() + 1100;
    while (clock_steady_ms() < until_ms)
        turn();
    ck_assert_int_eq(ask(LIVE), 200);
    ck_assert(hear(fds[0], 20));
    for (int i = 1; i < 8; i++)
        ck_assert(!hear(fds[i], 5));
    for (int i = 0; i < 8; i++)
        close(fds[i]);
}
END_TEST

START_TEST(does_not_spin_without_descriptors)
{
    struct rlimit before, limit;
    int first, second, turns = 0;
    uint64_t until_ms;

    start();
    first = dial();
    second = socket(AF_INET, SOCK_STREAM, 0);
    getrlimit(RLIMIT_NOFILE, &before);
    limit = before;
    limit.rlim_cur = (rlim_t)second + 1;
    setrlimit(RLIMIT_NOFILE, &limit);
    close(second);
    second = dial(); /* the last descriptor: accept has none */
    until_ms = clock_steady_ms() + 300;
    for (; clock_steady_ms() < until_ms; turns++) {
        const struct timeval moment = {.tv_usec = 100000};

        event_base_loopexit(agent.base, &moment);
        event_base_loop(agent.base, EVLOOP_ONCE);
    }
    ck_assert_int_lt(turns, 20);
    setrlimit(RLIMIT_NOFILE, &before);
    say(second, LIVE, strlen(LIVE));
    hear(second, 400);
    ck_assert_int_eq(atoi(got + 9), 200);
    close(first);
    close(second);
}
END_TEST

START_TEST(leaks_no_descriptor)
{
    int before = open("/dev/null", O_RDONLY), after;

    close(before);
    start();
    close(dial());
    for (int i = 0; i < 100; i++) {
        int fd = dial();

        say(fd, LIVE, i % 2 == 0 ? strlen(LIVE) : 3);
        close(fd);
    }
    http_free(http);
    http = NULL;
    agent.http = NULL;
    turn();
    after = open("/dev/null", O_RDONLY);
    close(after);
    ck_assert_int_eq(after, before);
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

    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_loop_test(cases, answers_each_request_with_its_status, 0, MATRIX);
    tcase_add_loop_test(cases, gives_the_headers_of_the_contract, 0, 5);
    tcase_add_test(cases, gives_to_head_the_length_and_no_body);
    tcase_add_test(cases, says_what_else_is_allowed);
    tcase_add_test(cases, echoes_nothing);
    tcase_add_loop_test(cases, asks_for_the_token_first, 0, TOKENS);
    tcase_add_test(cases, keeps_the_old_token_when_the_new_one_cannot_be_read);
    tcase_add_test(cases, answers_in_order_on_one_connection);
    tcase_add_loop_test(cases, closes_where_the_next_request_is_in_doubt, 0, 3);
    tcase_add_loop_test(cases, limits_the_size_and_still_says_so, 0, LARGE);
    tcase_add_test(cases, limits_the_number_of_headers);
    tcase_add_loop_test(cases, ends_a_request_that_comes_too_slowly, 0, 4);
    tcase_add_test(cases, gives_each_request_its_own_time);
    tcase_add_test(cases, ends_an_idle_connection);
    tcase_add_test(cases, ends_a_connection_that_takes_no_answer);
    tcase_add_test(cases, sends_a_large_answer_whole);
    tcase_add_test(cases, refuses_one_connection_more);
    tcase_add_test(cases, ends_the_slowest_for_one_that_comes);
    tcase_add_test(cases, does_not_spin_without_descriptors);
    tcase_add_test(cases, leaks_no_descriptor);
    tcase_add_test(cases, says_what_is_wrong_with_an_address);
    tcase_add_test(cases, does_not_listen_when_off);
    tcase_add_test(cases, is_503_when_it_cannot_protect);
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
