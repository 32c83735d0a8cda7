/* http.h - HTTPS on the loop: with transfer and trouble, which are its own, the only place that knows libcurl.
 *
 * What holds for every exchange: the certificate and its name are verified, TLS 1.2 or later; plain http goes
 * to loopback only; redirects are never followed; HTTP/1.1; no compression; nothing is taken from the
 * environment (http_proxy, no_proxy and the like): a proxy is used only if the cloud's settings name one, and
 * never for loopback. A ca_file is trusted in place of libcurl's CA bundle, beside its CA directory where the
 * build has one (Debian: /etc/ssl/certs, so there it adds to the system's). */
#pragma once

#include "exchange.h"
#include "macro.h"
#include "secret.h"
#include "settings.h"
#include <event2/event.h>

struct http;

/* Called once per http_send(), never from inside it. Everything in x is borrowed for the call, and wiped
 * after it. `token` is the X-Subject-Token header of the final answer, NUL-terminated, as long as it came
 * (libcurl takes lines of up to 100 KB); NULL if there was none or an empty one. It may call http_send(), http_reset() and http_free(). */
typedef void http_done(void *arg, const struct exchange *x, const char *token, size_t token_len);

int http_new(struct event_base *base, struct http **ret) _must_check_; /* borrows base */

/* Drops what is under way without calling back, and waits for no name server; before the base goes. May be
 * NULL; returns NULL. */
struct http *http_free(struct http *h);
DEFINE_CLEANUP(struct http *, http_free)

/* Starts an exchange with a total budget of timeout_ms; copies what it needs of all arguments. A request marked
 * `once` goes over a connection of its own and is never repeated; given up, its connection is reset, so that
 * the kernel cannot deliver it later. On failure nothing was sent and done is not called: -EINVAL not an http(s)
 * URL, or a secret header that is empty or not printable ASCII; -E2BIG one over TOKEN_MAX; -EPERM plain http to
 * another host than loopback; -ENOMEM; -EOPNOTSUPP libcurl lacks something. */
int http_send(struct http *h, const struct cloud_settings *cloud,
	const struct exchange_request *request, int64_t timeout_ms, http_done *done,
	void *arg) _must_check_;

unsigned http_active(const struct http *h); /* exchanges whose done is still owed */

/* From now on new connections only, and CA files are read anew: TLS settings may have changed. Exchanges under
 * way go on. */
void http_reset(struct http *h);

/* "libcurl 7.88.1, OpenSSL/3.0.22", for --version and the start line; n >= 80 is enough. Returns buf. */
char *http_version(char *buf, size_t n);
