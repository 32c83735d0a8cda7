/* secret.h - passwords and tokens: locked, undumped, wiped memory without a printing function. */
#pragma once

#include "macro.h"

struct secret;

/* Takes a copy of len bytes; the caller wipes its own. -ENOMEM; -E2BIG over SECRET_MAX. */
#define SECRET_MAX 65536
int secret_new(const char *bytes, size_t len, struct secret **ret) _must_check_;
struct secret *secret_free(struct secret *s); /* wipes; NULL is fine; returns NULL */
DEFINE_CLEANUP(struct secret *, secret_free)

const char *secret_bytes(const struct secret *s); /* borrowed, NUL-terminated */
size_t secret_len(const struct secret *s);

/* The first 8 hex digits of SHA-256: a name for it that tells nothing. */
#define SECRET_MARK 9
void secret_mark(const struct secret *s, char ret[SECRET_MARK]);

bool secret_equal(const struct secret *a, const struct secret *b); /* both may be NULL */

/* Whether a place is written as secret_read() wants it; opens nothing. 0, or -EINVAL and `why`, which does
 * not repeat the text: it may be a secret written where its place belongs. */
int secret_place_check(const char *place, char why[200]) _must_check_;

/* Reads a secret from its place: "credential:NAME" (in $CREDENTIALS_DIRECTORY), "file:PATH" (absolute; a
 * regular file, no link, without group or other bits, judged on the opened file), "env:NAME". One trailing
 * newline is dropped; what is left is one line of UTF-8 without control characters.
 * On failure `why` is one sentence (never the secret):
 * -ENOENT missing, -EACCES unsafe or unreadable, -EINVAL no such kind of place, empty or no text, -ENOMEM. */
int secret_read(const char *place, struct secret **ret, char why[200]) _must_check_;
