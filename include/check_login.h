/* check_login.h - `precheckd --check-login`: one login and one harmless call for each cloud, and what came of it. */
#pragma once

#include "call.h"
#include "macro.h"
#include "text.h"

/* What is known of a cloud after that. */
enum login_verdict {
	LOGIN_WORKS,
	LOGIN_CREDENTIAL,    /* refused, or it can't be read */
	LOGIN_LOCKED,        /* the user or key is locked for a while */
	LOGIN_PERMISSION,    /* good, but may not read tasks */
	LOGIN_MISCONFIGURED, /* region, project or URL */
	LOGIN_NO_AGENCY,     /* the metadata service has no keys for this machine */
	LOGIN_UNREACHABLE,
	_LOGIN_VERDICT_MAX
};
const char *login_verdict_name(enum login_verdict v); /* "works", "wrong credential", ... */

/* By the reply to the login, or to the call after it. */
enum login_verdict login_verdict(
	enum auth_method method, enum call_kind kind, const struct reply *r);

/* Tries every cloud of the configuration (one try each; neither store nor lock is touched, so it may run beside a
 * daemon), prints a line for each, and returns the exit status: 0 all work, 1 not all, 78 bad configuration. */
int check_login_run(const char *config);
