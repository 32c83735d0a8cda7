/* heart_kit.h - a bench for the heart: settings in code, a virtual clock, replies by hand or from a small
 * DRS that never errs, and a drain that checks what must hold in every event.
 *
 * Always checked: effects come as saves, news, calls; what is told was saved in the same event; ids of
 * calls, news and runs rise; a call carries 1-10 different tasks of its own cloud and a login that was
 * given; no call of a kind carries a job that is in another one. */
#pragma once

#include "watch.h"

#include "news.h"
#include "text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define KIT        static __attribute__((unused))
#define KIT_TASKS  256
#define KIT_CALLS  128
#define KIT_NEWS   512
#define KIT_TRACE  40000
#define KIT_CLOUDS 4
#define KIT_WALL   INT64_C(1795575600000) /* 2026-11-25 03:00:00 UTC */
#define MARK       "aaaaaaaa"

struct kit_told {
	uint64_t id, run;
	enum news_kind kind;
	const char *event;
	char job[32], cloud[32], status[40], previous_status[40], code[24];
	enum verdict verdict, previous;
	bool stale, first;
	int64_t at, since, previous_since, run_age, trouble_since, next_try, reachable;
	enum trouble trouble;
	unsigned jobs, pace, pace_wanted, changes, reminded;
	unsigned verdicts[_VERDICT_MAX], stale_jobs;
	int64_t typical, slowed, oldest, token_left;
	char added[128], changed[128], still[128], fixed[128], unchecked[128];
	char text[2048];
};

struct kit_run {
	char task[TASK_ID_SIZE];
	uint64_t number;
	int64_t submitted, ended;
	bool foreign, lost, report;
	enum verdict verdict;
};

struct kit_fake { /* a task of the small DRS */
	const char *status, *items;
	int64_t begun, lasts; /* mono ms; begun 0: never checked */
	unsigned submits;
};

struct kit_trace {
	int64_t at;
	enum call_kind kind;
	unsigned cloud, n, in_flight;
};

struct kit {
	struct watch *w;
	struct settings *s;
	struct now now;
	struct call calls[KIT_CALLS]; /* on the wire, oldest first */
	size_t n_calls;
	struct call details[4]; /* batch-detail calls not answered yet */
	size_t n_details;
	bool keep_details;
	int64_t created; /* what batch-detail says, wall ms; 0: now */
	struct kit_told told[KIT_NEWS];
	size_t n_told, taken;
	struct job_record jobs[KIT_TASKS]; /* the store */
	size_t n_jobs;
	struct cloud_record clouds[KIT_CLOUDS];
	size_t n_clouds;
	struct kit_run runs[KIT_TRACE / 8];
	size_t n_runs;
	struct kit_trace trace[KIT_TRACE];
	size_t n_trace;
	uint64_t last_call, last_news, last_run, logins[64];
	size_t n_logins;
	int64_t token_life;
	/* the small DRS */
	struct kit_fake fakes[KIT_TASKS];
	int64_t latency;
	unsigned most_running;
};

/* --- settings --- */

KIT const char *task_id(unsigned i)
{
	static char bufs[8][TASK_ID_SIZE];
	static unsigned at;
	char *buf = bufs[at++ % ELEMENTSOF(bufs)];

	snprintf(buf, TASK_ID_SIZE, "5f0e9d8c-1a2b-4c3d-8e9f-%012u", i);
	return buf;
}

KIT unsigned task_number(const char *task)
{
	unsigned i = (unsigned)strtoul(task + 24, NULL, 10);

	assert_string_equal(task, task_id(i));
	return i;
}

KIT char *kit_name(const char *base, unsigned i)
{
	char buf[64];

	snprintf(buf, sizeof(buf), "%s%u", base, i);
	return strdup(buf);
}

/* Job i is "job<i>" with task_id(i); they are dealt out to the clouds "cloud0".. in turn. */
KIT struct settings *make_settings(unsigned clouds, unsigned jobs)
{
	struct settings *s = settings_new();

	s->n_clouds = clouds;
	s->n_jobs = jobs;
	s->clouds = calloc(clouds, sizeof(*s->clouds));
	s->jobs = calloc(jobs + 1, sizeof(*s->jobs));
	for (unsigned i = 0; i < clouds; i++) {
		struct cloud_settings *c = &s->clouds[i];

		c->name = kit_name("cloud", i);
		c->iam = kit_name("https://iam.example/", i);
		c->drs = kit_name("https://drs.example/", i);
		c->project = strdup("eu-de_prod");
		c->user = strdup("watcher");
		c->domain = strdup("OTC00000000001");
		text_copy(c->mark, sizeof(c->mark), MARK);
		c->pace = 600;
		c->connections = 4;
		c->max_runs = 20;
		c->timeout = SECONDS(30);
		c->backoff_max = MINUTES(10);
	}
	for (unsigned i = 0; i < jobs; i++) {
		struct job_settings *j = &s->jobs[i];

		j->name = kit_name("job", i);
		j->cloud = &s->clouds[i % clouds];
		text_copy(j->task, sizeof(j->task), task_id(i));
		j->interval = MINUTES(30);
		j->check = true;
		j->first_poll = SECONDS(20);
		j->settle = SECONDS(60);
		j->poll = SECONDS(10);
		j->run_limit = MINUTES(30);
		j->stale_after = HOURS(1);
		j->remind = DAYS(1);
	}
	return s;
}

KIT void accept_item(
	struct job_settings *j, const char *item, const char *failed_reason, int64_t until)
{
	struct accept *a;

	j->accepts = reallocarray(j->accepts, j->n_accepts + 1, sizeof(*a));
	a = &j->accepts[j->n_accepts++];
	*a = (struct accept){
		.item = strdup(item),
		.failed_reason = failed_reason ? strdup(failed_reason) : NULL,
		.reason = strdup("moved by hand"),
		.by = strdup("dba@example.org"),
		.until = until,
	};
}

/* --- effects --- */

KIT struct job_record *stored(struct kit *k, unsigned i)
{
	for (size_t n = 0; n < k->n_jobs; n++)
		if (strcmp(k->jobs[n].task, task_id(i)) == 0)
			return &k->jobs[n];
	fail_msg("job %u was never saved", i);
	return NULL;
}

KIT void kit_save_job(struct kit *k, const struct job_record *rec)
{
	size_t n = 0;

	while (n < k->n_jobs &&
		(strcmp(k->jobs[n].task, rec->task) != 0 || strcmp(k->jobs[n].drs, rec->drs) != 0))
		n++;
	assert_true(n < KIT_TASKS);
	if (n == k->n_jobs)
		k->n_jobs++;
	else
		job_record_done(&k->jobs[n]);
	assert_int_equal(job_record_copy(&k->jobs[n], rec), 0);
}

KIT void kit_cloud_done(struct cloud_record *c)
{
	free(c->iam);
	free(c->drs);
	free(c->user);
	free(c->domain);
	free(c->project);
}

KIT void kit_save_cloud(struct kit *k, const struct cloud_record *rec)
{
	size_t n = 0;

	while (n < k->n_clouds && (strcmp(k->clouds[n].drs, rec->drs) != 0 ||
					  strcmp(k->clouds[n].user, rec->user) != 0))
		n++;
	assert_true(n < KIT_CLOUDS);
	if (n == k->n_clouds)
		k->n_clouds++;
	else
		kit_cloud_done(&k->clouds[n]);
	k->clouds[n] = *rec;
	k->clouds[n].iam = strdup(rec->iam);
	k->clouds[n].drs = strdup(rec->drs);
	k->clouds[n].user = strdup(rec->user);
	k->clouds[n].domain = strdup(rec->domain);
	k->clouds[n].project = strdup(rec->project);
}

KIT void kit_save_run(struct kit *k, const struct run_record *rec)
{
	struct kit_run *r = &k->runs[k->n_runs++];

	assert_true(k->n_runs < ELEMENTSOF(k->runs));
	text_copy(r->task, sizeof(r->task), rec->task);
	r->number = rec->number;
	r->submitted = rec->submitted;
	r->ended = rec->ended;
	r->foreign = rec->foreign;
	r->lost = rec->lost;
	r->report = rec->report != NULL;
	r->verdict = rec->verdict;
	assert_true(rec->lost == !rec->report);
}

KIT void kit_list(char *buf, size_t size, const char *name)
{
	size_t len = strlen(buf);

	snprintf(buf + len, size - len, "%s%s", len ? " " : "", name);
}

KIT void kit_items(struct kit_told *t, const struct news *n)
{
	_cleanup_free_ struct change *changes = NULL;
	size_t count = 0;

	if (!n->report)
		return;
	assert_int_equal(report_compare(n->previous_report, n->report, &changes, &count), 0);
	for (size_t i = 0; i < count; i++) {
		char *const lists[_CHANGE_KIND_MAX] = {
			t->added, t->changed, t->still, t->fixed, t->unchecked};

		kit_list(lists[changes[i].kind], sizeof(t->added),
			(changes[i].item ? changes[i].item : changes[i].before)->name);
	}
}

KIT void kit_tell(struct kit *k, const struct news *n)
{
	struct kit_told *t = &k->told[k->n_told];

	if (n->kind != NEWS_STATE) {
		assert_true(n->id > k->last_news);
		k->last_news = n->id;
		if (n->job) /* stored before told */
			assert_true(stored(k, task_number(n->task))->last_news >= n->id);
		else
			assert_true(k->n_clouds > 0);
	}
	assert_true(k->n_told + 1 < KIT_NEWS);
	*t = (struct kit_told){
		.id = n->id,
		.run = n->run,
		.kind = n->kind,
		.event = news_event(n)->name,
		.verdict = n->verdict,
		.previous = n->previous,
		.stale = n->stale,
		.first = n->first,
		.at = k->now.mono,
		.since = n->since,
		.previous_since = n->previous_since,
		.run_age = n->run_age,
		.trouble_since = n->trouble_since,
		.next_try = n->next_try,
		.reachable = n->reachable,
		.trouble = n->trouble,
		.jobs = n->jobs,
		.pace = n->pace,
		.pace_wanted = n->pace_wanted,
		.changes = n->changes,
		.reminded = n->reminded,
		.stale_jobs = n->stale_jobs,
		.typical = n->typical,
		.slowed = n->slowed,
		.oldest = n->oldest,
		.token_left = n->token_left,
	};
	memcpy(t->verdicts, n->verdicts, sizeof(t->verdicts));
	assert_true(n->wall == k->now.wall);
	text_copy(t->job, sizeof(t->job), n->job);
	text_copy(t->cloud, sizeof(t->cloud), n->cloud);
	text_copy(t->status, sizeof(t->status), n->status);
	text_copy(t->previous_status, sizeof(t->previous_status), n->previous_status);
	text_copy(t->code, sizeof(t->code), n->code);
	kit_items(t, n);
	news_text(n, t->text, sizeof(t->text));
	/* a login is told each time; tests that care count k->n_logins */
	if (n->kind != NEWS_CLOUD_LOGIN)
		k->n_told++;
}

KIT void kit_take_call(struct kit *k, const struct call *c)
{
	bool known = false;

	assert_true(c->id > k->last_call);
	k->last_call = c->id;
	assert_true(k->n_calls < KIT_CALLS);
	assert_int_equal(c->give_up, k->now.mono + c->cloud->timeout);
	if (c->kind == CALL_LOGIN) {
		assert_int_equal(c->n, 0);
		assert_int_equal(c->login, 0);
	} else {
		for (size_t i = 0; i < k->n_logins; i++)
			known |= k->logins[i] == c->login;
		assert_true(known);
		assert_string_equal(c->project, "0123456789abcdef0123456789abcdef");
		assert_in_range(c->n, 1, CALL_JOBS_MAX);
	}
	for (unsigned i = 0; i < c->n; i++) {
		const struct job_settings *set = NULL;

		for (size_t n = 0; n < k->s->n_jobs; n++)
			if (strcmp(k->s->jobs[n].task, c->jobs[i].task) == 0)
				set = &k->s->jobs[n];
		assert_non_null(set);
		assert_ptr_equal(set->cloud, c->cloud); /* clouds are never mixed */
		for (size_t n = 0; n < k->n_calls; n++)
			for (unsigned m = 0; m < k->calls[n].n; m++)
				assert_string_not_equal(k->calls[n].jobs[m].task, c->jobs[i].task);
		for (unsigned m = 0; m < i; m++)
			assert_string_not_equal(c->jobs[m].task, c->jobs[i].task);
	}
	k->calls[k->n_calls++] = *c;
	if (k->n_trace < KIT_TRACE)
		k->trace[k->n_trace++] = (struct kit_trace){.at = k->now.mono,
			.kind = c->kind,
			.cloud = (unsigned)(c->cloud - k->s->clouds),
			.n = c->n,
			.in_flight = (unsigned)k->n_calls};
}

KIT void kit_drain(struct kit *k);

/* batch-detail is answered at once and by itself, unless a test keeps it: it is about a task's age only. */
KIT void kit_answer_details(struct kit *k)
{
	struct reply *r;
	struct call c;

	if (k->n_details == 0 || k->keep_details)
		return;
	c = k->details[--k->n_details];
	assert_int_equal(reply_new(c.id, c.n, &r), 0);
	for (unsigned i = 0; i < c.n; i++) {
		text_copy(r->answers[i].task, sizeof(r->answers[i].task), c.jobs[i].task);
		r->answers[i].created = k->created ? k->created : k->now.wall;
	}
	watch_reply(k->w, r, k->now);
	reply_free(r);
	kit_drain(k);
}

KIT void kit_drain(struct kit *k)
{
	enum {
		SAVES,
		NEWS,
		CALLS
	} phase = SAVES;
	struct effect e;

	while (watch_next(k->w, &e)) {
		switch (e.kind) {
		case EFFECT_SAVE_JOB:
			assert_int_equal(phase, SAVES);
			kit_save_job(k, e.job);
			break;
		case EFFECT_SAVE_CLOUD:
			assert_int_equal(phase, SAVES);
			kit_save_cloud(k, e.cloud);
			break;
		case EFFECT_SAVE_RUN:
			assert_int_equal(phase, SAVES);
			kit_save_run(k, e.run);
			break;
		case EFFECT_NEWS:
			assert_true(phase <= NEWS);
			phase = NEWS;
			kit_tell(k, e.news);
			break;
		case EFFECT_CALL:
			phase = CALLS;
			if (e.call->kind == CALL_SUBMIT) /* what is on the wire is in the store */
				for (unsigned i = 0; i < e.call->n; i++)
					assert_int_equal(
						stored(k, task_number(e.call->jobs[i].task))
							->run.state,
						RUN_UNSURE);
			if (e.call->kind == CALL_DETAIL) {
				assert_true(k->n_details < ELEMENTSOF(k->details));
				k->details[k->n_details++] = *e.call;
			} else {
				kit_take_call(k, e.call);
			}
			break;
		default:
			fail_msg("unknown effect %d", e.kind);
		}
	}
	for (size_t i = 0; i < k->n_jobs; i++)
		k->last_run = MAX(k->last_run, k->jobs[i].run.number);
	kit_answer_details(k);
}

/* --- life and time --- */

KIT void kit_configure(struct kit *k, struct settings *s)
{
	struct settings *old = k->s;

	k->s = s;
	assert_int_equal(watch_configure(k->w, s, k->now), 0);
	/* calls on the wire stay; the heart lends them the new settings of their cloud */
	for (size_t i = 0; i < k->n_calls; i++) {
		const char *name = k->calls[i].cloud->name;

		k->calls[i].cloud = settings_cloud(s, name);
	}
	kit_drain(k);
	settings_unref(old);
}

KIT int kit_setup(void **state)
{
	struct kit *k = calloc(1, sizeof(*k));

	k->now = (struct now){.mono = 1000000, .wall = KIT_WALL};
	k->token_life = DAYS(90); /* logins are in the way of most tests */
	k->latency = 200;
	for (unsigned i = 0; i < KIT_TASKS; i++)
		k->fakes[i] = (struct kit_fake){
			.status = "CONFIGURATION", .items = "a=P b=P", .lasts = SECONDS(25)};
	assert_int_equal(watch_new(&k->w, 42, 1, 1), 0);
	*state = k;
	return 0;
}

KIT int kit_teardown(void **state)
{
	struct kit *k = *state;

	watch_free(k->w);
	settings_unref(k->s);
	for (size_t i = 0; i < k->n_jobs; i++)
		job_record_done(&k->jobs[i]);
	for (size_t i = 0; i < k->n_clouds; i++)
		kit_cloud_done(&k->clouds[i]);
	free(k);
	return 0;
}

/* A new process on a freshly booted machine, with what was saved. */
KIT void kit_restart(struct kit *k, struct settings *s)
{
	watch_free(k->w);
	k->n_calls = k->n_logins = 0;
	k->last_call = 0;
	for (unsigned i = 0; i < KIT_TASKS; i++) /* the small DRS goes on by its own clock */
		if (k->fakes[i].begun)
			k->fakes[i].begun -= k->now.mono - 5000 +
					     (k->fakes[i].begun == k->now.mono - 5000);
	k->now.mono = 5000;
	assert_int_equal(watch_new(&k->w, 43, k->last_run + 1, k->last_news + 1), 0);
	assert_int_equal(watch_restore(k->w, k->jobs, k->n_jobs, k->clouds, k->n_clouds), 0);
	kit_configure(k, s);
}

/* Ticks when the heart asks for it, no sooner; nobody answers meanwhile. */
KIT void kit_run_until(struct kit *k, int64_t mono)
{
	unsigned idle = 0;

	while (watch_wake(k->w) <= mono) {
		int64_t at = MAX(watch_wake(k->w), k->now.mono);

		idle = at == k->now.mono ? idle + 1 : 0;
		if (idle > 100)
			fail_msg("the heart wakes for nothing");
		k->now.wall += at - k->now.mono;
		k->now.mono = at;
		watch_tick(k->w, k->now);
		kit_drain(k);
	}
	k->now.wall += mono - k->now.mono;
	k->now.mono = mono;
}

KIT void pass(struct kit *k, int64_t ms)
{
	kit_run_until(k, k->now.mono + ms);
}

KIT void check_now(struct kit *k, const char *job)
{
	watch_check_now(k->w, job, k->now);
	kit_drain(k);
}

/* --- expectations --- */

/* The next call must be of that kind and n jobs (0: any number), and made within a second: pace, no plan. */
KIT struct call expect_call(struct kit *k, enum call_kind kind, unsigned n)
{
	struct call c;

	for (int64_t end = k->now.mono + 1000; k->n_calls == 0 && watch_wake(k->w) <= end;)
		kit_run_until(k, MAX(watch_wake(k->w), k->now.mono));
	if (k->n_calls == 0)
		fail_msg("expected %s, but no call is made", call_kind_name(kind));
	c = k->calls[0];
	if (c.kind != kind)
		fail_msg("expected %s, got %s", call_kind_name(kind), call_kind_name(c.kind));
	if (n)
		assert_int_equal(c.n, n);
	memmove(k->calls, k->calls + 1, --k->n_calls * sizeof(c));
	return c;
}

KIT void expect_no_call(struct kit *k)
{
	if (k->n_calls)
		fail_msg("unexpected %s", call_kind_name(k->calls[0].kind));
}

KIT const struct kit_told *expect_news(struct kit *k, const char *event)
{
	const struct kit_told *t = &k->told[k->taken];

	if (k->taken == k->n_told)
		fail_msg("expected news \"%s\", but nothing is told", event);
	if (strcmp(t->event, event) != 0)
		fail_msg("expected news \"%s\", got \"%s\": %s", event, t->event, t->text);
	k->taken++;
	return t;
}

KIT void expect_no_news(struct kit *k)
{
	if (k->taken < k->n_told)
		fail_msg("unexpected news: %s", k->told[k->taken].text);
}

/* Nothing is called or told for so long. */
KIT void expect_quiet(struct kit *k, int64_t ms)
{
	pass(k, ms);
	expect_no_call(k);
	expect_no_news(k);
}

KIT bool carries(const struct call *c, unsigned task)
{
	for (unsigned i = 0; i < c->n; i++)
		if (strcmp(c->jobs[i].task, task_id(task)) == 0)
			return true;
	return false;
}

/* --- replies by hand --- */

/* Items as "NAME=R[:REASON] ..."; R is P, E (empty), O (a word never documented), A or F. */
KIT struct report *make_report(int process, int rate, int result, const char *items)
{
	char buf[256], *rest = buf, *word;
	struct report *r;

	assert_int_equal(report_new(&r), 0);
	r->process = process;
	r->rate = rate;
	r->result = result;
	assert_true(text_copy(buf, sizeof(buf), items));
	while ((word = strsep(&rest, " ")) && *word) {
		struct item item = {.checked = true, .name = strsep(&word, "=")};
		char c = *strsep(&word, ":");

		item.result = c == 'P'   ? ITEM_PASSED
			      : c == 'E' ? ITEM_PENDING
			      : c == 'O' ? ITEM_OTHER
			      : c == 'A' ? ITEM_ALARM
					 : ITEM_FAILED;
		item.said = c == 'O' ? (char *)"SKIPPED" : NULL;
		item.reason = word;
		assert_int_equal(report_add(r, &item), 0);
	}
	report_mix(r, items, strlen(items));
	report_mix(r, (char *)&rate, sizeof(rate));
	report_mix(r, (char *)&result, sizeof(result));
	report_seal(r);
	return r;
}

KIT struct reply *reply_to(const struct call *c)
{
	struct reply *r;

	assert_int_equal(reply_new(c->id, c->n, &r), 0);
	for (unsigned i = 0; i < c->n; i++)
		text_copy(r->answers[i].task, sizeof(r->answers[i].task), c->jobs[i].task);
	text_copy(r->request_id, sizeof(r->request_id), "req-1");
	return r;
}

KIT struct answer *answer_of(struct reply *r, unsigned task)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->answers[i].task, task_id(task)) == 0)
			return &r->answers[i];
	fail_msg("task %u is not in this call", task);
	return NULL;
}

KIT void answer_fails(struct answer *a, enum outcome outcome, const char *code)
{
	report_unref(a->report);
	a->report = NULL;
	*a->status = '\0';
	a->outcome = outcome;
	text_copy(a->code, sizeof(a->code), code);
}

KIT void kit_send(struct kit *k, struct reply *r)
{
	watch_reply(k->w, r, k->now);
	reply_free(r);
	kit_drain(k);
}

KIT void say_login(struct kit *k, const struct call *c)
{
	struct reply *r = reply_to(c);

	r->life = k->token_life;
	text_copy(r->project, sizeof(r->project), "0123456789abcdef0123456789abcdef");
	assert_true(k->n_logins < ELEMENTSOF(k->logins));
	k->logins[k->n_logins++] = c->id;
	kit_send(k, r);
}

/* The call as a whole. */
KIT void say_whole(struct kit *k, const struct call *c, enum outcome outcome, const char *code)
{
	struct reply *r;

	assert_int_equal(reply_new(c->id, 0, &r), 0);
	r->outcome = outcome;
	text_copy(r->code, sizeof(r->code), code);
	kit_send(k, r);
}

/* Nobody knows whether it arrived. */
KIT void say_unclear(struct kit *k, const struct call *c)
{
	struct reply *r;

	assert_int_equal(reply_new(c->id, 0, &r), 0);
	r->outcome = OUTCOME_TRANSPORT;
	r->maybe_done = true;
	kit_send(k, r);
}

KIT struct reply *with_status(const struct call *c, const char *status)
{
	struct reply *r = reply_to(c);

	for (size_t i = 0; i < r->n; i++)
		text_copy(r->answers[i].status, sizeof(r->answers[i].status), status);
	return r;
}

KIT struct reply *with_result(const struct call *c, int process, const char *items)
{
	struct reply *r = reply_to(c);

	for (size_t i = 0; i < r->n; i++)
		r->answers[i].report = make_report(process, -1, -1, items);
	return r;
}

KIT struct reply *with_outcome(const struct call *c, enum outcome outcome, const char *code)
{
	struct reply *r = reply_to(c);

	for (size_t i = 0; i < r->n; i++)
		answer_fails(&r->answers[i], outcome, code);
	return r;
}

KIT void do_login(struct kit *k)
{
	struct call c = expect_call(k, CALL_LOGIN, 0);

	say_login(k, &c);
}

KIT void do_status(struct kit *k, const char *status)
{
	struct call c = expect_call(k, CALL_STATUS, 0);

	kit_send(k, with_status(&c, status));
}

KIT void do_result(struct kit *k, int process, const char *items)
{
	struct call c = expect_call(k, CALL_RESULT, 0);

	kit_send(k, with_result(&c, process, items));
}

/* Each entry of the next call. */
KIT void do_entries(struct kit *k, enum call_kind kind, enum outcome outcome, const char *code)
{
	struct call c = expect_call(k, kind, 0);

	kit_send(k, with_outcome(&c, outcome, code));
}

/* No pre-check was ever made. */
KIT void do_no_result(struct kit *k)
{
	do_entries(k, CALL_RESULT, OUTCOME_WRONG_STATE, "DRS.M00304");
}

KIT void do_submit(struct kit *k)
{
	do_entries(k, CALL_SUBMIT, OUTCOME_OK, "");
}

/* One job, freshly configured, up to the submit, which is next. */
KIT void to_submit(struct kit *k, struct settings *s)
{
	kit_configure(k, s);
	do_login(k);
	do_status(k, "CONFIGURATION");
	do_no_result(k);
}

/* The polls of a run that was just taken. */
KIT void do_polls(struct kit *k, const char *items)
{
	pass(k, SECONDS(20));
	do_result(k, 50, "x=E");
	pass(k, SECONDS(10));
	do_result(k, 100, items);
}

/* A first whole check of all jobs (at most 10) of one cloud. */
KIT void first_check(struct kit *k, struct settings *s, const char *items)
{
	to_submit(k, s);
	do_submit(k);
	do_polls(k, items);
}

/* Waits for the next check and goes through it. */
KIT void next_check(struct kit *k, const char *items)
{
	pass(k, MINUTES(30) - SECONDS(30));
	do_status(k, "CONFIGURATION");
	do_submit(k);
	do_polls(k, items);
}

#define KIT_TEST(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
