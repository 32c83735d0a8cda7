/* notify.c - what the service manager is told: the messages of sd_notify(3), which itself waits without limit for a
 * manager that does not read.
 *
 * Of what waits only the last counts: a reload that began makes the readiness before it void. Failures other than a
 * full queue are ignored: where no manager listens there is nothing to be done, and where one listens in vain its own
 * timeouts tell. */
#include "notify.h"

#include "datagram.h"
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#define STATUS_ROOM 513
#define TRY_AGAIN   100 /* ms */

/* In the order in which they are sent. */
enum message {
	RELOADING,
	STATUS,
	READY,
	WATCHDOG,
	STOPPING,
	_MESSAGE_MAX
};

struct notify {
	struct datagram socket;
	void (*wake)(void *arg);
	void *arg;
	char waiting[_MESSAGE_MAX][STATUS_ROOM + 16]; /* "" does not */
};

int notify_new(void (*wake)(void *arg), void *arg, struct notify **ret)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct notify *n;

	n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	n->wake = wake;
	n->arg = arg;
	n->socket.fd = -1;
	if (!path || datagram_init(&n->socket, path) < 0)
		n->socket.name_len = 0; /* nobody */
	*ret = n;
	return 0;
}

struct notify *notify_free(struct notify *n)
{
	if (!n)
		return NULL;
	(void)notify_flush(n);
	datagram_close(&n->socket);
	free(n);
	return NULL;
}

int notify_flush(struct notify *n)
{
	for (int m = 0; n && m < _MESSAGE_MAX; m++) {
		struct iovec part = {.iov_base = n->waiting[m], .iov_len = strlen(n->waiting[m])};

		if (part.iov_len == 0)
			continue;
		if (datagram_send(&n->socket, &part, 1) == -EAGAIN)
			return TRY_AGAIN;
		n->waiting[m][0] = '\0';
	}
	return 0;
}

static void say(struct notify *n, enum message which, const char *text)
{
	bool waited = false;

	if (!n || n->socket.name_len == 0)
		return;
	for (int m = 0; m < _MESSAGE_MAX; m++)
		waited = waited || *n->waiting[m];
	if (which == RELOADING)
		n->waiting[READY][0] = '\0';
	text_copy(n->waiting[which], sizeof(n->waiting[which]), text);
	if (notify_flush(n) > 0 && !waited)
		n->wake(n->arg);
}

void notify_ready(struct notify *n)
{
	say(n, READY, "READY=1");
}

void notify_reloading(struct notify *n)
{
	struct timespec now;
	char text[80];

	/* One message: without the time, Type=notify-reload waits for ever. */
	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
		(uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
	say(n, RELOADING, text);
}

void notify_stopping(struct notify *n)
{
	say(n, STOPPING, "STOPPING=1");
}

void notify_status(struct notify *n, const char *fmt, ...)
{
	static const char lead[] = "STATUS=";
	char raw[STATUS_ROOM], text[sizeof(lead) + STATUS_ROOM];
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
	memcpy(text, lead, sizeof(lead));
	text_flatten(text + sizeof(lead) - 1, STATUS_ROOM, raw, l.len);
	say(n, STATUS, text);
}

void notify_watchdog(struct notify *n)
{
	say(n, WATCHDOG, "WATCHDOG=1");
}

int64_t notify_watchdog_interval(void)
{
	uint64_t usec = 0;

	if (sd_watchdog_enabled(0, &usec) <= 0)
		return -1;
	return MAX((int64_t)(usec / 3000), (int64_t)1);
}
