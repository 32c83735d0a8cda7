/* world.c - the ten-line loop of the daemon, in virtual time, and what the roof would do around it. */
#include "world.h"

#include <stdio.h>
#include <string.h>

int64_t world_wall(const struct world *w)
{
	return w->t + FAKE_WALL + w->skew;
}

struct now world_now(const struct world *w)
{
	return (struct now){.mono = w->t - w->boot, .wall = world_wall(w)};
}

static char *numbered(const char *before, unsigned a, const char *after)
{
	char *s = NULL;

	if (asprintf(&s, "%s%u%s", before, a, after) < 0)
		abort();
	return s;
}

static void build_cloud(const struct world *w, unsigned i, struct cloud_settings *c)
{
	const struct cloud_conf *conf = &w->clouds[i];

	c->name = numbered("cloud-", i, "");
	c->iam = numbered("https://iam-", i, ".example");
	c->drs = numbered("https://drs-", i / 2, ".example"); /* two projects at each endpoint */
	c->project = numbered("project-", i, "");
	c->user = numbered("user-", i, conf->user % 2 ? "-b" : "-a");
	c->domain = strdup("domain");
	c->secret = numbered("file:/secret-", i, "");
	snprintf(c->mark, sizeof(c->mark), "%08x", conf->mark);
	c->pace = conf->pace;
	c->connections = conf->connections;
	c->max_runs = conf->max_runs;
	c->timeout = SECONDS(30);
	c->backoff_max = MINUTES(10);
	c->file = strdup("virtual.conf");
	c->line = i + 1;
}

static void build_job(
	const struct world *w, size_t task, struct settings *s, struct job_settings *j)
{
	unsigned cloud = w->fake->tasks[task].cloud;

	j->name = numbered("job-", (unsigned)task, "");
	j->cloud = &s->clouds[cloud];
	memcpy(j->task, w->fake->tasks[task].id, sizeof(j->task));
	j->interval = w->jobs[task].interval;
	j->check = w->clouds[cloud].check;
	j->first_poll = SECONDS(20);
	j->settle = SECONDS(60);
	j->poll = SECONDS(10);
	j->run_limit = MINUTES(30);
	j->stale_after = 2 * j->interval;
	j->remind = DAYS(1);
	accepts_build(&w->jobs[task], j);
	j->file = strdup("virtual.conf");
	j->line = (unsigned)task + 100;
}

static struct settings *build(const struct world *w)
{
	struct settings *s = settings_new();

	if (!s)
		abort();
	free(s->state_dir);
	s->state_dir = strdup("/nowhere");
	s->summary = DAYS(1);
	s->n_clouds = w->fake->n_clouds;
	s->clouds = calloc(s->n_clouds, sizeof(*s->clouds));
	s->jobs = calloc(w->fake->n_tasks, sizeof(*s->jobs));
	for (unsigned i = 0; i < s->n_clouds; i++)
		build_cloud(w, i, &s->clouds[i]);
	for (size_t i = 0; i < w->fake->n_tasks; i++)
		if (w->jobs[i].on)
			build_job(w, i, s, &s->jobs[s->n_jobs++]);
	return s;
}

void world_configure(struct world *w)
{
	struct settings *s = build(w);

	judge_begin(w->judge, NULL);
	if (watch_configure(w->watch, s, world_now(w)) < 0)
		abort();
	settings_unref(w->settings);
	w->settings = s;
	judge_configured(w->judge);
	world_drain(w);
}

/* Nobody waits for the answers of a dead process. */
static void bury(struct world *w)
{
	for (size_t i = 0; i < w->queue.n; i++)
		if (w->queue.events[i].flight)
			w->queue.events[i].flight->dead = true;
	for (unsigned i = 0; i < w->fake->n_clouds; i++)
		fake_forget_logins(w->fake, i);
}

struct saved_cloud *world_saved_cloud(const struct world *w, unsigned cloud)
{
	return &w->saved_clouds[2 * cloud + w->clouds[cloud].user % 2];
}

void world_rename(struct world *w, unsigned cloud)
{
	w->clouds[cloud].user++;
	w->counts.renames++;
	for (size_t i = 0; i < w->queue.n; i++) {
		struct flight *fl = w->queue.events[i].flight;

		if (fl && fl->cloud == cloud && !fl->dead)
			fl->stray = true;
	}
	fake_forget_logins(w->fake, cloud);
	judge_renamed(w->judge, cloud);
}

void world_stop(struct world *w)
{
	w->watch = watch_free(w->watch);
	w->settings = settings_unref(w->settings);
	bury(w);
	judge_process(w->judge, false);
}

void world_start(struct world *w)
{
	struct job_record *jobs = calloc(w->fake->n_tasks, sizeof(*jobs));
	struct cloud_record *clouds = calloc(2 * w->fake->n_clouds, sizeof(*clouds));
	size_t n = 0, m = 0;

	for (size_t i = 0; i < w->fake->n_tasks; i++)
		if (w->have[i])
			jobs[n++] = w->saved[i];
	for (size_t i = 0; i < 2 * w->fake->n_clouds; i++)
		if (w->saved_clouds[i].have)
			clouds[m++] = w->saved_clouds[i].record;
	if (watch_new(&w->watch, w->story.seed + w->counts.restarts, w->next_run, w->next_news) <
			0 ||
		watch_restore(w->watch, jobs, n, clouds, m) < 0)
		abort();
	free(jobs);
	free(clouds);
	fake_grow_shy(w->fake);
	judge_process(w->judge, true);
	world_configure(w);
}

static void save_job(struct world *w, const struct job_record *r)
{
	long i = fake_find(w->fake, r->task);

	if (i < 0) {
		judge_violation(w->judge, -1, -1, "a record of an unknown task was saved");
		return;
	}
	if (w->have[i])
		job_record_done(&w->saved[i]);
	if (job_record_copy(&w->saved[i], r) < 0)
		abort();
	w->have[i] = true;
	if (r->run.number >= w->next_run)
		w->next_run = r->run.number + 1;
}

static void cloud_record_done(struct cloud_record *r)
{
	free(r->iam);
	free(r->drs);
	free(r->user);
	free(r->domain);
	free(r->project);
}

static void save_cloud(struct world *w, const struct cloud_record *r)
{
	char *user;
	unsigned i = (unsigned)strtoul(r->user + strlen("user-"), &user, 10);
	struct saved_cloud *s = &w->saved_clouds[2 * i + (strcmp(user, "-b") == 0)];

	if (s->have)
		cloud_record_done(&s->record);
	s->record = *r;
	s->record.iam = strdup(r->iam);
	s->record.drs = strdup(r->drs);
	s->record.user = strdup(r->user);
	s->record.domain = strdup(r->domain);
	s->record.project = strdup(r->project);
	s->have = true;
}

/* Dies between the commit and the calls: of those only the submit may have got through. */
static bool lose_call(struct world *w, struct flight *fl)
{
	if (w->die_at_submit && fl->call.kind == CALL_SUBMIT) {
		w->die_at_submit = false;
		w->dying = true;
		w->counts.mid_submit++;
		return dice_chance(&w->dice, .5);
	}
	return w->dying;
}

static void make_call(struct world *w, const struct call *call)
{
	struct flight *fl = calloc(1, sizeof(*fl));
	size_t cloud = (size_t)(call->cloud - w->settings->clouds);

	if (cloud >= w->settings->n_clouds) {
		judge_violation(
			w->judge, -1, -1, "a call names a cloud that is not in the settings");
		free(fl);
		return;
	}
	fl->call = *call;
	fl->cloud = (unsigned)cloud;
	fl->sent = w->t;
	for (unsigned i = 0; i < call->n; i++)
		fl->asked[i] = fake_find(w->fake, call->jobs[i].task);
	judge_call(w->judge, fl);
	if (judge_failed(w->judge) || lose_call(w, fl)) {
		free(fl);
		return;
	}
	fake_take(w->fake, fl, call->give_up + w->boot);
	judge_taken(w->judge, fl);
	queue_put(&w->queue, (struct event){.at = fl->due, .kind = EVENT_REPLY, .flight = fl});
}

void world_drain(struct world *w)
{
	struct effect e;

	w->counts.drains++;
	while (watch_next(w->watch, &e) && !judge_failed(w->judge)) {
		w->counts.effects++;
		if (e.kind == EFFECT_SAVE_JOB)
			save_job(w, e.job);
		else if (e.kind == EFFECT_SAVE_CLOUD)
			save_cloud(w, e.cloud);
		else if (e.kind == EFFECT_NEWS && e.news->id >= w->next_news)
			w->next_news = e.news->id + 1;
		judge_effect(w->judge, &e);
		if (e.kind == EFFECT_CALL)
			make_call(w, e.call);
	}
	judge_end(w->judge);
	if (w->dying && !judge_failed(w->judge)) {
		w->dying = false;
		w->counts.restarts++;
		world_stop(w);
		world_start(w);
	}
}

static void deliver(struct world *w, struct flight *fl)
{
	if (fl->stray && !fl->dead) { /* an answer that the heart knows nothing of any more */
		judge_begin(w->judge, NULL);
		watch_reply(w->watch, fl->reply, world_now(w));
		world_drain(w);
	} else if (!fl->dead) {
		judge_begin(w->judge, fl);
		watch_reply(w->watch, fl->reply, world_now(w));
		world_drain(w);
	}
	reply_free(fl->reply);
	free(fl);
}

/* The loop: the daemon's, but for the clock. */
static void play(struct world *w)
{
	unsigned spins = 0;
	int64_t last = -1;

	while (!judge_failed(w->judge)) {
		int64_t wake = w->watch ? watch_wake(w->watch) : INT64_MAX;
		int64_t next = queue_next(&w->queue);
		struct event e;

		if (wake != INT64_MAX)
			wake = MAX(wake + w->boot, w->t);
		if (MIN(wake, next) >= w->end)
			break;
		w->t = MIN(wake, next);
		spins = w->t == last ? spins + 1 : 0;
		last = w->t;
		if (spins > 100000) {
			judge_violation(
				w->judge, -1, -1, "the watch wakes again and again at one moment");
			break;
		}
		if (next <= wake) {
			queue_take(&w->queue, &e);
			if (e.kind == EVENT_REPLY)
				deliver(w, e.flight);
			else
				script_happen(w, &e);
		} else {
			w->counts.ticks++;
			if (dice_chance(&w->dice, .1)) /* timers may be late */
				w->t = MIN(wake + dice_between(&w->dice, 0, 20), next);
			judge_begin(w->judge, NULL);
			watch_tick(w->watch, world_now(w));
			world_drain(w);
		}
	}
}

static void new_confs(struct world *w)
{
	static const int64_t intervals[] = {MINUTES(30), HOURS(1), HOURS(2), HOURS(2), HOURS(4),
		HOURS(4), HOURS(6), HOURS(6), HOURS(6), HOURS(12), HOURS(12), HOURS(12)};

	for (size_t i = 0; i < w->fake->n_clouds; i++)
		w->clouds[i] = (struct cloud_conf){.pace = i % 4 == 1 ? 20 : 30,
			.connections = i % 3 == 2 ? 2 : 4,
			.max_runs = i % 5 == 0 ? 12 : 20,
			.mark = (unsigned)(i + 1) << 16,
			.check = i + 1 < w->fake->n_clouds};
	for (size_t i = 0; i < w->fake->n_tasks; i++)
		w->jobs[i] = (struct job_conf){.on = i < w->story.jobs,
			.interval =
				intervals[dice_between(&w->dice, 0, ELEMENTSOF(intervals) - 1)]};
}

static void world_done(struct world *w)
{
	w->watch = watch_free(w->watch);
	settings_unref(w->settings);
	for (size_t i = 0; i < w->queue.n; i++)
		if (w->queue.events[i].flight) {
			reply_free(w->queue.events[i].flight->reply);
			free(w->queue.events[i].flight);
		}
	free(w->queue.events);
	for (size_t i = 0; i < w->fake->n_tasks; i++)
		if (w->have[i])
			job_record_done(&w->saved[i]);
	for (size_t i = 0; i < 2 * w->fake->n_clouds; i++)
		if (w->saved_clouds[i].have)
			cloud_record_done(&w->saved_clouds[i].record);
	judge_free(w->judge);
	fake_free(w->fake);
	free(w->saved);
	free(w->have);
	free(w->saved_clouds);
	free(w->jobs);
	free(w->clouds);
}

static void add_all(void *sum, const void *part, size_t size)
{
	uint64_t *s = sum;
	const uint64_t *p = part;

	for (size_t i = 0; i < size / sizeof(*s); i++)
		s[i] += p[i];
}

bool world_play(const struct story *s, struct totals *totals)
{
	size_t clouds = MIN(MAX(s->jobs / 80, (size_t)3), (size_t)12),
	       tasks = s->jobs + s->jobs / 5 + 1;
	struct world w = {.story = *s, .next_run = 1, .next_news = 1, .boot = -SECONDS(1000)};
	bool ok;

	w.dice = dice_start(s->seed * 2 + 1);
	w.accept_dice = dice_start(~s->seed);
	w.fake = fake_new(s->seed * 2, clouds, tasks);
	w.clouds = calloc(clouds, sizeof(*w.clouds));
	w.saved_clouds = calloc(2 * clouds, sizeof(*w.saved_clouds));
	w.jobs = calloc(tasks, sizeof(*w.jobs));
	w.saved = calloc(tasks, sizeof(*w.saved));
	w.have = calloc(tasks, sizeof(*w.have));
	w.end = DAYS(s->days);
	w.heal = w.end - MIN(HOURS(44), w.end / 2);
	new_confs(&w);
	accepts_begin(&w);
	w.judge = judge_new(&w);
	script_begin(&w);
	world_start(&w);
	play(&w);
	if (!judge_failed(w.judge)) {
		w.t = w.end;
		judge_finish(w.judge);
	}
	ok = !judge_failed(w.judge);
	add_all(&totals->fake, &w.fake->counts, sizeof(totals->fake));
	add_all(&totals->world, &w.counts, sizeof(totals->world));
	add_all(&totals->judge, judge_counts(w.judge), sizeof(totals->judge));
	world_done(&w);
	return ok;
}
