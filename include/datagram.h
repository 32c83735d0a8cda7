/* datagram.h - a socket to a service of this machine (journal, syslog, service manager) that is never waited for. */
#pragma once

#include "macro.h"

#include <sys/uio.h>
#include <sys/un.h>

struct datagram {
	int fd; /* -1: not connected */
	struct sockaddr_un name;
	unsigned name_len;
};

/* Takes a path, or "@NAME" in the abstract namespace; opens nothing. -EINVAL if it is neither or too long. */
int datagram_init(struct datagram *d, const char *path) _must_check_;
void datagram_close(struct datagram *d); /* the next datagram_send() connects again */

/* Sends the parts as one datagram, connecting if need be: once more when the one at the other end was replaced. 0:
 * the kernel has it, in the order of sending, whatever becomes of us. -EAGAIN: the other end does not read, and
 * its queue is full; d->fd becomes writable when that is over. -ENOENT, -ECONNREFUSED: there is nobody. -EMSGSIZE:
 * it will never fit. Other -errno as from connect(2) and sendmsg(2). */
int datagram_send(struct datagram *d, const struct iovec *parts, size_t n) _must_check_;
