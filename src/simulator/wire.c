/* wire.c - the last metre to the client: plain answers by evhttp, and all the ways in which a network
 * or a broken server spoils one. */
#include "wire.h"
#include "code.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/keyvalq_struct.h>
#include <stdarg.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* An answer on its way. Owns the answer; the request stays evhttp's. */
struct delivery {
	TAILQ_ENTRY(delivery) link;
	struct sim *sim;
	struct evhttp_request *http;
	struct answer answer;
	struct event *timer;
	char *raw; /* head and body as bytes, for the deliveries that evhttp cannot do */
	size_t raw_len, sent;
};

void request_done(struct request *r)
{
	free(r->path);
	free(r->query);
	free(r->body);
	json_object_put(r->json);
	json_object_put(r->tasks);
	json_object_put(r->modes);
	json_object_put(r->noted);
}

const char *request_header(const struct request *r, const char *name)
{
	return evhttp_find_header(evhttp_request_get_input_headers(r->http), name);
}

void request_note(struct request *r, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (!r->noted)
		r->noted = json_object_new_array();
	json_object_array_add(r->noted, json_object_new_string(text));
}

void answer_done(struct answer *a)
{
	json_object_put(a->json);
	free(a->text);
	for (size_t i = 0; i < a->n_headers; i++) {
		free(a->headers[i].name);
		free(a->headers[i].value);
	}
	*a = (struct answer){0};
}

static void replace_body(struct answer *a, int status)
{
	json_object_put(a->json);
	free(a->text);
	a->json = NULL;
	a->text = NULL;
	a->len = 0;
	a->type = NULL;
	a->status = status;
	a->code[0] = '\0';
}

void answer_json(struct answer *a, int status, struct json_object *take)
{
	replace_body(a, status);
	a->json = take;
}

void answer_text(struct answer *a, int status, const char *type, char *take)
{
	replace_body(a, status);
	a->type = type;
	a->text = take;
	a->len = take ? strlen(take) : 0;
}

void answer_header(struct answer *a, const char *name, const char *value)
{
	char *n, *v;

	if (a->n_headers == ANSWER_HEADERS)
		return;
	n = strdup(name);
	v = strdup(value);
	if (!n || !v) {
		free(n);
		free(v);
		return;
	}
	a->headers[a->n_headers].name = n;
	a->headers[a->n_headers++].value = v;
}

void answer_error(
	struct answer *a, struct request *r, int status, const char *code, const char *message)
{
	struct json_object *o = json_object_new_object();

	if (!message)
		message = code_text(code, r->zh);
	json_object_object_add(o, "error_code", json_object_new_string(code));
	json_object_object_add(o, "error_msg", json_object_new_string(message));
	if (strncmp(code, "APIG", 4) == 0) {
		char id[40];

		snprintf(id, sizeof(id), "%08x%016llx", (unsigned)(r->sim->seed & 0xffffffffU),
			(unsigned long long)++r->sim->last_request);
		json_object_object_add(o, "request_id", json_object_new_string(id));
	}
	answer_json(a, status ? status : code_http(code, r->sim->profile), o);
	snprintf(a->code, sizeof(a->code), "%s", code);
}

static const char *title(int status)
{
	switch (status) {
	case 400:
		return "Bad Request";
	case 401:
		return "Unauthorized";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 415:
		return "Unsupported Media Type";
	case 429:
		return "Too Many Requests";
	case 502:
		return "Bad Gateway";
	case 503:
		return "Service Unavailable";
	case 504:
		return "Gateway Timeout";
	default:
		return "Internal Server Error";
	}
}

void answer_keystone(struct answer *a, int status, const char *message)
{
	struct json_object *e = json_object_new_object(), *o = json_object_new_object();

	json_object_object_add(e, "code", json_object_new_int(status));
	json_object_object_add(e, "message", json_object_new_string(message));
	json_object_object_add(e, "title", json_object_new_string(title(status)));
	json_object_object_add(o, "error", e);
	answer_json(a, status, o);
}

void answer_html(struct answer *a, int status)
{
	char *text = NULL;

	if (asprintf(&text,
		    "<html>\r\n<head><title>%d %s</title></head>\r\n<body>\r\n<center><h1>%d %s"
		    "</h1></center>\r\n<hr><center>api-gateway</center>\r\n</body>\r\n</html>\r\n",
		    status, title(status), status, title(status)) < 0)
		text = NULL;
	answer_text(a, status, "text/html", text);
}

static bool has_header(const struct answer *a, const char *name)
{
	for (size_t i = 0; i < a->n_headers; i++)
		if (strcasecmp(a->headers[i].name, name) == 0)
			return true;
	return false;
}

/* What every answer says beside its own headers: the cloud's time of day, and the end of the connection. */
static void add_usual(const struct sim *s, struct answer *a)
{
	time_t sec = (time_t)(sim_wall(s) / 1000);
	char text[40];
	struct tm tm;

	gmtime_r(&sec, &tm);
	strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	if (!has_header(a, "Date"))
		answer_header(a, "Date", text);
	if (s->defaults.close == CLOSE_TOLD && !has_header(a, "Connection"))
		answer_header(a, "Connection", "close");
}

/* The body as text; json's own memory or the answer's. */
static const char *body_of(const struct answer *a, size_t *ret_len)
{
	if (a->json)
		return json_object_to_json_string_length(
			a->json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, ret_len);
	*ret_len = a->len;
	return a->text ? a->text : "";
}

static void delivery_free(struct delivery *d)
{
	TAILQ_REMOVE(&d->sim->deliveries, d, link);
	if (d->timer)
		event_free(d->timer);
	answer_done(&d->answer);
	free(d->raw);
	free(d);
}

/* The answer is out: the connection ends without a word of warning. */
static void on_sent(struct evhttp_request *http, void *arg _unused_)
{
	struct evhttp_connection *con = evhttp_request_get_connection(http);

	if (con)
		shutdown(bufferevent_getfd(evhttp_connection_get_bufferevent(con)), SHUT_RDWR);
}

static void send_plain(const struct sim *s, struct evhttp_request *http, struct answer *a)
{
	struct evkeyvalq *out = evhttp_request_get_output_headers(http);
	bool head = evhttp_request_get_command(http) == EVHTTP_REQ_HEAD;
	struct evbuffer *buf = head ? NULL : evbuffer_new();
	size_t len;
	const char *body = body_of(a, &len);

	add_usual(s, a);
	if (s->defaults.close == CLOSE_SILENT)
		evhttp_request_set_on_complete_cb(http, on_sent, NULL);
	evhttp_add_header(out, "Content-Type", a->type ? a->type : "application/json");
	for (size_t i = 0; i < a->n_headers; i++)
		evhttp_add_header(out, a->headers[i].name, a->headers[i].value);
	if (buf)
		evbuffer_add(buf, body, len);
	evhttp_send_reply(http, a->status, NULL, buf);
	if (buf)
		evbuffer_free(buf);
}

/* Ends the connection; the request goes with it. */
static void drop(struct delivery *d, bool reset)
{
	struct evhttp_connection *con = evhttp_request_get_connection(d->http);

	if (!con) {
		/* The client was faster: the request was left to us. */
		evhttp_request_free(d->http);
		return;
	}
	if (reset) {
		/* evhttp would send a FIN before it closes; disconnecting by hand sends a RST at once. */
		struct sockaddr none = {.sa_family = AF_UNSPEC};
		evutil_socket_t fd = bufferevent_getfd(evhttp_connection_get_bufferevent(con));

		(void)connect(fd, &none, sizeof(none));
	}
	evhttp_connection_free(con);
}

/* Writes head and body into d->raw; a cut answer promises twice its length. */
static int make_raw(struct delivery *d)
{
	struct answer *a = &d->answer;
	size_t len, head_len;
	const char *body = body_of(a, &len);
	char *head = NULL;
	size_t promised = a->deliver == DELIVER_CUT ? len * 2 + 64 : len;
	FILE *f = open_memstream(&head, &head_len);

	if (!f)
		return -ENOMEM;
	add_usual(d->sim, a);
	fprintf(f, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n", a->status,
		a->status < 300 ? "OK" : title(a->status), a->type ? a->type : "application/json",
		promised);
	for (size_t i = 0; i < a->n_headers; i++)
		fprintf(f, "%s: %s\r\n", a->headers[i].name, a->headers[i].value);
	fputs("\r\n", f);
	/* Half of the body is enough to look like JSON for a while. */
	fwrite(body, 1, a->deliver == DELIVER_CUT ? len / 2 : len, f);
	if (fclose(f) != 0) {
		free(head);
		return -ENOMEM;
	}
	d->raw = head;
	d->raw_len = head_len;
	return 0;
}

/* Sends up to n bytes of what is left. False when all is sent or the connection is gone. */
static bool send_some(struct delivery *d, size_t n)
{
	struct evhttp_connection *con = evhttp_request_get_connection(d->http);
	ssize_t k;

	if (!con)
		return false;
	n = MIN(n, d->raw_len - d->sent);
	k = send(bufferevent_getfd(evhttp_connection_get_bufferevent(con)), d->raw + d->sent, n,
		MSG_NOSIGNAL);
	if (k < 0 && errno != EAGAIN)
		return false;
	if (k > 0)
		d->sent += (size_t)k;
	return d->sent < d->raw_len;
}

static void schedule(struct delivery *d, int64_t ms)
{
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	event_add(d->timer, &tv);
}

static void on_timer(evutil_socket_t fd _unused_, short what _unused_, void *arg)
{
	struct delivery *d = arg;

	switch (d->answer.deliver) {
	case DELIVER_PLAIN:
		send_plain(d->sim, d->http, &d->answer);
		break;
	case DELIVER_CUT:
		if (!d->raw && make_raw(d) < 0)
			break;
		if (send_some(d, d->raw_len)) {
			schedule(d, 1);
			return;
		}
		drop(d, false);
		break;
	case DELIVER_DRIP:
		if (!d->raw && make_raw(d) < 0)
			break;
		if (send_some(d, (size_t)MAX(d->answer.chunk, 1))) {
			schedule(d, d->answer.interval);
			return;
		}
		drop(d, false);
		break;
	case DELIVER_CLOSE:
		drop(d, false);
		break;
	case DELIVER_RESET:
	case DELIVER_HANG:
		drop(d, true);
		break;
	}
	delivery_free(d);
}

void wire_deliver(struct request *r, struct answer *a)
{
	struct delivery *d;
	struct evhttp_request *http = r->http;

	r->http = NULL;
	if (a->deliver == DELIVER_PLAIN && a->wait == 0) {
		send_plain(r->sim, http, a);
		answer_done(a);
		return;
	}
	d = calloc(1, sizeof(*d));
	if (!d) {
		evhttp_send_error(http, 500, NULL);
		answer_done(a);
		return;
	}
	d->sim = r->sim;
	d->http = http;
	d->answer = *a;
	*a = (struct answer){0};
	TAILQ_INSERT_TAIL(&r->sim->deliveries, d, link);
	d->timer = evtimer_new(r->sim->base, on_timer, d);
	/* A connection may not be freed inside evhttp's callback: even an immediate end waits for the
	 * loop. A hang without a length is only ended by the client or by our exit. */
	if (d->timer && !(d->answer.deliver == DELIVER_HANG && d->answer.wait == 0))
		schedule(d, d->answer.wait);
}

void wire_forget(struct sim *s)
{
	while (!TAILQ_EMPTY(&s->deliveries))
		delivery_free(TAILQ_FIRST(&s->deliveries));
}
