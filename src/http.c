/* http.c - libcurl's multi_socket interface on libevent's loop.
 *
 * libcurl asks for sockets to be watched and for one timer; we call it when they fire and then collect what is
 * finished. Its callbacks touch only libevent and curl_multi_assign(): most other calls made from within them
 * fail since 7.82. Every exchange has a timer of its own beside libcurl's, which has been lost by releases. */
#include "http.h"
#include "log.h"
#include "transfer.h"

#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <sys/queue.h>

#define IDLE_MAX 8L /* connections kept open when nothing is under way */

/* A socket that libcurl wants watched; freed when it says so, at the latest with the pool. */
struct socket_watch {
	LIST_ENTRY(socket_watch) link; /* pool->watches */
	struct event *event;
};

/* One multi handle with its connections and its cache of CA files. http_reset() retires it: libcurl has no
 * other way to drop idle connections. It is freed when its last user lets go. */
struct pool {
	struct event_base *base;
	CURLM *multi;
	struct event *timer;
	unsigned users;
	bool retired;
	LIST_HEAD(, socket_watch) watches;
};

struct sending {
	LIST_ENTRY(sending) link; /* http->sendings */
	struct http *http;
	struct pool *pool; /* used */
	struct transfer *transfer;
	struct event *deadline;
	http_done *done;
	void *arg;
};

struct http {
	struct event_base *base;
	struct pool *pool;
	LIST_HEAD(, sending) sendings;
	unsigned n_sendings;
};

/* ---- libcurl's memory: it copies headers and bodies with tokens in them, and does not wipe ---- */

static void wiping_free(void *p)
{
	if (p)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

static void *wiping_realloc(void *p, size_t n)
{
	size_t old = p ? malloc_usable_size(p) : 0;
	void *moved = malloc(n);

	if (!moved)
		return NULL;
	if (p)
		memcpy(moved, p, MIN(old, n));
	wiping_free(p);
	return moved;
}

/* ---- the pool ---- */

static struct timeval to_timeval(int64_t ms)
{
	return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
}

static void socket_watch_free(struct socket_watch *w)
{
	LIST_REMOVE(w, link);
	if (w->event)
		event_free(w->event);
	free(w);
}

static void pool_free(struct pool *p)
{
	struct socket_watch *w;

	if (p->multi) {
		/* curl_multi_cleanup() closes the idle connections and would call back. */
		curl_multi_setopt(p->multi, CURLMOPT_SOCKETFUNCTION, NULL);
		curl_multi_setopt(p->multi, CURLMOPT_TIMERFUNCTION, NULL);
		curl_multi_cleanup(p->multi);
	}
	while ((w = LIST_FIRST(&p->watches)))
		socket_watch_free(w);
	if (p->timer)
		event_free(p->timer);
	curl_global_cleanup();
	free(p);
}

static void pool_drop(struct pool *p)
{
	if (--p->users == 0 && p->retired)
		pool_free(p);
}

static void pool_retire(struct pool *p)
{
	p->retired = true;
	if (p->users == 0)
		pool_free(p);
}

/* ---- exchanges ---- */

static void sending_free(struct sending *s)
{
	struct pool *pool = s->pool;

	if (s->deadline)
		event_free(s->deadline);
	transfer_free(s->transfer);
	free(s);
	pool_drop(pool);
}

/* Takes it off all lists first, so that done may do to http what it wants. */
static void sending_finish(struct sending *s, CURLcode result)
{
	struct exchange x;
	const char *token;
	size_t token_len;

	LIST_REMOVE(s, link);
	s->http->n_sendings--;
	event_del(s->deadline);
	transfer_judge(s->transfer, result, &x);
	curl_multi_remove_handle(s->pool->multi, transfer_handle(s->transfer));
	token = transfer_token(s->transfer, &token_len);
	s->done(s->arg, &x, token, token_len);
	sending_free(s);
}

static void on_deadline(evutil_socket_t fd _unused_, short what _unused_, void *arg)
{
	sending_finish(arg, CURLE_OPERATION_TIMEDOUT);
}

/* Lets libcurl act on a socket or its timer, then calls back for all that ended by it. */
static void pool_act(struct pool *p, curl_socket_t fd, int what)
{
	CURLMsg *msg;
	int n;

	p->users++; /* done may retire it */
	curl_multi_socket_action(p->multi, fd, what, &n);
	while ((msg = curl_multi_info_read(p->multi, &n))) {
		char *s = NULL;

		if (msg->msg == CURLMSG_DONE &&
			curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &s) == CURLE_OK)
			sending_finish((struct sending *)(void *)s, msg->data.result);
	}
	pool_drop(p);
}

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
	pool_act(arg, fd,
		(what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

static void on_timer(evutil_socket_t fd _unused_, short what _unused_, void *arg)
{
	pool_act(arg, CURL_SOCKET_TIMEOUT, 0);
}

/* ---- what libcurl calls: 0 always, as anything else fails every transfer of the handle. If an event cannot
 * be had, the exchange's deadline ends it ---- */

static int watch_timer(CURLM *multi _unused_, long ms, void *arg)
{
	struct pool *p = arg;
	struct timeval tv = to_timeval(ms);

	if (ms < 0)
		event_del(p->timer);
	else
		event_add(p->timer, &tv); /* also for 0: not from in here, it would recurse */
	return 0;
}

static int watch_socket(CURL *easy _unused_, curl_socket_t fd, int what, void *arg, void *known)
{
	struct pool *p = arg;
	struct socket_watch *w = known;
	short events = (short)((what & CURL_POLL_IN ? EV_READ : 0) |
			       (what & CURL_POLL_OUT ? EV_WRITE : 0) | EV_PERSIST);

	if (what == CURL_POLL_REMOVE) {
		if (w) /* it may be one that we were never told of */
			socket_watch_free(w);
		curl_multi_assign(p->multi, fd, NULL);
		return 0;
	}
	if (!w) {
		w = calloc(1, sizeof(*w));
		if (!w)
			return 0;
		LIST_INSERT_HEAD(&p->watches, w, link);
		curl_multi_assign(p->multi, fd, w);
	}
	if (w->event)
		event_free(w->event);
	w->event = event_new(p->base, fd, events, on_socket, p);
	if (w->event)
		event_add(w->event, NULL);
	return 0;
}

static int pool_new(struct event_base *base, struct pool **ret)
{
	struct pool *p;
	CURLMcode r;

	/* Counted by libcurl: one cleanup each. */
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wiping_free, wiping_realloc, strdup,
		    calloc) != CURLE_OK)
		return -ENOMEM;
	p = calloc(1, sizeof(*p));
	if (!p) {
		curl_global_cleanup();
		return -ENOMEM;
	}
	LIST_INIT(&p->watches);
	p->base = base;
	p->multi = curl_multi_init();
	p->timer = evtimer_new(base, on_timer, p);
	if (!p->multi || !p->timer) {
		pool_free(p);
		return -ENOMEM;
	}
	r = curl_multi_setopt(p->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	if (r == CURLM_OK)
		r = curl_multi_setopt(p->multi, CURLMOPT_SOCKETDATA, p);
	if (r == CURLM_OK)
		r = curl_multi_setopt(p->multi, CURLMOPT_TIMERFUNCTION, watch_timer);
	if (r == CURLM_OK)
		r = curl_multi_setopt(p->multi, CURLMOPT_TIMERDATA, p);
	if (r == CURLM_OK)
		r = curl_multi_setopt(p->multi, CURLMOPT_MAXCONNECTS, IDLE_MAX);
	if (r == CURLM_OK)
		r = curl_multi_setopt(p->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	if (r != CURLM_OK) {
		pool_free(p);
		return -EOPNOTSUPP;
	}
	*ret = p;
	return 0;
}

/* ---- the interface ---- */

int http_new(struct event_base *base, struct http **ret)
{
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
	struct http *h;
	int r;

	if (!(info->features & CURL_VERSION_SSL))
		return -EOPNOTSUPP;
	if (!(info->features & CURL_VERSION_ASYNCHDNS))
		log_warning("libcurl %s resolves names in the foreground: a slow name server stops "
			    "the daemon meanwhile",
			info->version);
	h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	LIST_INIT(&h->sendings);
	h->base = base;
	r = pool_new(base, &h->pool);
	if (r < 0) {
		free(h);
		return r;
	}
	*ret = h;
	return 0;
}

struct http *http_free(struct http *h)
{
	struct sending *s;

	if (!h)
		return NULL;
	while ((s = LIST_FIRST(&h->sendings))) {
		LIST_REMOVE(s, link);
		curl_multi_remove_handle(s->pool->multi, transfer_handle(s->transfer));
		sending_free(s);
	}
	pool_retire(h->pool);
	free(h);
	return NULL;
}

int http_send(struct http *h, const struct cloud_settings *cloud,
	const struct exchange_request *request, int64_t timeout_ms, http_done *done, void *arg)
{
	struct timeval tv = to_timeval(MAX(timeout_ms, (int64_t)1));
	struct sending *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->http = h;
	s->pool = h->pool;
	s->pool->users++;
	s->done = done;
	s->arg = arg;
	r = transfer_new(cloud, request, timeout_ms, &s->transfer);
	if (r < 0)
		goto fail;
	r = -ENOMEM;
	s->deadline = evtimer_new(h->base, on_deadline, s);
	if (!s->deadline || event_add(s->deadline, &tv) < 0)
		goto fail;
	if (curl_easy_setopt(transfer_handle(s->transfer), CURLOPT_PRIVATE, s) != CURLE_OK)
		goto fail;
	/* Only queues it: libcurl begins when its timer fires. */
	if (curl_multi_add_handle(s->pool->multi, transfer_handle(s->transfer)) != CURLM_OK)
		goto fail;
	LIST_INSERT_HEAD(&h->sendings, s, link);
	h->n_sendings++;
	return 0;
fail:
	sending_free(s);
	return r;
}

unsigned http_active(const struct http *h)
{
	return h->n_sendings;
}

void http_reset(struct http *h)
{
	struct pool *fresh;

	if (pool_new(h->base, &fresh) < 0) {
		log_warning("no memory for new connections: idle ones stay in use until they age");
		return;
	}
	pool_retire(h->pool);
	h->pool = fresh;
}

char *http_version(char *buf, size_t n)
{
	const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);

	snprintf(buf, n, "libcurl %s, %s", v->version, v->ssl_version ? v->ssl_version : "no TLS");
	return buf;
}
