/* trace.c - prints what the rings of events hold. */
#include "trace.h"

#include <stdio.h>

const char *trace_time(char buf[32], int64_t t)
{
	long long s = t / 1000;

	snprintf(buf, 32, "%lldd %02lld:%02lld:%02lld.%03d", s / 86400, s / 3600 % 24, s / 60 % 60,
		s % 60, (int)(t % 1000));
	return buf;
}

void trace_print(const struct trace *tr, const char *title)
{
	size_t first = tr->n > TRACE_KEEP ? tr->n - TRACE_KEEP : 0;
	char buf[32];

	printf("  the last events of %s:\n", title);
	for (size_t i = first; i < tr->n; i++) {
		const struct trace_event *e = &tr->events[i % TRACE_KEEP];

		printf("    %s  %s %s (%ld, %ld)\n", trace_time(buf, e->t), e->what,
			e->more ? e->more : "", e->a, e->b);
	}
}
