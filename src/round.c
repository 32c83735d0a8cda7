/* round.c - who goes into which call, and when: batches of one cloud and kind, slots, slack. */
#include "heart.h"

#include "text.h"

#include <string.h>

static int plan_of(enum step step)
{
	switch (step) {
	case STEP_STATUS:
		return PLAN_STATUS;
	case STEP_SUBMIT:
		return PLAN_SUBMIT;
	case STEP_DETAIL:
		return PLAN_DETAIL;
	case STEP_BASELINE:
	case STEP_LOOK:
	case STEP_READ:
	case STEP_POLL:
		return PLAN_RESULT;
	case STEP_NONE:
		break;
	}
	return -1;
}

void job_unplan(struct job *j)
{
	int p = plan_of(j->step);

	if (p >= 0)
		plan_remove(&j->cloud->plans[p], &j->plan);
}

void job_plan(struct job *j, enum step step, int64_t at)
{
	int p;

	/* whatever led here: a job that is only read is not submitted */
	if (step == STEP_SUBMIT && !j->set->check)
		step = STEP_READ;
	p = plan_of(step);
	job_unplan(j);
	j->step = step;
	j->plan.at = at;
	if (p >= 0)
		plan_add(&j->cloud->plans[p], &j->plan);
}

bool job_running(const struct job *j)
{
	return j->rec.run.state != RUN_NONE;
}

void job_set_run(struct job *j, enum run_state state)
{
	if (job_running(j) && state == RUN_NONE)
		j->cloud->running--;
	if (!job_running(j) && state != RUN_NONE)
		j->cloud->running++;
	j->rec.run.state = state;
	tell_dirty_job(j);
}

static struct job *first(const struct plan *p)
{
	return (struct job *)plan_first(p);
}

/* Waiting a little for company keeps groups of ten together, and makes their polls shared ones. */
static int64_t patience(const struct job *j)
{
	return 6 * j->set->poll;
}

static unsigned count_due(const struct plan *p, int64_t mono)
{
	unsigned due = 0;

	for (size_t i = 1; i <= p->n && due < CALL_JOBS_MAX; i++)
		due += p->entries[i]->at <= mono;
	return due;
}

/* When the submits that wait may go: at once if there are slots for a whole group, after a while with what
 * slots there are; NEVER: when a run ends. */
static int64_t submit_at(const struct cloud *c, struct now now)
{
	const struct plan *p = &c->plans[PLAN_SUBMIT];
	const struct job *j = first(p);

	if (!j || j->plan.at > now.mono)
		return j ? j->plan.at : NEVER;

	unsigned slots = c->running < c->set->max_runs ? c->set->max_runs - c->running : 0;
	unsigned wanted = j->alone ? 1 : MIN(count_due(p, now.mono), c->set->max_runs);

	if (slots == 0)
		return NEVER;
	return slots >= wanted ? j->plan.at : MAX(j->plan.at, j->plan.at + patience(j));
}

/* What is begun is brought to its end first, but nothing waits for ever behind it. */
static int choose(const struct cloud *c, struct now now, int64_t *ret_at)
{
	static const int64_t lead[_PLAN_MAX] = {
		[PLAN_STATUS] = 0,
		[PLAN_SUBMIT] = MINUTES(1),
		[PLAN_RESULT] = MINUTES(2),
		[PLAN_DETAIL] = -MINUTES(1),
	};
	int best = -1;
	int64_t best_at = NEVER;

	*ret_at = NEVER;
	for (int p = 0; p < _PLAN_MAX; p++) {
		const struct job *j = first(&c->plans[p]);
		int64_t at = p == PLAN_SUBMIT ? submit_at(c, now) : j ? j->plan.at : NEVER;

		if (at == NEVER)
			continue;
		*ret_at = MIN(*ret_at, at);
		if (at <= now.mono && at - lead[p] < best_at) {
			best = p;
			best_at = at - lead[p];
		}
	}
	return best;
}

/* How much earlier than planned a job may ride along. */
static int64_t slack(const struct job *j)
{
	switch (j->step) {
	case STEP_STATUS:
		return j->set->interval / 6;
	case STEP_POLL:
		return j->poll / 4;
	default:
		return 0;
	}
}

static void begin_run(struct job *j, struct now now)
{
	struct run *run = &j->rec.run;

	job_set_run(j, RUN_UNSURE);
	run->number = j->cloud->watch->next_run++;
	run->submitted = now.wall;
	run->fresh = run->overdue = run->slow = false;
	j->errors = 0;
	run->have_baseline = j->have_shown;
	run->baseline = j->shown;
	j->submitted = j->took_part = now.mono;
	/* if the answer never comes, because the job changes its cloud */
	j->settled = now.mono + j->cloud->set->timeout + j->set->settle;
	j->poll = j->set->poll;
}

static struct flight *new_flight(struct cloud *c, enum call_kind kind, struct now now)
{
	struct watch *w = c->watch;
	struct flight *f = heart_alloc(sizeof(*f));

	f->cloud = c;
	f->made = now.mono;
	f->call = (struct call){
		.id = w->next_call++,
		.kind = kind,
		.cloud = c->set,
		.give_up = now.mono + c->set->timeout,
	};
	HASH_ADD(hh, w->flights, call.id, sizeof(f->call.id), f);
	return f;
}

static void hand_out(struct watch *w, const struct flight *f)
{
	struct call_effect *e = heart_alloc(sizeof(*e));

	e->call = f->call;
	STAILQ_INSERT_TAIL(&w->calls, e, link);
}

static void call_login(struct cloud *c, struct now now)
{
	c->login_flight = new_flight(c, CALL_LOGIN, now);
	hand_out(c->watch, c->login_flight);
}

static void take_along(struct flight *f, struct job *j, struct now now)
{
	unsigned i = f->call.n++;

	job_unplan(j);
	j->flight = f;
	f->jobs[i] = j;
	text_copy(f->call.jobs[i].task, sizeof(f->call.jobs[i].task), j->rec.task);
	if (j->took_part == 0 && f->call.kind != CALL_DETAIL)
		j->took_part = now.mono;
	if (f->call.kind == CALL_SUBMIT)
		begin_run(j, now);
}

static void call_drs(struct cloud *c, int p, struct now now)
{
	static const enum call_kind kinds[_PLAN_MAX] = {
		[PLAN_STATUS] = CALL_STATUS,
		[PLAN_SUBMIT] = CALL_SUBMIT,
		[PLAN_RESULT] = CALL_RESULT,
		[PLAN_DETAIL] = CALL_DETAIL,
	};
	struct flight *f = new_flight(c, kinds[p], now);
	unsigned room = CALL_JOBS_MAX;
	struct job *j = first(&c->plans[p]);
	bool alone = j->alone;

	f->call.login = c->login;
	text_copy(f->call.project, sizeof(f->call.project), c->project);
	if (p == PLAN_SUBMIT)
		room = MIN(room, c->set->max_runs - c->running);
	do {
		take_along(f, j, now);
		j = first(&c->plans[p]);
	} while (!alone && f->call.n < room && j && !j->alone && j->plan.at <= now.mono + slack(j));
	c->in_flight++;
	cloud_count_call(c, now);
	hand_out(c->watch, f);
}

int64_t round_go_on(struct cloud *c, struct now now)
{
	for (;;) {
		int64_t login_at = cloud_login_at(c, now), due;

		if (login_at <= now.mono) {
			call_login(c, now);
			continue;
		}
		if (c->login == 0)
			return login_at;

		int p = choose(c, now, &due);
		int64_t free_at = cloud_free_at(c, now);

		if (p < 0 || free_at > now.mono) {
			if (due == NEVER || free_at == NEVER)
				return login_at;
			return MIN(login_at, MAX(due, free_at));
		}
		call_drs(c, p, now);
	}
}
