#include "base/url.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *text;
    struct url url;
    const char *shown; /* NULL: as it was given */
} good[] = {
    {"redis://localhost",
     {.host = "localhost", .port = 6379},
     "redis://localhost:6379"},
    {"redis://127.0.0.1:6390/",
     {.host = "127.0.0.1", .port = 6390},
     "redis://127.0.0.1:6390"},
    {"REDISS://h:1/12",
     {.tls = true, .host = "h", .port = 1, .db = 12},
     "rediss://h:1/12"},
    {"redis://:secret@h:1",
     {.host = "h", .port = 1, .password = "secret"},
     "redis://:***@h:1"},
    {"redis://joe:s%40%2f%25@h:1",
     {.host = "h", .port = 1, .user = "joe", .password = "s@/%"},
     "redis://joe:***@h:1"},
    {"redis://joe@h:1", {.host = "h", .port = 1, .user = "joe"}, NULL},
    {"redis://joe:@h:1",
     {.host = "h", .port = 1, .user = "joe"},
     "redis://joe@h:1"},
    {"redis://a%20b:x@h:1",
     {.host = "h", .port = 1, .user = "a b", .password = "x"},
     "redis://a%20b:***@h:1"},
    {"redis://a:b@c:d@h:1",
     {.host = "h", .port = 1, .user = "a", .password = "b@c:d"},
     "redis://a:***@h:1"},
    {"redis://[::1]", {.host = "::1", .port = 6379}, "redis://[::1]:6379"},
    {"rediss://u:p@[fe80::1%25]:7/3",
     {.tls = true,
      .host = "fe80::1%25",
      .port = 7,
      .user = "u",
      .password = "p",
      .db = 3},
     "rediss://u:***@[fe80::1%25]:7/3"},
    {"unix:///run/redis.sock", {.path = "/run/redis.sock"}, NULL},
    {"unix:///a@b/c?db=3", {.path = "/a@b/c", .db = 3}, NULL},
    {"unix:///a%3Fb", {.path = "/a?b"}, NULL},
    {"unix://joe:se%2Fcret@/s",
     {.path = "/s", .user = "joe", .password = "se/cret"},
     "unix://joe:***@/s"},
};

static const struct {
    const char *text, *error;
} bad[] = {
    {"", "the URL does not begin with redis://, rediss:// or unix://"},
    {"localhost:6379",
     "the URL does not begin with redis://, rediss:// or unix://"},
    {"http://h", "the URL does not begin with redis://, rediss:// or unix://"},
    {"redis://", "the URL has no host"},
    {"redis://:6379", "the URL has no host"},
    {"redis:///1", "the URL has no host"},
    {"redis://[]", "the URL has no host"},
    {"redis://[::1", "the URL's '[' has no ']'"},
    {"redis://[::1]x", "the URL has more than a port behind its ']'"},
    {"redis://[[0]", "the URL's host has a '[' or ']' inside"},
    {"redis://a]:1", "the URL's host has a '[' or ']' inside"},
    {"redis://::1", "the URL has no host"},
    {"redis://fe80::1", "the URL's host has several ':' (an IPv6 address is "
                        "written in brackets)"},
    {"redis://h:", "the URL's port is not a number from 1 to 65535"},
    {"redis://h:0", "the URL's port is not a number from 1 to 65535"},
    {"redis://h:65536", "the URL's port is not a number from 1 to 65535"},
    {"redis://h:-1", "the URL's port is not a number from 1 to 65535"},
    {"redis://h:66666666666666666666",
     "the URL's port is not a number from 1 to 65535"},
    {"redis://h/x", "the URL's database is not a number (0, 1, ...)"},
    {"redis://h/1/", "the URL's database is not a number (0, 1, ...)"},
    {"redis://h/2147483648", "the URL's database is not a number (0, 1, ...)"},
    {"redis://h?db=1", "the URL has a '?' or '#' (only unix:// has ?db=N)"},
    {"redis://h/1#x", "the URL has a '?' or '#' (only unix:// has ?db=N)"},
    {"redis://h x", "the URL has a blank or control character"},
    {"redis://h\n", "the URL has a blank or control character"},
    {"redis://:a%@h",
     "the URL's password has a '%' that is not followed by two hex digits "
     "(a '%' itself is written %25)"},
    {"redis://:a%0@h",
     "the URL's password has a '%' that is not followed by two hex digits "
     "(a '%' itself is written %25)"},
    {"redis://:a%00b@h",
     "the URL's password has a '%' that is not followed by two hex digits "
     "(a '%' itself is written %25)"},
    {"redis://%zz:a@h",
     "the URL's user has a '%' that is not followed by two hex digits "
     "(a '%' itself is written %25)"},
    {"redis://:se/cret@h",
     "the URL has an '@' behind its host ('/', '?' and '#' in a password are "
     "written %2F, %3F and %23)"},
    {"unix://run/redis.sock",
     "the URL has no absolute path (unix:///run/redis.sock; a '/' in a "
     "password is written %2F)"},
    {"unix://", "the URL has no absolute path (unix:///run/redis.sock; a '/' "
                "in a password is written %2F)"},
    {"unix://:se/cret@/s", "the URL has no absolute path "
                           "(unix:///run/redis.sock; a '/' in a password is "
                           "written %2F)"},
    {"unix:///s?db=x", "the URL's database is not a number (0, 1, ...)"},
    {"unix:///s?x=1", "the URL has something else than ?db=N behind '?'"},
};

static void
same_text(const char *found, const char *expected)
{
    ck_assert_msg((found == NULL) == (expected == NULL), "found %s",
                  found ? found : "none");
    if (found != NULL)
        ck_assert_str_eq(found, expected);
}

START_TEST(reads_every_form)
{
    struct url u;
    struct error e = {0};

    ck_assert_msg(url_read(&u, good[_i].text, &e) == 0, "%s: %s", good[_i].text,
                  e.text);
    ck_assert_int_eq(u.tls, good[_i].url.tls);
    same_text(u.path, good[_i].url.path);
    same_text(u.host, good[_i].url.host);
    same_text(u.user, good[_i].url.user);
    same_text(u.password, good[_i].url.password);
    ck_assert_uint_eq(u.port, good[_i].url.port);
    ck_assert_uint_eq(u.db, good[_i].url.db);
    url_clear(&u);
}
END_TEST

START_TEST(shows_all_but_the_password)
{
    struct url u;
    struct error e = {0};
    char *shown;

    ck_assert_int_eq(url_read(&u, good[_i].text, &e), 0);
    shown = url_write(&u);
    ck_assert_str_eq(shown, good[_i].shown ? good[_i].shown : good[_i].text);
    free(shown);
    url_clear(&u);
}
END_TEST

START_TEST(refuses_and_says_why)
{
    struct url u;
    struct error e = {0};

    ck_assert_int_eq(url_read(&u, bad[_i].text, &e), -1);
    ck_assert_str_eq(e.text, bad[_i].error);
    ck_assert_int_eq(e.kind, ERROR_USAGE);
    ck_assert_ptr_null(u.host);
    ck_assert_ptr_null(u.password);
}
END_TEST

START_TEST(never_shows_a_password_that_breaks_the_url)
{
    static const char secret[] = "hunter2";
    static const char *const texts[] = {
        "redis://:hunter2/x@h",    "redis://:a/hunter2@h",
        "redis://joe:hunter2",     "redis://joe:hunter2@h:x",
        "redis://:hunter2%@h",     "unix://:hunter2/@/s",
        "redis:/:hunter2@h",       "redis://:%hunter2@h",
        "redis://:hunter2@h/x",    "redis://:hunter2@h?x",
        "redis://:hunter2#a@h:1",  "unix://:hunter2@/s?hunter2",
        "redis://:hunter2@[::1:7", "redis://:a b hunter2@h",
    };
    struct url u;
    struct error e = {0};

    ck_assert_int_eq(url_read(&u, texts[_i], &e), -1);
    ck_assert_msg(strstr(e.text, secret) == NULL, "%s", e.text);
}
END_TEST

START_TEST(refuses_what_is_too_long)
{
    char text[6000] = "unix:///";
    struct url u;
    struct error e = {0};

    memset(text + 8, 'a', 107);
    ck_assert_int_eq(url_read(&u, text, &e), -1);
    ck_assert_str_eq(e.text,
                     "the URL's path has 108 bytes, a socket's at most 107");
    memset(text + 8, 'a', 5000);
    ck_assert_int_eq(url_read(&u, text, &e), -1);
    ck_assert_str_eq(e.text, "the URL is longer than 4096 bytes");
    memset(text, 'a', 400);
    memcpy(text, "redis://", 8);
    text[400] = '\0';
    ck_assert_int_eq(url_read(&u, text, &e), -1);
    ck_assert_str_eq(e.text, "the URL's host is too long");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("url");
    TCase *t = tcase_create("url");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, t);
    tcase_add_loop_test(t, reads_every_form, 0, sizeof good / sizeof *good);
    tcase_add_loop_test(t, shows_all_but_the_password, 0,
                        sizeof good / sizeof *good);
    tcase_add_loop_test(t, refuses_and_says_why, 0, sizeof bad / sizeof *bad);
    tcase_add_loop_test(t, never_shows_a_password_that_breaks_the_url, 0, 14);
    tcase_add_test(t, refuses_what_is_too_long);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
