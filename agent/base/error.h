/*
 * error.h - why an operation failed, in words a person can act on.
 *
 * Functions return 0 when done and -1 when they failed; then the error says
 * why. The innermost function names the fault (error_set, error_sys), each
 * caller may put "where: " in front (error_in). Text is lower case, without
 * a full stop, and shows what was found and what was expected.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

/* A kind exists only where someone acts differently on it. */
enum error_kind {
    ERROR_NONE,
    ERROR_FAILED,  /* I/O, network, server, space: exit status 3 */
    ERROR_USAGE,   /* an option or the configuration: exit status 2 */
    ERROR_REFUSED, /* not done, to protect data: exit status 4 */
    ERROR_LOCKED,  /* another job holds the lock: exit status 5 */
    ERROR_DAMAGED, /* what was read is not what was stored: exit status 1 */
    ERROR_ABSENT,  /* there is no such file; callers may go on without */
    ERROR_CHANGED, /* the source changed while it was read; begin again */
    ERROR_DENIED,  /* the server does not let us (ACL, renamed command) */
    ERROR_STOPPED, /* a signal asked us to end */
};

struct error {
    enum error_kind kind;
    char text[480];
};

/* Sets kind and text; always returns -1. */
int error_set(struct error *e, enum error_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Sets the text and appends ": " and strerror(errno); the kind is ERROR_ABSENT
 * for ENOENT, else ERROR_FAILED. Always returns -1.
 */
int error_sys(struct error *e, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Puts "where: " in front of the text; the kind stays. Always returns -1. */
int error_in(struct error *e, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The exit status of a program that ends with this kind (0 for NONE). */
int error_exit_status(enum error_kind kind);

#endif
