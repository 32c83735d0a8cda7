/* drs.h - DRS's requests and replies, and the one table from (HTTP status, code, body) to an outcome. */
#pragma once

#include "call.h"
#include "exchange.h"
#include "macro.h"

/* URL and body of a status, submit or result call; both malloc'ed. -ENOMEM. */
int drs_request(const struct call *call, char **ret_url, char **ret_body) _must_check_;

/* What the exchange means for the call: never fails to mean something; -ENOMEM only. */
int drs_reply(const struct call *call, const struct exchange *x, struct reply **ret) _must_check_;

/* The table alone: outcome of a whole answer or, with in_entry, of one entry with that code. `code` may be
 * "". Codes are compared behind "DRS." or "DRS-"; APIG.x and APIGW.x are the same. `text` (may be "") is
 * looked at only where the code alone does not tell. */
enum outcome drs_outcome(int status, const char *code, const char *text, bool in_entry);
