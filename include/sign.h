/* sign.h - SDK-HMAC-SHA256: the signature that a call carries in place of a token. */
#pragma once

#include "auth.h"
#include "macro.h"
#include "secret.h"

#define SIGN_DATE_SIZE 17 /* "YYYYMMDDTHHMMSSZ" and the NUL */

struct sign_header {
	const char *name, *value; /* any case; the value is trimmed in the signature */
};

struct sign_request {
	const char *method; /* "GET", "POST"; any case */
	/* Absolute; path and query as they go onto the wire, percent-encoded or not: "%20" and a blank are the
	 * same, a '+' is a plus. What stands behind '#' is not sent, and not signed. */
	const char *url;
	const char *body; /* NULL: empty */
	size_t body_len;
	/* Those to be signed besides host and x-sdk-date: content-type, x-project-id, x-security-token. The value
	 * of an x-sdk-content-sha256 is taken in place of the body's hash. */
	const struct sign_header *headers;
	size_t n_headers;
};

struct sign_key {
	const char *access;
	const struct secret *secret;
	enum signature form;
	const char *region, *service; /* of the older form's scope; "" or NULL: empty */
};

/* The value of Authorization, malloc'ed, and that of X-Sdk-Date, for this one sending: a second one needs a
 * fresh date. wall: ms UTC. Nothing of the secret key is left behind, nor of the headers' values.
 * -EINVAL: the URL is none, or not sent as it stands ("/./", "/../"); a header, the access key or the scope
 * holds a line break or another control character; a header is named twice, host and x-sdk-date included; a
 * year without four digits. -ENOMEM: no memory, or none for libcrypto. */
int sign_make(const struct sign_request *r, const struct sign_key *key, int64_t wall,
	char **ret_authorization, char ret_date[SIGN_DATE_SIZE]) _must_check_;

/* The canonical request that is signed, malloc'ed, for tests and comparison. As sign_make(). */
int sign_canonical(
	const struct sign_request *r, const char date[SIGN_DATE_SIZE], char **ret) _must_check_;

/* The value of Host for that URL, malloc'ed: in lower case, without the scheme's own port. What is signed must
 * be sent. */
int sign_host(const char *url, char **ret) _must_check_;
