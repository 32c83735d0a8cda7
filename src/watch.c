/* watch.c - the heart's door: configuration, replies and time come in here; see tell.c for what goes out. */
#include "heart.h"

#include "backoff.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void *heart_alloc(size_t size)
{
	void *p = calloc(1, size);

	if (!p)
		abort();
	return p;
}

void *heart_grow(void *p, size_t n, size_t size)
{
	p = reallocarray(p, n, size);
	if (!p)
		abort();
	return p;
}

char *heart_copy(const char *s)
{
	char *copy = strdup(s);

	if (!copy)
		abort();
	return copy;
}

/* --- keys and records of jobs that are not configured --- */

static size_t key_size(const char *drs, const char *task)
{
	return strlen(drs) + strlen(task) + 2;
}

static void make_key(char *buf, size_t size, const char *drs, const char *task)
{
	snprintf(buf, size, "%s\n%s", drs, task);
}

static void keep_record(struct watch *w, struct job_record *rec)
{
	size_t size = key_size(rec->drs, rec->task);
	struct kept_record *k = heart_alloc(sizeof(*k) + size), *old;

	make_key(k->key, size, rec->drs, rec->task);
	k->rec = *rec;
	*rec = (struct job_record){0};
	HASH_FIND_STR(w->kept_jobs, k->key, old);
	if (old) {
		HASH_DEL(w->kept_jobs, old);
		job_record_done(&old->rec);
		free(old);
	}
	HASH_ADD_STR(w->kept_jobs, key, k);
}

static bool take_record(struct watch *w, const char *key, struct job_record *ret)
{
	struct kept_record *k;

	HASH_FIND_STR(w->kept_jobs, key, k);
	if (!k)
		return false;
	HASH_DEL(w->kept_jobs, k);
	*ret = k->rec;
	free(k);
	return true;
}

/* --- life --- */

int watch_new(struct watch **ret, uint64_t seed, uint64_t next_run, uint64_t next_news)
{
	struct watch *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->random = seed;
	w->next_call = 1;
	w->next_run = next_run;
	w->next_news = next_news;
	w->wake = NEVER;
	TAILQ_INIT(&w->jobs);
	TAILQ_INIT(&w->dirty_jobs);
	TAILQ_INIT(&w->clouds);
	TAILQ_INIT(&w->dirty_clouds);
	STAILQ_INIT(&w->runs);
	STAILQ_INIT(&w->news);
	STAILQ_INIT(&w->calls);
	STAILQ_INIT(&w->lent_runs);
	STAILQ_INIT(&w->lent_news);
	STAILQ_INIT(&w->lent_calls);
	*ret = w;
	return 0;
}

static void free_flight(struct watch *w, struct flight *f)
{
	for (unsigned i = 0; i < f->call.n; i++)
		if (f->jobs[i])
			f->jobs[i]->flight = NULL;
	HASH_DEL(w->flights, f);
	free(f);
}

/* Late answers to it will find no job. */
static void leave_flight(struct job *j)
{
	struct flight *f = j->flight;

	for (unsigned i = 0; f && i < f->call.n; i++)
		if (f->jobs[i] == j)
			f->jobs[i] = NULL;
	j->flight = NULL;
}

static void leave_cloud(struct job *j)
{
	struct cloud *c = j->cloud;

	leave_flight(j);
	job_unplan(j);
	c->jobs--;
	if (job_running(j))
		c->running--;
}

static void remove_job(struct watch *w, struct job *j)
{
	leave_cloud(j);
	moment_forget(j);
	if (j->dirty)
		TAILQ_REMOVE(&w->dirty_jobs, j, dirty_link);
	TAILQ_REMOVE(&w->jobs, j, link);
	HASH_DEL(w->by_key, j);
	keep_record(w, &j->rec);
	free(j);
}

static void free_cloud_record(struct cloud_record *r)
{
	free(r->iam);
	free(r->drs);
	free(r->user);
	free(r->domain);
	free(r->project);
}

/* One that leaves the configuration may come back, and is then as it left. */
static void keep_cloud(struct watch *w, struct cloud *c)
{
	struct cloud_record *kept = NULL;

	for (size_t i = 0; i < w->n_kept_clouds && !kept; i++)
		if (cloud_same(&w->kept_clouds[i], &c->rec))
			kept = &w->kept_clouds[i];
	if (kept) {
		free_cloud_record(kept);
	} else {
		w->kept_clouds = heart_grow(
			w->kept_clouds, w->n_kept_clouds + 1, sizeof(struct cloud_record));
		kept = &w->kept_clouds[w->n_kept_clouds++];
	}
	*kept = c->rec;
	c->rec.iam = c->rec.drs = c->rec.user = c->rec.domain = c->rec.project = NULL;
}

static void remove_cloud(struct watch *w, struct cloud *c)
{
	struct flight *f, *next;

	HASH_ITER (hh, w->flights, f, next)
		if (f->cloud == c)
			free_flight(w, f);
	if (c->dirty)
		TAILQ_REMOVE(&w->dirty_clouds, c, dirty_link);
	TAILQ_REMOVE(&w->clouds, c, link);
	keep_cloud(w, c);
	cloud_free(c);
}

struct watch *watch_free(struct watch *w)
{
	struct kept_record *k, *next;
	struct effect e;
	struct job *j, *next_j;
	struct cloud *c, *next_c;

	if (!w)
		return NULL;
	while (watch_next(w, &e))
		;
	tell_take_back(w);
	for (j = TAILQ_FIRST(&w->jobs); j; j = next_j) {
		next_j = TAILQ_NEXT(j, link);
		remove_job(w, j);
	}
	for (c = TAILQ_FIRST(&w->clouds); c; c = next_c) {
		next_c = TAILQ_NEXT(c, link);
		remove_cloud(w, c);
	}
	HASH_ITER (hh, w->kept_jobs, k, next) {
		HASH_DEL(w->kept_jobs, k);
		job_record_done(&k->rec);
		free(k);
	}
	for (size_t i = 0; i < w->n_kept_clouds; i++)
		free_cloud_record(&w->kept_clouds[i]);
	free(w->kept_clouds);
	plan_done(&w->moments);
	settings_unref(w->settings);
	free(w);
	return NULL;
}

int watch_restore(struct watch *w, const struct job_record *jobs, size_t n,
	const struct cloud_record *clouds, size_t m)
{
	for (size_t i = 0; i < n; i++) {
		struct job_record copy;

		if (job_record_copy(&copy, &jobs[i]) < 0)
			return -ENOMEM;
		keep_record(w, &copy);
	}
	w->kept_clouds = heart_grow(w->kept_clouds, w->n_kept_clouds + m + 1, sizeof(*clouds));
	for (size_t i = 0; i < m; i++) {
		struct cloud_record *c = &w->kept_clouds[w->n_kept_clouds++];

		*c = clouds[i];
		c->iam = heart_copy(clouds[i].iam);
		c->drs = heart_copy(clouds[i].drs);
		c->user = heart_copy(clouds[i].user);
		c->domain = heart_copy(clouds[i].domain);
		c->project = heart_copy(clouds[i].project);
	}
	return 0;
}

/* --- configuration --- */

int64_t heart_mono(int64_t wall, int64_t most, struct now now)
{
	return now.mono - MIN(MAX(now.wall - wall, (int64_t)0), most);
}

static void resume(struct job *j, struct now now)
{
	const struct cloud_settings *c = j->cloud->set;
	struct job_record *rec = &j->rec;
	int64_t due = now.mono + MIN(MAX(rec->due - now.wall, (int64_t)0), run_interval(j));

	moment_resume(j, now);
	if (job_running(j)) {
		j->cloud->running++;
		j->submitted = j->took_part = heart_mono(rec->run.submitted, DAYS(2), now);
		j->settled = j->rec.run.state == RUN_UNSURE
				     ? now.mono + j->set->settle
				     : j->submitted + c->timeout + j->set->settle;
		j->poll = j->set->poll;
		job_plan(j, STEP_POLL, now.mono);
	} else if (rec->due == 0 || job_verdict(rec, j->set, now.wall) == VERDICT_ENDED) {
		job_plan(j, STEP_STATUS, now.mono);
	} else {
		job_plan(j, STEP_STATUS, due);
	}
}

static void add_job(
	struct watch *w, struct cloud *c, const struct job_settings *set, struct now now)
{
	size_t size = key_size(set->cloud->drs, set->task);
	struct job *j = heart_alloc(sizeof(*j) + size);

	j->named_anew = true;
	make_key(j->key, size, set->cloud->drs, set->task);
	if (!take_record(w, j->key, &j->rec)) {
		j->rec.drs = heart_copy(set->cloud->drs);
		text_copy(j->rec.task, sizeof(j->rec.task), set->task);
	}
	j->renamed = j->rec.name && strcmp(j->rec.name, set->name) != 0;
	free(j->rec.name);
	j->rec.name = heart_copy(set->name);
	j->set = set;
	j->cloud = c;
	j->kept = true;
	j->quiet = w->quiet_start && w->settings->summary > 0;
	j->stale_at = j->accept_at = j->remind_at = j->aging_at = NEVER;
	j->plan.order = j->moment.order = hash_bytes(j->key, size - 1);
	c->jobs++;
	HASH_ADD_STR(w->by_key, key, j);
	TAILQ_INSERT_TAIL(&w->jobs, j, link);
	resume(j, now);
	tell_dirty_job(j);
}

/* An unchanged job keeps plan and run; a new interval counts from the last submit. */
static void keep_job(struct job *j, struct cloud *c, const struct job_settings *set, struct now now)
{
	int64_t interval = run_interval(j), wanted;
	const struct job_settings *old;

	j->kept = true;
	if (strcmp(j->rec.name, set->name) != 0) {
		free(j->rec.name);
		j->rec.name = heart_copy(set->name);
		j->renamed = j->named_anew = true;
		tell_dirty_job(j);
	}
	if (j->cloud != c) {
		leave_cloud(j);
		j->cloud = c;
		c->jobs++;
		if (job_running(j))
			c->running++;
		old = j->set;
		j->set = set;
		moment_retimed(j, old, now);
		tell_accepts(j, now);
		job_plan(j, job_running(j) ? STEP_POLL : STEP_STATUS, now.mono);
		return;
	}
	old = j->set;
	j->set = set;
	moment_retimed(j, old, now);
	tell_accepts(j, now); /* one may have come or gone */
	wanted = run_interval(j);
	if (j->flight)
		return;
	if (!set->check &&
		(j->step == STEP_SUBMIT || j->step == STEP_BASELINE || j->step == STEP_LOOK)) {
		job_plan(j, STEP_READ, now.mono);
	} else if (j->step == STEP_NONE) {
		job_plan(j, STEP_STATUS, now.mono);
	} else if (j->step == STEP_STATUS && j->took_part == 0 && interval != wanted) {
		job_plan(j, STEP_STATUS, MAX(now.mono, j->plan.at - interval + wanted));
		j->rec.due = now.wall + (j->plan.at - now.mono);
		tell_dirty_job(j);
	}
}

/* A block that now names another task is a new job, and says so: once, for the news of it are later than any of
 * the task before. */
static void tell_replaced(struct job *j, struct now now)
{
	struct kept_record *k, *next, *last = NULL;
	struct news *n;

	HASH_ITER (hh, j->cloud->watch->kept_jobs, k, next)
		if (strcmp(k->rec.name, j->rec.name) == 0 &&
			(!last || k->rec.last_news > last->rec.last_news))
			last = k;
	if (!last || (!j->renamed && j->rec.last_news > last->rec.last_news))
		return;
	n = tell_job_news(j, NEWS_REPLACED, now);
	n->first = j->rec.told == VERDICT_UNKNOWN;
	n->old_task = last->rec.task;
	n->old_drs = last->rec.drs;
}

static struct cloud *take_cloud(struct watch *w, const struct cloud_settings *set, struct now now)
{
	struct cloud *c;

	TAILQ_FOREACH (c, &w->clouds, link) {
		if (!c->kept && cloud_is(&c->rec, set)) {
			cloud_take_settings(c, set, now);
			c->kept = true;
			return c;
		}
	}
	c = cloud_new(w, set, now);
	c->kept = true;
	TAILQ_INSERT_TAIL(&w->clouds, c, link);
	return c;
}

static void go_on(struct watch *w, struct now now)
{
	struct plan_entry *moment;
	struct cloud *c;

	w->wake = NEVER;
	TAILQ_FOREACH (c, &w->clouds, link) {
		int64_t at = round_go_on(c, now);

		w->wake = MIN(w->wake, MIN(at, summary_due(c, now)));
	}
	moment = plan_first(&w->moments);
	if (moment)
		w->wake = MIN(w->wake, moment->at);
}

int watch_configure(struct watch *w, struct settings *s, struct now now)
{
	struct cloud **clouds = heart_alloc((s->n_clouds + 1) * sizeof(*clouds));
	struct settings *old = w->settings;
	struct cloud *c, *next_c;
	struct job *j, *next_j;
	struct flight *f, *next_f;

	tell_take_back(w);
	w->settings = settings_ref(s);
	TAILQ_FOREACH (c, &w->clouds, link)
		c->kept = false;
	TAILQ_FOREACH (j, &w->jobs, link)
		j->kept = false;
	for (size_t i = 0; i < s->n_clouds; i++)
		clouds[i] = take_cloud(w, &s->clouds[i], now);
	for (size_t i = 0; i < s->n_jobs; i++) {
		const struct job_settings *set = &s->jobs[i];
		size_t size = key_size(set->cloud->drs, set->task);
		_cleanup_free_ char *key = heart_alloc(size);

		c = clouds[set->cloud - s->clouds];
		make_key(key, size, set->cloud->drs, set->task);
		HASH_FIND_STR(w->by_key, key, j);
		if (j)
			keep_job(j, c, set, now);
		else
			add_job(w, c, set, now);
	}
	for (j = TAILQ_FIRST(&w->jobs); j; j = next_j) {
		next_j = TAILQ_NEXT(j, link);
		if (!j->kept)
			remove_job(w, j);
	}
	TAILQ_FOREACH (j, &w->jobs, link) {
		if (j->named_anew)
			tell_replaced(j, now);
		j->named_anew = j->renamed = false;
	}
	for (c = TAILQ_FIRST(&w->clouds); c; c = next_c) {
		next_c = TAILQ_NEXT(c, link);
		if (!c->kept)
			remove_cloud(w, c);
		else
			summary_weigh_pace(c, now);
	}
	HASH_ITER (hh, w->flights, f, next_f)
		f->call.cloud = f->cloud->set;
	w->quiet_start = false; /* what a reload adds is told */
	settings_unref(old);
	free(clouds);
	go_on(w, now);
	return 0;
}

/* --- events --- */

static const struct answer *find_answer(const struct reply *r, const char *task)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->answers[i].task, task) == 0)
			return &r->answers[i];
	return NULL;
}

/* What is said of the only task in a call, or of one among several. */
static bool of_a_job(enum outcome o)
{
	return outcome_is_task(o) || o == OUTCOME_BAD_REQUEST;
}

/* Nobody gets up for a task's age: if it may not be read, it is not known. */
static bool of_no_weight(enum outcome o)
{
	return o == OUTCOME_DENIED || o == OUTCOME_MISCONFIGURED;
}

static void judge_whole(
	struct job *j, const struct flight *f, const struct reply *r, struct now now)
{
	struct answer a = {.outcome = r->outcome};

	text_copy(a.task, sizeof(a.task), j->rec.task);
	text_copy(a.code, sizeof(a.code), r->code);
	text_copy(a.text, sizeof(a.text), r->text);
	judge_answer(j, f->call.kind, &a, f->made, now);
}

static void judge_one(struct job *j, const struct flight *f, const struct reply *r, struct now now)
{
	enum call_kind kind = f->call.kind;

	if (r->outcome == OUTCOME_OK) {
		judge_answer(j, kind, find_answer(r, j->rec.task), f->made, now);
	} else if (of_a_job(r->outcome) && f->call.n == 1) {
		judge_whole(j, f, r, now);
	} else if (of_a_job(r->outcome)) {
		/* one of them spoils it for all: each by itself */
		j->alone = true;
		judge_requeue(j, kind, false, now.mono, now);
	} else if (kind == CALL_DETAIL && of_no_weight(r->outcome)) {
		judge_answer(j, kind, NULL, f->made, now);
	} else if (r->outcome == OUTCOME_DENIED && kind == CALL_SUBMIT) {
		judge_submit_denied(j, now);
	} else {
		judge_requeue(j, kind, r->maybe_done, now.mono, now);
	}
}

void watch_reply(struct watch *w, const struct reply *r, struct now now)
{
	struct flight *f;
	struct cloud *c;

	tell_take_back(w);
	HASH_FIND(hh, w->flights, &r->call, sizeof(r->call), f);
	if (!f)
		return;
	c = f->cloud;
	w->reply = r;
	cloud_weigh_clock(c, f, r, now);
	if (f->call.kind == CALL_LOGIN) {
		c->login_flight = NULL;
		cloud_login_reply(c, f, r, now);
	} else {
		c->in_flight--;
		if (r->outcome == OUTCOME_OK || of_a_job(r->outcome) ||
			(f->call.kind == CALL_DETAIL && of_no_weight(r->outcome)))
			cloud_call_answered(c, f, now);
		else
			cloud_call_failed(c, f, r, now);
		for (unsigned i = 0; i < f->call.n; i++) {
			struct job *j = f->jobs[i];

			if (!j)
				continue;
			j->flight = NULL;
			f->jobs[i] = NULL;
			judge_one(j, f, r, now);
		}
	}
	w->reply = NULL;
	free_flight(w, f);
	go_on(w, now);
}

void watch_tick(struct watch *w, struct now now)
{
	tell_take_back(w);
	moment_due(w, now);
	go_on(w, now);
}

static void check_now(struct job *j, struct now now)
{
	if (j->flight || job_running(j))
		return;
	/* what is already on its way to a submit only loses its waiting */
	job_plan(j, j->step == STEP_NONE || j->step == STEP_DETAIL ? STEP_STATUS : j->step,
		now.mono);
}

void watch_check_now(struct watch *w, const char *job, struct now now)
{
	struct cloud *c;
	struct job *j;

	tell_take_back(w);
	TAILQ_FOREACH (c, &w->clouds, link)
		cloud_check_now(c, now);
	TAILQ_FOREACH (j, &w->jobs, link)
		if (!job || strcmp(j->set->name, job) == 0)
			check_now(j, now);
	go_on(w, now);
}

void watch_credential_changed(struct watch *w, const char *cloud, struct now now)
{
	struct cloud *c;

	tell_take_back(w);
	TAILQ_FOREACH (c, &w->clouds, link)
		if (strcmp(c->set->name, cloud) == 0)
			cloud_credential_changed(c, now);
	go_on(w, now);
}

void watch_quiet_start(struct watch *w)
{
	w->quiet_start = true;
}

void watch_tell_state(struct watch *w, uint64_t since, struct now now)
{
	struct cloud *c;
	struct job *j;

	tell_take_back(w);
	TAILQ_FOREACH (c, &w->clouds, link)
		cloud_tell_state(c, now);
	TAILQ_FOREACH (j, &w->jobs, link)
		if (since == 0 || j->rec.last_news < since)
			tell_job_news(j, NEWS_STATE, now);
}

int64_t watch_wake(const struct watch *w)
{
	return w->wake;
}

void watch_summarise(const struct watch *w, struct now now, struct watch_summary *ret)
{
	const struct cloud *c;
	const struct job *j;

	*ret = (struct watch_summary){.next_due = NEVER, .token_end = NEVER};
	TAILQ_FOREACH (c, &w->clouds, link) {
		ret->clouds++;
		ret->clouds_down += cloud_in_told_trouble(c);
		if (c->login)
			ret->token_end = MIN(ret->token_end, c->login_end);
	}
	TAILQ_FOREACH (j, &w->jobs, link) {
		ret->jobs++;
		ret->stale += job_stale(&j->rec, j->set, now.wall);
		ret->running += job_running(j);
		ret->verdicts[job_verdict(&j->rec, j->set, now.wall)]++;
		ret->unfinished += !j->ended_once && !cloud_in_told_trouble(j->cloud);
		if (j->step == STEP_STATUS && !j->flight)
			ret->next_due = MIN(ret->next_due, j->plan.at);
	}
}
