/* moment.c - what the passing of time alone brings to a job: it grows stale, an accept ends, a reminder is due. */
#include "heart.h"

/* The wall clock may be set: what depends on it is looked at again at least as often as this. */
#define WALL_TRUST HOURS(1)

/* DRS takes the resources of a task away that stays in CONFIGURATION for three days. */
#define AGING      HOURS(48)

static void replan(struct job *j)
{
	struct plan *moments = &j->cloud->watch->moments;
	int64_t at = MIN(MIN(j->stale_at, j->accept_at), MIN(j->remind_at, j->aging_at));

	plan_remove(moments, &j->moment);
	j->moment.at = at;
	if (at != NEVER)
		plan_add(moments, &j->moment);
}

void moment_confirmed(struct job *j, struct now now)
{
	j->stale_at = now.mono + j->set->stale_after + 1;
	replan(j);
}

void moment_held(struct job *j, int64_t at)
{
	if (j->stale_at == NEVER || j->stale_at >= at + j->set->interval)
		return;
	j->stale_at = at + j->set->interval;
	replan(j);
}

void moment_forget(struct job *j)
{
	j->stale_at = j->accept_at = j->remind_at = j->aging_at = NEVER;
	replan(j);
}

/* The first reminder after `remind`, the next ones after twice that each: 1, 2, 4, 8 ... days. */
static void weigh_reminder(struct job *j, struct now now)
{
	const struct job_record *r = &j->rec;
	int64_t wait;

	j->remind_at = NEVER;
	if (j->set->remind <= 0 || r->told_since == 0 ||
		(r->told != VERDICT_FAILED && r->told != VERDICT_ALARMED &&
			r->told != VERDICT_REFUSED))
		return;
	wait = r->told_since + j->set->remind * ((INT64_C(2) << MIN(r->reminded, 20U)) - 1) -
	       now.wall;
	j->remind_at = now.mono + MIN(MAX(wait, (int64_t)0), WALL_TRUST);
}

void moment_told(struct job *j, struct now now)
{
	weigh_reminder(j, now);
	replan(j);
}

void moment_weigh_accepts(struct job *j, struct now now)
{
	const struct report *r = j->rec.report;
	int64_t first = NEVER;

	for (size_t i = 0; r && i < r->n; i++) {
		const struct accept *a = job_accepted(j->set, &r->items[i], now.wall);

		if (a)
			first = MIN(first, a->until);
	}
	j->accept_at = first == NEVER ? NEVER : now.mono + MIN(first - now.wall, WALL_TRUST);
	replan(j);
}

void moment_created(struct job *j, struct now now)
{
	int64_t wait = j->rec.created + AGING - now.wall;

	j->aging_at = NEVER;
	if (j->rec.created > 0 && !j->rec.aging_told)
		j->aging_at = now.mono + MIN(MAX(wait, (int64_t)0), WALL_TRUST);
	replan(j);
}

void moment_resume(struct job *j, struct now now)
{
	j->stale_at = j->accept_at = j->remind_at = j->aging_at = NEVER;
	if (j->rec.confirmed && !j->rec.gone) {
		j->stale_at = heart_mono(j->rec.confirmed, DAYS(366), now) + j->set->stale_after +
			      1;
		/* after a long stop there is time to check before anybody complains */
		j->stale_at = MAX(j->stale_at, now.mono + j->set->interval);
	}
	weigh_reminder(j, now);
	if (j->remind_at != NEVER)
		j->remind_at = MAX(j->remind_at, now.mono + j->set->interval);
	moment_weigh_accepts(j, now);
	moment_created(j, now);
}

void moment_retimed(struct job *j, const struct job_settings *old, struct now now)
{
	if (j->stale_at != NEVER)
		j->stale_at += j->set->stale_after - old->stale_after;
	weigh_reminder(j, now);
	moment_weigh_accepts(j, now);
}

static bool excused(const struct job *j)
{
	return cloud_in_told_trouble(j->cloud) || j->cloud->rec.throttled_since != 0;
}

/* A job that grows stale because its cloud is in trouble is the cloud's news, not one more for each job. */
static void grown_stale(struct job *j, struct now now)
{
	enum verdict v = job_verdict(&j->rec, j->set, now.wall);

	j->stale_at = NEVER;
	if (v == VERDICT_ENDED || v == VERDICT_UNKNOWN || j->rec.told_stale)
		return;
	/* nor is it news that it takes a while to catch up when that is over */
	if (excused(j) || now.mono < j->cloud->healed_at + j->set->interval) {
		j->stale_at = (excused(j) ? now.mono : j->cloud->healed_at) + j->set->interval;
		return;
	}
	j->rec.told_stale = true;
	tell_job_news(j, NEWS_STALE, now)->stale = true;
}

static void accept_ended(struct job *j, struct now now)
{
	tell_accepts(j, now);
	moment_weigh_accepts(j, now);
}

static void remind(struct job *j, struct now now)
{
	int64_t next = j->rec.told_since +
		       j->set->remind * ((INT64_C(2) << MIN(j->rec.reminded, 20U)) - 1);

	if (now.wall < next) {
		weigh_reminder(j, now); /* not yet, or the clock was set back */
		return;
	}
	/* what differs from what was told is about to be told by itself, or is passed for a while */
	if (excused(j) || job_verdict(&j->rec, j->set, now.wall) != j->rec.told) {
		j->remind_at = now.mono + j->set->interval;
		return;
	}
	/* those that fell due while nobody was there to tell them are one */
	while (now.wall >= next) {
		j->rec.reminded++;
		next = j->rec.told_since +
		       j->set->remind * ((INT64_C(2) << MIN(j->rec.reminded, 20U)) - 1);
		if (j->rec.reminded > 20)
			break;
	}
	tell_job_news(j, NEWS_REMINDER, now);
	weigh_reminder(j, now);
}

static void aged(struct job *j, struct now now)
{
	j->aging_at = NEVER;
	if (now.wall < j->rec.created + AGING) {
		moment_created(j, now);
		return;
	}
	/* a task that was started and comes back is looked at when it does */
	if (status_class(j->rec.status) != STATUS_CHECKABLE) {
		j->aging_at = now.mono + WALL_TRUST;
		return;
	}
	j->rec.aging_told = true;
	tell_job_news(j, NEWS_AGING, now);
}

void moment_due(struct watch *w, struct now now)
{
	struct plan_entry *e;

	while ((e = plan_first(&w->moments)) && e->at <= now.mono) {
		struct job *j = (struct job *)((char *)e - offsetof(struct job, moment));

		if (j->stale_at <= now.mono)
			grown_stale(j, now);
		if (j->accept_at <= now.mono)
			accept_ended(j, now);
		if (j->remind_at <= now.mono)
			remind(j, now);
		if (j->aging_at <= now.mono)
			aged(j, now);
		replan(j);
	}
}
