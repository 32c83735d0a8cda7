/* reload.c - systemctl reload must see what came of it, which a signal can't say.
 *
 * The daemon writes an outcome file at the end of each reload. --reload sends SIGHUP and waits for an outcome whose
 * reload began after that: such a one has read what stood in the files when it was asked, also if it was meant for
 * somebody else's signal. An earlier one may have read an older file. */
#include "reload.h"

#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILE_ROOM (RELOAD_TEXT + 200)
#define FORM_HEAD "PID=%ld\nNUMBER=%" PRIu64 "\nBEGUN_USEC=%" PRIu64 "\nFAILED=%d\nTEXT="

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

uint64_t reload_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

char *reload_dir(char *buf, size_t n)
{
	const char *dir = getenv("RUNTIME_DIRECTORY");
	size_t len = dir ? strcspn(dir, ":") : 0;

	if (len == 0 || len >= n)
		return NULL;
	memcpy(buf, dir, len);
	buf[len] = '\0';
	return buf;
}

/* ---- the file ---- */

static int file_path(char path[PATH_MAX], const char *dir, const char *name)
{
	return (size_t)snprintf(path, PATH_MAX, "%s/%s", dir, name) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int write_file(const char *path, const char *text, size_t len)
{
	_cleanup_(close_fd) int fd = open(
		path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, text, len);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -ENOSPC;
}

int reload_write(const char *dir, const struct reload_outcome *o)
{
	char now[PATH_MAX], new[PATH_MAX], text[FILE_ROOM], flat[RELOAD_TEXT];
	struct line l;
	int r;

	if (file_path(new, dir, ".reload.new") < 0 || file_path(now, dir, "reload") < 0)
		return -ENAMETOOLONG;
	line_init(&l, text, sizeof(text));
	line_add(&l, FORM_HEAD "%s\n", (long)o->pid, o->number, o->begun, o->failed,
		text_flatten(flat, sizeof(flat), o->text, strnlen(o->text, sizeof(o->text))));
	r = write_file(new, l.buf, l.len);
	if (r == 0 && rename(new, now) < 0)
		r = -errno;
	if (r < 0)
		unlink(new);
	return r;
}

static int parse(const char *text, struct reload_outcome *ret)
{
	struct reload_outcome o = {0};
	long pid = 0;
	int failed = 0, head = 0;

	if (sscanf(text, FORM_HEAD "%n", &pid, &o.number, &o.begun, &failed, &head) != 4 ||
		head == 0 || pid <= 0 || pid > INT_MAX)
		return -EBADMSG;
	text += head;
	if (!strchr(text, '\n')) /* each is written whole: this is none */
		return -EBADMSG;
	/* root reads what the daemon's user may write */
	text_flatten(o.text, sizeof(o.text), text, strcspn(text, "\n"));
	o.pid = (pid_t)pid;
	o.failed = failed != 0;
	*ret = o;
	return 0;
}

int reload_read(const char *dir, struct reload_outcome *ret)
{
	char path[PATH_MAX], text[FILE_ROOM];
	_cleanup_(close_fd) int fd = -1;
	struct stat st;
	ssize_t n;

	if (file_path(path, dir, "reload") < 0)
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EBADMSG;
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	return parse(text, ret);
}

void reload_forget(const char *dir)
{
	char path[PATH_MAX];

	if (file_path(path, dir, "reload") == 0)
		unlink(path);
}

/* ---- asking ---- */

static _printf_(1, 2) int unclear(const char *fmt, ...)
{
	va_list ap;

	fputs("precheckd: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return RELOAD_UNCLEAR;
}

/* Whether dir/reload is that process's own; says what is wrong, and what may help. */
static int find(const char *dir, pid_t pid, struct reload_outcome *ret)
{
	int r = reload_read(dir, ret);

	if (r == -ENOENT || r == -ENOTDIR)
		return unclear("process %ld was not asked: there is no %s/reload, so it is no "
			       "precheckd, or it runs with another RUNTIME_DIRECTORY",
			(long)pid, dir);
	if (r < 0)
		return unclear("process %ld was not asked: can't read %s/reload: %s", (long)pid,
			dir, r == -EBADMSG ? "it is damaged" : strerror(-r));
	if (ret->pid != pid)
		return unclear("process %ld was not asked: %s/reload is of the precheckd with "
			       "PID %ld",
			(long)pid, dir, (long)ret->pid);
	return 0;
}

static int say(const struct reload_outcome *o)
{
	if (o->failed) {
		fprintf(stderr, "precheckd: %s\n", o->text);
		return RELOAD_FAILED;
	}
	printf("%s\n", o->text);
	if (fflush(stdout) != 0)
		return unclear("can't write: %s", strerror(errno));
	return 0;
}

/* Until the file or the process has something new to say, or the time is up: then false. */
static bool wait_for_more(int process, int directory, uint64_t end)
{
	struct pollfd fds[] = {{process, POLLIN, 0}, {directory, POLLIN, 0}};
	_Alignas(struct inotify_event) char events[4096];
	uint64_t now = reload_clock();

	if (now >= end)
		return false;
	if (poll(fds, ELEMENTSOF(fds), (int)((end - now) / 1000) + 1) < 0 && errno != EINTR)
		return false;
	while (read(directory, events, sizeof(events)) > 0)
		;
	return true;
}

static bool ended(int process)
{
	struct pollfd fd = {process, POLLIN, 0};

	return poll(&fd, 1, 0) > 0;
}

int reload_ask(const char *dir, pid_t pid, int64_t patience)
{
	_cleanup_(close_fd) int process = pidfd_open(pid, 0), directory = -1;
	struct reload_outcome before = {0}, o = {0};
	uint64_t asked;
	int r;

	if (process < 0)
		return errno == ESRCH || errno == EINVAL
			       ? unclear("there is no process %ld", (long)pid)
			       : unclear("can't look at process %ld: %s", (long)pid,
					 strerror(errno));
	directory = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	r = find(dir, pid, &before);
	if (r != 0)
		return r;
	if (directory < 0 || inotify_add_watch(directory, dir, IN_MOVED_TO) < 0)
		return unclear("can't watch %s: %s", dir, strerror(errno));
	asked = reload_clock();
	if (pidfd_send_signal(process, SIGHUP, NULL, 0) < 0)
		return unclear("can't send SIGHUP to process %ld: %s", (long)pid, strerror(errno));
	for (;;) {
		bool over = ended(process); /* asked first: it may write, then end */

		if (reload_read(dir, &o) == 0 && o.pid == pid && o.number > before.number &&
			o.begun >= asked)
			return say(&o);
		if (over)
			return unclear("process %ld has ended without an outcome", (long)pid);
		if (!wait_for_more(process, directory, asked + (uint64_t)patience * 1000))
			return unclear(
				"process %ld was asked, but nothing came of it within %" PRId64
				" s; the journal may say why",
				(long)pid, patience / 1000);
	}
}
