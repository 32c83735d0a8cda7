/* sign_inner.h - the inside of the signer: text that is wiped, and a URL in its canonical form. */
#pragma once

#include "macro.h"

/* Text that grows; NUL-terminated once something was put. The first failure sticks, in `failed`. */
struct sign_text {
	char *p;
	size_t len, room;
	bool failed;
};
void sign_text_done(struct sign_text *t); /* wipes */
void sign_text_put(struct sign_text *t, const char *s, size_t len);
void sign_text_add(struct sign_text *t, const char *s);
void sign_text_lower(struct sign_text *t, const char *s, size_t len); /* in lower case */
#define _cleanup_sign_text_ _cleanup_(sign_text_done)

struct sign_url {
	struct sign_text host;        /* the value of Host */
	struct sign_text path, query; /* lines 2 and 3 of the canonical request */
};
void sign_url_done(struct sign_url *u);
#define _cleanup_sign_url_ _cleanup_(sign_url_done)

/* Fills *ret, zeroed by the caller, who is done with it also on failure. -EINVAL: no http(s) URL of printable
 * text without user name, or one with "." or ".." in its path; -ENOMEM. */
int sign_url_read(const char *text, struct sign_url *ret) _must_check_;
