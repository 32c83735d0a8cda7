/* courier.c - between the heart's calls and the wire: builds the request, finds the pass, decodes the answer. */
#include "courier.h"

#include "clock.h"
#include "drs.h"
#include "log.h"
#include "login.h"
#include "stamp.h"
#include "text.h"
#include "token.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

struct errand {
	struct courier *courier;
	struct call call;
	struct settings *settings; /* keeps call.cloud alive */
	struct login *login;       /* of a CALL_LOGIN under way */
	struct event *failed;      /* fires when nothing could be sent */
	char why[200];
	TAILQ_ENTRY(errand) link;
};

struct courier {
	struct event_base *base;
	struct http *http;
	struct token_shelf *tokens;
	courier_done *done;
	void *arg;
	TAILQ_HEAD(errand_list, errand) errands;
};

int courier_new(struct event_base *base, courier_done *done, void *arg, struct courier **ret)
{
	struct courier *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->base = base;
	c->done = done;
	c->arg = arg;
	TAILQ_INIT(&c->errands);
	r = token_shelf_new(&c->tokens);
	if (r == 0)
		r = http_new(base, &c->http);
	if (r < 0) {
		courier_free(c);
		return r;
	}
	*ret = c;
	return 0;
}

static void errand_free(struct errand *e)
{
	TAILQ_REMOVE(&e->courier->errands, e, link);
	if (e->failed)
		event_free(e->failed);
	login_free(e->login);
	settings_unref(e->settings);
	free(e);
}

struct courier *courier_free(struct courier *c)
{
	struct errand *e, *next;

	if (!c)
		return NULL;
	http_free(c->http);
	for (e = TAILQ_FIRST(&c->errands); e; e = next) {
		next = TAILQ_NEXT(e, link);
		errand_free(e);
	}
	token_shelf_free(c->tokens);
	free(c);
	return NULL;
}

/* The errand is put away before the reply is handed over: that may send the next call, or end the daemon. */
static void deliver(struct errand *e, const struct reply *r)
{
	struct courier *c = e->courier;

	log_debug("call %" PRIu64 " %s to cloud %s: %s%s%s%s%s", e->call.id,
		call_kind_name(e->call.kind), e->call.cloud->name, outcome_name(r->outcome),
		*r->code ? ", " : "", r->code, *r->text ? ", " : "", r->text);
	errand_free(e);
	c->done(c->arg, r);
}

static void deliver_failure(struct errand *e, bool maybe_done)
{
	struct reply r = {
		.call = e->call.id,
		.outcome = OUTCOME_TRANSPORT,
		.maybe_done = maybe_done,
		.retry_after = -1,
	};

	text_copy(r.text, sizeof(r.text), e->why);
	deliver(e, &r);
}

static void on_failed(evutil_socket_t fd _unused_, short what _unused_, void *arg)
{
	deliver_failure(arg, false);
}

static void fail_later(struct errand *e, const char *why)
{
	text_copy(e->why, sizeof(e->why), why);
	e->failed = evtimer_new(e->courier->base, on_failed, e);
	if (!e->failed || event_add(e->failed, &(struct timeval){0}) < 0) {
		/* without memory for a timer there is no going on: a call without a reply would hang its job */
		log_err("out of memory");
		abort();
	}
}

static void on_answer(
	void *arg, const struct exchange *x, const char *token _unused_, size_t token_len _unused_)
{
	struct errand *e = arg;
	_cleanup_(reply_freep) struct reply *r = NULL;
	int err = drs_reply(&e->call, x, &r);

	if (err < 0) {
		/* an answer came and can't be read: whatever it was, a submit may have been taken */
		text_copy(e->why, sizeof(e->why), strerror(-err));
		deliver_failure(e, e->call.kind == CALL_SUBMIT);
		return;
	}
	deliver(e, r);
}

static void on_login(void *arg, const struct reply *r, struct pass *pass)
{
	struct errand *e = arg;
	int err;

	e->login = NULL;
	err = pass ? token_put(e->courier->tokens, e->call.cloud->name, e->call.id, pass) : 0;
	if (err < 0) {
		pass_free(pass);
		text_copy(e->why, sizeof(e->why), strerror(-err));
		deliver_failure(e, false);
		return;
	}
	deliver(e, r);
}

static int send_drs(struct errand *e, int64_t budget)
{
	const struct pass *pass = token_get(e->courier->tokens, e->call.login);
	_cleanup_(stamp_done) struct stamp stamp = {0};
	_cleanup_free_ char *url = NULL, *body = NULL;
	struct exchange_request request = {.once = e->call.kind == CALL_SUBMIT};
	int r;

	if (!pass)
		return -ENOKEY;
	r = drs_request(&e->call, &url, &body);
	if (r < 0)
		return r;
	request.url = url;
	request.body = body;
	request.body_len = strlen(body);
	r = stamp_put(&stamp, pass, e->call.cloud, e->call.project, "drs", clock_wall(), &request);
	if (r < 0)
		return r;
	return http_send(e->courier->http, e->call.cloud, &request, budget, on_answer, e);
}

void courier_send(struct courier *c, const struct call *call, struct settings *settings,
	const struct credential *credential, int64_t budget)
{
	struct errand *e = calloc(1, sizeof(*e));
	int r;

	if (!e) {
		log_err("out of memory");
		abort();
	}
	e->courier = c;
	e->call = *call;
	e->settings = settings_ref(settings);
	TAILQ_INSERT_TAIL(&c->errands, e, link);
	log_debug("call %" PRIu64 " %s to cloud %s, %u job%s", call->id, call_kind_name(call->kind),
		call->cloud->name, call->n, call->n == 1 ? "" : "s");
	if (call->kind == CALL_LOGIN)
		r = login_start(c->http, &e->call, credential, budget, on_login, e, &e->login);
	else
		r = send_drs(e, budget);
	if (r < 0)
		fail_later(e, login_why_not_sent(r));
}

void courier_reset(struct courier *c)
{
	http_reset(c->http);
}
