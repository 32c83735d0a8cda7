/* journal_fake.h - a journal for unit tests: what the kernel does with a datagram to it is said by the test, and
 * what it was is here to be looked at. Stands in for connect(2) and sendmsg(2), which nothing else in a test uses
 * with unix sockets; include it in one file of a test. syslog's
 * socket is the same. */
#pragma once

#include "journal_wire.h"

#include <dlfcn.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

static struct {
	int reach;      /* connecting to it: 0 or -errno */
	int answer;     /* to a datagram: 0 or -errno */
	bool once;      /* `answer` is for one datagram, the next one is taken */
	unsigned room;  /* if not 0: so many are taken before `answer` is given */
	size_t longest; /* if not 0: longer ones are too long */
	unsigned tries, entries, repeated;
	int flags;          /* of the last sendmsg() */
	char text[40000];   /* the last one taken */
	unsigned ids[4096]; /* DRS_TRANSITION_ID of each that was taken; 0 if it has none */
	void (*look)(void);
} journal;

static inline bool journal_has(const char *line)
{
	char wanted[600];

	snprintf(wanted, sizeof(wanted), "%s\n", line);
	for (const char *p = journal.text; (p = strstr(p, wanted)); p++)
		if (p == journal.text || p[-1] == '\n')
			return true;
	return false;
}

int connect(int fd, const struct sockaddr *name, socklen_t len)
{
	static int (*real)(int, const struct sockaddr *, socklen_t);

	const char *path = name->sa_family == AF_UNIX ? ((const struct sockaddr_un *)name)->sun_path
						      : "";

	if (strcmp(path, JOURNAL_SOCKET) == 0 || strcmp(path, "/dev/log") == 0) {
		errno = -journal.reach;
		return journal.reach < 0 ? -1 : 0;
	}
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "connect");
	return real(fd, name, len);
}

ssize_t sendmsg(int fd, const struct msghdr *m, int flags)
{
	const char *id;
	size_t len = 0;

	(void)fd;
	journal.tries++;
	journal.flags = flags;
	for (size_t i = 0; i < m->msg_iovlen; i++)
		len += m->msg_iov[i].iov_len;
	if (journal.longest > 0 && len > journal.longest) {
		errno = EMSGSIZE;
		return -1;
	}
	if (journal.answer < 0 && (journal.room == 0 || --journal.room == 0)) {
		errno = -journal.answer;
		if (journal.once)
			journal.answer = 0;
		return -1;
	}
	assert_true(len < sizeof(journal.text));
	len = 0;
	for (size_t i = 0; i < m->msg_iovlen; i++) {
		memcpy(journal.text + len, m->msg_iov[i].iov_base, m->msg_iov[i].iov_len);
		len += m->msg_iov[i].iov_len;
	}
	journal.text[len] = '\0';
	id = strstr(journal.text, "\nDRS_TRANSITION_ID=");
	assert_true(journal.entries < 4096);
	journal.ids[journal.entries++] = id ? (unsigned)strtoul(strchr(id, '=') + 1, NULL, 10) : 0;
	journal.repeated += journal_has("DRS_REPEATED=1");
	if (journal.look)
		journal.look();
	return (ssize_t)len;
}
