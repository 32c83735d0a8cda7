/* task.c - a simulated task and its pre-check runs.
 *
 * A run is nothing but its start time and a scripted outcome; what a read shows is worked out from the
 * time that has passed. Items and statuses are shown as the scenario writes them. */
#include "task.h"

#include <errno.h>
#include <string.h>

#define F(type, key, kind, words)                                                                  \
	{                                                                                          \
#key, kind, offsetof(struct type, key), words                                      \
	}

static const char *const shape_words[] = {"entry", "call", "results400", NULL};

static const struct field task_fields[] = {
	F(task, id, FIELD_TEXT, NULL),
	F(task, name, FIELD_TEXT, NULL),
	F(task, status, FIELD_TEXT, NULL),
	F(task, precheck_id, FIELD_TEXT, NULL),
	{"job_direction", FIELD_TEXT, offsetof(struct task, direction), NULL},
	{"rds_instance_id", FIELD_TEXT, offsetof(struct task, instance), NULL},
	F(task, task_type, FIELD_TEXT, NULL),
	F(task, db_use_type, FIELD_TEXT, NULL),
	F(task, created, FIELD_SPAN, NULL),
	F(task, status_code, FIELD_TEXT, NULL),
	F(task, status_message, FIELD_TEXT, NULL),
	F(task, submit_code, FIELD_TEXT, NULL),
	F(task, submit_message, FIELD_TEXT, NULL),
	F(task, result_code, FIELD_TEXT, NULL),
	F(task, result_message, FIELD_TEXT, NULL),
	F(task, parent, FIELD_BOOL, NULL),
	F(task, connection_tested, FIELD_BOOL, NULL),
	F(task, deleted, FIELD_BOOL, NULL),
	F(task, absent, FIELD_BOOL, NULL),
	{"objects_edited", FIELD_BOOL, offsetof(struct task, edited), NULL},
	F(task, busy, FIELD_NUMBER, NULL),
	{"refusal_shape", FIELD_WORD, offsetof(struct task, shape), shape_words},
	{"runs", FIELD_JSON, offsetof(struct task, script_json), NULL},
	{"items", FIELD_JSON, offsetof(struct task, items_json), NULL},
	{"report", FIELD_JSON, offsetof(struct task, report_json), NULL},
};

static const struct field outcome_fields[] = {
	F(outcome, items, FIELD_JSON, NULL),
	F(outcome, duration, FIELD_SPAN, NULL),
	F(outcome, stale, FIELD_SPAN, NULL),
	F(outcome, linger, FIELD_SPAN, NULL),
	F(outcome, stuck_at, FIELD_NUMBER, NULL),
	F(outcome, result, FIELD_JSON, NULL),
	{"total_passed_rate", FIELD_TEXT, offsetof(struct outcome, rate), NULL},
	F(outcome, process, FIELD_TEXT, NULL),
	{"error_code", FIELD_TEXT, offsetof(struct outcome, code), NULL},
	{"error_msg", FIELD_TEXT, offsetof(struct outcome, message), NULL},
};

static const char *const item_keys[] = {"item", "result", "failed_reason", "group", "data",
	"raw_error_msg", "failed_sub_jobs", "is_support_skip", "is_skipped"};

static struct outcome *outcome_ref(struct outcome *o)
{
	if (o)
		o->refs++;
	return o;
}

static struct outcome *outcome_unref(struct outcome *o)
{
	if (o && --o->refs == 0) {
		field_free(outcome_fields, ELEMENTSOF(outcome_fields), o);
		free(o);
	}
	return NULL;
}

DEFINE_CLEANUP(struct outcome *, outcome_unref)

static int check_items(struct json_object *items, const char *path, struct problem *p)
{
	char at[100];

	if (!json_object_is_type(items, json_type_array))
		return problem_set(p, path, "items", "must be an array");
	for (size_t i = 0; i < json_object_array_length(items); i++) {
		struct json_object *it = json_object_array_get_idx(items, i);

		snprintf(at, sizeof(at), "%s.items[%zu]", path, i);
		if (!json_object_is_type(it, json_type_object))
			return problem_set(p, at, NULL, "must be an object");
		json_object_object_foreach(it, key, v)
		{
			bool known = false;

			for (size_t k = 0; k < ELEMENTSOF(item_keys); k++)
				known = known || strcmp(item_keys[k], key) == 0;
			if (!known)
				return problem_set(p, at, key, "unknown key");
			if ((strcmp(key, "item") == 0 || strcmp(key, "result") == 0) && v &&
				!json_object_is_type(v, json_type_string))
				return problem_set(p, at, key, "must be a text");
		}
	}
	return 0;
}

int task_check_outcome(struct json_object *o, const char *path, struct problem *p)
{
	struct json_object *items, *result;
	int r = field_check(o, outcome_fields, ELEMENTSOF(outcome_fields), path, p);

	if (r < 0)
		return r;
	if (json_object_object_get_ex(o, "result", &result) && result &&
		!json_object_is_type(result, json_type_boolean))
		return problem_set(p, path, "result", "must be true or false");
	if (json_object_object_get_ex(o, "items", &items))
		return check_items(items, path, p);
	return 0;
}

static int outcome_new(
	struct outcome **ret, struct json_object *o, const char *path, struct problem *p)
{
	_cleanup_(outcome_unrefp) struct outcome *n = NULL;
	int r = task_check_outcome(o, path, p);

	if (r < 0)
		return r;
	n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	*n = (struct outcome){.refs = 1, .duration = -1, .stale = -1, .linger = -1, .stuck_at = -1};
	r = field_read(o, outcome_fields, ELEMENTSOF(outcome_fields), n, path, p);
	if (r < 0)
		return r;
	*ret = n;
	n = NULL;
	return 0;
}

bool task_id_valid(const char *id)
{
	size_t i;

	for (i = 0; i < 36 && id[i]; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? id[i] != '-'
			 : !((id[i] >= '0' && id[i] <= '9') || (id[i] >= 'a' && id[i] <= 'z')))
			return false;
	}
	return i == 36 && !id[36];
}

struct task *task_new(void)
{
	struct task *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->connection_tested = true;
	t->shape = -1;
	t->status = strdup("CONFIGURATION");
	t->direction = strdup("up");
	t->task_type = strdup("FULL_INCR_TRANS");
	t->db_use_type = strdup("migration");
	t->created = 3600 * 1000;
	if (!t->status || !t->direction || !t->task_type || !t->db_use_type)
		return task_free(t);
	return t;
}

static void script_free(struct outcome **script, size_t n)
{
	for (size_t i = 0; i < n; i++)
		outcome_unref(script[i]);
	free(script);
}

struct task *task_free(struct task *t)
{
	if (!t)
		return NULL;
	field_free(task_fields, ELEMENTSOF(task_fields), t);
	script_free(t->script, t->n_script);
	outcome_unref(t->old);
	outcome_unref(t->current);
	free(t);
	return NULL;
}

int task_check(struct json_object *o, const char *path, struct problem *p)
{
	struct json_object *v;
	char at[100];
	int r = field_check(o, task_fields, ELEMENTSOF(task_fields), path, p);

	if (r < 0)
		return r;
	if (json_object_object_get_ex(o, "id", &v) &&
		(!v || !task_id_valid(json_object_get_string(v))))
		return problem_set(p, path, "id", "must be 8-4-4-4-12 characters of 0-9a-z");
	if (json_object_object_get_ex(o, "runs", &v)) {
		if (!json_object_is_type(v, json_type_array) || json_object_array_length(v) == 0)
			return problem_set(p, path, "runs", "must be an array that is not empty");
		for (size_t i = 0; i < json_object_array_length(v); i++) {
			snprintf(at, sizeof(at), "%s.runs[%zu]", path, i);
			r = task_check_outcome(json_object_array_get_idx(v, i), at, p);
			if (r < 0)
				return r;
		}
		if (json_object_object_get_ex(o, "items", NULL))
			return problem_set(p, path, "items", "not together with runs");
	}
	if (json_object_object_get_ex(o, "items", &v)) {
		r = check_items(v, path, p);
		if (r < 0)
			return r;
	}
	if (json_object_object_get_ex(o, "report", &v)) {
		snprintf(at, sizeof(at), "%s.report", path);
		return task_check_outcome(v, at, p);
	}
	return 0;
}

/* Takes script. */
static void set_script(struct task *t, struct outcome **script, size_t n)
{
	script_free(t->script, t->n_script);
	t->script = script;
	t->n_script = n;
	t->next = 0;
}

static int read_script(struct task *t, struct json_object *runs)
{
	size_t n = json_object_array_length(runs);
	struct outcome **script = calloc(n, sizeof(*script));

	if (!script)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		int r = outcome_new(&script[i], json_object_array_get_idx(runs, i), "", NULL);

		if (r < 0) {
			script_free(script, n);
			return r;
		}
	}
	set_script(t, script, n);
	return 0;
}

int task_read(struct task *t, struct json_object *o, const char *path, struct problem *p)
{
	struct json_object *v;
	int r = task_check(o, path, p);

	if (r < 0)
		return r;
	if (t->id && json_object_object_get_ex(o, "id", &v) &&
		strcmp(t->id, json_object_get_string(v)) != 0)
		return problem_set(p, path, "id", "cannot change");
	r = field_read(o, task_fields, ELEMENTSOF(task_fields), t, path, p);
	if (r < 0)
		return r;
	if (json_object_object_get_ex(o, "runs", &v)) {
		r = read_script(t, v);
		if (r < 0)
			return r;
	}
	if (json_object_object_get_ex(o, "items", &v)) {
		struct json_object *runs = json_object_new_array(), *one = json_object_new_object();

		json_object_object_add(one, "items", json_object_get(v));
		json_object_array_add(runs, one);
		r = read_script(t, runs);
		json_object_put(runs);
		if (r < 0)
			return r;
	}
	if (json_object_object_get_ex(o, "report", &v)) {
		struct outcome *report = NULL;

		r = outcome_new(&report, v, path, p);
		if (r < 0)
			return r;
		/* A report that was there before: long since at its end. */
		report->duration = report->stale = report->linger = 0;
		outcome_unref(t->old);
		outcome_unref(t->current);
		t->old = NULL;
		t->current = report;
		t->started = 0;
	}
	return 0;
}

int task_patch_items(struct task *t, struct json_object *items, const char *path, struct problem *p)
{
	struct json_object *copy = json_object_new_array(), *one = json_object_new_object();
	struct outcome *o, *own = NULL;
	size_t at;
	int r = check_items(items, path, p);

	if (r >= 0 && t->n_script == 0)
		r = problem_set(p, path, "items", "the task has no script to patch");
	if (r < 0) {
		json_object_put(copy);
		json_object_put(one);
		return r;
	}
	at = MIN(t->next, t->n_script - 1);
	o = t->script[at];
	/* The running and the old report share the tree: they must not change with it. */
	for (size_t i = 0; o->items && i < json_object_array_length(o->items); i++)
		json_object_array_add(
			copy, json_object_get(json_object_array_get_idx(o->items, i)));
	for (size_t i = 0; i < json_object_array_length(items); i++) {
		struct json_object *it = json_object_array_get_idx(items, i), *a, *b;
		size_t k, n = json_object_array_length(copy);

		for (k = 0; k < n; k++)
			if (json_object_object_get_ex(it, "item", &a) &&
				json_object_object_get_ex(
					json_object_array_get_idx(copy, k), "item", &b) &&
				json_object_equal(a, b))
				break;
		json_object_array_put_idx(copy, k, json_object_get(it));
	}
	json_object_object_add(one, "items", copy);
	r = outcome_new(&own, one, path, p);
	json_object_put(one);
	if (r < 0)
		return r;
	/* What was given verbatim (rate, result) belonged to the old items. */
	own->duration = o->duration;
	own->stale = o->stale;
	own->linger = o->linger;
	t->script[at] = own;
	outcome_unref(o);
	return 0;
}

static int64_t or_default(int64_t v, int64_t preset)
{
	return v < 0 ? preset : v;
}

static bool ended(const struct sim *s, const struct outcome *o, int64_t started)
{
	return o->stuck_at < 0 &&
	       sim_now(s) - started >= or_default(o->duration, s->defaults.duration);
}

bool task_running(const struct sim *s, const struct task *t)
{
	return t->current && !ended(s, t->current, t->started);
}

bool task_checked(const struct task *t)
{
	return t->current != NULL;
}

int task_start(struct sim *s, struct task *t, struct json_object *once, struct problem *p)
{
	struct outcome *next = NULL;

	if (once) {
		int r = outcome_new(&next, once, "run", p);

		if (r < 0)
			return r;
	} else if (t->n_script) {
		next = outcome_ref(t->script[MIN(t->next, t->n_script - 1)]);
		t->next++;
	} else {
		/* A task without a script passes with nothing to say. */
		next = calloc(1, sizeof(*next));
		if (!next)
			return -ENOMEM;
		*next = (struct outcome){
			.refs = 1, .duration = -1, .stale = -1, .linger = -1, .stuck_at = -1};
	}
	if (t->current && !task_running(s, t)) {
		outcome_unref(t->old);
		t->old = t->current;
	} else {
		outcome_unref(t->current);
	}
	t->current = next;
	t->started = sim_now(s);
	t->runs++;
	return 0;
}

/* Adds the items of which the first `done` are shown as they are; the others have an empty result, or
 * are left out. Returns how many of the shown ones did not fail. */
static size_t add_items(const struct sim *s, struct json_object *entry, struct json_object *items,
	size_t done, bool *ret_failed)
{
	struct json_object *out = json_object_new_array();
	size_t n = items ? json_object_array_length(items) : 0, passed = 0;

	*ret_failed = false;
	for (size_t i = 0; i < n; i++) {
		struct json_object *it = json_object_array_get_idx(items, i), *v = NULL, *young;

		if (i < done) {
			json_object_object_get_ex(it, "result", &v);
			if (v && strcmp(json_object_get_string(v), "FAILED") == 0)
				*ret_failed = true;
			else
				passed++;
			json_object_array_add(out, json_object_get(it));
			continue;
		}
		if (!s->defaults.empty_first)
			continue;
		young = json_object_new_object();
		if (json_object_object_get_ex(it, "item", &v))
			json_object_object_add(young, "item", json_object_get(v));
		json_object_object_add(young, "result", json_object_new_string(""));
		if (json_object_object_get_ex(it, "group", &v))
			json_object_object_add(young, "group", json_object_get(v));
		json_object_array_add(out, young);
	}
	json_object_object_add(entry, "precheck_result", out);
	return passed;
}

static void add_percent(struct json_object *entry, const char *key, int64_t percent)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld%%", (long long)percent);
	json_object_object_add(entry, key, json_object_new_string(text));
}

static struct json_object *show(
	const struct sim *s, const struct task *t, const struct outcome *o, int64_t started)
{
	struct json_object *e = json_object_new_object();
	int64_t elapsed = sim_now(s) - started, linger = or_default(o->linger, s->defaults.linger);
	int64_t duration = or_default(o->duration, s->defaults.duration), percent = 100;
	size_t n = o->items ? json_object_array_length(o->items) : 0, done = n, passed;
	bool failed;

	json_object_object_add(
		e, "precheck_id", json_object_new_string(t->precheck_id ? t->precheck_id : t->id));
	if (o->code && ended(s, o, started)) {
		json_object_object_add(e, "error_code", json_object_new_string(o->code));
		json_object_object_add(
			e, "error_msg", json_object_new_string(o->message ? o->message : ""));
		return e;
	}
	if (!ended(s, o, started)) {
		percent = duration > 0 ? elapsed * 100 / duration / 10 * 10 : 90;
		percent = MIN(percent, (int64_t)90);
		if (o->stuck_at >= 0)
			percent = MIN(percent, o->stuck_at);
		done = n * (size_t)percent / 100;
	} else if (elapsed < duration + linger && n > 0) {
		done = n - 1;
	}
	passed = add_items(s, e, o->items, done, &failed);
	if (percent < 100 && s->defaults.early_result)
		failed = false;
	else if (percent < 100)
		failed = true;
	json_object_object_add(e, "result",
		o->result && percent == 100 ? json_object_get(o->result)
					    : json_object_new_boolean(!failed));
	if (o->process && percent == 100)
		json_object_object_add(e, "process", json_object_new_string(o->process));
	else
		add_percent(e, "process", percent);
	if (o->rate && percent == 100)
		json_object_object_add(e, "total_passed_rate", json_object_new_string(o->rate));
	else
		add_percent(e, "total_passed_rate", n ? (int64_t)(passed * 100 / n) : 100);
	if (t->instance)
		json_object_object_add(e, "rds_instance_id", json_object_new_string(t->instance));
	if (t->direction)
		json_object_object_add(e, "job_direction", json_object_new_string(t->direction));
	return e;
}

struct json_object *task_result(const struct sim *s, const struct task *t)
{
	int64_t stale = or_default(t->current->stale, s->defaults.stale);

	if (t->old && sim_now(s) - t->started < stale)
		return show(s, t, t->old, INT64_MIN / 2);
	return show(s, t, t->current, t->started);
}

struct json_object *task_state(const struct sim *s, const struct task *t)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "id", json_object_new_string(t->id));
	json_object_object_add(o, "status", t->status ? json_object_new_string(t->status) : NULL);
	json_object_object_add(o, "runs", json_object_new_int64((int64_t)t->runs));
	json_object_object_add(o, "next", json_object_new_int64((int64_t)t->next));
	json_object_object_add(o, "running", json_object_new_boolean(task_running(s, t)));
	json_object_object_add(o, "busy", json_object_new_int64(t->busy));
	json_object_object_add(o, "deleted", json_object_new_boolean(t->deleted));
	if (task_checked(t))
		json_object_object_add(o, "shows", task_result(s, t));
	return o;
}
