/* clock.c - what time it is, in milliseconds. */
#include "clock.h"

int64_t clock_ms(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return SECONDS(t.tv_sec) + t.tv_nsec / 1000000;
}

int64_t clock_mono(void)
{
	return clock_ms(CLOCK_BOOTTIME);
}

int64_t clock_wall(void)
{
	return clock_ms(CLOCK_REALTIME);
}
