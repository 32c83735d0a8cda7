/* log.c
 *
 * Diagnostics. One line is one write, so that lines of several processes do not mix, and nothing that a
 * message carries can begin a second line. Nobody who reads slowly, or not at all, stops us: a line is written
 * now, or waits here. Flags of a stderr that others share are left alone.
 *
 * The level, the target, and what waits for it are the only writable globals of the whole program.
 */
#include "log.h"

#include "clock.h"
#include "datagram.h"
#include "journal_wire.h"
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_ROOM     2048
#define PREFIX_ROOM   96
#define SYSLOG_SOCKET "/dev/log"
#define TRY_FIRST     20 /* ms */
#define TRY_LAST      2000
#define LAST_PATIENCE 500 /* ms, for all lines together */

static int current_level = LOG_INFO;
static enum log_target current_target = LOG_TARGET_STDERR;

static struct {
	bool stream;            /* stderr is the journal's */
	struct datagram socket; /* the journal's or syslog's */
	char ident[32];
	void (*wake)(void *arg);
	void *arg;
	int patience; /* ms that may be waited; -1: without limit */
	int wait;     /* ms until the next try */
	bool woken;   /* and log_flush() will be called */
	uint64_t dropped;
	/* of a line of which a stream took the beginning only */
	char rest[LINE_ROOM + PREFIX_ROOM];
	size_t rest_at, rest_len;
	/* records: struct waiting, text */
	char lines[LOG_WAITING_MAX];
	size_t first, used;
} out = {.socket.fd = -1, .patience = -1};

struct waiting {
	struct timespec when;
	int level;
	size_t len;
};

static const char *const target_names[_LOG_TARGET_MAX] = {
	[LOG_TARGET_AUTO] = "auto",
	[LOG_TARGET_JOURNAL] = "journal",
	[LOG_TARGET_SYSLOG] = "syslog",
	[LOG_TARGET_STDERR] = "stderr",
};

static const struct {
	int level;
	const char *name;
} levels[] = {
	{LOG_ERR, "err"},
	{LOG_WARNING, "warning"},
	{LOG_NOTICE, "notice"},
	{LOG_INFO, "info"},
	{LOG_DEBUG, "debug"},
};

int log_target_parse(const char *name, enum log_target *ret)
{
	for (size_t i = 0; i < ELEMENTSOF(target_names); i++)
		if (strcmp(name, target_names[i]) == 0) {
			*ret = (enum log_target)i;
			return 0;
		}
	return -EINVAL;
}

const char *log_target_name(enum log_target t)
{
	return (unsigned)t < _LOG_TARGET_MAX ? target_names[t] : "unknown";
}

int log_level_parse(const char *name, int *ret)
{
	for (size_t i = 0; i < ELEMENTSOF(levels); i++)
		if (strcmp(name, levels[i].name) == 0) {
			*ret = levels[i].level;
			return 0;
		}
	return -EINVAL;
}

const char *log_level_name(int level)
{
	for (size_t i = 0; i < ELEMENTSOF(levels); i++)
		if (levels[i].level == level)
			return levels[i].name;
	return "unknown";
}

/* systemd names the socket behind stderr in JOURNAL_STREAM; only if it is still the same one, the prefixes
 * will be understood. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char here[64];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st) < 0)
		return false;
	snprintf(here, sizeof(here), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return strcmp(stream, here) == 0;
}

enum log_target log_open(enum log_target target, const char *ident)
{
	if (target == LOG_TARGET_AUTO)
		target = stderr_is_journal()          ? LOG_TARGET_JOURNAL
			 : isatty(STDERR_FILENO) == 1 ? LOG_TARGET_STDERR
						      : LOG_TARGET_SYSLOG;
	datagram_close(&out.socket);
	if (datagram_init(
		    &out.socket, target == LOG_TARGET_SYSLOG ? SYSLOG_SOCKET : JOURNAL_SOCKET) < 0)
		abort(); /* they are constants */
	out.stream = target == LOG_TARGET_JOURNAL && stderr_is_journal();
	text_copy(out.ident, sizeof(out.ident), ident);
	current_target = target;
	return target;
}

void log_set_level(int level)
{
	current_level = level;
}

int log_level(void)
{
	return current_level;
}

bool log_enabled(int level)
{
	return level <= current_level;
}

/* --- one line to its target: 0, -EAGAIN if it would have to wait, or that it is lost --- */

/* Whoever set O_NONBLOCK, or did not: a socket is asked not to wait, anything else whether it has room. A pipe that
 * has some takes a line whole. */
static ssize_t write_now(const char *bytes, size_t len)
{
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
	ssize_t n = send(STDERR_FILENO, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && errno == ENOTSOCK) {
		if (poll(&p, 1, 0) == 0)
			return -EAGAIN;
		n = write(STDERR_FILENO, bytes, len);
	}
	return n < 0 ? -errno : n;
}

static int put_rest(void)
{
	while (out.rest_len > 0) {
		ssize_t n = write_now(out.rest + out.rest_at, out.rest_len);

		if (n == -EINTR)
			continue;
		if (n == -EAGAIN)
			return -EAGAIN;
		if (n <= 0) { /* who took its beginning is gone */
			out.rest_len = 0;
			return n < 0 ? (int)n : -EIO;
		}
		out.rest_at += (size_t)n;
		out.rest_len -= (size_t)n;
	}
	return 0;
}

static int put_line(const char *prefix, const char *text)
{
	struct line l;
	int r = put_rest();

	if (r == -EAGAIN)
		return r;
	line_init(&l, out.rest, sizeof(out.rest));
	line_add(&l, "%s%s\n", prefix, text);
	out.rest_at = 0;
	out.rest_len = l.len;
	r = put_rest();
	if (r == -EAGAIN && out.rest_at == 0) {
		out.rest_len = 0;
		return r;
	}
	return r == -EAGAIN ? 0 : r;
}

/* A stderr that is full, closed or gone is no reason to stop; there is nobody left to tell. */
static int put_stderr_line(const char *prefix, const char *text)
{
	return put_line(prefix, text) == -EAGAIN ? -EAGAIN : 0;
}

static int put_stderr(const struct waiting *w, const char *text)
{
	struct tm tm = {0};
	char prefix[PREFIX_ROOM];

	localtime_r(&w->when.tv_sec, &tm);
	snprintf(prefix, sizeof(prefix), "%02d:%02d:%02d.%03ld %s: ", tm.tm_hour, tm.tm_min,
		tm.tm_sec, w->when.tv_nsec / 1000000, log_level_name(w->level));
	return put_stderr_line(prefix, text);
}

static int put_socket(const struct waiting *w, const char *text)
{
	char entry[LINE_ROOM + 2 * PREFIX_ROOM], field[LINE_ROOM + PREFIX_ROOM];
	struct iovec part = {.iov_base = entry};

	snprintf(field, sizeof(field), "MESSAGE=%s", text);
	part.iov_len = journal_wire_add(entry, sizeof(entry), 0, field, strlen(field));
	snprintf(field, sizeof(field), "PRIORITY=%d", w->level);
	part.iov_len = journal_wire_add(entry, sizeof(entry), part.iov_len, field, strlen(field));
	snprintf(field, sizeof(field), "SYSLOG_IDENTIFIER=%s", out.ident);
	part.iov_len = journal_wire_add(entry, sizeof(entry), part.iov_len, field, strlen(field));
	return datagram_send(&out.socket, &part, 1);
}

/* The stream of a unit first: journald knows whose it is from the beginning, while of a process that sent a datagram
 * and ended it may find nothing any more. It is broken for good when a journald went that nobody kept it for. */
static int put_journal(const struct waiting *w, const char *text)
{
	char prefix[16];
	int r;

	snprintf(prefix, sizeof(prefix), "<%d>", w->level);
	if (out.stream) {
		r = put_line(prefix, text);
		if (r == 0 || r == -EAGAIN)
			return r;
		out.stream = false;
	}
	r = put_socket(w, text);
	return r == 0 || r == -EAGAIN ? r : put_stderr_line(prefix, text);
}

/* As syslog(3) writes it. */
static int put_syslog(const struct waiting *w, const char *text)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm tm = {0};
	char prefix[PREFIX_ROOM];
	struct iovec parts[] = {{.iov_base = prefix},
		{.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)}};

	localtime_r(&w->when.tv_sec, &tm);
	parts[0].iov_len = (size_t)snprintf(prefix, sizeof(prefix),
		"<%d>%.3s %2d %02d:%02d:%02d %s[%d]: ", LOG_DAEMON | w->level,
		months + 3 * tm.tm_mon, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, out.ident,
		(int)getpid());
	return datagram_send(&out.socket, parts, ELEMENTSOF(parts));
}

static int put_once(const struct waiting *w, const char *text)
{
	switch (current_target) {
	case LOG_TARGET_SYSLOG:
		return put_syslog(w, text);
	case LOG_TARGET_JOURNAL:
		return put_journal(w, text);
	default:
		return put_stderr(w, text);
	}
}

/* With the patience that is left. */
static int put(const struct waiting *w, const char *text)
{
	int r = put_once(w, text);

	while ((r == -EAGAIN || out.rest_len > 0) && out.patience != 0) {
		bool own = out.rest_len == 0 && out.socket.fd >= 0;
		struct pollfd p = {.fd = own ? out.socket.fd : STDERR_FILENO, .events = POLLOUT};
		int64_t began = clock_ms(CLOCK_MONOTONIC);

		poll(&p, 1, out.patience);
		if (out.patience > 0)
			out.patience = MAX(
				out.patience - (int)(clock_ms(CLOCK_MONOTONIC) - began) - 1, 0);
		if (r == -EAGAIN)
			r = put_once(w, text);
		else
			(void)put_rest();
	}
	return r;
}

/* --- lines that wait --- */

static void call_wake(void)
{
	if (out.woken || !out.wake)
		return;
	out.woken = true;
	out.wait = TRY_FIRST;
	out.wake(out.arg);
}

static void keep_line(const struct waiting *w, const char *text)
{
	size_t room = sizeof(*w) + w->len + 1;

	if (out.first + out.used + room > sizeof(out.lines)) {
		memmove(out.lines, out.lines + out.first, out.used);
		out.first = 0;
	}
	if (out.used + room > sizeof(out.lines)) {
		out.dropped++;
		return;
	}
	memcpy(out.lines + out.first + out.used, w, sizeof(*w));
	memcpy(out.lines + out.first + out.used + sizeof(*w), text, w->len + 1);
	out.used += room;
	call_wake();
}

static int say_dropped(void)
{
	struct waiting w = {.level = LOG_WARNING};
	char text[100];
	int r;

	snprintf(text, sizeof(text),
		"%" PRIu64 " line%s of diagnostics dropped here: nobody took them in time",
		out.dropped, out.dropped == 1 ? " was" : "s were");
	clock_gettime(CLOCK_REALTIME, &w.when);
	r = put(&w, text);
	if (r == 0)
		out.dropped = 0;
	return r;
}

/* True if nothing waits any more. */
static bool put_waiting(void)
{
	struct waiting w;
	int r;

	while (out.used > 0) {
		memcpy(&w, out.lines + out.first, sizeof(w));
		r = put(&w, out.lines + out.first + sizeof(w));
		if (r == -EAGAIN)
			return false;
		out.dropped += r < 0;
		out.first += sizeof(w) + w.len + 1;
		out.used -= sizeof(w) + w.len + 1;
		out.wait = TRY_FIRST;
	}
	out.first = 0;
	if (out.dropped > 0 && say_dropped() == -EAGAIN)
		return false;
	if (put_rest() == -EAGAIN)
		return false;
	out.woken = false;
	return true;
}

int log_flush(void)
{
	int saved = errno, wait = out.wait;

	if (put_waiting())
		return 0;
	out.wait = MIN(2 * out.wait, TRY_LAST);
	errno = saved;
	return wait;
}

void log_when_waiting(void (*wake)(void *arg), void *arg)
{
	out.wake = wake;
	out.arg = arg;
	out.woken = false;
	out.patience = wake ? 0 : LAST_PATIENCE;
	put_waiting();
}

/* --- the public side --- */

static void write_text(int level, const char *text)
{
	struct waiting w = {.level = level, .len = strlen(text)};
	int r;

	clock_gettime(CLOCK_REALTIME, &w.when);
	r = put_waiting() ? put(&w, text) : -EAGAIN;
	if (r == -EAGAIN)
		keep_line(&w, text);
	else if (r < 0)
		out.dropped++;
	else if (out.rest_len > 0)
		call_wake();
}

int log_tell(int level, const char *text)
{
	struct waiting w = {.level = level, .len = strlen(text)};
	int saved = errno, r;

	clock_gettime(CLOCK_REALTIME, &w.when);
	r = put_waiting() ? put(&w, text) : -EAGAIN;
	if (r == 0 && out.rest_len > 0)
		call_wake();
	errno = saved;
	return r;
}

void log_message(int level, const char *fmt, ...)
{
	int saved = errno;
	char raw[LINE_ROOM], text[LINE_ROOM];
	struct line line;
	va_list ap;

	if (!log_enabled(level))
		return;
	line_init(&line, raw, sizeof(raw));
	errno = saved; /* for %m */
	va_start(ap, fmt);
	line_vadd(&line, fmt, ap);
	va_end(ap);
	/* Backslashes stay: remote text in a message was escaped where it came in. */
	text_flatten(text, sizeof(text), raw, line.len);
	write_text(level, text);
	errno = saved;
}
