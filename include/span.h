/* span.h - lengths of time as text, in the notation of systemd.time(7). */
#pragma once

#include "macro.h"

/* Parses "30min", "1h 30min", "2d", "500ms", "45" (seconds); units us, ms, s, min, h, d, w, M, y and
 * their long names as in systemd.time(7); white space between parts is optional. At least one number;
 * fractions ("1.5h") are allowed. *ret_ms in milliseconds, rounded down. -EINVAL: not a span; -ERANGE: too large. */
int span_parse(const char *text, int64_t *ret_ms) _must_check_;

/* Writes ms as its largest unit and the one below it ("2h 5min", "1d" also for 1d 5min, "45s", "800ms" below
 * 1 s, "0s"), rounded down; days are the largest unit; never more than n bytes; negative is taken as 0. Returns buf. n >= SPAN_MAX is always enough. */
#define SPAN_MAX 40
char *span_format(char *buf, size_t n, int64_t ms);

/* Like span_format(), but exact, so that span_parse() gives the same ms back ("1d 2h 5min 3s 20ms"). */
char *span_format_exact(char *buf, size_t n, int64_t ms);
