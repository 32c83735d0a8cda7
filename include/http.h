/* http.h - HTTPS on the loop: the only file that knows libcurl. */
#pragma once

#include "exchange.h"
#include "macro.h"
#include "secret.h"
#include "settings.h"
#include <event2/event.h>

struct http;

/* Called once per http_send(), never from inside it. Everything in x is borrowed for the call. `token` is the
 * X-Subject-Token header, NULL if there was none. */
typedef void http_done(void *arg, const struct exchange *x, const char *token, size_t token_len);

int http_new(struct event_base *base, struct http **ret) _must_check_; /* borrows base */
struct http *http_free(struct http *h); /* drops what is under way without calling back; before the base goes */

/* Starts an exchange with a total budget of timeout_ms; copies what it needs of all arguments. secret_body
 * replaces request->body (a login); token goes out as X-Auth-Token; both may be NULL. On failure (-errno)
 * nothing was sent and done is not called. */
int http_send(struct http *h, const struct cloud_settings *cloud, const struct exchange_request *request,
	const struct secret *secret_body, const struct secret *token, int64_t timeout_ms, http_done *done,
	void *arg) _must_check_;

unsigned http_active(const struct http *h); /* exchanges under way */
void http_reset(struct http *h);	    /* closes idle connections: TLS settings may have changed */
const char *http_version(void);		    /* for --version and the start line */
