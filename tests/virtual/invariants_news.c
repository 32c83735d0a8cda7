/* invariants_news.c - nothing told twice, nothing told that is not so, everything saved before told. */
#include "invariants_inner.h"

#include <stdio.h>
#include <string.h>

static bool names_items(enum verdict v)
{
	return v == VERDICT_PASSED || v == VERDICT_ALARMED || v == VERDICT_FAILED;
}

/* The bad items of a report as told, in content.h's bits. */
static bool read_report(const struct report *r, uint64_t *ret_bad, uint64_t *ret_unchecked)
{
	uint64_t bad = 0, unchecked = 0;

	for (size_t i = 0; r && i < r->n; i++) {
		int item = content_item(r->items[i].name);
		enum finding f = content_finding(&r->items[i]);

		if (item < 0)
			return false;
		if (!finding_bad(f))
			continue;
		bad = content_set(bad, (unsigned)item, f);
		if (!r->items[i].checked)
			unchecked = content_set(unchecked, (unsigned)item, (enum finding)1);
	}
	*ret_bad = bad;
	*ret_unchecked = unchecked;
	return true;
}

static bool repeated(const struct told *a, const struct told *b)
{
	return a->any && a->verdict == b->verdict && a->bad == b->bad &&
	       strcmp(a->code, b->code) == 0 &&
	       (names_items(b->verdict) || strcmp(a->status, b->status) == 0);
}

static void check_verdict(struct judge *j, long task, const struct news *n)
{
	struct watched *k = judge_job(j, task);
	struct told now = {.any = true, .id = n->id, .verdict = n->verdict, .since = n->since};
	unsigned allowed = truth_verdicts(j, k);
	uint64_t unchecked = 0;

	snprintf(now.status, sizeof(now.status), "%s", n->status ? n->status : "");
	if (n->verdict == VERDICT_REFUSED && n->refusal)
		snprintf(now.code, sizeof(now.code), "%s", n->refusal->code);
	if (!(allowed & 1u << n->verdict) || (n->verdict == VERDICT_UNKNOWN && !k->told.any)) {
		judge_violation(j, task, -1, "told %s, which the answers do not say (mask %x)",
			verdict_name(n->verdict), allowed);
		return;
	}
	if (names_items(n->verdict)) {
		if (!read_report(n->report, &now.bad, &unchecked)) {
			judge_violation(j, task, -1, "an item that DRS never named");
			return;
		}
		if (now.bad != k->bad || unchecked != k->unchecked) {
			judge_violation(j, task, -1,
				"told bad items %llx (unchecked %llx), they are %llx, %llx",
				(unsigned long long)now.bad, (unsigned long long)unchecked,
				(unsigned long long)k->bad, (unsigned long long)k->unchecked);
			return;
		}
		now.bad |= unchecked << 24 | (uint64_t)content_unexplained(k->content) << 60;
	}
	if (n->previous != k->told.verdict || n->first != (k->told.verdict == VERDICT_UNKNOWN)) {
		judge_violation(j, task, -1, "previous verdict told as %s%s, it was %s",
			verdict_name(n->previous), n->first ? " (first)" : "",
			verdict_name(k->told.verdict));
		return;
	}
	if (n->kind == NEWS_JOB && repeated(&k->told, &now)) {
		judge_violation(j, task, -1, "told the same twice: %s", verdict_name(n->verdict));
		return;
	}
	if (k->told.any && k->told.verdict == n->verdict && n->since != k->told.since) {
		judge_violation(j, task, -1, "the same verdict is told with another beginning");
		return;
	}
	if (names_items(n->verdict) && k->told.any && k->told.verdict == n->verdict && !k->must &&
		!k->may && !k->flapping)
		judge_violation(j, task, -1, "news though no item changed");
	if (names_items(n->verdict))
		k->told_unchecked = unchecked;
	if (!names_items(n->verdict) || n->kind == NEWS_STEADY)
		k->flapping = false;
	if (k->told.verdict != n->verdict)
		k->reminded = 0;
	/* no accept confirms anything, nor does a check that comes to nothing */
	now.stale = k->told.stale && accepts_matter(k) && names_items(n->verdict) &&
		    k->counted_drain != j->drain;
	k->told = now;
	k->news++;
	j->counts.job_news++;
}

static void job_news(struct judge *j, const struct news *n)
{
	long task = fake_find(j->w->fake, n->task);
	struct watched *k;
	const struct job_record *saved;

	if (task < 0 || !judge_job(j, task)->on) {
		judge_violation(j, task, -1, "news of a job that is not configured");
		return;
	}
	k = judge_job(j, task);
	saved = &j->w->saved[task];
	judge_note(j, task, "NEWS kind, verdict", (long)n->kind, (long)n->verdict);
	if (saved->last_news < n->id) {
		judge_violation(j, task, -1, "told before saved: news %llu, the record says %llu",
			(unsigned long long)n->id, (unsigned long long)saved->last_news);
		return;
	}
	switch (n->kind) {
	case NEWS_JOB:
		if (k->drain != j->drain) {
			judge_touch(j, k);
			accepts_told(j, task, n);
		}
		if (k->news > 0) {
			judge_violation(j, task, -1, "told twice in one event");
			return;
		}
		if (saved->told != n->verdict) {
			judge_violation(j, task, -1, "told before saved: the verdict");
			return;
		}
		check_verdict(j, task, n);
		break;
	case NEWS_FLAPPING:
		if (k->flapping || !saved->flapping || __builtin_popcount(k->changes) < 4)
			judge_violation(j, task, -1, "told as flapping after %d changes",
				__builtin_popcount(k->changes));
		k->flapping = true;
		j->counts.flapping++;
		break;
	case NEWS_STEADY:
		if (!k->flapping || saved->flapping || saved->told != n->verdict) {
			judge_violation(j, task, -1, "told as steady, though it was not flapping");
			return;
		}
		j->counts.steady++;
		check_verdict(j, task, n);
		break;
	case NEWS_REMINDER: /* after 1, 3, 7 ... days */
		if ((n->verdict != k->told.verdict && !k->flapping) || n->reminded <= k->reminded ||
			n->wall - k->told.since <
				DAYS(1) * ((INT64_C(1) << n->reminded) - 1) - MINUTES(5))
			judge_violation(j, task, -1,
				"a reminder out of turn: %s, told was %s; number %u after %u",
				verdict_name(n->verdict), verdict_name(k->told.verdict),
				n->reminded, k->reminded);
		k->reminded = n->reminded;
		j->counts.reminders++;
		break;
	case NEWS_SLOW:
		if (n->run == 0 || n->run == k->slow_run)
			judge_violation(j, task, -1, "a run told as slow twice");
		k->slow_run = n->run;
		j->counts.slow++;
		break;
	case NEWS_AGING:
		if (k->aging_told ||
			j->w->t - j->w->fake->tasks[task].created < HOURS(48) - MINUTES(5))
			judge_violation(j, task, -1, "aging told twice, or too early");
		k->aging_told = true;
		j->counts.aging++;
		break;
	case NEWS_STALE:
		if (n->stale == k->told.stale || saved->told_stale != n->stale) {
			judge_violation(
				j, task, -1, "told as %s twice", n->stale ? "stale" : "current");
			return;
		}
		if (!n->stale && !j->reply) {
			judge_violation(j, task, -1, "told as current, though no answer came");
			return;
		}
		if (n->stale && names_items(k->told.verdict) && k->refused == NO &&
			k->ended == NO && j->w->t - k->counted_at < k->stale_after - MINUTES(5)) {
			judge_violation(j, task, -1, "told as stale too early");
			return;
		}
		k->told.stale = n->stale;
		j->counts.stale++;
		break;
	case NEWS_ADOPTED:
		if (k->drain != j->drain || !k->fact || !k->fact->lower)
			judge_violation(j, task, -1, "adopted a run that no answer showed");
		else
			k->run_before = k->fact->run - 1;
		k->adopted = true;
		k->refused = k->refused == NO ? NO : MAYBE;
		k->submit = SUBMIT_NONE;
		k->exempt = true;
		j->counts.adopted++;
		break;
	case NEWS_OVERDUE:
		if (n->run == 0 || n->run == k->overdue_run)
			judge_violation(j, task, -1, "overdue told twice of run %llu",
				(unsigned long long)n->run);
		k->overdue_run = n->run;
		j->counts.overdue++;
		break;
	case NEWS_LOST:
		k->exempt = true;
		k->adopted = false;
		j->counts.lost++;
		break;
	default:
		judge_violation(j, task, -1, "news of an unexpected kind");
		break;
	}
}

/* Throttling is told beside any other trouble; of the others each cause is told once until all is over, and the
 * heaviest is saved. */
static void cloud_down(struct judge *j, unsigned cloud, const struct news *n)
{
	struct cloud_judge *c = &j->clouds[cloud];
	const struct saved_cloud *saved = world_saved_cloud(j->w, cloud);

	if (!c->failing || n->trouble == TROUBLE_NONE)
		judge_violation(j, -1, cloud, "cloud down, though nothing failed");
	else if (n->trouble == TROUBLE_THROTTLED ? c->throttled != TROUBLE_NONE
						 : (c->causes & 1U << n->trouble) != 0)
		judge_violation(
			j, -1, cloud, "the same trouble told twice: %s", trouble_name(n->trouble));
	else if (n->trouble != TROUBLE_THROTTLED &&
		 (!saved->have || saved->record.trouble < n->trouble))
		judge_violation(j, -1, cloud, "told before saved: trouble");
	if (n->trouble == TROUBLE_THROTTLED) {
		c->throttled = n->trouble;
		return;
	}
	c->causes |= 1U << n->trouble;
	c->trouble = MAX(c->trouble, n->trouble);
}

/* DRS or IAM was there and did its work, be it by refusing one task. */
static bool answered(enum outcome o)
{
	return o < OUTCOME_THROTTLED && o != OUTCOME_DENIED;
}

static void cloud_up(struct judge *j, unsigned cloud, const struct news *n)
{
	struct cloud_judge *c = &j->clouds[cloud];
	const struct saved_cloud *saved = world_saved_cloud(j->w, cloud);
	bool throttled = n->trouble == TROUBLE_THROTTLED;

	if (throttled ? c->throttled == TROUBLE_NONE
		      : ((c->causes | c->faint) & 1U << n->trouble) == 0)
		judge_violation(j, -1, cloud, "end of a trouble that was not told: %s, told was %s",
			trouble_name(n->trouble), trouble_name(c->trouble));
	else if (!j->reply || j->reply->cloud != cloud || !answered(j->reply->reply->outcome))
		judge_violation(j, -1, cloud, "cloud up without a good answer");
	else if (!throttled && (!saved->have || saved->record.trouble != TROUBLE_NONE))
		judge_violation(j, -1, cloud, "told before saved: end of trouble");
	if (throttled) {
		c->throttled = TROUBLE_NONE;
	} else {
		c->trouble = TROUBLE_NONE;
		c->causes = c->faint = 0;
	}
	c->calm_since = j->w->t;
}

static void cloud_news(struct judge *j, const struct news *n)
{
	unsigned cloud = (unsigned)strtoul(n->cloud + strlen("cloud-"), NULL, 10);
	struct cloud_judge *c = &j->clouds[cloud];

	judge_note_cloud(j, cloud, "NEWS kind, trouble", (long)n->kind, (long)n->trouble);
	j->counts.cloud_news++;
	switch (n->kind) {
	case NEWS_CLOUD_DOWN:
		cloud_down(j, cloud, n);
		j->counts.down++;
		break;
	case NEWS_CLOUD_UP:
		cloud_up(j, cloud, n);
		j->counts.up++;
		break;
	case NEWS_CLOUD_LOGIN:
		if (++c->login_news > c->logins_ok)
			judge_violation(j, -1, cloud, "a login told that did not happen");
		j->counts.logins++;
		break;
	case NEWS_CLOUD_SUMMARY:
		if (c->summary_told > 0 && j->w->t - c->summary_told < DAYS(1) - MINUTES(15))
			judge_violation(j, -1, cloud, "summed up again after %lld s",
				(long long)(j->w->t - c->summary_told) / 1000);
		c->summary_told = j->w->t;
		j->counts.summaries++;
		break;
	case NEWS_CLOUD_PACE:
		if (c->pace_told > 0 && j->w->t - c->pace_told < HOURS(1))
			judge_violation(j, -1, cloud, "pace told twice within an hour");
		c->pace_told = j->w->t;
		j->counts.pace_news++;
		break;
	default:
		judge_violation(j, -1, cloud, "news of an unexpected kind");
		break;
	}
}

void news_check(struct judge *j, const struct news *n)
{
	char text[2048];

	if (n->kind == NEWS_STATE) {
		if (n->id != 0 || (n->task && n->verdict >= _VERDICT_MAX))
			judge_violation(j, -1, -1, "a state told as if it were news");
		j->states++;
		return;
	}
	if (n->id <= j->last_news) {
		judge_violation(j, -1, -1, "news id %llu after %llu", (unsigned long long)n->id,
			(unsigned long long)j->last_news);
		return;
	}
	j->last_news = n->id;
	if (j->w->story.verbose) {
		char when[32];

		printf("%s  %s\n", trace_time(when, j->w->t), news_text(n, text, sizeof(text)));
	}
	if (n->task)
		job_news(j, n);
	else
		cloud_news(j, n);
}
