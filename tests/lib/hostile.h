/* hostile.h - a small HTTP server on loopback in the test's own event loop, which answers as it is told: well,
 * badly, slowly or not at all. Header only, for unit tests. */
#pragma once

#include "macro.h"
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <sys/socket.h>

struct hostile_conn;
struct hostile;

/* What it does with a whole request. */
typedef void hostile_act(struct hostile_conn *c);

struct hostile_conn {
	LIST_ENTRY(hostile_conn) link;
	struct hostile *server;
	struct bufferevent *bev;
	struct event *drip;
	bool close_after; /* when all is written */
};

struct hostile {
	struct event_base *base;
	struct evconnlistener *listener;
	LIST_HEAD(, hostile_conn) conns;
	int port;
	hostile_act *act;
	const char *greeting; /* said at accept */
	bool reset_at_once;   /* at accept */
	const char *answer;   /* for hostile_answer */
	size_t answer_len;    /* 0: strlen */
	unsigned connections, requests, eofs, resets;
	char last[2 * 1024 * 1024]; /* the last request, head and body */
};

static inline void hostile_drop(struct hostile_conn *c, bool reset)
{
	struct linger linger = {.l_onoff = reset};

	LIST_REMOVE(c, link);
	(void)setsockopt(bufferevent_getfd(c->bev), SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	if (c->drip)
		event_free(c->drip);
	bufferevent_free(c->bev);
	free(c);
}

/* Length of the first whole request in the buffer, 0 if there is none yet. */
static inline size_t hostile_whole(struct evbuffer *in)
{
	struct evbuffer_ptr end = evbuffer_search(in, "\r\n\r\n", 4, NULL);
	size_t head, body = 0;
	char *text, *p;

	if (end.pos < 0)
		return 0;
	head = (size_t)end.pos + 4;
	text = calloc(1, head + 1);
	if (!text)
		abort();
	evbuffer_copyout(in, text, head);
	for (p = text; (p = strchr(p, '\n')); p++)
		if (strncasecmp(p + 1, "Content-Length:", 15) == 0)
			body = strtoul(p + 16, NULL, 10);
	free(text);
	return evbuffer_get_length(in) >= head + body ? head + body : 0;
}

static inline void hostile_on_read(struct bufferevent *bev, void *arg)
{
	struct hostile_conn *c = arg;
	struct hostile *s = c->server;
	struct evbuffer *in = bufferevent_get_input(bev);
	size_t len = hostile_whole(in);

	if (len == 0)
		return;
	if (len >= sizeof(s->last))
		abort();
	evbuffer_remove(in, s->last, len);
	s->last[len] = '\0';
	s->requests++;
	s->act(c);
}

static inline void hostile_on_written(struct bufferevent *bev _unused_, void *arg)
{
	struct hostile_conn *c = arg;

	if (c->close_after)
		hostile_drop(c, false);
}

static inline void hostile_on_event(struct bufferevent *bev _unused_, short what, void *arg)
{
	struct hostile_conn *c = arg;

	if (what & BEV_EVENT_EOF)
		c->server->eofs++;
	else
		c->server->resets++;
	hostile_drop(c, false);
}

static inline void hostile_on_accept(struct evconnlistener *l _unused_, evutil_socket_t fd,
	struct sockaddr *peer _unused_, int len _unused_, void *arg)
{
	struct hostile *s = arg;
	struct hostile_conn *c = calloc(1, sizeof(*c));

	if (!c)
		abort();
	s->connections++;
	c->server = s;
	c->bev = bufferevent_socket_new(s->base, fd, BEV_OPT_CLOSE_ON_FREE);
	LIST_INSERT_HEAD(&s->conns, c, link);
	if (s->reset_at_once) {
		hostile_drop(c, true);
		return;
	}
	if (s->greeting)
		bufferevent_write(c->bev, s->greeting, strlen(s->greeting));
	bufferevent_setcb(c->bev, hostile_on_read, hostile_on_written, hostile_on_event, c);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

static inline void hostile_start(struct hostile *s, struct event_base *base)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sin);

	memset(s, 0, sizeof(*s));
	LIST_INIT(&s->conns);
	s->base = base;
	s->listener = evconnlistener_new_bind(base, hostile_on_accept, s, LEV_OPT_CLOSE_ON_FREE, 64,
		(struct sockaddr *)&sin, sizeof(sin));
	if (!s->listener ||
		getsockname(evconnlistener_get_fd(s->listener), (struct sockaddr *)&sin, &len) < 0)
		abort();
	s->port = ntohs(sin.sin_port);
}

static inline void hostile_stop(struct hostile *s)
{
	struct hostile_conn *c;

	while ((c = LIST_FIRST(&s->conns)))
		hostile_drop(c, false);
	if (s->listener)
		evconnlistener_free(s->listener);
	s->listener = NULL;
}

/* ---- what it can do ---- */

static inline void hostile_answer(struct hostile_conn *c)
{
	struct hostile *s = c->server;

	bufferevent_write(c->bev, s->answer, s->answer_len ? s->answer_len : strlen(s->answer));
}

static inline void hostile_answer_and_close(struct hostile_conn *c)
{
	c->close_after = true;
	hostile_answer(c);
}

static inline void hostile_close(struct hostile_conn *c)
{
	hostile_drop(c, false);
}

static inline void hostile_reset(struct hostile_conn *c)
{
	hostile_drop(c, true);
}

static inline void hostile_hang(struct hostile_conn *c _unused_)
{
}

static inline void hostile_on_drip(evutil_socket_t fd _unused_, short what _unused_, void *arg)
{
	struct hostile_conn *c = arg;

	bufferevent_write(c->bev, "x", 1);
}

/* Begins an endless answer, a byte every 10 ms. */
static inline void hostile_drip(struct hostile_conn *c)
{
	struct timeval tv = {.tv_usec = 10000};

	hostile_answer(c);
	c->drip = event_new(c->server->base, -1, EV_PERSIST, hostile_on_drip, c);
	event_add(c->drip, &tv);
}
