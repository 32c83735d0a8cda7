/* exchange.h - one HTTP exchange as plain values: what to send, and what came of it. */
#pragma once

#include "macro.h"

struct json;
struct reply;
struct secret;

#define EXCHANGE_BODY_MAX (8 * 1024 * 1024) /* counted after decoding; more is an error */
#define TOKEN_MAX         (32 * 1024)       /* what the gateway takes in one header */

/* What exchange_head_too_large() means, which no answer says; the status is its argument. */
#define EXCHANGE_TOKEN_TOO_LARGE                                                                   \
	"token too large for the gateway (HTTP %d): give the user fewer roles"
#define EXCHANGE_HEADERS_MAX 6
struct exchange_header {
	const char *name;
	const char *value;           /* or NULL: */
	const struct secret *secret; /* printable ASCII, at most TOKEN_MAX bytes */
};

struct exchange_request {
	const char *method; /* NULL: POST with a body, GET without */
	const char *url;
	const char *body; /* JSON; NULL: none */
	size_t body_len;
	const struct secret *secret_body; /* in place of body: a login; NULL: none */
	/* Besides Host, User-Agent, and with a body Content-Type: application/json. */
	struct exchange_header headers[EXCHANGE_HEADERS_MAX];
	size_t n_headers;
	bool once;     /* a submit: must never be sent a second time by the transport itself */
	bool metadata; /* the ECS metadata service: plain http to 169.254.169.254, and no proxy */
};

struct exchange {
	int status;      /* HTTP status; 0: no answer at all, then `trouble` says why */
	bool maybe_sent; /* status 0 or cut off: the request may have reached the server */
	bool cut;        /* a status came, but the body is not whole */
	/* transport trouble in words, with host ("connection refused by drs.example:443") */
	char trouble[200];
	const char *body; /* borrowed; NUL-terminated behind len; "" if none */
	size_t len;
	const char *content_type; /* these four borrowed; NULL if the header was absent */
	const char *retry_after;
	const char *location;
	const char *request_id; /* X-Request-Id */
	int64_t date;           /* the Date header, wall ms; 0: none or no date */
};

/* What an error body says, of whichever service; all of it escaped, "" if it does not say it. */
struct problem {
	char code[24], text[200], request_id[64];
	bool keystone; /* {"error":{"code":401,"message":...,"title":...}} */
};

/* "{base}/v3{rest}", malloc'ed; a base that already ends in "/v3" does not get another. -ENOMEM. */
int exchange_url(const char *base, const char *rest, char **ret) _must_check_;

/* Retry-After in ms, 0 .. 15 min; -1 if there is none or it is no number of seconds. */
int64_t exchange_retry_after(const struct exchange *x);

bool exchange_success(const struct exchange *x); /* 2xx */
/* The gateway does not take headers of this size, by status or by what nginx's own page says. */
bool exchange_head_too_large(const struct exchange *x);
bool exchange_is_json(const struct exchange *x); /* by its Content-Type */

/* Fills retry_after, request_id and date of r. True if there is no body worth reading: then outcome,
 * text and maybe_done are filled too (no answer at all, cut off, a redirect). */
bool exchange_settled(const struct exchange *x, struct reply *r);

/* Reads the error out of a body; `body` may be NULL. */
void exchange_problem(const struct json *body, struct problem *ret);
