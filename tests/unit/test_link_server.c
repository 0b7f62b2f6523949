/* The link against a real server: passwords, users, TLS, a frozen process. */
#include "redis/link.h"

#include <check.h>
#include <hiredis/hiredis.h>

#include "redis/info.h"
#include "server.h"

static struct server server;
static unsigned port, tls_port;
static char ca[128], stranger[128], cert[128], key[128];

static const char certificates[] =
    "cd %s && exec 2>openssl.log && n='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2' "
    "&& openssl req -x509 $n -keyout ca.key -out ca.pem -subj /CN=ca "
    "&& openssl req -x509 $n -keyout other.key -out other.pem -subj /CN=other "
    "&& openssl req -x509 $n -CA ca.pem -CAkey ca.key -keyout server.key "
    "-out server.pem -subj /CN=server -addext basicConstraints=CA:FALSE "
    "-addext subjectAltName=DNS:localhost,IP:127.0.0.1 "
    "&& openssl req -x509 $n -CA ca.pem -CAkey ca.key -keyout wrong.key "
    "-out wrong.pem -subj /CN=localhost -addext basicConstraints=CA:FALSE "
    "-addext subjectAltName=DNS:elsewhere ";

static void
start(void)
{
    char command[1024], port_text[16], tls_text[16], acl[128];

    server_prepare(&server);
    snprintf(ca, sizeof ca, "%s/ca.pem", server.dir);
    snprintf(stranger, sizeof stranger, "%s/other.pem", server.dir);
    snprintf(cert, sizeof cert, "%s/server.pem", server.dir);
    snprintf(key, sizeof key, "%s/server.key", server.dir);
    snprintf(acl, sizeof acl, "%s/users.acl", server.dir);
    snprintf(command, sizeof command, certificates, server.dir);
    strcat(command, "&& printf 'user default on >secret ~* &* +@all\\n"
                    "user weak on >weak ~* &* +ping\\n"
                    "user none on nopass ~* &* +@all\\n' >users.acl");
    ck_assert_int_eq(system(command), 0);
    port = server_free_port();
    tls_port = server_free_port();
    snprintf(port_text, sizeof port_text, "%u", port);
    snprintf(tls_text, sizeof tls_text, "%u", tls_port);
    server_start(&server, (const char *[]){
                              "--port", port_text, "--tls-port", tls_text,
                              "--tls-ca-cert-file", ca, "--tls-cert-file", cert,
                              "--tls-key-file", key, "--tls-auth-clients",
                              "optional", "--aclfile", acl, NULL});
}

static void
stop(void)
{
    server_stop(&server);
}

static struct link *
open_with(struct link_options options, const char *text, struct error *e)
{
    struct url url;
    struct link *link;

    ck_assert_int_eq(url_read(&url, text, e), 0);
    options.url = &url;
    if (options.connect_timeout_ms == 0)
        options.connect_timeout_ms = 2000;
    options.command_timeout_ms = 2000;
    link = link_open(&options, e);
    url_clear(&url);
    return link;
}

static struct link *
open_text(const char *text, struct error *e)
{
    return open_with((struct link_options){0}, text, e);
}

static void
check_opens(struct link *link, const struct error *e)
{
    struct error other = {0};
    struct redisReply *reply;

    ck_assert_msg(link != NULL, "%s", e->text);
    reply = link_say(link, &other, "ECHO", "hello", NULL);
    ck_assert_msg(reply != NULL, "%s", other.text);
    ck_assert_str_eq(reply->str, "hello");
    link_reply_free(reply);
    link_close(link);
}

static void
check_refused(const struct link *link, const struct error *e, const char *words)
{
    ck_assert_ptr_null(link);
    ck_assert_msg(strstr(e->text, words) != NULL, "%s", e->text);
}

START_TEST(opens_by_socket_and_port_with_and_without_a_user)
{
    struct error e = {0};
    char url[256];

    snprintf(url, sizeof url, "unix://:secret@%s?db=3", server.socket);
    check_opens(open_text(url, &e), &e);
    snprintf(url, sizeof url, "redis://default:secret@%s:%u",
             server_localhost(), port);
    check_opens(open_text(url, &e), &e);
    snprintf(url, sizeof url, "redis://none@127.0.0.1:%u", port);
    check_opens(open_text(url, &e), &e);
    snprintf(url, sizeof url, "redis://127.0.0.1:%u", port);
    check_opens(open_with((struct link_options){.password = "secret"}, url, &e),
                &e);
}
END_TEST

START_TEST(tells_a_wrong_password_from_none)
{
    struct error e = {0};
    char url[256];

    snprintf(url, sizeof url, "redis://:wrong@127.0.0.1:%u", port);
    check_refused(open_text(url, &e), &e,
                  ": WRONGPASS invalid username-password pair or user is "
                  "disabled");
    ck_assert_int_eq(e.kind, ERROR_FAILED);
    check_refused(open_text(server.url, &e), &e,
                  ": NOAUTH Authentication required: give the password in the "
                  "URL or password_file");
    ck_assert_int_eq(e.kind, ERROR_DENIED);
}
END_TEST

START_TEST(says_what_a_user_is_not_allowed)
{
    struct error e = {0};
    struct info info;
    struct info_settings settings;
    struct link *link;
    char url[256];

    snprintf(url, sizeof url, "redis://weak:weak@127.0.0.1:%u", port);
    link = open_text(url, &e);
    ck_assert_int_eq(info_ask(link, &info, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_DENIED);
    ck_assert_msg(strncmp(e.text, "INFO: NOPERM ", 13) == 0, "%s", e.text);
    ck_assert_int_eq(info_ask_settings(link, &settings, &e), -1);
    ck_assert_int_eq(e.kind, ERROR_DENIED);
    ck_assert_msg(strncmp(e.text, "CONFIG GET dir: NOPERM ", 23) == 0, "%s",
                  e.text);
    ck_assert_ptr_null(settings.dir);
    ck_assert_ptr_null(link_say(link, &e, "NOSUCH", "x", NULL));
    ck_assert_int_eq(e.kind, ERROR_DENIED);
    link_close(link);
}
END_TEST

START_TEST(speaks_tls_with_a_server_it_can_verify)
{
    struct link_options options = {.tls_ca = ca};
    struct error e = {0};
    char url[256];

    snprintf(url, sizeof url, "rediss://:secret@%s:%u", server_localhost(),
             tls_port);
    check_opens(open_with(options, url, &e), &e);
    snprintf(url, sizeof url, "rediss://:secret@127.0.0.1:%u", tls_port);
    check_opens(open_with(options, url, &e), &e);
    options.tls_cert = cert;
    options.tls_key = key;
    check_opens(open_with(options, url, &e), &e);
}
END_TEST

START_TEST(refuses_a_server_it_cannot_verify)
{
    struct link_options options = {.tls_ca = stranger};
    struct error e = {0};
    char url[256];

    snprintf(url, sizeof url, "rediss://:secret@%s:%u", server_localhost(),
             tls_port);
    check_refused(open_with(options, url, &e), &e,
                  ": the server's certificate: self");
    options.tls_ca = NULL; /* the system's */
    check_refused(open_with(options, url, &e), &e,
                  ": the server's certificate: ");
    options.tls_ca = ca;
    snprintf(url, sizeof url, "rediss://:secret@127.0.0.2:%u", tls_port);
    check_refused(open_with(options, url, &e), &e,
                  ": the server's certificate: IP address mismatch");
    options.tls_insecure = true;
    snprintf(url, sizeof url, "rediss://:secret@127.0.0.2:%u", tls_port);
    check_opens(open_with(options, url, &e), &e);
}
END_TEST

/* Has the server show another certificate of its folder. */
static void
show(const char *name)
{
    struct error e = {0};
    struct link *link =
        open_with((struct link_options){.password = "secret"}, server.url, &e);
    struct redisReply *reply;
    char pem[128], secret[128];

    snprintf(pem, sizeof pem, "%s/%s.pem", server.dir, name);
    snprintf(secret, sizeof secret, "%s/%s.key", server.dir, name);
    reply = link_say(link, &e, "CONFIG", "SET", "tls-cert-file", pem,
                     "tls-key-file", secret, NULL);
    ck_assert_msg(reply != NULL, "%s", e.text);
    link_reply_free(reply);
    link_close(link);
}

START_TEST(refuses_a_server_of_another_name)
{
    struct link_options options = {.tls_ca = ca};
    struct error e = {0};
    char url[256];

    snprintf(url, sizeof url, "rediss://:secret@%s:%u", server_localhost(),
             tls_port);
    show("wrong");
    check_refused(open_with(options, url, &e), &e, " mismatch");
    show("server");
    check_opens(open_with(options, url, &e), &e);
}
END_TEST

START_TEST(says_when_one_side_speaks_tls_and_the_other_not)
{
    /* The server waits for the end of what it takes for a line of text. */
    struct link_options options = {.tls_ca = ca, .connect_timeout_ms = 150};
    struct error e = {0};
    char url[256];

    snprintf(url, sizeof url, "rediss://:secret@%s:%u", server_localhost(),
             port);
    check_refused(open_with(options, url, &e), &e,
                  ": timeout after 150 ms waiting for the TLS handshake (does "
                  "the server speak TLS on this port?)");
    snprintf(url, sizeof url, "redis://:secret@%s:%u", server_localhost(),
             tls_port);
    check_refused(open_text(url, &e), &e, "rediss://");
}
END_TEST

static const struct {
    struct link_options options;
    const char *words;
} unusable[] = {
    {{.tls_ca = "/nowhere/ca.pem"},
     "TLS authorities /nowhere/ca.pem: No such file or directory"},
    {{.tls_ca = "/dev/null"}, "TLS authorities /dev/null: "},
    {{.tls_ca = ca, .tls_cert = "/nowhere/cert.pem"},
     "TLS certificate /nowhere/cert.pem: "},
    {{.tls_ca = ca, .tls_cert = cert, .tls_key = "/nowhere/key.pem"},
     "TLS key /nowhere/key.pem: "},
    {{.tls_ca = ca, .tls_cert = cert}, "TLS key "},
    {{.tls_ca = ca, .tls_key = key}, "a TLS key without a certificate"},
};

START_TEST(names_the_tls_file_that_it_cannot_use)
{
    struct error e = {0};
    char url[256];

    snprintf(url, sizeof url, "rediss://%s:%u", server_localhost(), tls_port);
    check_refused(open_with(unusable[_i].options, url, &e), &e,
                  unusable[_i].words);
    ck_assert_int_eq(e.kind, ERROR_USAGE);
}
END_TEST

START_TEST(gives_up_on_a_frozen_server)
{
    struct error e = {0};
    struct link_options options = {.password = "secret"};
    struct link *link = open_with(options, server.url, &e);
    struct url url;

    ck_assert_msg(link != NULL, "%s", e.text);
    link_set_timeout(link, 100);
    kill(server.pid, SIGSTOP);
    ck_assert_ptr_null(link_say(link, &e, "PING", NULL));
    ck_assert_str_eq(e.text, "timeout after 100 ms waiting for PING");
    link_close(link);

    ck_assert_int_eq(url_read(&url, server.url, &e), 0);
    options.url = &url;
    options.connect_timeout_ms = 100;
    ck_assert_ptr_null(link_open(&options, &e));
    ck_assert_msg(strstr(e.text, "timeout after 100 ms waiting for AUTH"), "%s",
                  e.text);
    url_clear(&url);
    kill(server.pid, SIGCONT);
}
END_TEST

START_TEST(reads_the_settings_of_a_server)
{
    struct error e = {0};
    struct info_settings s;
    struct info info;
    struct link *link =
        open_with((struct link_options){.password = "secret"}, server.url, &e);

    ck_assert_int_eq(info_ask_settings(link, &s, &e), 0);
    ck_assert_str_eq(s.dir, server.dir);
    ck_assert_str_eq(s.dbfilename, "dump.rdb");
    ck_assert_str_eq(s.appendfilename, "appendonly.aof");
    ck_assert_str_eq(s.appenddirname, "appendonlydir");
    ck_assert_int_eq(s.appendonly, false);
    ck_assert_int_eq(s.databases, 16);
    info_settings_clear(&s);
    ck_assert_ptr_null(s.dir);
    ck_assert_int_eq(info_ask(link, &info, &e), 0);
    ck_assert_int_eq(info.process_id, server.pid);
    ck_assert_str_eq(info.role, "master");
    ck_assert_int_eq(info.link_up, true);
    ck_assert_int_eq(info.keys, 0);
    ck_assert_uint_eq(strlen(info.run_id), 40);
    ck_assert_int_gt(info.used_memory, 100000);
    link_close(link);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("link_server");
    TCase *t = tcase_create("link_server");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, t);
    tcase_add_unchecked_fixture(t, start, stop);
    tcase_add_test(t, opens_by_socket_and_port_with_and_without_a_user);
    tcase_add_test(t, tells_a_wrong_password_from_none);
    tcase_add_test(t, says_what_a_user_is_not_allowed);
    tcase_add_test(t, speaks_tls_with_a_server_it_can_verify);
    tcase_add_test(t, refuses_a_server_it_cannot_verify);
    tcase_add_test(t, refuses_a_server_of_another_name);
    tcase_add_test(t, says_when_one_side_speaks_tls_and_the_other_not);
    tcase_add_loop_test(t, names_the_tls_file_that_it_cannot_use, 0,
                        sizeof unusable / sizeof *unusable);
    tcase_add_test(t, gives_up_on_a_frozen_server);
    tcase_add_test(t, reads_the_settings_of_a_server);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
