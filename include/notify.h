/* notify.h - the service manager: readiness, status line, watchdog. All do nothing where there is none. */
#pragma once

#include "macro.h"

void notify_ready(void);
void notify_reloading(void); /* with MONOTONIC_USEC, taken now */
void notify_stopping(void);
void notify_status(const char *fmt, ...) _printf_(1, 2); /* one line; never remote text */
void notify_watchdog(void);
int64_t notify_watchdog_interval(void); /* ms between two feeds; -1: no watchdog */
