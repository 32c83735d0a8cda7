/* invariants_calls.c - what may go on the wire: pace, slots, tokens, and never two runs at once. */
#include "invariants_inner.h"

#include <stdio.h>
#include <string.h>

static bool bad(struct judge *j, const struct flight *fl, const char *what)
{
	judge_violation(j, fl->call.n ? fl->asked[0] : -1, fl->cloud, "call %llu (%s): %s",
		(unsigned long long)fl->call.id, call_kind_name(fl->call.kind), what);
	return true;
}

static bool check_shape(struct judge *j, const struct flight *fl)
{
	const struct call *c = &fl->call;
	int64_t mono = j->w->t - j->w->boot;

	if (c->id <= j->calls)
		return bad(j, fl, "its id was used before");
	j->calls = c->id;
	if (c->give_up <= mono || c->give_up > mono + SECONDS(30))
		return bad(j, fl, "its deadline is not within the timeout");
	if ((c->kind == CALL_LOGIN) != (c->n == 0) || c->n > CALL_JOBS_MAX)
		return bad(j, fl, "a wrong number of jobs");
	for (unsigned i = 0; i < c->n; i++) {
		if (fl->asked[i] < 0 || !judge_job(j, fl->asked[i])->on)
			return bad(j, fl, "it names a task that is not configured");
		if (j->w->fake->tasks[fl->asked[i]].cloud != fl->cloud)
			return bad(j, fl, "it names a task of another cloud");
		for (unsigned k = 0; k < i; k++)
			if (fl->asked[k] == fl->asked[i])
				return bad(j, fl, "it names a task twice");
	}
	return false;
}

static bool check_login(struct judge *j, const struct flight *fl)
{
	struct cloud_judge *c = &j->clouds[fl->cloud];
	int64_t age = j->w->t - c->login_at;

	if (fl->call.login != 0)
		return bad(j, fl, "a login with a login");
	if (c->logins_in_flight > 0)
		return bad(j, fl, "a second login at once");
	if (c->login != 0 && !c->login_refused && !c->credential_new && age < c->login_life / 2)
		return bad(j, fl, "a login while the token is good");
	if (strcmp(c->mark, fl->call.cloud->mark) == 0 && c->refusals >= 2)
		return bad(j, fl, "a login with a credential that was refused twice");
	if (!c->credential_new && j->w->t < c->locked_until)
		return bad(j, fl, "a login while the user is known to be locked");
	c->logins_in_flight++;
	return false;
}

static bool check_token(struct judge *j, const struct flight *fl)
{
	const struct fake_cloud *c = &j->w->fake->clouds[fl->cloud];

	if (fl->call.login == 0)
		return bad(j, fl, "a call without a login");
	if (fl->call.login != j->clouds[fl->cloud].login)
		return bad(j, fl, "a call with a login that is not the latest");
	if (strcmp(fl->call.project, c->project) != 0)
		return bad(j, fl, "a call with a wrong project");
	return false;
}

static bool check_pace(struct judge *j, const struct flight *fl)
{
	struct cloud_judge *c = &j->clouds[fl->cloud];
	const struct cloud_conf *conf = &j->w->clouds[fl->cloud];

	if (c->n_calls >= conf->pace &&
		j->w->t - c->calls[(c->n_calls - conf->pace) % PACE_MAX] < MINUTES(1))
		return bad(j, fl, "more calls within a minute than pace allows");
	c->calls[c->n_calls++ % PACE_MAX] = j->w->t;
	if (++c->in_flight > conf->connections)
		return bad(j, fl, "more calls in flight than connections");
	return false;
}

/* Saved before sent: after a crash the next process must know that there may be a run. */
static bool check_saved(struct judge *j, const struct flight *fl, long task)
{
	const struct job_record *r = &j->w->saved[task];
	struct watched *k = judge_job(j, task);

	if (!j->w->have[task] || r->run.state != RUN_UNSURE || r->run.submitted != world_wall(j->w))
		return bad(j, fl, "a submit on the wire is in no saved record");
	if (r->run.number <= k->submit_number)
		return bad(j, fl, "run numbers must rise");
	k->submit_number = r->run.number;
	return false;
}

static bool check_submit(struct judge *j, const struct flight *fl, long task)
{
	struct watched *k = judge_job(j, task);
	struct fake_task *f = &j->w->fake->tasks[task];
	int64_t t = j->w->t;

	fake_settle(f, t);
	if (f->owner == OWNER_US && t - f->began < HOURS(24) - MINUTES(6)) {
		judge_violation(j, task, fl->cloud,
			"submit on top of our own run %llu, which goes on since %lld s",
			(unsigned long long)f->run, (long long)(t - f->began) / 1000);
		return true;
	}
	if (!k->looked)
		return bad(j, fl, "the first submit in a process without a look at the result");
	if (f->owner == OWNER_FOREIGN && k->running_seen && t - f->began < HOURS(24) - MINUTES(6)) {
		judge_violation(j, task, fl->cloud,
			"submit on top of somebody else's run that the heart has seen");
		return true;
	}
	if ((k->submit == SUBMIT_UNCLEAR || k->submit == SUBMIT_OPEN ||
		    k->submit == SUBMIT_TAKEN)) {
		j->counts.resubmits++;
		if (t - k->submit_at < k->settle)
			return bad(j, fl, "another submit before the last one has settled");
	}
	if (!k->exempt && k->paced_from >= 0 &&
		t - k->paced_from < k->interval - k->interval / 6 - MINUTES(5)) {
		judge_violation(j, task, fl->cloud,
			"checked again after %lld s, interval is %lld s",
			(long long)(t - k->paced_from) / 1000, (long long)k->interval / 1000);
		return true;
	}
	k->submit = SUBMIT_OPEN;
	k->submit_at = t;
	k->submit_healthy = judge_healthy(j, fl->cloud);
	k->run_before = f->run;
	k->had_content = k->content_seen;
	k->old_content = k->seen_content;
	k->exempt = false;
	k->paced_from = -1;
	j->counts.submits++;
	return check_saved(j, fl, task);
}

void judge_call(struct judge *j, const struct flight *fl)
{
	judge_note_cloud(
		j, fl->cloud, call_kind_name(fl->call.kind), (long)fl->call.id, (long)fl->call.n);
	for (unsigned i = 0; i < fl->call.n; i++)
		judge_note(j, fl->asked[i], call_kind_name(fl->call.kind), (long)fl->call.id, -1);
	if (check_shape(j, fl))
		return;
	if (fl->call.kind == CALL_LOGIN) {
		check_login(j, fl);
		return;
	}
	if (check_token(j, fl) || check_pace(j, fl))
		return;
	for (unsigned i = 0; i < fl->call.n && fl->call.kind != CALL_DETAIL; i++)
		judge_job(j, fl->asked[i])->checking = true;
	for (unsigned i = 0; i < fl->call.n && fl->call.kind == CALL_SUBMIT; i++) {
		if (!j->w->clouds[fl->cloud].check) {
			bad(j, fl, "a submit for a job with check = no");
			return;
		}
		if (check_submit(j, fl, fl->asked[i]))
			return;
	}
}

/* Which runs fill the slots of a cloud; in full those that the heart believes to be over. */
void judge_print_runs(struct judge *j, unsigned cloud)
{
	for (size_t i = 0; i < j->w->fake->n_tasks; i++) {
		struct fake_task *f = &j->w->fake->tasks[i];
		const struct watched *k = judge_job(j, (long)i);
		char title[96];

		fake_settle(f, j->w->t);
		if (f->cloud != cloud || f->owner == OWNER_NONE)
			continue;
		snprintf(title, sizeof(title), "job-%zu, its run (owner %d) goes on since %lld s",
			i, (int)f->owner, (long long)(j->w->t - f->began) / 1000);
		if (f->owner == OWNER_US && k->submit == SUBMIT_NONE)
			trace_print(&k->trace, title);
		else
			printf("  %s\n", title);
	}
}

void judge_taken(struct judge *j, const struct flight *fl)
{
	unsigned running;

	if (fl->call.kind != CALL_SUBMIT)
		return;
	running = fake_running(j->w->fake, fl->cloud, j->w->t, j->counted);
	if (running <= j->w->clouds[fl->cloud].max_runs)
		return;
	judge_violation(j, fl->asked[0], fl->cloud, "%u runs at once, more than max_runs", running);
	judge_print_runs(j, fl->cloud);
}

static void login_delivered(struct cloud_judge *c, const struct flight *fl, int64_t t)
{
	c->logins_in_flight--;
	if (fl->reply->outcome == OUTCOME_OK) {
		c->login = fl->call.id;
		c->login_at = t;
		c->login_life = fl->reply->life;
		c->login_refused = false;
		c->credential_new = false;
		c->refusals = 0;
		c->logins_ok++;
		return;
	}
	if (fl->reply->outcome == OUTCOME_LOCKED)
		c->locked_until = t + MINUTES(29); /* a clock that is set may take some of it */
	if (fl->reply->outcome != OUTCOME_CREDENTIAL)
		return;
	if (strcmp(c->mark, fl->call.cloud->mark) != 0) {
		snprintf(c->mark, sizeof(c->mark), "%s", fl->call.cloud->mark);
		c->refusals = 0;
	}
	c->refusals++;
}

void calls_delivered(struct judge *j, const struct flight *fl)
{
	struct cloud_judge *c = &j->clouds[fl->cloud];
	enum outcome o = fl->reply->outcome;

	judge_note_cloud(j, fl->cloud, outcome_name(o), (long)fl->call.id, fl->reply->maybe_done);
	if (o != OUTCOME_OK)
		c->failing = true;
	if (fl->call.kind == CALL_LOGIN) {
		login_delivered(c, fl, j->w->t);
		return;
	}
	c->in_flight--;
	if (o == OUTCOME_TOKEN && fl->call.login == c->login)
		c->login_refused = true;
}
