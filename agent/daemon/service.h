/*
 * service.h - the service manager's protocol (sd_notify(3)), in a few lines of
 * our own: READY, STATUS, RELOADING, STOPPING, WATCHDOG. Without NOTIFY_SOCKET
 * all of it does nothing.
 */
#ifndef DAEMON_SERVICE_H
#define DAEMON_SERVICE_H

#include <stdint.h>

struct service;

/* Looks at NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID, and takes them out of
 * the environment: children are not asked. */
struct service *service_new(void);

void service_ready(struct service *s);
void service_reloading(struct service *s); /* then service_ready again */
void service_stopping(struct service *s);

/* One line for systemctl status; the same as before is not sent again. */
void service_status(struct service *s, const char *text);

/* How often service_watchdog wants to be called; 0: not at all. */
uint64_t service_watchdog_ms(const struct service *s);
void service_watchdog(struct service *s);

void service_free(struct service *s); /* accepts NULL */

#endif
