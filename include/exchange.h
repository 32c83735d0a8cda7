/* exchange.h - one HTTP exchange as plain values: what to send, and what came of it. */
#pragma once

#include "macro.h"

#define EXCHANGE_BODY_MAX (8 * 1024 * 1024) /* counted after decoding; more is an error */
#define TOKEN_MAX         (32 * 1024)	    /* what the gateway takes in one header */

struct exchange_request {
	const char *url;
	const char *body; /* JSON; NULL: GET */
	size_t body_len;
	bool once; /* a submit: must never be sent a second time by the transport itself */
};

struct exchange {
	int status; /* HTTP status; 0: no answer at all, then `trouble` says why */
	bool maybe_sent; /* status 0 or cut off: the request may have reached the server */
	bool cut;	 /* a status came, but the body is not whole */
	char trouble[200]; /* transport trouble in words, with host ("connection refused by drs.example:443") */
	const char *body; /* borrowed; NUL-terminated behind len; "" if none */
	size_t len;
	const char *content_type; /* these four borrowed; NULL if the header was absent */
	const char *retry_after;
	const char *location;
	const char *request_id; /* X-Request-Id */
};
