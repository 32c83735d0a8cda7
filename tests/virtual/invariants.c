/* invariants.c - the judge itself: effects in their order, hunger, and the end of the story. */
#include "invariants_inner.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define RECOVERY MINUTES(40) /* back-off and halved pace still show for so long after an ailment */
#define HUNGER   3           /* intervals without a finished run in a healthy cloud */
#define SLACK    MINUTES(30)

struct judge *judge_new(struct world *w)
{
	struct judge *j = calloc(1, sizeof(*j));

	j->w = w;
	j->jobs = calloc(w->fake->n_tasks, sizeof(*j->jobs));
	j->clouds = calloc(w->fake->n_clouds, sizeof(*j->clouds));
	j->counted = calloc(w->fake->n_tasks, sizeof(*j->counted));
	for (size_t i = 0; i < w->fake->n_tasks; i++) {
		j->jobs[i].status = -1;
		j->jobs[i].gone_at = -1;
		j->jobs[i].paced_from = j->jobs[i].owed_since = -1;
	}
	for (size_t i = 0; i < w->fake->n_clouds; i++)
		j->clouds[i].sick = 1;
	return j;
}

struct judge *judge_free(struct judge *j)
{
	if (!j)
		return NULL;
	free(j->jobs);
	free(j->clouds);
	free(j->counted);
	free(j);
	return NULL;
}

bool judge_failed(const struct judge *j)
{
	return j->failed;
}

const struct judge_counts *judge_counts(const struct judge *j)
{
	return &j->counts;
}

struct watched *judge_job(struct judge *j, long task)
{
	return &j->jobs[task];
}

void judge_note(struct judge *j, long task, const char *what, long a, long b)
{
	trace_add(&j->jobs[task].trace, j->w->t, what, NULL, a, b);
}

void judge_note_cloud(struct judge *j, long cloud, const char *what, long a, long b)
{
	trace_add(&j->clouds[cloud].trace, j->w->t, what, NULL, a, b);
}

void judge_violation(struct judge *j, long task, long cloud, const char *what, ...)
{
	char when[32], title[64];
	va_list args;

	if (j->failed)
		return;
	j->failed = true;
	printf("VIOLATION seed %llu at %s (%s)", (unsigned long long)j->w->story.seed,
		trace_time(when, j->w->t),
		j->reply ? call_kind_name(j->reply->call.kind) : "no reply");
	if (task >= 0)
		printf(" job-%04ld", task);
	printf(": ");
	va_start(args, what);
	vprintf(what, args);
	va_end(args);
	printf("\n");
	if (task >= 0) {
		const struct watched *k = &j->jobs[task];

		printf("  interval %lld s, status %d, refused %d, ended %d, told %s, submit %d\n",
			(long long)k->interval / 1000, k->status, (int)k->refused, (int)k->ended,
			verdict_name(k->told.verdict), (int)k->submit);
		snprintf(title, sizeof(title), "job-%04ld", task);
		trace_print(&k->trace, title);
		cloud = j->w->fake->tasks[task].cloud;
	}
	if (cloud >= 0) {
		snprintf(title, sizeof(title), "cloud-%ld", cloud);
		trace_print(&j->clouds[cloud].trace, title);
	}
	fflush(stdout);
}

int64_t judge_healthy(const struct judge *j, unsigned cloud)
{
	const struct cloud_judge *c = &j->clouds[cloud];

	return c->healthy + (c->sick ? 0 : MAX(j->w->t - c->healthy_from, (int64_t)0));
}

void judge_sick(struct judge *j, unsigned cloud, bool begins)
{
	struct cloud_judge *c = &j->clouds[cloud];

	if (begins) {
		c->healthy = judge_healthy(j, cloud);
		c->sick++;
	} else if (--c->sick == 0) {
		c->healthy_from = j->w->t + RECOVERY;
	}
}

void judge_process(struct judge *j, bool up)
{
	j->process += up;
	j->started = up;
	j->up = up;
	j->up_since = j->w->t;
	j->calls = 0;
	for (unsigned i = 0; i < j->w->fake->n_clouds; i++) {
		struct cloud_judge *c = &j->clouds[i];

		judge_sick(j, i, !up);
		judge_note_cloud(j, i, up ? "PROCESS begins" : "process ends", (long)j->process, 0);
		c->n_calls = 0;
		c->in_flight = c->logins_in_flight = 0;
		c->login = 0;
		if (c->refusals < 2)
			c->refusals = 0;
		c->failing |= c->trouble != TROUBLE_NONE;
		c->pace_told = 0;
		c->faint |= c->causes;
		c->causes = 0;
		if (c->trouble != TROUBLE_NONE)
			c->causes = 1U << world_saved_cloud(j->w, i)->record.trouble;
	}
	for (size_t i = 0; i < j->w->fake->n_tasks; i++) {
		struct watched *k = &j->jobs[i];

		judge_note(j, (long)i, up ? "PROCESS begins" : "process ends", (long)j->process, 0);
		k->looked = k->checking = false;
		k->unanswered = 0;
		k->running_seen = false;
		if (k->submit == SUBMIT_OPEN)
			k->submit = SUBMIT_UNCLEAR;
		if (k->submit != SUBMIT_NONE)
			k->exempt = true;
	}
}

void judge_configured(struct judge *j)
{
	j->configuring = true;
	for (size_t i = 0; i < j->w->fake->n_clouds; i++) {
		struct cloud_judge *c = &j->clouds[i];

		c->credential_new |= c->configured_mark != j->w->clouds[i].mark;
		c->configured_mark = j->w->clouds[i].mark;
	}
	for (size_t i = 0; i < j->w->fake->n_tasks; i++) {
		struct watched *k = &j->jobs[i];
		const struct job_conf *conf = &j->w->jobs[i];
		struct fake_task *f = &j->w->fake->tasks[i];
		bool anew = j->started || (conf->on && !k->on);

		if (conf->on != k->on) {
			judge_note(
				j, (long)i, conf->on ? "configured" : "no longer configured", 0, 0);
			k->exempt = true;
			k->on_since = j->w->t;
			/* a run that was left behind is followed again */
			k->adopted = conf->on && j->w->have[i] &&
				     j->w->saved[i].run.state != RUN_NONE;
			k->looked = k->running_seen = k->checking = false;
			k->fed = judge_healthy(j, f->cloud);
			if (!conf->on && f->owner == OWNER_US)
				f->owner = OWNER_FOREIGN; /* nobody of ours waits for it */
			k->submit = SUBMIT_NONE;
		}
		if (conf->interval != k->interval) {
			judge_note(j, (long)i, "interval", (long)(conf->interval / 1000), 0);
			k->on_since = j->w->t + 2 * conf->interval; /* stale_after moves as well */
			/* a check that was due by the old interval goes on */
			if (j->w->t - k->paced_from >= k->interval - k->interval / 6)
				k->exempt = true;
			k->fed = MAX(k->fed, judge_healthy(j, f->cloud));
		}
		k->on = conf->on;
		k->interval = conf->interval;
		k->stale_after = 2 * conf->interval;
		k->settle = SECONDS(60);
		j->counted[i] = conf->on;
		if (k->ended == YES)
			k->ended = MAYBE;
		if (k->dormant)
			k->fed = MAX(k->fed, judge_healthy(j, f->cloud));
		k->dormant = false;
		accepts_configured(j, (long)i, anew);
	}
	j->started = false;
}

static void swap(enum trouble *a, enum trouble *b)
{
	enum trouble tmp = *a;

	*a = *b;
	*b = tmp;
}

void judge_renamed(struct judge *j, unsigned cloud)
{
	struct cloud_judge *c = &j->clouds[cloud];
	unsigned causes;

	judge_note_cloud(j, cloud, "another user", 0, 0);
	c->n_calls = 0;
	c->in_flight = c->logins_in_flight = c->refusals = 0;
	c->locked_until = 0;
	c->login = 0;
	/* what was told of the one user waits until he is back */
	swap(&c->trouble, &c->parked);
	swap(&c->throttled, &c->parked_throttled);
	causes = c->causes;
	c->causes = c->parked_causes;
	c->parked_causes = causes;
	c->summary_told = 0;
	c->failing |= c->trouble != TROUBLE_NONE;
	c->calm_since = j->w->t;
	c->pace_told = 0;
	for (size_t i = 0; i < j->w->fake->n_tasks; i++)
		if (j->w->fake->tasks[i].cloud == cloud) {
			judge_note(j, (long)i, "another user of its cloud", 0, 0);
			j->jobs[i].submit = j->jobs[i].submit == SUBMIT_OPEN ? SUBMIT_UNCLEAR
									     : j->jobs[i].submit;
			j->jobs[i].exempt = true;
		}
}

void judge_exempt(struct judge *j, long task)
{
	for (size_t i = 0; i < j->w->fake->n_tasks; i++)
		if (task < 0 || (long)i == task) {
			j->jobs[i].exempt = true;
			judge_note(j, (long)i, "check now", 0, 0);
			if (j->jobs[i].ended == YES)
				j->jobs[i].ended = MAYBE;
		}
}

void judge_credential(struct judge *j, unsigned cloud)
{
	j->clouds[cloud].credential_new = true;
	j->clouds[cloud].configured_mark = j->w->clouds[cloud].mark;
	j->clouds[cloud].refusals = 0;
	judge_note_cloud(j, cloud, "credential replaced", 0, 0);
}

void judge_touch(const struct judge *j, struct watched *k)
{
	k->drain = j->drain;
	k->fact = NULL;
	k->news = 0;
	k->must = k->may = false;
	k->was_flapping = k->flapping;
}

void judge_begin(struct judge *j, const struct flight *reply)
{
	j->drain++;
	j->rank = 0;
	j->states = 0;
	j->configuring = false;
	j->reply = reply;
	if (!reply)
		return;
	for (unsigned i = 0; i < reply->call.n; i++) {
		struct watched *k = judge_job(j, reply->asked[i]);

		judge_touch(j, k);
	}
	calls_delivered(j, reply);
	if (reply->call.kind != CALL_LOGIN)
		truth_deliver(j, reply);
}

static void check_run(struct judge *j, const struct run_record *r)
{
	long task = fake_find(j->w->fake, r->task);
	struct watched *k = judge_job(j, task);

	judge_note(j, task, "SAVE RUN: number, lost", (long)r->number, r->lost);
	j->counts.runs_saved++;
	if (r->number <= k->run_number)
		judge_violation(j, task, -1, "the history has run %llu after %llu",
			(unsigned long long)r->number, (unsigned long long)k->run_number);
	else if (r->lost != !r->report)
		judge_violation(j, task, -1, "a run with a report is lost, or one without is not");
	k->run_number = r->number;
	if (r->lost) {
		k->submit = SUBMIT_NONE;
		k->adopted = false;
		k->exempt = true;
	}
}

static void check_record(struct judge *j, const struct job_record *r)
{
	long task = fake_find(j->w->fake, r->task);
	struct watched *k = judge_job(j, task);

	if (r->due != k->due)
		k->checking = false; /* the next one is planned: this one is over */
	k->due = r->due;
	if (r->reported == k->reported)
		return;
	k->reported = r->reported;
	truth_counted(j, task, r);
	judge_note(j, task, "report counted: run, content", (long)r->report_run, (long)k->content);
}

void judge_effect(struct judge *j, const struct effect *e)
{
	unsigned rank = e->kind == EFFECT_CALL ? 2 : e->kind == EFFECT_NEWS ? 1 : 0;

	if (rank < j->rank) {
		judge_violation(j, -1, -1, "effects out of order: saves, then news, then calls");
		return;
	}
	j->rank = rank;
	switch (e->kind) {
	case EFFECT_SAVE_JOB:
		check_record(j, e->job);
		break;
	case EFFECT_SAVE_RUN:
		check_run(j, e->run);
		break;
	case EFFECT_NEWS:
		news_check(j, e->news);
		break;
	default:
		break;
	}
}

/* After an answer was handled: was what it says told? */
void judge_end(struct judge *j)
{
	const struct flight *fl = j->reply;

	if (j->configuring)
		accepts_settled(j);

	for (unsigned i = 0; fl && i < fl->call.n && !j->failed; i++) {
		long task = fl->asked[i];
		struct watched *k = judge_job(j, task);
		unsigned allowed = truth_verdicts(j, k);

		if (k->drain != j->drain || !k->on)
			continue;
		/* an accept that ends in the middle of a check is told at its end */
		if (accepts_matter(k) && k->counted_drain != j->drain)
			allowed |= 1u << k->told.verdict;
		if ((k->flapping || k->was_flapping) && k->news <= 1)
			continue; /* single changes are not told */
		if (k->news > 1)
			judge_violation(j, task, -1, "%u news of one event", k->news);
		else if (k->must && k->refused != YES && k->ended != YES && k->news == 0)
			judge_violation(j, task, -1, "items changed, but nothing was told");
		else if (!(allowed & 1u << k->told.verdict) && (k->told.any || k->fact))
			judge_violation(j, task, -1,
				"the last told verdict is %s, the answers say mask %x",
				verdict_name(k->told.verdict), allowed);
		else if (k->told.any && k->status >= 0 && fake_status_class(k->status) != 0 &&
			 *k->told.status &&
			 strcmp(k->told.status, fake_status_name(k->status)) != 0 && k->ended == NO)
			judge_violation(j, task, -1, "the status is %s, told was %s",
				fake_status_name(k->status), k->told.status);
	}
	/* a good call at the end of the drain: whatever failed before is over */
	if (fl && fl->reply->outcome == OUTCOME_OK && j->clouds[fl->cloud].trouble == TROUBLE_NONE)
		j->clouds[fl->cloud].failing = false;
	j->reply = NULL;
}

/* True if a healthy heart could get this job checked now. */
static bool can_eat(struct judge *j, size_t i)
{
	struct watched *k = &j->jobs[i];
	struct fake_task *f = &j->w->fake->tasks[i];
	int64_t t = j->w->t, now = judge_healthy(j, f->cloud);
	bool dormant = k->dormant;

	if (!k->on || !j->w->clouds[f->cloud].check || f->deleted || f->status != 0)
		return false;
	fake_settle(f, t);
	if (k->ended != NO || (f->owner != OWNER_NONE && f->slow) ||
		/* a later one is in the way of what it waits for */
		(k->submit == SUBMIT_TAKEN &&
			f->run > k->run_before + 1) || /* or its run vanished without a trace */
		(f->owner == OWNER_NONE && !f->shows && (k->submit != SUBMIT_NONE || k->adopted)))
		k->fed = MAX(k->fed, now);
	for (int x = 0; x < _TRAIT_MAX; x++) {
		int64_t rest = x == TRAIT_PARENT                               ? HOURS(24)
			       : x == TRAIT_CULPRIT || x == TRAIT_CULPRIT_READ ? HOURS(1)
									       : 0;

		if (f->until[x] + HOURS(1) <= t)
			continue;
		k->fed = MAX(k->fed, now + rest);
		k->dormant |= x == TRAIT_GONE;
	}
	return !dormant;
}

/* How many jobs are configured, and how many clouds in told trouble; being throttled is not being down. */
static void count(const struct judge *j, unsigned *ret_jobs, unsigned *ret_down)
{
	*ret_jobs = *ret_down = 0;
	for (size_t i = 0; i < j->w->fake->n_tasks; i++)
		*ret_jobs += j->jobs[i].on;
	for (size_t i = 0; i < j->w->fake->n_clouds; i++)
		*ret_down += j->clouds[i].trouble != TROUBLE_NONE;
}

void judge_state(struct judge *j)
{
	unsigned jobs, down;

	count(j, &jobs, &down);
	if (j->states < jobs + down || j->states > jobs + j->w->fake->n_clouds)
		judge_violation(j, -1, -1, "%u states told for %u jobs and %u clouds in trouble",
			j->states, jobs, down);
}

static void check_summary(struct judge *j)
{
	struct watch_summary s;
	unsigned jobs, down, sum = 0;

	watch_summarise(j->w->watch, world_now(j->w), &s);
	count(j, &jobs, &down);
	for (int v = 0; v < _VERDICT_MAX; v++)
		sum += s.verdicts[v];
	if (s.jobs != jobs || sum != jobs || s.clouds != j->w->fake->n_clouds ||
		s.clouds_down != down)
		judge_violation(j, -1, -1,
			"the summary says %u jobs, %u verdicts, %u clouds down; there are %u, %u",
			s.jobs, sum, s.clouds_down, jobs, down);
}

void judge_scan(struct judge *j)
{
	if (j->up)
		check_summary(j);
	for (size_t i = 0; i < j->w->fake->n_tasks && !j->failed && j->up &&
			   j->w->t - j->up_since > MINUTES(1);
		i++) {
		struct watched *k = &j->jobs[i];
		unsigned cloud = j->w->fake->tasks[i].cloud;
		int64_t hungry;

		if (!can_eat(j, i))
			continue;
		if (k->submit == SUBMIT_TAKEN && k->refused == NO &&
			judge_healthy(j, cloud) - k->submit_healthy >
				HOURS(24) + k->interval + SLACK) {
			judge_violation(j, (long)i, -1, "a run is followed for ever");
			break;
		}
		hungry = judge_healthy(j, cloud) - k->fed;
		if (hungry > HUNGER * k->interval + SLACK) {
			judge_violation(j, (long)i, -1,
				"no finished run for %lld s of healthy time",
				(long long)hungry / 1000);
			judge_print_runs(j, cloud);
		} else if (k->has_report && k->refused == NO && k->ended == NO && k->told.any &&
			   k->told.verdict != VERDICT_REFUSED && !k->told.stale &&
			   j->clouds[cloud].trouble == TROUBLE_NONE &&
			   j->clouds[cloud].throttled == TROUBLE_NONE &&
			   j->w->t - MAX(k->counted_at, k->refused_at) >
				   k->stale_after + k->interval + HOURS(1) &&
			   j->w->t - MAX(MAX(j->clouds[cloud].calm_since, j->up_since),
					     k->on_since) >
				   k->interval + HOURS(1)) {
			judge_violation(
				j, (long)i, -1, "the verdict is old, and was not told as stale");
		}
	}
}

void judge_finish(struct judge *j)
{
	for (size_t i = 0; i < j->w->fake->n_clouds && !j->failed; i++)
		if (j->clouds[i].trouble != TROUBLE_NONE || j->clouds[i].throttled != TROUBLE_NONE)
			judge_violation(j, -1, (long)i,
				"all is healed, but the cloud was not told as up: %s",
				trouble_name(j->clouds[i].throttled ? j->clouds[i].throttled
								    : j->clouds[i].trouble));
	for (size_t i = 0; i < j->w->fake->n_tasks && !j->failed; i++) {
		const struct watched *k = &j->jobs[i];
		const struct fake_task *f = &j->w->fake->tasks[i];
		bool check = j->w->clouds[f->cloud].check;
		uint64_t content = check ? f->truth : f->shown;
		enum verdict v = accepts_verdict(k, content, world_wall(j->w));

		if (!k->on)
			continue;
		if (f->deleted)
			v = k->seen ? VERDICT_ENDED : VERDICT_REFUSED;
		else if (f->status != 0)
			v = fake_status_class(f->status) == 2 ? VERDICT_ENDED : VERDICT_STARTED;
		else if (!check && !f->shows)
			v = k->has_report ? accepts_verdict(k, k->content, world_wall(j->w))
					  : VERDICT_UNKNOWN;
		if (k->flapping && k->interval >= HOURS(8))
			continue; /* not yet five runs since all is quiet */
		if (k->told.verdict != v) {
			judge_violation(j, (long)i, -1, "at the end %s was told, the truth is %s",
				verdict_name(k->told.verdict), verdict_name(v));
			continue;
		}
		for (unsigned item = 0; item < CONTENT_ITEMS && !f->deleted && f->status == 0;
			item++) {
			enum finding found = content_get(content, item);

			if (f->shows && found != FOUND_ABSENT &&
				content_get(k->told.bad, item) != (finding_bad(found) ? found : 0))
				judge_violation(j, (long)i, -1,
					"at the end item %u is told as %d, it is %d", item,
					(int)content_get(k->told.bad, item), (int)found);
		}
		if (k->told.stale)
			judge_violation(j, (long)i, -1, "at the end the verdict is told as stale");
	}
}
