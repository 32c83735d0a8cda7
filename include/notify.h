/* notify.h - the service manager: readiness, status line, watchdog. All do nothing where there is none. */
#pragma once

#include "macro.h"

void notify_ready(void);     /* at start, and on every way out of a reload, also a failed one */
void notify_reloading(void); /* with MONOTONIC_USEC, taken now: call it before any work */
void notify_stopping(void);
/* One line, cut at 512 bytes; control characters become blanks; never remote text all the same. */
void notify_status(const char *fmt, ...) _printf_(1, 2);
void notify_watchdog(void);
int64_t notify_watchdog_interval(
	void); /* ms between two feeds, a third of what is allowed; -1: no watchdog */
