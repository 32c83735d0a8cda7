/* drs.c - the simulated DRS: four calls, each carrying the ids of several tasks.
 *
 * A request is first judged as a whole (nothing is done if any part of it is malformed), then every id
 * on its own; how a refusal of one id comes back is a matter of the scenario. */
#include "drs.h"
#include "backoff.h"
#include "caller.h"
#include "code.h"
#include "detail.h"
#include "fault.h"
#include "task.h"

#include <string.h>

/* Why one id is refused; code NULL: it is not. */
struct refusal {
	const char *code, *message;
	int shape;
};

/* The answer as it grows. */
struct collected {
	struct json_object *results;
	bool busy;       /* a M01504 among them: the answer is a 202 */
	bool results400; /* shape E */
};

int64_t drs_active(const struct sim *s)
{
	struct project *p;
	struct task *t;
	int64_t n = 0;

	TAILQ_FOREACH (p, &s->projects, link)
		TAILQ_FOREACH (t, &p->tasks, link)
			n += task_running(s, t);
	return n;
}

void drs_names(struct request *r)
{
	struct json_object *jobs, *v;

	if (!r->json || !json_object_object_get_ex(r->json, "jobs", &jobs) ||
		!json_object_is_type(jobs, json_type_array))
		return;
	r->tasks = json_object_new_array();
	if (r->kind == KIND_SUBMIT)
		r->modes = json_object_new_array();
	for (size_t i = 0; i < json_object_array_length(jobs); i++) {
		struct json_object *j = json_object_array_get_idx(jobs, i);

		if (json_object_is_type(j, json_type_string)) {
			json_object_array_add(r->tasks, json_object_get(j));
			continue;
		}
		if (json_object_object_get_ex(j, "job_id", &v) &&
			json_object_is_type(v, json_type_string))
			json_object_array_add(r->tasks, json_object_get(v));
		if (r->modes && json_object_object_get_ex(j, "precheck_mode", &v) &&
			json_object_is_type(v, json_type_string))
			json_object_array_add(r->modes, json_object_get(v));
	}
}

static struct task *find(const struct request *r, const char *id)
{
	struct task *t;

	TAILQ_FOREACH (t, &r->project->tasks, link)
		if (strcmp(t->id, id) == 0)
			return t;
	return NULL;
}

/* ---- the request as a whole ---- */

static bool refused(
	struct answer *a, struct request *r, const char *code, const char *fmt, const char *arg)
{
	char text[200];

	snprintf(text, sizeof(text), "%s (%s%s)", code_text(code, r->zh), fmt, arg);
	request_note(r, "bad request: %s%s", fmt, arg);
	answer_error(a, r, 0, code, text);
	return false;
}

/* The text at key of a submit's entry, or NULL with a refusal in a. */
static const char *entry_text(
	struct answer *a, struct request *r, struct json_object *entry, const char *key)
{
	struct json_object *v;

	if (!json_object_object_get_ex(entry, key, &v) || !v)
		return refused(a, r, "DRS.M00201", "jobs[].", key), NULL;
	if (!json_object_is_type(v, json_type_string))
		return refused(a, r, "DRS.M00202", "jobs[].", key), NULL;
	if (json_object_get_string_len(v) == 0)
		return refused(a, r, "DRS.M00201", "jobs[].", key), NULL;
	return json_object_get_string(v);
}

static bool mode_known(const struct sim *s, const char *mode)
{
	return strcmp(mode, "forStartJob") == 0 ||
	       (s->profile == PROFILE_HUAWEI && strcmp(mode, "forRetryJob") == 0);
}

static bool check_jobs(struct answer *a, struct request *r, struct json_object **ret)
{
	struct sim *s = r->sim;
	int64_t max = s->defaults.max_jobs;
	struct json_object *jobs;
	size_t n;

	if (!r->json)
		return refused(a, r, "DRS.M00007", "body is no JSON object", "");
	if (!json_object_object_get_ex(r->json, "jobs", &jobs) || !jobs)
		return refused(a, r, "DRS.M00201", "jobs", "");
	if (!json_object_is_type(jobs, json_type_array))
		return refused(a, r, "DRS.M00202", "jobs", "");
	n = json_object_array_length(jobs);
	if (n == 0)
		return refused(a, r, "DRS.M00201", "jobs", "");
	if (max < 0)
		max = s->profile == PROFILE_HUAWEI ? 10 : 0;
	if (n > 10)
		request_note(r, "more than 10 jobs: %zu", n);
	if (r->kind == KIND_SUBMIT && max > 0 && n > (size_t)max)
		return refused(a, r, s->defaults.max_jobs_code, "too many jobs", "");
	for (size_t i = 0; i < n; i++) {
		struct json_object *j = json_object_array_get_idx(jobs, i);
		const char *id;

		if (r->kind == KIND_SUBMIT) {
			const char *mode;

			if (!json_object_is_type(j, json_type_object))
				return refused(a, r, "DRS.M00202", "jobs", "");
			id = entry_text(a, r, j, "job_id");
			mode = id ? entry_text(a, r, j, "precheck_mode") : NULL;
			if (!mode)
				return false;
			if (!mode_known(s, mode))
				return refused(a, r, "DRS.M00202", "precheck_mode ", mode);
		} else {
			if (!json_object_is_type(j, json_type_string))
				return refused(a, r, "DRS.M00202", "jobs", "");
			id = json_object_get_string(j);
		}
		if (!task_id_valid(id))
			return refused(a, r, "DRS.M00202", "job_id ", id);
	}
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < i; k++) {
			const char *id = json_object_get_string(
				json_object_array_get_idx(r->tasks, i));

			if (strcmp(id, json_object_get_string(
					       json_object_array_get_idx(r->tasks, k))) == 0)
				return refused(a, r, "DRS.M00301", "job_id ", id);
		}
	*ret = jobs;
	return true;
}

/* Statuses and details come in pages, and call an error's text by another name than the others. */
static bool paged(const struct request *r)
{
	return r->kind == KIND_STATUS || r->kind == KIND_DETAIL;
}

/* The page of such a request: [*ret_from, *ret_to) of n ids. */
static bool check_page(
	struct answer *a, struct request *r, size_t n, size_t *ret_from, size_t *ret_to)
{
	struct json_object *page = NULL, *v;
	int64_t cur = 1, per = r->sim->defaults.page_of_5 ? 5 : 0, pages;

	if (json_object_object_get_ex(r->json, r->sim->defaults.page_key, &page) && page) {
		if (!json_object_is_type(page, json_type_object))
			return refused(a, r, "DRS.M00210", "page_req", "");
		if (json_object_object_get_ex(page, "cur_page", &v) && v) {
			if (!json_object_is_type(v, json_type_int))
				return refused(a, r, "DRS.M00210", "cur_page", "");
			cur = json_object_get_int64(v);
		}
		if (json_object_object_get_ex(page, "per_page", &v) && v) {
			if (!json_object_is_type(v, json_type_int))
				return refused(a, r, "DRS.M00210", "per_page", "");
			per = json_object_get_int64(v);
		}
	}
	if (cur < 1)
		return refused(a, r, "DRS.M00210", "cur_page", "");
	if (per < 0)
		return refused(a, r, "DRS.M00210", "per_page", "");
	if (per > 100)
		return refused(a, r, "DRS.M00211", "per_page", "");
	if (per == 0)
		per = (int64_t)n;
	pages = ((int64_t)n + per - 1) / per;
	if (cur > pages)
		return refused(a, r, "DRS.M00211", "cur_page", "");
	*ret_from = (size_t)((cur - 1) * per);
	*ret_to = MIN(n, *ret_from + (size_t)per);
	return true;
}

/* ---- one id ---- */

static void set_refusal(const struct request *r, const struct task *t, const char *code,
	const char *message, struct refusal *ret)
{
	ret->code = code;
	ret->message = message ? message : code_text(code, r->zh);
	ret->shape = t && t->shape >= 0 ? t->shape : r->sim->defaults.shape;
}

/* True if this call shows a deleted task as such: what Huawei's details do whatever the statuses do. */
static bool shows_deleted(const struct request *r)
{
	return paged(r) && (r->sim->defaults.deleted == DELETED_STATUS ||
				   (r->kind == KIND_DETAIL && r->sim->profile == PROFILE_HUAWEI));
}

/* What all calls refuse: no such task, or deleted. */
static bool gone(const struct request *r, const struct task *t, struct refusal *ret)
{
	if (!t) {
		set_refusal(r, NULL, r->sim->defaults.unknown_code, NULL, ret);
		return true;
	}
	if (!t->deleted || shows_deleted(r))
		return false;
	set_refusal(r, t, "DRS.M05004", NULL, ret);
	return true;
}

static bool state_allows(const struct task *t, const char *mode)
{
	const char *s = t->status ? t->status : "";

	if (strcmp(mode, "forStartJob") == 0)
		return strcmp(s, "CONFIGURATION") == 0;
	return strcmp(s, "FULL_TRANSFER_FAILED") == 0 || strcmp(s, "INCRE_TRANSFER_FAILED") == 0 ||
	       strcmp(s, "START_JOB_FAILED") == 0 ||
	       (strcmp(s, "INCRE_TRANSFER_STARTED") == 0 && t->edited);
}

static void judge_submit(struct request *r, struct task *t, const char *mode, struct refusal *ret)
{
	if (gone(r, t, ret))
		return;
	if (t->submit_code)
		set_refusal(r, t, t->submit_code, t->submit_message, ret);
	else if (t->parent)
		set_refusal(r, t, "DRS.M00307", NULL, ret);
	else if (!state_allows(t, mode))
		set_refusal(r, t, "DRS.M00304", NULL, ret);
	else if (!t->connection_tested)
		set_refusal(r, t, "DRS.M00300", NULL, ret);
	else if (t->busy != 0)
		set_refusal(r, t, "DRS.M01504", NULL, ret);
	if (t->busy > 0)
		t->busy--;
	if (ret->code || !task_running(r->sim, t))
		return;
	if (r->sim->defaults.overlap == OVERLAP_BUSY)
		set_refusal(r, t, "DRS.M01504", NULL, ret);
	else if (r->sim->defaults.overlap == OVERLAP_STATE)
		set_refusal(r, t, "DRS.M00304", NULL, ret);
}

static void judge_result(const struct request *r, const struct task *t, struct refusal *ret)
{
	if (gone(r, t, ret))
		return;
	if (t->result_code)
		set_refusal(r, t, t->result_code, t->result_message, ret);
	else if (r->sim->profile == PROFILE_OTC &&
		 (!t->status || strcmp(t->status, "CONFIGURATION") != 0))
		set_refusal(r, t, "DRS.M00304", NULL, ret);
	else if (!task_checked(t) && r->sim->defaults.never == NEVER_ERROR)
		set_refusal(r, t, "DRS.M00304", NULL, ret);
}

static void add(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, json_object_new_string(text));
}

static struct json_object *error_entry(
	const struct request *r, const struct task *t, const char *id, const struct refusal *why)
{
	struct json_object *e = json_object_new_object();

	if (r->kind == KIND_RESULT)
		add(e, "precheck_id", t && t->precheck_id ? t->precheck_id : id);
	else
		add(e, "id", id);
	if (r->kind == KIND_SUBMIT)
		add(e, "status", "failed");
	if (why->code && *why->code)
		add(e, "error_code", why->code);
	if (why->code && *why->code && why->message)
		add(e, paged(r) ? "error_message" : "error_msg", why->message);
	return e;
}

/* Of a status or a detail call. */
static struct json_object *shown_entry(
	const struct request *r, const struct task *t, const char *id, struct refusal *why)
{
	struct json_object *e;

	if (gone(r, t, why))
		return NULL;
	e = r->kind == KIND_DETAIL ? detail_entry(r->sim, t) : json_object_new_object();
	add(e, "id", id);
	if (t->deleted)
		add(e, "status", "DELETED");
	else if (t->status)
		add(e, "status", t->status);
	if (t->status_code)
		add(e, "error_code", t->status_code);
	if (t->status_message)
		add(e, "error_message", t->status_message);
	return e;
}

static struct json_object *submit_entry(
	struct request *r, struct task *t, const char *id, const char *mode, struct refusal *why)
{
	struct json_object *e;

	/* Whatever the answer is: nobody should have asked. */
	if (t && task_running(r->sim, t))
		request_note(r, "overlap: %s", id);
	judge_submit(r, t, mode, why);
	if (!t || why->code)
		return NULL;
	if (!(task_running(r->sim, t) && r->sim->defaults.overlap == OVERLAP_KEEP) &&
		task_start(r->sim, t, NULL, NULL) < 0) {
		set_refusal(r, t, "DRS.M00004", NULL, why);
		return NULL;
	}
	e = json_object_new_object();
	add(e, "id", id);
	add(e, "status", "success");
	add(e, "precheck_id", t->precheck_id ? t->precheck_id : id);
	return e;
}

static struct json_object *result_entry(
	const struct request *r, const struct task *t, const char *id, struct refusal *why)
{
	struct json_object *e;

	judge_result(r, t, why);
	if (!t || why->code || (!task_checked(t) && r->sim->defaults.never == NEVER_ABSENT))
		return NULL;
	if (task_checked(t))
		return task_result(r->sim, t);
	e = json_object_new_object();
	add(e, "precheck_id", t->precheck_id ? t->precheck_id : id);
	json_object_object_add(e, "result", json_object_new_boolean(false));
	add(e, "process", r->sim->defaults.never == NEVER_PLAIN ? "100%" : "0%");
	add(e, "total_passed_rate", "0%");
	json_object_object_add(e, "precheck_result", json_object_new_array());
	return e;
}

/* Puts e, or the refusal, among the results. */
static void collect(struct request *r, struct collected *c, const struct task *t, const char *id,
	struct json_object *e, const struct refusal *why)
{
	if (!e && !why->code)
		return; /* an id of which nothing is said */
	if (!e) {
		if (strcmp(why->code, "DRS.M01504") == 0)
			c->busy = true;
		if (why->shape == SHAPE_RESULTS400)
			c->results400 = true;
		e = error_entry(r, t, id, why);
	}
	json_object_array_add(c->results, e);
}

static void shuffle(struct sim *s, struct json_object *list)
{
	for (size_t i = json_object_array_length(list); i > 1; i--) {
		size_t k = (size_t)random_below(&s->random, i);
		struct json_object *a = json_object_get(json_object_array_get_idx(list, i - 1));
		struct json_object *b = json_object_get(json_object_array_get_idx(list, k));

		json_object_array_put_idx(list, i - 1, b);
		json_object_array_put_idx(list, k, a);
	}
}

/* With the whole call refused nothing may be done: the other ids are judged before any run starts. */
static bool call_refused(struct request *r, struct json_object *jobs, struct answer *a)
{
	for (size_t i = 0; i < json_object_array_length(jobs); i++) {
		const char *id = json_object_get_string(json_object_array_get_idx(r->tasks, i));
		struct task *t = find(r, id);
		struct refusal why = {0};
		int64_t busy = t ? t->busy : 0;

		if (r->kind == KIND_SUBMIT)
			judge_submit(r, t,
				json_object_get_string(json_object_array_get_idx(r->modes, i)),
				&why);
		else if (r->kind == KIND_RESULT)
			judge_result(r, t, &why);
		else
			gone(r, t, &why);
		if (why.code && why.shape == SHAPE_CALL) {
			answer_error(a, r, 0, why.code, why.message);
			return true;
		}
		if (t)
			t->busy = busy; /* only looked at */
	}
	return false;
}

static bool may_act(struct answer *a, struct request *r)
{
	enum role role = caller_role(&r->caller);

	if (role == ROLE_NONE) {
		answer_error(a, r, 0, "DRS.M00101", NULL);
		return false;
	}
	if (r->kind == KIND_SUBMIT && role == ROLE_READONLY) {
		answer_error(a, r, 0, "DRS.M00102", NULL);
		return false;
	}
	return true;
}

void drs_call(struct request *r, struct answer *a)
{
	struct collected c = {0};
	struct json_object *jobs = NULL, *body;
	size_t n, from = 0, to;

	if (!may_act(a, r) || !check_jobs(a, r, &jobs))
		return;
	n = to = json_object_array_length(jobs);
	if (paged(r) && !check_page(a, r, n, &from, &to))
		return;
	if (call_refused(r, jobs, a))
		return;
	c.results = json_object_new_array();
	for (size_t i = from; i < to; i++) {
		const char *id = json_object_get_string(json_object_array_get_idx(r->tasks, i));
		struct task *t = find(r, id);
		struct refusal why = {0};
		struct json_object *e = NULL;

		if (r->fault && fault_entry(r->fault, id, &why.code, &why.message))
			;
		else if (paged(r))
			e = shown_entry(r, t, id, &why);
		else if (r->kind == KIND_SUBMIT)
			e = submit_entry(r, t, id,
				json_object_get_string(json_object_array_get_idx(r->modes, i)),
				&why);
		else
			e = result_entry(r, t, id, &why);
		if (t && t->absent) {
			/* Nothing promises an entry for every id. */
			json_object_put(e);
			continue;
		}
		collect(r, &c, t, id, e, &why);
	}
	r->executed = true;
	if (r->sim->defaults.shuffle)
		shuffle(r->sim, c.results);
	body = json_object_new_object();
	json_object_object_add(body, "results", c.results);
	json_object_object_add(
		body, "count", json_object_new_int64((int64_t)json_object_array_length(c.results)));
	answer_json(a, c.results400 ? 400 : c.busy ? 202 : 200, body);
}
