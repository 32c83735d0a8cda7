/* notify.h - the service manager: readiness, status line, watchdog. All do nothing where there is none, and none
 * of them waits: what it does not take at once is kept and sent by notify_flush(). */
#pragma once

#include "macro.h"

struct notify;

/* For the manager that NOTIFY_SOCKET names now. wake(arg): something waits, call notify_flush() soon. -ENOMEM. */
int notify_new(void (*wake)(void *arg), void *arg, struct notify **ret) _must_check_;
struct notify *notify_free(struct notify *n); /* may be NULL; returns NULL */

/* n may be NULL in all of them. */
void notify_ready(
	struct notify *n); /* at start, and on every way out of a reload, also a failed one */
void notify_reloading(
	struct notify *n); /* with MONOTONIC_USEC, taken now: call it before any work */
void notify_stopping(struct notify *n);
/* One line, cut at 512 bytes; control characters become blanks; never remote text all the same. */
void notify_status(struct notify *n, const char *fmt, ...) _printf_(2, 3);
void notify_watchdog(struct notify *n);
/* Sends what waits: the last reload, the last status line, readiness, in this order. The ms after which to call it
 * again; 0: nothing waits. */
int notify_flush(struct notify *n);

/* ms between two feeds, a third of what is allowed; -1: no watchdog */
int64_t notify_watchdog_interval(void);
