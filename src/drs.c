/* drs.c - DRS's requests and replies.
 *
 * Errors hide in successes (entries that failed inside a 200), successes in errors (a results
 * array inside a 400), and entries come in any order or not at all. So whatever the status, a
 * results array is judged entry by entry, and entries are joined to jobs by id alone. */
#include "drs.h"

#include "json.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* An id quoted: 36 characters could all need six in theory. */
#define QUOTED_MAX  (TASK_ID_SIZE * 6 + 3)
#define BODY_MAX    (CALL_JOBS_MAX * (QUOTED_MAX + 64) + 128)

/* 2001 and 9999: what lies outside was no number of milliseconds. */
#define CREATED_MIN INT64_C(1000000000000)
#define CREATED_MAX INT64_C(253402300799999)

static void add_job(struct line *body, const struct call *call, unsigned i)
{
	char id[QUOTED_MAX];

	(void)json_quote(id, sizeof(id), call->jobs[i].task);
	line_add(body, "%s", i ? "," : "");
	if (call->kind == CALL_SUBMIT)
		line_add(body, "{\"job_id\":%s,\"precheck_mode\":\"%s\"}", id,
			call->jobs[i].retry_mode ? "forRetryJob" : "forStartJob");
	else
		line_add(body, "%s", id);
}

int drs_request(const struct call *call, char **ret_url, char **ret_body)
{
	_cleanup_free_ char *rest = NULL, *body = NULL;
	struct line line;
	char *url;

	if (call->kind == CALL_LOGIN)
		return -EINVAL;
	body = malloc(BODY_MAX);
	if (!body)
		return -ENOMEM;
	line_init(&line, body, BODY_MAX);
	line_add(&line, "{\"jobs\":[");
	for (unsigned i = 0; i < call->n; i++)
		add_job(&line, call, i);
	line_add(&line, "]");
	/* Without page_req, more than five ids are answered by five entries. */
	if (call->kind == CALL_STATUS || call->kind == CALL_DETAIL)
		line_add(&line, ",\"page_req\":{\"cur_page\":1,\"per_page\":%u}", call->n);
	line_add(&line, "}");

	if (asprintf(&rest, "/%s/jobs/%s", call->project, call_kind_name(call->kind)) < 0) {
		rest = NULL;
		return -ENOMEM;
	}
	if (exchange_url(call->cloud->drs, rest, &url) < 0)
		return -ENOMEM;
	*ret_url = url;
	*ret_body = body;
	body = NULL;
	return 0;
}

/* Which job of the call an entry is about; -1: none. Each kind of call names the id differently. */
static int job_of(const struct call *call, const struct json *entry)
{
	static const char *const keys[] = {"id", "job_id", "precheck_id"};

	for (size_t k = 0; k < ELEMENTSOF(keys); k++) {
		const char *id = json_get_word(entry, keys[k]);

		for (unsigned i = 0; id && i < call->n; i++)
			if (strcmp(call->jobs[i].task, id) == 0)
				return (int)i;
	}
	return -1;
}

/* When the task was made, wall ms; 0 where that is not said, or in another unit than ms. */
static int64_t read_created(const struct json *entry)
{
	const char *digits = json_get_word(entry, "create_time");
	int64_t ms = 0;

	if (!digits)
		(void)json_get_integer(entry, "create_time", &ms);
	for (; digits && *digits; digits++) {
		if (*digits < '0' || *digits > '9' || ms > CREATED_MAX)
			return 0;
		ms = ms * 10 + (*digits - '0');
	}
	return ms >= CREATED_MIN && ms <= CREATED_MAX ? ms : 0;
}

/* Decodes what an entry says; *ret_said false: nothing. */
static int read_entry(const struct call *call, const struct exchange *x, const struct json *entry,
	struct answer *ret, bool *ret_said)
{
	const char *status = json_get_word(entry, "status");
	bool failed = status && strcmp(status, "failed") == 0;
	struct problem problem;

	*ret = (struct answer){.outcome = OUTCOME_OK};
	*ret_said = true;
	exchange_problem(entry, &problem);
	if (problem.code[0]) {
		ret->outcome = drs_outcome(x->status, problem.code, problem.text, true);
	} else if (call->kind == CALL_STATUS || call->kind == CALL_DETAIL) {
		*ret_said = status != NULL;
		if (status)
			text_escape(ret->status, sizeof(ret->status), status, strlen(status));
		/* The rest of a detail, which may hold passwords of databases, stays where it is. */
		if (call->kind == CALL_DETAIL)
			ret->created = read_created(entry);
		return 0;
	} else if (call->kind == CALL_RESULT &&
		   (json_has(entry, "process") || !(failed || problem.text[0]))) {
		return drs_report(entry, &ret->report);
	} else if (failed || call->kind == CALL_RESULT) {
		ret->outcome = OUTCOME_REFUSED;
	} else {
		*ret_said = status && strcmp(status, "success") == 0;
		return 0;
	}
	text_copy(ret->code, sizeof(ret->code), problem.code);
	text_copy(ret->text, sizeof(ret->text), problem.text);
	return 0;
}

/* How much hope an answer gives: of two for one task the one that gives less is taken. */
static int hope(const struct answer *a)
{
	if (a->outcome != OUTCOME_OK)
		return 0;
	if (!a->report)
		return 1000;
	if (!report_finished(a->report))
		return 1 + MAX(a->report->process, 0);
	return 1000 - (int)report_grade(a->report);
}

static void answer_done(struct answer *a)
{
	a->report = report_unref(a->report);
}

/* Takes `a` into the job's slot, which may hold an answer already. */
static void merge(struct answer *slot, bool *taken, struct answer *a, const char *task)
{
	if (*taken && slot->created != a->created)
		slot->created = a->created = 0;
	if (*taken && slot->outcome == OUTCOME_OK && a->outcome == OUTCOME_OK &&
		strcmp(slot->status, a->status) != 0) {
		slot->outcome = OUTCOME_SERVER;
		slot->status[0] = '\0';
		text_copy(slot->text, sizeof(slot->text), "DRS gave two statuses for this task");
		return;
	}
	if (*taken && hope(a) >= hope(slot)) {
		answer_done(a);
		return;
	}
	answer_done(slot);
	*slot = *a;
	text_copy(slot->task, sizeof(slot->task), task);
	*taken = true;
}

/* Fills r's answers from a results array; r->n is their number afterwards. */
static int read_results(const struct call *call, const struct exchange *x,
	const struct json *results, struct reply *r)
{
	bool taken[CALL_JOBS_MAX] = {false};
	size_t used = 0;

	for (size_t i = 0; i < json_count(results); i++) {
		const struct json *entry = json_at(results, i);
		int job = job_of(call, entry), err;
		struct answer a;
		bool said;

		if (job < 0)
			continue;
		err = read_entry(call, x, entry, &a, &said);
		if (err < 0)
			return err;
		if (said)
			merge(&r->answers[job], &taken[job], &a, call->jobs[job].task);
	}
	for (unsigned i = 0; i < call->n; i++) {
		if (!taken[i])
			continue;
		if (used != i) {
			r->answers[used] = r->answers[i];
			r->answers[i] = (struct answer){0};
		}
		used++;
	}
	r->n = used;
	return 0;
}

/* A throttle or a void token is never one task's trouble: if that is all the entries say, the call as
 * a whole was not taken, and the cloud has to slow down or log in. */
static void lift(struct reply *r)
{
	enum outcome o = r->n > 0 ? r->answers[0].outcome : OUTCOME_OK;

	if (o != OUTCOME_THROTTLED && o != OUTCOME_TOKEN)
		return;
	for (size_t i = 1; i < r->n; i++)
		if (r->answers[i].outcome != o)
			return;
	r->outcome = o;
	text_copy(r->code, sizeof(r->code), r->answers[0].code);
	text_copy(r->text, sizeof(r->text), r->answers[0].text);
	r->n = 0;
}

/* A sentence where the service itself said nothing. */
static void tell_status(const struct exchange *x, const struct json *body, struct reply *r)
{
	char type[60] = "no content type";

	if (x->content_type)
		text_escape(type, sizeof(type), x->content_type, strlen(x->content_type));
	if (exchange_head_too_large(x))
		snprintf(r->text, sizeof(r->text), EXCHANGE_TOKEN_TOO_LARGE, x->status);
	else if (r->text[0])
		return;
	else if (x->len == 0)
		snprintf(r->text, sizeof(r->text), "empty answer (HTTP %d)", x->status);
	else if (!body)
		snprintf(r->text, sizeof(r->text), "answer is not JSON (HTTP %d, %s)", x->status,
			type);
	else if (exchange_success(x))
		snprintf(r->text, sizeof(r->text), "answer without results (HTTP %d)", x->status);
	else
		snprintf(r->text, sizeof(r->text), "answer without an error code (HTTP %d)",
			x->status);
}

/* The call as a whole was not taken. */
static void read_refusal(
	const struct call *call, const struct exchange *x, const struct json *body, struct reply *r)
{
	struct problem problem;
	enum outcome o;

	exchange_problem(body, &problem);
	text_copy(r->code, sizeof(r->code), problem.code);
	text_copy(r->text, sizeof(r->text), problem.text);
	if (!r->request_id[0])
		text_copy(r->request_id, sizeof(r->request_id), problem.request_id);
	tell_status(x, body, r);

	if (problem.keystone && !problem.code[0] && x->status == 401)
		o = OUTCOME_TOKEN; /* a body of IAM's own kind: it speaks of the token alone */
	else
		o = drs_outcome(x->status, problem.code, problem.text, false);
	/* Not JSON, so it is nobody of DRS who refuses: a gateway, a portal. No task is to blame for that. */
	if (o == OUTCOME_BAD_REQUEST && !body)
		o = OUTCOME_MISCONFIGURED;
	r->n = 0;
	if (outcome_is_task(o) && call->n == 1) {
		struct answer *a = &r->answers[r->n++];

		a->outcome = o;
		text_copy(a->task, sizeof(a->task), call->jobs[0].task);
		text_copy(a->code, sizeof(a->code), problem.code);
		text_copy(a->text, sizeof(a->text), problem.text);
		o = OUTCOME_OK;
	} else if (outcome_is_task(o)) {
		o = OUTCOME_BAD_REQUEST;
	}
	r->outcome = o;
	/* Trouble behind the gateway may have come after DRS took the submit. */
	r->maybe_done = o == OUTCOME_SERVER && call->kind == CALL_SUBMIT;
}

int drs_reply(const struct call *call, const struct exchange *x, struct reply **ret)
{
	_cleanup_(reply_freep) struct reply *r = NULL;
	_cleanup_(json_freep) struct json *body = NULL;
	const struct json *results;
	struct problem problem;
	int err = reply_new(call->id, call->n, &r);

	if (err < 0)
		return err;
	if (exchange_settled(x, r)) {
		r->n = 0;
		goto done;
	}
	/* A success that is not declared as JSON comes from some portal or proxy; errors are
	 * read with more patience. */
	if (!exchange_success(x) || exchange_is_json(x)) {
		err = json_parse(x->body, x->len, &body);
		if (err == -ENOMEM)
			return err;
	}
	exchange_problem(body, &problem);
	results = json_get_array(body, "results");
	err = read_results(call, x, results, r);
	if (err < 0)
		return err;
	if (r->n == 0 && !(results && exchange_success(x) && !problem.code[0]))
		read_refusal(call, x, body, r);
	else
		lift(r);
done:
	*ret = r;
	r = NULL;
	return 0;
}
