/* stamp.h - puts a pass on a request: its token, or a signature made with its key. */
#pragma once

#include "exchange.h"
#include "macro.h"
#include "settings.h"
#include "sign.h"
#include "token.h"

/* What the request's headers point to. Zero it to begin. */
struct stamp {
	char *authorization;
	char date[SIGN_DATE_SIZE];
};
void stamp_done(struct stamp *s); /* for _cleanup_(), once the request was handed over */

/* Adds headers to r, which has method, URL and body already, for one sending at `wall` (ms UTC). All is
 * borrowed and has to live until the request is handed over. project: the id that a signed call is for, may be
 * NULL. service: "drs" or "iam". -EINVAL as sign_make(); -ENOMEM. */
int stamp_put(struct stamp *s, const struct pass *pass, const struct cloud_settings *cloud,
	const char *project, const char *service, int64_t wall,
	struct exchange_request *r) _must_check_;
