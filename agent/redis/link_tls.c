#include "redis/link_tls.h"

#include <arpa/inet.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/* The innermost reason in OpenSSL's queue, which is empty afterwards. */
static const char *
last_reason(void)
{
    unsigned long code = ERR_peek_error();
    const char *words = ERR_reason_error_string(code);

    ERR_clear_error();
    return words ? words : "no reason given";
}

/* A key with a passphrase must not make OpenSSL ask on the terminal. */
static int
no_passphrase(char *buffer, int size, int writing, void *context)
{
    (void)buffer;
    (void)size;
    (void)writing;
    (void)context;
    return 0;
}

static int
load_authorities(SSL_CTX *context, const char *path, struct error *e)
{
    struct stat status;
    int rc;

    if (path == NULL) {
        SSL_CTX_set_default_verify_paths(context);
        return 0;
    }
    if (stat(path, &status) != 0) {
        error_sys(e, "TLS authorities %s", path);
        e->kind = ERROR_USAGE;
        return -1;
    }
    if (S_ISDIR(status.st_mode))
        rc = SSL_CTX_load_verify_locations(context, NULL, path);
    else
        rc = SSL_CTX_load_verify_locations(context, path, NULL);
    if (rc != 1)
        return error_set(e, ERROR_USAGE, "TLS authorities %s: %s", path,
                         last_reason());
    return 0;
}

static int
load_certificate(SSL_CTX *context, const struct link_options *o,
                 struct error *e)
{
    const char *key = o->tls_key ? o->tls_key : o->tls_cert;

    if (o->tls_cert == NULL && o->tls_key == NULL)
        return 0;
    if (o->tls_cert == NULL)
        return error_set(e, ERROR_USAGE, "a TLS key without a certificate");
    if (SSL_CTX_use_certificate_chain_file(context, o->tls_cert) != 1)
        return error_set(e, ERROR_USAGE, "TLS certificate %s: %s", o->tls_cert,
                         last_reason());
    if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1)
        return error_set(e, ERROR_USAGE, "TLS key %s: %s", key, last_reason());
    return 0;
}

static int
set_name(SSL *session, const char *host, struct error *e)
{
    X509_VERIFY_PARAM *rules = SSL_get0_param(session);
    struct in6_addr address;
    int rc;

    if (inet_pton(AF_INET, host, &address) == 1 ||
        inet_pton(AF_INET6, host, &address) == 1) {
        rc = X509_VERIFY_PARAM_set1_ip_asc(rules, host);
    } else {
        X509_VERIFY_PARAM_set_hostflags(rules,
                                        X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        rc = X509_VERIFY_PARAM_set1_host(rules, host, 0) &&
             SSL_set_tlsext_host_name(session, host);
    }
    if (rc != 1)
        return error_set(e, ERROR_FAILED, "TLS name: %s", last_reason());
    return 0;
}

static SSL *
new_session(const struct link_options *o, struct error *e)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *session = NULL;

    ERR_clear_error();
    if (context == NULL) {
        error_set(e, ERROR_FAILED, "TLS: %s", last_reason());
        return NULL;
    }
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_default_passwd_cb(context, no_passphrase);
    SSL_CTX_set_verify(
        context, o->tls_insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    if ((o->tls_insecure || load_authorities(context, o->tls_ca, e) == 0) &&
        load_certificate(context, o, e) == 0)
        session = SSL_new(context);
    if (session != NULL && set_name(session, o->url->host, e) != 0) {
        SSL_free(session);
        session = NULL;
    }
    SSL_CTX_free(context); /* the session holds its own reference */
    return session;
}

struct bufferevent *
link_tls_open(struct event_base *base, int fd,
              const struct link_options *options, struct error *e)
{
    SSL *session = new_session(options, e);

    if (session == NULL) {
        close(fd);
        return NULL;
    }
    return bufferevent_openssl_socket_new(
        base, fd, session, BUFFEREVENT_SSL_CONNECTING,
        BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
}

bool
link_tls_explain(struct bufferevent *stream, struct error *e)
{
    SSL *session = bufferevent_openssl_get_ssl(stream);
    unsigned long code = bufferevent_get_openssl_error(stream);
    const char *words = code ? ERR_reason_error_string(code) : NULL;
    long verdict = SSL_get_verify_result(session);

    ERR_clear_error();
    if (words == NULL)
        return false;
    if (verdict != X509_V_OK && !(SSL_get_verify_mode(session) == 0))
        error_set(e, ERROR_DENIED,
                  "the server's certificate: %s (give its authority with "
                  "--connection-tls-ca FILE)",
                  X509_verify_cert_error_string(verdict));
    else if (ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER)
        error_set(e, ERROR_FAILED,
                  "TLS: %s (does the server speak TLS on this port?)", words);
    else
        error_set(e, ERROR_FAILED, "TLS: %s", words);
    return true;
}
