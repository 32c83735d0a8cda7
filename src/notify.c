/* notify.c - what the service manager is told, by sd_notify(3).
 *
 * Failures are ignored: where no manager listens there is nothing to be done, and where one listens in vain its
 * own timeouts tell. */
#include "notify.h"

#include "text.h"

#include <inttypes.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#define STATUS_ROOM 513

void notify_ready(void)
{
	(void)sd_notify(0, "READY=1");
}

void notify_reloading(void)
{
	struct timespec now;

	/* One message: without the time, Type=notify-reload waits for ever. */
	clock_gettime(CLOCK_MONOTONIC, &now);
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
		(uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
}

void notify_stopping(void)
{
	(void)sd_notify(0, "STOPPING=1");
}

void notify_status(const char *fmt, ...)
{
	char raw[STATUS_ROOM], text[STATUS_ROOM];
	struct line l;
	va_list ap;

	line_init(&l, raw, sizeof(raw));
	va_start(ap, fmt);
	line_vadd(&l, fmt, ap);
	va_end(ap);
	/* A second line would be a message of its own: MAINPID=, STOPPING=1. */
	for (size_t i = 0; i < l.len; i++)
		if ((unsigned char)raw[i] < ' ' || raw[i] == 0x7f)
			raw[i] = ' ';
	(void)sd_notifyf(0, "STATUS=%s", text_flatten(text, sizeof(text), raw, l.len));
}

void notify_watchdog(void)
{
	(void)sd_notify(0, "WATCHDOG=1");
}

int64_t notify_watchdog_interval(void)
{
	uint64_t usec = 0;

	if (sd_watchdog_enabled(0, &usec) <= 0)
		return -1;
	return MAX((int64_t)(usec / 3000), (int64_t)1);
}
