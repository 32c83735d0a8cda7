/* verb.c - changes to the simulated cloud, now or at a planned time.
 *
 * One table serves both the control requests and the events of a scenario, so that whatever a test does
 * by hand can also be written down as a timeline. */
#include "verb.h"
#include "fault.h"
#include "listen.h"
#include "record.h"
#include "scenario.h"
#include "task.h"
#include "verb_login.h"

#include <errno.h>
#include <string.h>

struct args {
	char *id, *project;
	struct json_object *task, *items, *run;
	int what, mode;
	int64_t length, by;
	bool gone;
};

static const char *const what_words[] = {"all", "iam", "drs", NULL};
static const char *const mode_words[] = {"reset", "html", "refuse", NULL};

#define F(key, kind, words)                                                                        \
	{                                                                                          \
#key, kind, offsetof(struct args, key), words                                      \
	}
static const struct field add_fields[] = {
	F(project, FIELD_TEXT, NULL),
	F(task, FIELD_JSON, NULL),
};
static const struct field delete_fields[] = {
	F(id, FIELD_TEXT, NULL),
	F(gone, FIELD_BOOL, NULL),
};
static const struct field patch_fields[] = {
	F(id, FIELD_TEXT, NULL),
	F(items, FIELD_JSON, NULL),
};
static const struct field run_fields[] = {
	F(id, FIELD_TEXT, NULL),
	F(run, FIELD_JSON, NULL),
};
static const struct field down_fields[] = {
	F(what, FIELD_WORD, what_words),
	F(mode, FIELD_WORD, mode_words),
	{"for", FIELD_SPAN, offsetof(struct args, length), NULL},
};
static const struct field up_fields[] = {
	F(what, FIELD_WORD, what_words),
};
static const struct field advance_fields[] = {
	F(by, FIELD_SPAN, NULL),
};

#define TABLE(t) t, ELEMENTSOF(t)

static struct task *find_task(struct sim *s, const char *id, const char *path, struct problem *p)
{
	struct task *t = id ? sim_task(s, id, NULL) : NULL;

	if (!t)
		problem_set(p, path, "id", id ? "no such task: %s" : "is missing%s", id ? id : "");
	return t;
}

static int need(struct json_object *o, const char *key, const char *path, struct problem *p)
{
	return json_object_object_get_ex(o, key, NULL) ? 0
						       : problem_set(p, path, key, "is missing");
}

static int check_task(struct json_object *o, const char *path, struct problem *p)
{
	int r = task_check(o, path, p);

	return r < 0 ? r : need(o, "id", path, p);
}

static int do_task(struct sim *s, struct json_object *o, const char *path, struct problem *p)
{
	struct json_object *id;
	struct task *t;

	json_object_object_get_ex(o, "id", &id);
	t = find_task(s, json_object_get_string(id), path, p);
	return t ? task_read(t, o, path, p) : -EINVAL;
}

static int check_patch(struct json_object *o, const char *path, struct problem *p)
{
	int r = field_check(o, TABLE(patch_fields), path, p);

	if (r >= 0)
		r = need(o, "id", path, p);
	return r < 0 ? r : need(o, "items", path, p);
}

static int do_patch(struct sim *s, struct json_object *o, const char *path, struct problem *p)
{
	struct args a = {0};
	struct task *t;
	int r = field_read(o, TABLE(patch_fields), &a, path, p);

	if (r >= 0) {
		t = find_task(s, a.id, path, p);
		r = t ? task_patch_items(t, a.items, path, p) : -EINVAL;
	}
	field_free(TABLE(patch_fields), &a);
	return r;
}

static int check_add(struct json_object *o, const char *path, struct problem *p)
{
	struct json_object *task;
	int r = field_check(o, TABLE(add_fields), path, p);

	if (r >= 0)
		r = need(o, "task", path, p);
	if (r < 0)
		return r;
	json_object_object_get_ex(o, "task", &task);
	return check_task(task, path, p);
}

static int do_add(struct sim *s, struct json_object *o, const char *path, struct problem *p)
{
	struct args a = {0};
	struct project *pr;
	struct task *t = NULL;
	int r = field_read(o, TABLE(add_fields), &a, path, p);

	if (r < 0)
		goto out;
	/* With one project there is no need to name it. */
	pr = a.project ? sim_project(s, a.project) : TAILQ_FIRST(&s->projects);
	t = task_new();
	if (!pr)
		r = problem_set(p, path, "project", "no such project");
	else if (!t)
		r = -ENOMEM;
	else
		r = task_read(t, a.task, path, p);
	if (r >= 0 && t && sim_task(s, t->id, NULL))
		r = problem_set(p, path, "task", "the id is taken");
	if (r >= 0) {
		TAILQ_INSERT_TAIL(&pr->tasks, t, link);
		t = NULL;
	}
out:
	task_free(t);
	field_free(TABLE(add_fields), &a);
	return r;
}

static int check_delete(struct json_object *o, const char *path, struct problem *p)
{
	int r = field_check(o, TABLE(delete_fields), path, p);

	return r < 0 ? r : need(o, "id", path, p);
}

static int do_delete(struct sim *s, struct json_object *o, const char *path, struct problem *p)
{
	struct args a = {0};
	struct project *pr = NULL;
	struct task *t;
	int r = field_read(o, TABLE(delete_fields), &a, path, p);

	if (r >= 0) {
		t = find_task(s, a.id, path, p);
		if (!t) {
			r = -EINVAL;
		} else if (a.gone) {
			(void)sim_task(s, a.id, &pr);
			TAILQ_REMOVE(&pr->tasks, t, link);
			task_free(t);
		} else {
			t->deleted = true;
		}
	}
	field_free(TABLE(delete_fields), &a);
	return r;
}

static int check_nothing(struct json_object *o, const char *path, struct problem *p)
{
	return field_check(o, NULL, 0, path, p);
}

static int do_clear(struct sim *s, struct json_object *o _unused_, const char *path _unused_,
	struct problem *p _unused_)
{
	fault_clear(s);
	return 0;
}

static int check_down(struct json_object *o, const char *path, struct problem *p)
{
	struct args a = {0};
	int r = field_read(o, TABLE(down_fields), &a, path, p);

	if (r >= 0 && a.mode == DOWN_REFUSE && a.what != DOWN_ALL)
		r = problem_set(p, path, "mode", "refuse is for all: one port serves both");
	return r;
}

static void on_up(evutil_socket_t fd _unused_, short what _unused_, void *arg)
{
	struct sim *s = arg;

	if (listen_resume(s) < 0)
		record_event(s, "event-failed", "cannot listen again");
}

/* When the port is listened on again, if that time is known. */
static void arm_up(struct sim *s)
{
	int64_t ms = MAX(s->down_until[DOWN_ALL] - sim_now(s), (int64_t)0);
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	if (!s->up_timer)
		s->up_timer = evtimer_new(s->base, on_up, s);
	if (s->up_timer)
		evtimer_add(s->up_timer, &tv);
}

static int do_down(struct sim *s, struct json_object *o, const char *path, struct problem *p)
{
	struct args a = {0};
	int r = field_read(o, TABLE(down_fields), &a, path, p);

	if (r < 0)
		return r;
	if (s->up_timer)
		event_del(s->up_timer); /* an older end does not end this one */
	s->down_mode[a.what] = a.mode;
	s->down_until[a.what] = a.length ? sim_now(s) + a.length : INT64_MAX;
	if (a.mode != DOWN_REFUSE)
		return 0;
	listen_stop(s);
	if (a.length)
		arm_up(s);
	return 0;
}

static int check_up(struct json_object *o, const char *path, struct problem *p)
{
	return field_check(o, TABLE(up_fields), path, p);
}

static int do_up(struct sim *s, struct json_object *o, const char *path, struct problem *p)
{
	struct args a = {.what = -1};
	int r = field_read(o, TABLE(up_fields), &a, path, p);

	if (r < 0)
		return r;
	for (int i = 0; i < 3; i++)
		if (a.what <= 0 || a.what == i)
			s->down_until[i] = 0;
	if (a.what <= 0) {
		if (s->up_timer)
			event_del(s->up_timer);
		r = listen_resume(s);
	}
	return r < 0 ? problem_set(p, path, NULL, "cannot listen: %s", strerror(-r)) : 0;
}

static int check_run(struct json_object *o, const char *path, struct problem *p)
{
	struct json_object *run;
	int r = field_check(o, TABLE(run_fields), path, p);

	if (r >= 0)
		r = need(o, "id", path, p);
	if (r >= 0 && json_object_object_get_ex(o, "run", &run))
		r = task_check_outcome(run, path, p);
	return r;
}

static int do_run(struct sim *s, struct json_object *o, const char *path, struct problem *p)
{
	struct args a = {0};
	struct task *t;
	int r = field_read(o, TABLE(run_fields), &a, path, p);

	if (r >= 0) {
		t = find_task(s, a.id, path, p);
		r = t ? task_start(s, t, a.run, p) : -EINVAL;
	}
	field_free(TABLE(run_fields), &a);
	return r;
}

static void on_planned(evutil_socket_t fd, short what, void *arg);

static int arm(struct planned *pl)
{
	int64_t ms = MAX(pl->at - sim_now(pl->sim), (int64_t)0);
	struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	if (!pl->timer)
		pl->timer = evtimer_new(pl->sim->base, on_planned, pl);
	return pl->timer && evtimer_add(pl->timer, &tv) == 0 ? 0 : -ENOMEM;
}

static int check_advance(struct json_object *o, const char *path, struct problem *p)
{
	int r = field_check(o, TABLE(advance_fields), path, p);

	return r < 0 ? r : need(o, "by", path, p);
}

/* Moves the simulator's clock forward, so that no test has to wait for a span, or to be quick. */
static int do_advance(struct sim *s, struct json_object *o, const char *path, struct problem *p)
{
	struct args a = {0};
	struct planned *pl;
	int r = field_read(o, TABLE(advance_fields), &a, path, p);

	if (r < 0)
		return r;
	s->start -= a.by;
	s->wall_start -= a.by;
	TAILQ_FOREACH (pl, &s->planned, link)
		if (pl->timer && arm(pl) < 0)
			return -ENOMEM;
	if (s->up_timer && evtimer_pending(s->up_timer, NULL))
		arm_up(s);
	return 0;
}

static const struct {
	const char *name;
	/* NULL: apply does it, if it is given no simulator. */
	int (*check)(struct json_object *, const char *, struct problem *);
	int (*apply)(struct sim *, struct json_object *, const char *, struct problem *);
} verbs[] = {
	{"task", check_task, do_task},
	{"patch-items", check_patch, do_patch},
	{"add-task", check_add, do_add},
	{"delete-task", check_delete, do_delete},
	{"foreign-run", check_run, do_run},
	{"tokens", NULL, verb_tokens},
	{"credential", NULL, verb_credential},
	{"key", NULL, verb_key},
	{"signing", NULL, scenario_signing},
	{"metadata", NULL, verb_metadata},
	{"clock", NULL, scenario_clock},
	{"defaults", NULL, scenario_defaults},
	{"fault", fault_check, fault_add},
	{"clear-faults", check_nothing, do_clear},
	{"down", check_down, do_down},
	{"up", check_up, do_up},
	{"advance", check_advance, do_advance},
};

int verb_check(const char *verb, struct json_object *o, const char *path, struct problem *p)
{
	for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
		if (strcmp(verbs[i].name, verb) == 0)
			return verbs[i].check ? verbs[i].check(o, path, p)
					      : verbs[i].apply(NULL, o, path, p);
	return problem_set(p, path, NULL, "unknown verb");
}

int verb_apply(
	struct sim *s, const char *verb, struct json_object *o, const char *path, struct problem *p)
{
	int r = verb_check(verb, o, path, p);

	for (size_t i = 0; r >= 0 && i < ELEMENTSOF(verbs); i++)
		if (strcmp(verbs[i].name, verb) == 0)
			return verbs[i].apply(s, o, path, p);
	return r;
}

static struct planned *planned_free(struct planned *pl)
{
	TAILQ_REMOVE(&pl->sim->planned, pl, link);
	if (pl->timer)
		event_free(pl->timer);
	json_object_put(pl->body);
	free(pl->verb);
	free(pl);
	return NULL;
}

static void on_planned(evutil_socket_t fd _unused_, short what _unused_, void *arg)
{
	struct planned *pl = arg;
	struct problem p = {0};
	char text[400];

	if (verb_apply(pl->sim, pl->verb, pl->body, pl->verb, &p) < 0) {
		snprintf(text, sizeof(text), "%s: %s", p.path, p.text);
		record_event(pl->sim, "event-failed", text);
	} else {
		record_event(pl->sim, "event", pl->verb);
	}
	planned_free(pl);
}

int verb_plan(struct sim *s, struct json_object *event, bool from_now, const char *path,
	struct problem *p)
{
	struct json_object *body = NULL;
	const char *verb = NULL;
	int64_t at = -1;
	char sub[120];
	struct planned *pl;
	int r;

	if (!json_object_is_type(event, json_type_object))
		return problem_set(p, path, NULL, "must be an object");
	json_object_object_foreach(event, key, v)
	{
		if (strcmp(key, "at") == 0) {
			if (field_span(v, &at) < 0)
				return problem_set(p, path, key, "must be a time span");
		} else if (verb) {
			return problem_set(p, path, key, "one verb per event");
		} else {
			verb = key;
			body = v;
		}
	}
	if (at < 0)
		return problem_set(p, path, "at", "is missing");
	if (!verb)
		return problem_set(p, path, NULL, "has no verb");
	snprintf(sub, sizeof(sub), "%s%s%s", path, *path ? "." : "", verb);
	r = verb_check(verb, body, sub, p);
	if (r < 0)
		return r;
	pl = calloc(1, sizeof(*pl));
	if (!pl)
		return -ENOMEM;
	pl->sim = s;
	pl->at = at + (from_now ? sim_now(s) : 0);
	pl->verb = strdup(verb);
	pl->body = json_object_get(body);
	TAILQ_INSERT_TAIL(&s->planned, pl, link);
	if (!pl->verb || (s->base && arm(pl) < 0)) {
		planned_free(pl);
		return -ENOMEM;
	}
	return 0;
}

void verb_start(struct sim *s)
{
	struct planned *pl;

	TAILQ_FOREACH (pl, &s->planned, link)
		if (!pl->timer && arm(pl) < 0)
			record_event(s, "event-failed", pl->verb);
}

struct json_object *verb_planned(const struct sim *s)
{
	struct json_object *list = json_object_new_array();
	struct planned *pl;

	TAILQ_FOREACH (pl, &s->planned, link) {
		struct json_object *o = json_object_new_object();

		json_object_object_add(o, "at", json_object_new_int64(pl->at));
		json_object_object_add(o, "verb", json_object_new_string(pl->verb));
		json_object_array_add(list, o);
	}
	return list;
}

void verb_forget(struct sim *s)
{
	while (!TAILQ_EMPTY(&s->planned))
		planned_free(TAILQ_FIRST(&s->planned));
	if (s->up_timer)
		event_free(s->up_timer);
	s->up_timer = NULL;
}
