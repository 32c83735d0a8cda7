/* upstream.c - the question to another Keystone: is this token good, and for which project?
 *
 * The token is both the one that asks and the one that is asked for, so that no account of our own is needed.
 * Nothing is remembered: a token that was revoked a moment ago is refused. Each question has a connection of
 * its own, because Keystone behind uwsgi ends each after its answer. */
#include "upstream.h"
#include "body.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/buffer.h>
#include <string.h>

#define TIMEOUT    10 /* seconds */
#define ANSWER_MAX ((ev_ssize_t)1024 * 1024)

struct inquiry {
	TAILQ_ENTRY(inquiry) link;
	struct sim *sim;
	struct evhttp_connection *con;
	struct event *end;
	void (*done)(void *arg, const struct verdict *v);
	void *arg;
};

int upstream_set(struct sim *s, const char *url)
{
	struct evhttp_uri *uri = evhttp_uri_parse(url);
	const char *host, *path, *scheme;
	struct in_addr addr;
	int r = -EINVAL;

	if (!uri)
		return -EINVAL;
	scheme = evhttp_uri_get_scheme(uri);
	host = evhttp_uri_get_host(uri);
	path = evhttp_uri_get_path(uri);
	if (host && strcmp(host, "localhost") == 0)
		host = "127.0.0.1";
	/* Tokens are sent there: it must be this machine. */
	if (scheme && strcmp(scheme, "http") == 0 && host && strncmp(host, "127.", 4) == 0 &&
		inet_pton(AF_INET, host, &addr) == 1 && !evhttp_uri_get_userinfo(uri) &&
		!evhttp_uri_get_query(uri) && !evhttp_uri_get_fragment(uri)) {
		size_t n = path ? strlen(path) : 0;

		while (n > 0 && path[n - 1] == '/')
			n--;
		free(s->upstream.host);
		free(s->upstream.path);
		s->upstream.host = strdup(host);
		if (asprintf(&s->upstream.path, "%.*s/auth/tokens?nocatalog=true", n ? (int)n : 3,
			    n ? path : "/v3") < 0)
			s->upstream.path = NULL;
		s->upstream.port = evhttp_uri_get_port(uri) > 0 ? (uint16_t)evhttp_uri_get_port(uri)
								: 80;
		r = s->upstream.host && s->upstream.path ? 0 : -ENOMEM;
	}
	evhttp_uri_free(uri);
	return r;
}

static void inquiry_free(struct inquiry *q)
{
	TAILQ_REMOVE(&q->sim->inquiries, q, link);
	if (q->con)
		evhttp_connection_free(q->con);
	if (q->end)
		event_free(q->end);
	free(q);
}

static void on_end(evutil_socket_t fd _unused_, short what _unused_, void *arg)
{
	inquiry_free(arg);
}

static void take_text(struct json_object *o, const char *key, char *dst, size_t n)
{
	const char *text = body_text(o, key);

	snprintf(dst, n, "%s", text ? text : "");
}

static void read_body(struct evhttp_request *http, struct verdict *v)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(http);
	int len = (int)evbuffer_get_length(in);
	struct json_tokener *tok = json_tokener_new();
	struct json_object *o = NULL, *token, *user;

	if (tok && len > 0)
		o = json_tokener_parse_ex(tok, (const char *)evbuffer_pullup(in, -1), len);
	if (tok)
		json_tokener_free(tok);
	token = body_member(o, "token", json_type_object);
	user = body_member(token, "user", json_type_object);
	take_text(body_member(token, "project", json_type_object), "id", v->project,
		sizeof(v->project));
	take_text(user, "name", v->user, sizeof(v->user));
	take_text(body_member(user, "domain", json_type_object), "name", v->domain,
		sizeof(v->domain));
	take_text(token, "expires_at", v->expires, sizeof(v->expires));
	if (!token)
		v->status = 0;
	json_object_put(o);
}

static void on_answer(struct evhttp_request *http, void *arg)
{
	struct inquiry *q = arg;
	struct verdict v = {0};
	struct timeval now = {0};

	if (http)
		v.status = evhttp_request_get_response_code(http);
	if (v.status == 200)
		read_body(http, &v);
	q->done(q->arg, &v);
	q->done = NULL;
	/* The connection is still at work around this call. */
	evtimer_add(q->end, &now);
}

int upstream_ask(struct sim *s, const char *token, void (*done)(void *arg, const struct verdict *v),
	void *arg)
{
	struct inquiry *q = calloc(1, sizeof(*q));
	struct evhttp_request *http;
	struct evkeyvalq *out;
	char host[80];

	if (!q)
		return -ENOMEM;
	q->sim = s;
	TAILQ_INSERT_TAIL(&s->inquiries, q, link);
	q->end = evtimer_new(s->base, on_end, q);
	q->con = evhttp_connection_base_new(s->base, NULL, s->upstream.host, s->upstream.port);
	http = q->end && q->con ? evhttp_request_new(on_answer, q) : NULL;
	if (!http) {
		inquiry_free(q);
		return -ENOMEM;
	}
	evhttp_connection_set_timeout(q->con, TIMEOUT);
	evhttp_connection_set_max_body_size(q->con, ANSWER_MAX);
	evhttp_connection_set_max_headers_size(q->con, ANSWER_MAX);
	out = evhttp_request_get_output_headers(http);
	snprintf(host, sizeof(host), "%s:%u", s->upstream.host, s->upstream.port);
	if (evhttp_add_header(out, "Host", host) < 0 ||
		evhttp_add_header(out, "X-Auth-Token", token) < 0 ||
		evhttp_add_header(out, "X-Subject-Token", token) < 0 ||
		evhttp_add_header(out, "Connection", "close") < 0) {
		evhttp_request_free(http);
		inquiry_free(q);
		return -ENOMEM;
	}
	/* From here on the request is the connection's, and on_answer() may already have been called. */
	q->done = done;
	q->arg = arg;
	if (evhttp_make_request(q->con, http, EVHTTP_REQ_GET, s->upstream.path) < 0 && q->done) {
		inquiry_free(q);
		return -ENOMEM;
	}
	return 0;
}

void upstream_forget(struct sim *s)
{
	struct inquiry *q;

	while ((q = TAILQ_FIRST(&s->inquiries))) {
		if (q->done)
			q->done(q->arg, NULL);
		inquiry_free(q);
	}
	free(s->upstream.host);
	free(s->upstream.path);
}
