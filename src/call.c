/* call.c - names of calls and outcomes, and the life of a reply. */
#include "call.h"

#include <errno.h>
#include <string.h>

static const char *const call_kind_names[_CALL_KIND_MAX] = {
	[CALL_LOGIN] = "login",
	[CALL_STATUS] = "batch-status",
	[CALL_SUBMIT] = "batch-precheck",
	[CALL_RESULT] = "batch-precheck-result",
	[CALL_DETAIL] = "batch-detail",
};

static const char *const outcome_names[_OUTCOME_MAX] = {
	[OUTCOME_OK] = "ok",
	[OUTCOME_BUSY] = "busy",
	[OUTCOME_WRONG_STATE] = "wrong-state",
	[OUTCOME_NOT_READY] = "not-ready",
	[OUTCOME_PARENT] = "parent",
	[OUTCOME_REFUSED] = "refused",
	[OUTCOME_DENIED] = "denied",
	[OUTCOME_GONE] = "gone",
	[OUTCOME_BAD_REQUEST] = "bad-request",
	[OUTCOME_THROTTLED] = "throttled",
	[OUTCOME_TOKEN] = "token",
	[OUTCOME_CREDENTIAL] = "credential",
	[OUTCOME_LOCKED] = "locked",
	[OUTCOME_MISCONFIGURED] = "misconfigured",
	[OUTCOME_SERVER] = "server",
	[OUTCOME_TRANSPORT] = "transport",
};

const char *call_kind_name(enum call_kind k)
{
	return (unsigned)k < _CALL_KIND_MAX ? call_kind_names[k] : "unknown";
}

bool refusal_names_project(const char *code, const char *text)
{
	return strcmp(code, "IAM.0004") == 0 || strcasestr(text, "project") != NULL;
}

const char *outcome_name(enum outcome o)
{
	return (unsigned)o < _OUTCOME_MAX ? outcome_names[o] : "unknown";
}

int reply_new(uint64_t call, size_t n, struct reply **ret)
{
	struct reply *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->call = call;
	r->retry_after = -1;
	if (n > 0) {
		r->answers = calloc(n, sizeof(*r->answers));
		if (!r->answers) {
			free(r);
			return -ENOMEM;
		}
		r->n = n;
	}
	*ret = r;
	return 0;
}

struct reply *reply_free(struct reply *r)
{
	if (!r)
		return NULL;
	for (size_t i = 0; i < r->n; i++)
		report_unref(r->answers[i].report);
	free(r->answers);
	free(r);
	return NULL;
}

bool outcome_is_task(enum outcome o)
{
	switch (o) {
	case OUTCOME_BUSY:
	case OUTCOME_WRONG_STATE:
	case OUTCOME_NOT_READY:
	case OUTCOME_PARENT:
	case OUTCOME_REFUSED:
	case OUTCOME_GONE:
		return true;
	default:
		return false;
	}
}
