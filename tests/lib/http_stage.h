/* http_stage.h - what the tests of http and transfer share: a loop with http and two hostile servers on it, what
 * came of an exchange, and a name server that does as it is told. Header only; with cmocka. */
#pragma once

#include "hostile.h"
#include "http.h"
#include "text.h"

#include <dlfcn.h>
#include <netdb.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#define LONG  20000 /* ms: never reached unless something is broken */
#define SHORT 300

/* ---- names: this one stands before libc's ---- */

static int resolver_gate[2] = {
	-1, -1}; /* "slow.invalid" is not answered before this pipe is closed */

int getaddrinfo(
	const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **ret)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	char c;

	if (node && strcmp(node, "slow.invalid") == 0) {
		(void)!read(resolver_gate[0], &c, 1);
		return EAI_AGAIN;
	}
	if (node && strcmp(node, "nonexistent.invalid") == 0)
		return EAI_NONAME;
	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	return real(node, service, hints, ret);
}

/* ---- the stage ---- */

struct result {
	unsigned calls;
	int status;
	bool maybe_sent, cut;
	char trouble[200];
	char *body;
	size_t len, token_len;
	char *token, *content_type, *retry_after, *location, *request_id;
};

struct stage {
	struct event_base *base;
	struct http *http;
	struct hostile server, other;
	struct cloud_settings cloud;
	struct result result;
	char url[64];
};

static inline void result_clear(struct result *r)
{
	free(r->body);
	free(r->token);
	free(r->content_type);
	free(r->retry_after);
	free(r->location);
	free(r->request_id);
	memset(r, 0, sizeof(*r));
}

static inline char *copy(const char *s)
{
	return s ? strdup(s) : NULL;
}

static inline void on_done(void *arg, const struct exchange *x, const char *token, size_t token_len)
{
	struct result *r = arg;
	unsigned calls = r->calls;

	result_clear(r);
	r->calls = calls + 1;
	r->status = x->status;
	r->maybe_sent = x->maybe_sent;
	r->cut = x->cut;
	text_copy(r->trouble, sizeof(r->trouble), x->trouble);
	assert_non_null(x->body);
	assert_int_equal(x->body[x->len], '\0');
	r->body = strdup(x->body);
	r->len = x->len;
	r->token = copy(token);
	r->token_len = token_len;
	r->content_type = copy(x->content_type);
	r->retry_after = copy(x->retry_after);
	r->location = copy(x->location);
	r->request_id = copy(x->request_id);
}

static inline int set_up(void **state)
{
	struct stage *st = calloc(1, sizeof(*st));

	assert_non_null(st);
	alarm(30); /* a test that hangs is a test that fails */
	st->base = event_base_new();
	assert_int_equal(http_new(st->base, &st->http), 0);
	hostile_start(&st->server, st->base);
	hostile_start(&st->other, st->base);
	st->server.act = st->other.act = hostile_answer;
	st->server.answer = st->other.answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
	snprintf(st->url, sizeof(st->url), "http://127.0.0.1:%d/v5/x", st->server.port);
	*state = st;
	return 0;
}

static inline int tear_down(void **state)
{
	struct stage *st = *state;

	st->http = http_free(st->http);
	hostile_stop(&st->server);
	hostile_stop(&st->other);
	event_base_free(st->base);
	result_clear(&st->result);
	free(st);
	alarm(0);
	return 0;
}

static inline void wait_done(struct stage *st)
{
	while (st->result.calls == 0)
		event_base_loop(st->base, EVLOOP_ONCE);
	assert_int_equal(st->result.calls, 1);
	assert_int_equal(http_active(st->http), 0);
}

static inline void settle(struct stage *st)
{
	while (st->server.eofs + st->server.resets < st->server.connections)
		event_base_loop(st->base, EVLOOP_ONCE);
}

static inline struct result *exchange(
	struct stage *st, const char *body, bool once, const char *token, int64_t ms)
{
	struct exchange_request request = {
		.url = st->url, .body = body, .body_len = body ? strlen(body) : 0, .once = once};
	_cleanup_(secret_freep) struct secret *secret = NULL;

	result_clear(&st->result);
	if (token)
		assert_int_equal(secret_new(token, strlen(token), &secret), 0);
	if (token)
		request.headers[request.n_headers++] = (struct exchange_header){
			.name = "X-Auth-Token", .secret = secret};
	assert_int_equal(http_send(st->http, &st->cloud, &request, ms, on_done, &st->result), 0);
	assert_int_equal(st->result.calls, 0); /* never from inside */
	wait_done(st);
	return &st->result;
}

static inline struct result *post(struct stage *st)
{
	return exchange(st, "{\"jobs\":[]}", false, NULL, LONG);
}

static inline struct result *submit(struct stage *st, int64_t ms)
{
	return exchange(st, "{\"jobs\":[]}", true, NULL, ms);
}

static inline char *filled(size_t len)
{
	char *s = malloc(len + 1);

	assert_non_null(s);
	memset(s, 'T', len);
	s[len] = '\0';
	return s;
}

#define STAGE_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
