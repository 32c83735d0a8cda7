/* trace.h - the last events of each job and cloud, for the report of a violation. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define TRACE_KEEP 30

struct trace_event {
	int64_t t;
	const char *what, *more; /* static texts; more may be NULL */
	long a, b;
};

struct trace {
	struct trace_event events[TRACE_KEEP];
	size_t n;
};

static inline void trace_add(
	struct trace *tr, int64_t t, const char *what, const char *more, long a, long b)
{
	tr->events[tr->n++ % TRACE_KEEP] = (struct trace_event){t, what, more, a, b};
}

void trace_print(const struct trace *tr, const char *title);

/* "12d 03:04:05.678" */
const char *trace_time(char buf[32], int64_t t);
