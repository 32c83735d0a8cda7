/* fuzz_reply.c - answers of DRS, IAM and the metadata service: the first bytes say which call, status and type, the
 * rest is the body. */
#include "fuzz.h"

#include "drs.h"
#include "iam.h"
#include "metadata.h"
#include "text.h"

#define PROJECT "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
#define WALL    INT64_C(1795575600000) /* 2026-11-25 03:00:00 UTC */

static void check(const struct call *call, const struct reply *r)
{
	MUST(r->call == call->id);
	MUST((unsigned)r->outcome < _OUTCOME_MAX);
	MUST(r->n <= call->n);
	MUST(text_utf8_valid(r->text, strlen(r->text)) &&
		text_utf8_valid(r->code, strlen(r->code)));
	MUST(r->retry_after >= -1 && r->retry_after <= MINUTES(15));
	for (size_t i = 0; i < r->n; i++) {
		const struct answer *a = &r->answers[i];

		MUST(r->outcome == OUTCOME_OK);
		MUST(text_utf8_valid(a->text, strlen(a->text)));
		if (call->kind == CALL_RESULT && a->outcome == OUTCOME_OK)
			MUST(a->report);
		for (size_t k = 0; k < i; k++) /* one for each task */
			MUST(strcmp(a->task, r->answers[k].task) != 0);
	}
	if (call->kind == CALL_LOGIN && r->outcome == OUTCOME_OK)
		MUST(r->life > 0);
}

static void login(unsigned which, const struct call *call, const struct exchange *x)
{
	_cleanup_(reply_freep) struct reply *r = NULL;
	_cleanup_(secret_freep) struct secret *token = NULL;
	_cleanup_(pass_freep) struct pass *pass = NULL;
	int err = 0;

	switch (which % 5) {
	case 0:
		err = iam_reply(call, x, "MIIabc", 6, IAM_PROJECT, &r, &token);
		break;
	case 1:
		err = iam_reply(call, x, "MIIabc", 6, IAM_ACCOUNT, &r, &token);
		break;
	case 2:
		err = iam_check_reply(call, x, WALL, &r);
		break;
	case 3:
		err = iam_project_reply(call, x, &r);
		break;
	case 4:
		err = metadata_reply(call, x, WALL, &r, &pass);
		break;
	}
	MUST(err == 0 && r);
	check(call, r);
	if (which % 5 < 2)
		MUST((r->outcome == OUTCOME_OK) == (token != NULL));
	if (which % 5 == 4)
		MUST((r->outcome == OUTCOME_OK) == (pass != NULL));
	if (r->outcome == OUTCOME_OK && which % 5 != 1 && which % 5 != 4)
		MUST(*r->project && !strpbrk(r->project, "/?# "));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int statuses[] = {
		200, 201, 202, 400, 401, 403, 404, 409, 422, 429, 431, 494, 500, 502, 503, 302};
	static const char *const types[] = {
		"application/json", "application/json;charset=utf8", "text/html", NULL};
	struct cloud_settings cloud = {.name = (char *)"c", .project = (char *)"eu-de"};
	struct call call = {.id = 7, .cloud = &cloud, .n = 3};
	struct exchange x = {0};
	char *body;

	if (size < 3)
		return 0;
	call.kind = data[0] % _CALL_KIND_MAX;
	x.status = statuses[data[1] % ELEMENTSOF(statuses)];
	x.content_type = types[data[1] / 16 % ELEMENTSOF(types)];
	x.cut = data[1] >= 240;
	for (unsigned i = 0; i < call.n; i++)
		snprintf(call.jobs[i].task, TASK_ID_SIZE, "5f0e9d8c-1a2b-4c3d-8e9f-00000000000%u",
			i);
	body = fuzz_text(data + 3, size - 3);
	x.body = body;
	x.len = size - 3;
	if (call.kind == CALL_LOGIN) {
		call.n = 0;
		if (data[2] & 128) {
			cloud.project = NULL;
			cloud.project_id = (char *)PROJECT;
		}
		login(data[2], &call, &x);
	} else {
		_cleanup_(reply_freep) struct reply *r = NULL;

		MUST(drs_reply(&call, &x, &r) == 0);
		check(&call, r);
	}
	free(body);
	return 0;
}
