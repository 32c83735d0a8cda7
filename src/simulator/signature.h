/* signature.h - SDK-HMAC-SHA256: the signature of a request, read, and made once more from the request. */
#pragma once

#include "macro.h"

#include <event2/keyvalq_struct.h>

#define SIGNATURE_WHY 120

/* What an Authorization header says. */
struct signature {
	bool credential; /* Credential=KEY/SCOPE, the older form; else Access=KEY */
	char key[129];
	char scope[161], day[9], region[65], service[65]; /* of the older form */
	char headers[1025];                               /* the signed ones, as they came */
	char hex[65];
};

/* A request as it came: path and query percent-encoded, query NULL if there is none. */
struct signed_request {
	const char *method, *path, *query;
	const struct evkeyvalq *headers;
	const void *body;
	size_t body_len;
};

/* -EINVAL: it is none, and why says so. */
int signature_parse(
	const char *authorization, struct signature *ret, char why[SIGNATURE_WHY]) _must_check_;

/* True if name (in lower case) is among the signed headers. */
bool signature_covers(const struct signature *g, const char *name);

/* The canonical request, malloc'ed. -EINVAL: a signed header is missing, there twice, or not in its place in
 * the list; why says so. -ENOMEM. */
int signature_canonical(const struct signature *g, const struct signed_request *q, char **ret,
	char why[SIGNATURE_WHY]) _must_check_;

/* The signature that it must have; date is the value of X-Sdk-Date. */
void signature_make(const struct signature *g, const char *secret, const char *date,
	const char *canonical, char ret[65]);

/* The lower-case hex SHA-256 of bytes. */
void signature_hash(const void *bytes, size_t len, char ret[65]);

/* "YYYYMMDDTHHMMSSZ" as ms since 1970. -EINVAL if it is not exactly that. */
int signature_date(const char *text, int64_t *ret_wall) _must_check_;
