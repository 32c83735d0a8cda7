/* datagram.c - one datagram to a service of this machine, now or not at all.
 *
 * The library calls for the same purpose (sd_journal_send, sd_notify, syslog) wait without limit while the other
 * end stands still, and some of them say that all is well when there is no other end. */
#include "datagram.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int datagram_init(struct datagram *d, const char *path)
{
	size_t len = strlen(path);
	struct datagram fresh = {.fd = -1, .name.sun_family = AF_UNIX};

	if ((path[0] != '/' && path[0] != '@') || len < 2 || len >= sizeof(fresh.name.sun_path))
		return -EINVAL;
	memcpy(fresh.name.sun_path, path, len);
	fresh.name_len = (unsigned)(offsetof(struct sockaddr_un, sun_path) + len);
	if (path[0] == '@')
		fresh.name.sun_path[0] =
			'\0'; /* and no NUL at the end: it would belong to the name */
	else
		fresh.name_len++;
	*d = fresh;
	return 0;
}

void datagram_close(struct datagram *d)
{
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
}

static int dial(struct datagram *d)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), r;

	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)&d->name, d->name_len) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	d->fd = fd;
	return 0;
}

static int send_once(const struct datagram *d, const struct iovec *parts, size_t n)
{
	const struct msghdr m = {.msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = n};
	ssize_t sent;

	do
		sent = sendmsg(d->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

/* What another connection would not cure. */
static bool stays(int r)
{
	return r == -EAGAIN || r == -EMSGSIZE || r == -ENOBUFS || r == -ENOMEM;
}

int datagram_send(struct datagram *d, const struct iovec *parts, size_t n)
{
	bool fresh;
	int r;

	/* one that was connected before may be connected to somebody who is gone */
	do {
		fresh = d->fd < 0;
		r = fresh ? dial(d) : 0;
		if (r == 0)
			r = send_once(d, parts, n);
		if (r == 0 || stays(r))
			return r;
		datagram_close(d);
	} while (!fresh);
	return r;
}
