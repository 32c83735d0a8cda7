/* summary.c - what a cloud's jobs amount to: a sign of life once a day, and whether its pace is enough. */
#include "heart.h"

/* A check costs a group of ten a status, a submit and about four polls; a run takes about a minute. */
void summary_weigh_pace(struct cloud *c, struct now now)
{
	double calls = 0, runs = 0;
	int64_t shortest = NEVER;
	struct job *j;

	TAILQ_FOREACH (j, &c->watch->jobs, link) {
		if (j->cloud != c)
			continue;
		calls += 0.6 * (double)MINUTES(1) / (double)j->set->interval;
		runs += j->set->check ? (double)MINUTES(1) / (double)j->set->interval : 0;
		shortest = MIN(shortest, j->set->interval);
	}

	double load = MAX(calls / c->set->pace, runs / c->set->max_runs);

	if (load <= 1) {
		c->pace_told = false;
		return;
	}
	if (c->pace_told || c->watch->settings->short_times)
		return;
	c->pace_told = true;

	struct news *n = tell_cloud_news(c, NEWS_CLOUD_PACE, now);

	n->pace = c->set->pace;
	n->pace_wanted = MAX((unsigned)calls + 1, c->set->pace);
	n->reachable = (int64_t)((double)shortest * load);
}

static void sum_up(struct cloud *c, struct now now)
{
	struct news *n = tell_cloud_news(c, NEWS_CLOUD_SUMMARY, now);
	const struct job *j;

	n->oldest = n->token_left = -1;
	TAILQ_FOREACH (j, &c->watch->jobs, link) {
		enum verdict v;

		if (j->cloud != c)
			continue;
		v = job_verdict(&j->rec, j->set, now.wall);
		n->verdicts[v]++;
		n->stale_jobs += job_stale(&j->rec, j->set, now.wall);
		if (j->rec.confirmed && v != VERDICT_ENDED)
			n->oldest = MAX(n->oldest, now.wall - j->rec.confirmed);
	}
	if (c->login && c->login_end != NEVER)
		n->token_left = c->login_end - now.mono;
	n->trouble = c->rec.trouble;
	n->trouble_since = c->rec.trouble_since;
}

static bool all_ended_once(const struct cloud *c)
{
	const struct job *j;

	TAILQ_FOREACH (j, &c->watch->jobs, link)
		if (j->cloud == c && !j->ended_once)
			return false;
	return true;
}

int64_t summary_due(struct cloud *c, struct now now)
{
	int64_t every = c->watch->settings->summary;

	if (every <= 0 || c->jobs == 0) {
		c->summary_at = 0;
		return NEVER;
	}
	if (c->rec.summarised == 0) {
		/* the first one comes as soon as every job was looked at */
		if (!all_ended_once(c) && !cloud_in_told_trouble(c))
			return NEVER;
		c->summary_at = now.mono;
	} else if (c->summary_at == 0) {
		/* counted over restarts; one that was missed comes when there is something to say */
		int64_t left = c->rec.summarised + every - now.wall;

		c->summary_at = now.mono + MIN(MAX(left, MIN(every, MINUTES(10))), every);
	}
	c->summary_at = MIN(c->summary_at, now.mono + every);
	if (c->summary_at <= now.mono) {
		sum_up(c, now);
		c->rec.summarised = now.wall;
		c->summary_at = now.mono + every;
	}
	return c->summary_at;
}
