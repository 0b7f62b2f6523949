#include "jobs/request.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

/* An answer that is longer is not waited for. */
enum { ANSWER_MAX = 65536, QUOTED_SIZE = 200 };

static size_t
drop(char *bytes, size_t one, size_t size, void *context)
{
    size_t *dropped = context;

    (void)bytes;
    *dropped += one * size;
    return *dropped <= ANSWER_MAX ? one * size : 0;
}

static bool
is_http(const char *url)
{
    return strncasecmp(url, "http://", strlen("http://")) == 0 ||
           strncasecmp(url, "https://", strlen("https://")) == 0;
}

static void
set_task(CURL *curl, const struct request_task *task,
         struct curl_slist *headers, size_t *dropped, char *why)
{
    const char *authorities = getenv("SSL_CERT_FILE");

    curl_easy_setopt(curl, CURLOPT_URL, task->url);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)task->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "redkeep/" REDKEEP_VERSION);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, dropped);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    if (task->body != NULL)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, task->body);
    /* As OpenSSL's own programs and curl(1) do; the library does not. */
    if (authorities != NULL && *authorities != '\0')
        curl_easy_setopt(curl, CURLOPT_CAINFO, authorities);
}

static int
perform(CURL *curl, const struct request_task *task, struct curl_slist *headers,
        int *status, struct error *e)
{
    char why[CURL_ERROR_SIZE] = "", quoted[QUOTED_SIZE];
    size_t dropped = 0;
    long code = 0;
    CURLcode rc;

    set_task(curl, task, headers, &dropped, why);
    rc = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
    if (rc != CURLE_OK && !(rc == CURLE_WRITE_ERROR && dropped > ANSWER_MAX)) {
        if (why[0] == '\0')
            snprintf(why, sizeof why, "%s", curl_easy_strerror(rc));
        text_quote(quoted, sizeof quoted, why, strlen(why));
        return error_set(e, ERROR_FAILED, "%s", quoted);
    }
    *status = (int)code;
    return 0;
}

int
request_send(const struct request_task *task, int *status, struct error *e)
{
    struct curl_slist *headers = NULL;
    CURL *curl;
    int rc;

    if (!is_http(task->url))
        return error_set(e, ERROR_USAGE, "the URL is not http:// or https://");
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 ||
        (curl = curl_easy_init()) == NULL)
        return error_set(e, ERROR_FAILED, "libcurl cannot be used");
    /* No 100-continue: what is posted is small. */
    headers = curl_slist_append(headers, "Expect:");
    headers = curl_slist_append(headers, "Content-Type: application/json");
    rc = perform(curl, task, headers, status, e);
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    curl_global_cleanup();
    return rc;
}
