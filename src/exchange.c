/* exchange.c - what an HTTP answer says before anybody looks for results in it.
 *
 * DRS, its gateway and IAM write their errors in different ways, yet transport, redirects,
 * Retry-After and the error bodies are the same to whoever asks; so they are read here, once for
 * both decoders. */
#include "exchange.h"

#include "call.h"
#include "json.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define RETRY_AFTER_MAX MINUTES(15)

int exchange_url(const char *base, const char *rest, char **ret)
{
	size_t len = strlen(base);
	bool versioned = len >= 3 && strcmp(base + len - 3, "/v3") == 0;
	char *url;

	if (asprintf(&url, "%s%s%s", base, versioned ? "" : "/v3", rest) < 0)
		return -ENOMEM;
	*ret = url;
	return 0;
}

/* A date would need the server's clock to be worth anything: it counts as absent, and the
 * back-off decides. */
int64_t exchange_retry_after(const struct exchange *x)
{
	const char *s = x->retry_after;
	int64_t ms = 0;

	if (!s)
		return -1;
	s += strspn(s, " \t");
	if (*s < '0' || *s > '9')
		return -1;
	for (; *s >= '0' && *s <= '9'; s++)
		ms = MIN(ms * 10 + SECONDS(*s - '0'), RETRY_AFTER_MAX);
	s += strspn(s, " \t\r\n");
	return *s ? -1 : ms;
}

bool exchange_success(const struct exchange *x)
{
	return x->status >= 200 && x->status < 300;
}

bool exchange_is_json(const struct exchange *x)
{
	return x->content_type && strcasestr(x->content_type, "json");
}

/* The host of a Location, so that an operator sees where a proxy or portal wanted to send us. */
static void tell_redirect(const struct exchange *x, struct reply *r)
{
	const char *host = x->location ? strstr(x->location, "://") : NULL;
	char shown[100] = "its own host";

	if (host) {
		host += 3;
		text_escape(shown, sizeof(shown), host, strcspn(host, "/?#"));
	}
	snprintf(r->text, sizeof(r->text), "redirected (HTTP %d) to %s; redirects are not followed",
		x->status, shown);
}

bool exchange_settled(const struct exchange *x, struct reply *r)
{
	r->retry_after = exchange_retry_after(x);
	r->date = x->date;
	if (x->request_id)
		text_escape(
			r->request_id, sizeof(r->request_id), x->request_id, strlen(x->request_id));
	if (x->status == 0) {
		r->outcome = OUTCOME_TRANSPORT;
		r->maybe_done = x->maybe_sent;
		text_escape(r->text, sizeof(r->text), x->trouble, strlen(x->trouble));
		return true;
	}
	if (x->status >= 300 && x->status < 400) {
		r->outcome = OUTCOME_MISCONFIGURED;
		tell_redirect(x, r);
		return true;
	}
	if (x->cut) {
		/* What we have of the body may lack the very code that matters. */
		r->outcome = x->status == 429 ? OUTCOME_THROTTLED : OUTCOME_SERVER;
		r->maybe_done = x->maybe_sent;
		if (x->trouble[0])
			text_escape(r->text, sizeof(r->text), x->trouble, strlen(x->trouble));
		else
			snprintf(r->text, sizeof(r->text),
				"answer (HTTP %d) cut off after %zu bytes", x->status, x->len);
		return true;
	}
	return false;
}

bool exchange_head_too_large(const struct exchange *x)
{
	char start[1024];

	if (x->status == 431 || x->status == 494)
		return true;
	if ((x->status != 400 && x->status != 413) || exchange_is_json(x))
		return false;
	text_copy(start, sizeof(start), x->body);
	return strcasestr(start, "header") && strcasestr(start, "too large");
}

static void take(char *dst, size_t n, const struct json *o, const char *key)
{
	size_t len;
	const char *s = json_get_string(o, key, &len);

	if (s && !dst[0])
		text_escape(dst, n, s, len);
}

void exchange_problem(const struct json *body, struct problem *ret)
{
	const struct json *error = json_get_object(body, "error");

	*ret = (struct problem){0};
	/* error_message: batch-status and batch-detail alone call it so */
	take(ret->code, sizeof(ret->code), body, "error_code");
	take(ret->text, sizeof(ret->text), body, "error_msg");
	take(ret->text, sizeof(ret->text), body, "error_message");
	take(ret->request_id, sizeof(ret->request_id), body, "request_id");
	if (!error)
		return;
	ret->keystone = json_has(error, "message") || json_has(error, "title");
	take(ret->code, sizeof(ret->code), error, "error_code");
	take(ret->code, sizeof(ret->code), error, "code"); /* a number in Keystone: not taken */
	take(ret->text, sizeof(ret->text), error, "message");
	take(ret->text, sizeof(ret->text), error, "error_msg");
	take(ret->text, sizeof(ret->text), error, "title");
}
