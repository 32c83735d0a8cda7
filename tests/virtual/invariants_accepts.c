/* invariants_accepts.c - alarms that somebody signed for: what that makes of a report, and when it is told.
 *
 * The list is the judge's own copy, and so is the reading of it. */
#include "invariants_inner.h"

#include <string.h>

#define IN_TIME (HOURS(1) + MINUTES(2)) /* an accept's end is told within about an hour */

static bool signed_for(const struct watched *k, unsigned item, enum finding f, int64_t wall)
{
	for (unsigned i = 0; i < k->n_accepts; i++) {
		const struct accept_conf *a = &k->accepts[i];

		if (a->item == item && wall < a->until &&
			(a->reason == FOUND_PASSED || a->reason == f))
			return true;
	}
	return false;
}

enum verdict accepts_verdict(const struct watched *k, uint64_t content, int64_t wall)
{
	switch (content_grade(content)) {
	case 0:
		return VERDICT_PASSED;
	case 1:
		break;
	default: /* nobody can sign for it: DRS would not start the task */
		return VERDICT_FAILED;
	}
	for (unsigned i = 0; i < CONTENT_ITEMS; i++) {
		enum finding f = content_get(content, i);

		if (finding_bad(f) && !signed_for(k, i, f, wall))
			return VERDICT_ALARMED;
	}
	return VERDICT_PASSED;
}

bool accepts_matter(const struct watched *k)
{
	return k->has_report && content_grade(k->content) == 1 &&
	       (k->told.verdict == VERDICT_PASSED || k->told.verdict == VERDICT_ALARMED);
}

/* Was something else told than what holds by now, and by nothing but accepts? */
static bool owes(const struct judge *j, const struct watched *k)
{
	return k->on && accepts_matter(k) && k->refused == NO && k->ended == NO && !k->flapping &&
	       (k->status < 0 || fake_status_class(k->status) == 0) &&
	       accepts_verdict(k, k->content, world_wall(j->w)) != k->told.verdict;
}

/* In the middle of a check the end of it tells. */
bool accepts_busy(const struct judge *j, long task)
{
	return j->jobs[task].checking ||
	       (j->w->have[task] && j->w->saved[task].run.state != RUN_NONE);
}

void accepts_configured(struct judge *j, long task, bool anew)
{
	struct watched *k = judge_job(j, task);
	const struct job_conf *conf = &j->w->jobs[task];

	k->accepts_changed = k->n_accepts != conf->n_accepts ||
			     memcmp(k->accepts, conf->accepts, sizeof(k->accepts)) != 0;
	if (k->accepts_changed)
		judge_note(j, task, "accepts", (long)conf->n_accepts, (long)k->n_accepts);
	memcpy(k->accepts, conf->accepts, sizeof(k->accepts));
	k->n_accepts = conf->n_accepts;
	/* what changed while nobody looked is told at the first finished run */
	if (anew)
		k->excused = owes(j, k);
}

/* At the end of a reload: what it changed was told, unless there is a check under way to tell it. */
void accepts_settled(struct judge *j)
{
	for (size_t i = 0; i < j->w->fake->n_tasks && !j->failed; i++) {
		struct watched *k = &j->jobs[i];

		if (k->accepts_changed && !k->excused && owes(j, k) && !accepts_busy(j, (long)i))
			judge_violation(j, (long)i, -1, "its accepts changed, but told is still %s",
				verdict_name(k->told.verdict));
		k->accepts_changed = false;
	}
}

void judge_accepts(struct judge *j)
{
	for (size_t i = 0; i < j->w->fake->n_tasks && !j->failed && j->up; i++) {
		struct watched *k = &j->jobs[i];

		if (!j->w->jobs[i].accepting)
			continue;
		if (!owes(j, k) || k->excused || accepts_busy(j, (long)i))
			k->owed_since = -1;
		else if (k->owed_since < 0)
			k->owed_since = j->w->t;
		else if (j->w->t - k->owed_since > IN_TIME)
			judge_violation(j, (long)i, -1,
				"an accept ended or began %lld s ago, but told is still %s",
				(long long)(j->w->t - k->owed_since) / 1000,
				verdict_name(k->told.verdict));
	}
}

void accepts_told(struct judge *j, long task, const struct news *n)
{
	struct watched *k = judge_job(j, task);

	if (j->reply)
		return;
	if (!accepts_matter(k) || n->verdict == k->told.verdict)
		/* a reload may also tell what an earlier check left untold */
		if (!j->configuring)
			judge_violation(j, task, -1,
				"news of a verdict, though no answer came for the job");
	if (accepts_busy(j, task))
		judge_violation(j, task, -1, "an accept is told in the middle of a check");
	if (k->flapping)
		judge_violation(j, task, -1, "a single change of a flapping job is told");
	if (!j->configuring)
		j->counts.accepts_ended += n->verdict == VERDICT_ALARMED;
	else if (k->accepts_changed && accepts_matter(k))
		j->counts.accepts_reloaded++;
}
