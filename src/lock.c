/* lock.c - the lock in state_dir: two daemons on one set of tasks would submit on top of each other. */
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define WHY 300

static int open_lock(const char *state_dir, char why[WHY])
{
	_cleanup_free_ char *path = NULL;
	int fd;

	if (asprintf(&path, "%s/precheckd.lock", state_dir) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		return fd;

	int r = -errno;

	snprintf(why, WHY,
		"can't open %.180s: %s; make state_dir a directory that user %u may write", path,
		strerror(-r), (unsigned)geteuid());
	return r;
}

static void say_holder(int fd, const char *state_dir, char why[WHY])
{
	char pid[16] = "";
	ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);

	if (n > 0)
		pid[strcspn(pid, "\n")] = '\0';
	snprintf(why, WHY,
		"another precheckd%s%s%s watches with state_dir %.180s; stop it, or set another "
		"state_dir",
		n > 0 ? " (PID " : "", n > 0 ? pid : "", n > 0 ? ")" : "", state_dir);
}

int lock_take(const char *state_dir, int *ret_fd, char why[WHY])
{
	char pid[16];
	int fd, n;

	*why = '\0';
	if (mkdir(state_dir, 0700) < 0 && errno != EEXIST) {
		int r = -errno;

		snprintf(why, WHY,
			"can't make state_dir %.180s: %s; make it, or set another state_dir",
			state_dir, strerror(-r));
		return r;
	}
	fd = open_lock(state_dir, why);
	if (fd < 0)
		return fd;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		int r = errno == EWOULDBLOCK ? -EBUSY : -errno;

		if (r == -EBUSY)
			say_holder(fd, state_dir, why);
		else
			snprintf(why, WHY, "can't lock state_dir %.180s: %s", state_dir,
				strerror(-r));
		close(fd);
		return r;
	}
	/* who holds it is a help for the reader of the message above, no more: a failure does no harm */
	n = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, (size_t)n, 0) < 0)
		*why = '\0';
	*ret_fd = fd;
	return 0;
}
