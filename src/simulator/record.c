/* record.c - what the simulator saw: one entry per request, kept in memory and, if asked for, in a file.
 *
 * Tests await entries instead of sleeping: GET /_sim/wait is answered when enough of them are there. */
#include "record.h"
#include "field.h"

#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>
#include <string.h>

struct waiter {
	TAILQ_ENTRY(waiter) link;
	struct sim *sim;
	struct evhttp_request *http;
	struct event *timer;
	char kind[16], task[40], code[24];
	int64_t count, since, status;
};

static void add_text(struct json_object *o, const char *key, const char *text)
{
	if (text && *text)
		json_object_object_add(o, key, json_object_new_string(text));
}

static void add_number(struct json_object *o, const char *key, int64_t v)
{
	json_object_object_add(o, key, json_object_new_int64(v));
}

static const char *text_of(struct json_object *o, const char *key)
{
	struct json_object *v;

	return json_object_object_get_ex(o, key, &v) && v ? json_object_get_string(v) : "";
}

static bool names_task(struct json_object *entry, const char *task)
{
	struct json_object *tasks;

	if (!json_object_object_get_ex(entry, "tasks", &tasks))
		return false;
	for (size_t i = 0; i < json_object_array_length(tasks); i++)
		if (strcmp(json_object_get_string(json_object_array_get_idx(tasks, i)), task) == 0)
			return true;
	return false;
}

static bool matches(const struct waiter *w, struct json_object *entry)
{
	struct json_object *v;

	if (w->kind[0] && strcmp(w->kind, text_of(entry, "kind")) != 0)
		return false;
	if (w->code[0] && strcmp(w->code, text_of(entry, "code")) != 0)
		return false;
	if (w->task[0] && !names_task(entry, w->task))
		return false;
	if (json_object_object_get_ex(entry, "seq", &v) && json_object_get_int64(v) <= w->since)
		return false;
	return w->status < 0 || (json_object_object_get_ex(entry, "status", &v) &&
					json_object_get_int64(v) == w->status);
}

static int64_t found(const struct waiter *w, int64_t *ret_seq)
{
	int64_t n = 0;

	for (size_t i = 0; i < json_object_array_length(w->sim->log) && n < w->count; i++) {
		struct json_object *e = json_object_array_get_idx(w->sim->log, i);

		if (matches(w, e)) {
			n++;
			*ret_seq = json_object_get_int64(json_object_object_get(e, "seq"));
		}
	}
	return n;
}

static struct waiter *waiter_free(struct waiter *w)
{
	TAILQ_REMOVE(&w->sim->waiters, w, link);
	if (w->timer)
		event_free(w->timer);
	free(w);
	return NULL;
}

static void waiter_answer(struct waiter *w, bool met, int64_t n, int64_t seq)
{
	struct evbuffer *buf = evbuffer_new();

	if (buf)
		evbuffer_add_printf(buf, "{\"met\":%s,\"count\":%lld,\"seq\":%lld}",
			met ? "true" : "false", (long long)n, (long long)seq);
	evhttp_add_header(
		evhttp_request_get_output_headers(w->http), "Content-Type", "application/json");
	evhttp_send_reply(w->http, met ? 200 : 408, NULL, buf);
	if (buf)
		evbuffer_free(buf);
	waiter_free(w);
}

static void on_timeout(evutil_socket_t fd _unused_, short what _unused_, void *arg)
{
	struct waiter *w = arg;
	int64_t seq = 0, n = found(w, &seq);

	waiter_answer(w, false, n, seq);
}

static void append(struct sim *s, struct json_object *entry)
{
	struct waiter *w, *next;

	json_object_array_add(s->log, entry);
	if (s->log_file) {
		fprintf(s->log_file, "%s\n",
			json_object_to_json_string_ext(
				entry, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
		fflush(s->log_file);
	}
	for (w = TAILQ_FIRST(&s->waiters); w; w = next) {
		int64_t seq = 0, n = found(w, &seq);

		next = TAILQ_NEXT(w, link);
		if (n >= w->count)
			waiter_answer(w, true, n, seq);
	}
}

static struct json_object *entry_new(struct sim *s, const char *kind)
{
	struct json_object *o = json_object_new_object();

	add_number(o, "seq", (int64_t)json_object_array_length(s->log) + 1);
	add_number(o, "ms", sim_now(s));
	add_text(o, "kind", kind);
	return o;
}

void record_request(struct request *r, const struct answer *a, const char *fault)
{
	struct json_object *o = entry_new(r->sim, kind_words[r->kind]);
	bool answered = a && a->deliver != DELIVER_RESET && a->deliver != DELIVER_CLOSE &&
			a->deliver != DELIVER_HANG;

	add_text(o, "method", r->method);
	add_text(o, "path", r->path);
	add_text(o, "project", r->project_id);
	json_object_object_add(
		o, "tasks", r->tasks ? json_object_get(r->tasks) : json_object_new_array());
	if (r->modes)
		json_object_object_add(o, "modes", json_object_get(r->modes));
	add_number(o, "status", a ? a->status : 0);
	add_text(o, "code", a ? a->code : NULL);
	add_number(o, "serial", r->token ? (int64_t)r->token->serial : 0);
	add_text(o, "auth", r->auth);
	add_text(o, "key", r->access);
	add_text(o, "mark", r->mark);
	json_object_object_add(o, "executed", json_object_new_boolean(r->executed));
	json_object_object_add(o, "answered", json_object_new_boolean(answered));
	add_text(o, "fault", fault);
	add_number(o, "active", r->active);
	add_number(o, "calls_60s", r->calls_60s);
	add_number(o, "logins", (int64_t)r->sim->logins);
	json_object_object_add(
		o, "violations", r->noted ? json_object_get(r->noted) : json_object_new_array());
	append(r->sim, o);
}

void record_event(struct sim *s, const char *what, const char *text)
{
	struct json_object *o = entry_new(s, what);

	add_text(o, "text", text);
	append(s, o);
}

struct json_object *record_since(struct sim *s, int64_t since)
{
	struct json_object *out = json_object_new_array();
	size_t from = since > 0 ? (size_t)since : 0;

	/* The log has no gaps: entry i has seq i + 1. */
	for (size_t i = from; i < json_object_array_length(s->log); i++)
		json_object_array_add(out, json_object_get(json_object_array_get_idx(s->log, i)));
	return out;
}

static void query_text(struct evkeyvalq *q, const char *key, char *dst, size_t n)
{
	const char *v = evhttp_find_header(q, key);

	snprintf(dst, n, "%s", v ? v : "");
}

static int64_t query_number(struct evkeyvalq *q, const char *key, int64_t preset)
{
	const char *v = evhttp_find_header(q, key);

	return v ? strtoll(v, NULL, 10) : preset;
}

void record_wait(struct sim *s, struct evhttp_request *req)
{
	struct waiter *w = calloc(1, sizeof(*w));
	struct evkeyvalq q;
	struct json_object *span;
	struct timeval tv;
	int64_t seq = 0, n, timeout = 10000;
	const char *text;

	if (!w || evhttp_parse_query_str(
			  evhttp_uri_get_query(evhttp_request_get_evhttp_uri(req)), &q) < 0) {
		free(w);
		evhttp_send_error(req, 400, NULL);
		return;
	}
	w->sim = s;
	w->http = req;
	query_text(&q, "kind", w->kind, sizeof(w->kind));
	query_text(&q, "task", w->task, sizeof(w->task));
	query_text(&q, "code", w->code, sizeof(w->code));
	w->count = query_number(&q, "count", 1);
	w->since = query_number(&q, "since", 0);
	w->status = query_number(&q, "status", -1);
	text = evhttp_find_header(&q, "timeout");
	span = text ? json_object_new_string(text) : NULL;
	if (span && field_span(span, &timeout) < 0)
		timeout = 10000;
	json_object_put(span);
	evhttp_clear_headers(&q);

	TAILQ_INSERT_TAIL(&s->waiters, w, link);
	n = found(w, &seq);
	if (n >= w->count) {
		waiter_answer(w, true, n, seq);
		return;
	}
	w->timer = evtimer_new(s->base, on_timeout, w);
	tv = (struct timeval){.tv_sec = timeout / 1000, .tv_usec = timeout % 1000 * 1000};
	if (w->timer)
		event_add(w->timer, &tv);
}

void record_forget(struct sim *s)
{
	while (!TAILQ_EMPTY(&s->waiters))
		waiter_free(TAILQ_FIRST(&s->waiters));
}
