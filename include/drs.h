/* drs.h - DRS's requests and replies, and the one table from (HTTP status, code, body) to an
 * outcome. */
#pragma once

#include "call.h"
#include "exchange.h"
#include "macro.h"

struct json;

/* URL and body of any call but a login; both malloc'ed. -ENOMEM; -EINVAL for a login. */
int drs_request(const struct call *call, char **ret_url, char **ret_body) _must_check_;

/* What the exchange means for the call: never fails to mean something; -ENOMEM only.
 *
 * Answers are joined by id and hold at most one entry per job of the call, in the call's order:
 * entries for other ids are left out, and of several for one id the least hopeful counts (an error
 * before a report, an unfinished report before a finished one, the worse grade, a failure before a
 * success; two different statuses are the server's trouble, two moments of creation are unknown).
 * An entry that says nothing is left out: to the heart that is the same as no answer.
 *
 * If all entries say "throttled", or all "token not taken", that is the outcome of the call and
 * there are no answers.
 *
 * A refusal of the whole call that can only be one task's (its state, its parent, it is gone,
 * ...) becomes that task's answer if it was alone in the call, else OUTCOME_BAD_REQUEST, so that
 * each is asked alone. */
int drs_reply(const struct call *call, const struct exchange *x, struct reply **ret) _must_check_;

/* The table alone: outcome of a whole answer or, with in_entry, of one entry with that code.
 * `code` may be "". Codes are compared behind "DRS." or "DRS-"; APIG.x and APIGW.x are the same.
 * `text` (may be "") is looked at only where the code alone does not tell. Never OUTCOME_OK. */
enum outcome drs_outcome(int status, const char *code, const char *text, bool in_entry);

/* Decodes one entry of a batch-precheck-result into a sealed report. What cannot be read never
 * makes it look better: it becomes an item of ITEM_OTHER or leaves the report unfinished.
 * -ENOMEM. */
int drs_report(const struct json *entry, struct report **ret) _must_check_;
