/* sentence.c - the one line in which a piece of news is told: who, from what to what, why, since when, what next. */
#include "sentence.h"

#include "span.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void add_subject(struct line *l, const struct news *n)
{
	line_add(l, "%s (cloud %s): ", n->job, n->cloud);
}

static void add_refusal(struct line *l, const struct news *n)
{
	const struct refusal *r = n->refusal;

	switch (status_class(n->status)) {
	case STATUS_CREATING:
		line_add(l, "not to be checked yet, DRS is still building it (status %s)",
			n->status);
		return;
	case STATUS_UNKNOWN:
		line_add(l,
			"status %s is none that DRS documents, so it is watched but not checked",
			n->status);
		return;
	default:
		break;
	}
	if (!r)
		return;
	switch (r->outcome) {
	case OUTCOME_GONE:
		sentence_reason(
			l, "no such task in this project", r, "check id, region and project");
		break;
	case OUTCOME_PARENT:
		sentence_reason(l, "it is a parent task, DRS checks only its children", r,
			"watch those instead");
		break;
	case OUTCOME_DENIED:
		sentence_who(l, n);
		line_add(l, " may not do that: ");
		sentence_code(l, r->code, r->text, "no reason given",
			"grant it to the user, or set check = no");
		break;
	default:
		sentence_code(l, r->code, r->text, "DRS gave no reason",
			"look at the task in the console");
		break;
	}
}

static void add_status(struct line *l, const struct news *n)
{
	const struct status_row *row = status_find(n->status);

	line_add(l, "status %s (%s)", n->status, row->meaning);
	if (n->previous_status && *n->previous_status)
		line_add(l, ", was %s", n->previous_status);
}

/* check = no: the result is whoever's, and DRS keeps it for days without a date. */
static bool only_read(const struct news *n)
{
	return n->settings && !n->settings->check;
}

static void add_verdict_body(struct line *l, const struct news *n)
{
	switch (n->verdict) {
	case VERDICT_PASSED:
	case VERDICT_ALARMED:
	case VERDICT_FAILED:
		sentence_items(l, n);
		if (only_read(n))
			line_add(l,
				"; only read, with check = no: how old this result is, DRS does "
				"not say");
		break;
	case VERDICT_REFUSED:
		add_refusal(l, n);
		break;
	case VERDICT_STARTED:
		add_status(l, n);
		line_add(l, status_class(n->status) == STATUS_TROUBLED
				    ? "; to do: look at the task in the console"
				    : "; its pre-check is no longer needed");
		break;
	case VERDICT_ENDED:
		if (status_class(n->status) == STATUS_ENDED)
			add_status(l, n);
		else
			line_add(l, "DRS knows the task no more");
		line_add(l, "; not asked again before a reload or SIGUSR1");
		break;
	case VERDICT_UNKNOWN:
	case _VERDICT_MAX:
		line_add(l, "no finished pre-check to judge by yet");
		break;
	}
}

static void job_text(struct line *l, const struct news *n)
{
	add_subject(l, n);
	if (n->verdict == n->previous)
		line_add(l, "still %s: ", verdict_name(n->verdict));
	else if (n->previous == VERDICT_UNKNOWN)
		line_add(l, "%s: ", verdict_name(n->verdict));
	else
		line_add(l, "%s -> %s: ", verdict_name(n->previous), verdict_name(n->verdict));
	add_verdict_body(l, n);
	if (n->verdict == n->previous) {
		line_add(l, "; %s since ", verdict_name(n->verdict));
		sentence_time(l, n->since);
		line_add(l, " (");
		sentence_span(l, n->wall - n->since);
		line_add(l, ")");
	} else if (n->previous != VERDICT_UNKNOWN && n->previous_since > 0) {
		line_add(l, "; it was %s for ", verdict_name(n->previous));
		sentence_span(l, n->wall - n->previous_since);
		line_add(l, ", since ");
		sentence_time(l, n->previous_since);
	}
}

static void stale_text(struct line *l, const struct news *n)
{
	add_subject(l, n);
	if (!n->stale) {
		line_add(l, "current again: %s", verdict_name(n->verdict));
		return;
	}
	line_add(l, "%s, but stale: last confirmed ", verdict_name(n->verdict));
	sentence_span(l, n->wall - n->confirmed);
	line_add(l, " ago, at ");
	sentence_time(l, n->confirmed);
	line_add(l, "; to do: see whether its runs end in time, and whether the cloud's pace is "
		    "enough");
}

static void run_text(struct line *l, const struct news *n)
{
	add_subject(l, n);
	switch (n->kind) {
	case NEWS_ADOPTED:
		line_add(l,
			"somebody else's pre-check is under way; followed as run %" PRIu64
			", none of ours on top of it",
			n->run);
		break;
	case NEWS_OVERDUE:
		line_add(l, "run %" PRIu64 " is not finished after ", n->run);
		sentence_span(l, n->run_age);
		line_add(l, " (run_limit ");
		sentence_span(l, n->run_limit);
		line_add(l,
			"); asked once per interval now, not started again; verdict stays %s; "
			"to do: look at the task in the console",
			verdict_name(n->verdict));
		break;
	default:
		line_add(l, "run %" PRIu64 " ended without a verdict after ", n->run);
		sentence_span(l, n->run_age);
		if (*n->code) {
			line_add(l, ": ");
			sentence_code(l, n->code, n->text, "", NULL);
		}
		line_add(l, "; verdict stays %s", verdict_name(n->verdict));
		if (*n->code) {
			line_add(l, "; checked again every ");
			sentence_span(l, n->slowed);
			line_add(l, "; if the source is PostgreSQL, look at pg_replication_slots: "
				    "a broken pre-check may leave one behind");
		} else {
			line_add(l, "; the task is checked anew");
		}
		break;
	}
}

static void state_text(struct line *l, const struct news *n)
{
	add_subject(l, n);
	line_add(l, "%s%s", verdict_name(n->verdict), n->stale ? " (stale)" : "");
	if (n->since > 0) {
		line_add(l, " since ");
		sentence_time(l, n->since);
	}
	line_add(l, ": ");
	add_verdict_body(l, n);
	if (n->confirmed > 0) {
		line_add(l, "; %s ", only_read(n) ? "read" : "confirmed");
		sentence_span(l, n->wall - n->confirmed);
		line_add(l, " ago");
	}
	if (n->run)
		line_add(l, "; run %" PRIu64 " is under way", n->run);
}

static void add_since(struct line *l, const struct news *n)
{
	line_add(l, "; %s since ", verdict_name(n->verdict));
	sentence_time(l, n->since);
}

static void watch_text(struct line *l, const struct news *n)
{
	add_subject(l, n);
	switch (n->kind) {
	case NEWS_REMINDER:
		line_add(l, "still %s after ", verdict_name(n->verdict));
		sentence_span(l, n->wall - n->since);
		line_add(l, "%s: ", n->stale ? " (stale)" : "");
		add_verdict_body(l, n);
		add_since(l, n);
		break;
	case NEWS_FLAPPING:
		line_add(l,
			"changes all the time, %u times in the last ten runs, so single changes "
			"are not "
			"told before it is steady again; now %s: ",
			n->changes, verdict_name(n->verdict));
		add_verdict_body(l, n);
		break;
	case NEWS_SLOW:
		line_add(l, "run %" PRIu64 " takes ", n->run);
		sentence_span(l, n->run_age);
		line_add(l, " already, its runs usually take ");
		sentence_span(l, n->typical);
		line_add(l, "; it is waited for up to run_limit (");
		sentence_span(l, n->run_limit);
		line_add(l, ")");
		break;
	default:
		line_add(l, "in CONFIGURATION for ");
		sentence_span(l, n->wall - n->created);
		line_add(l, "; DRS takes the resources of such a task away after 3 days, and its "
			    "pre-checks fail from then on; to do: start it, or configure it again "
			    "before the cut-over");
		break;
	}
}

/* Ids alone do not tell them apart when it is the cloud's DRS that is another one. */
static void replaced_text(struct line *l, const struct news *n)
{
	bool moved = strcmp(n->task, n->old_task) == 0;

	add_subject(l, n);
	line_add(l, "now names task %s%s%s", n->task, moved ? " at " : "", moved ? n->drs : "");
	line_add(l,
		"; task %s%s%s, known under that name before, is watched no more; its history is "
		"kept",
		n->old_task, moved ? " at " : "", moved ? n->old_drs : "");
}

static void steady_text(struct line *l, const struct news *n)
{
	add_subject(l, n);
	line_add(l, "steady again: %s: ", verdict_name(n->verdict));
	add_verdict_body(l, n);
	if (n->verdict != n->previous && n->previous != VERDICT_UNKNOWN)
		line_add(l, "; last told as %s", verdict_name(n->previous));
}

static void summary_text(struct line *l, const struct news *n)
{
	const char *sep = ": ";

	line_add(l, "cloud %s: %u job%s", n->cloud, n->jobs, n->jobs == 1 ? "" : "s");
	for (int v = _VERDICT_MAX - 1; v >= 0; v--) {
		if (n->verdicts[v] == 0)
			continue;
		line_add(l, "%s%u %s", sep, n->verdicts[v], verdict_name((enum verdict)v));
		sep = ", ";
	}
	if (n->stale_jobs > 0)
		line_add(l, "%s%u stale", sep, n->stale_jobs);
	if (n->oldest >= 0) {
		line_add(l, "; the oldest verdict was confirmed ");
		sentence_span(l, n->oldest);
		line_add(l, " ago");
	}
	if (n->trouble != TROUBLE_NONE) {
		line_add(l, "; in trouble (%s) since ", trouble_name(n->trouble));
		sentence_time(l, n->trouble_since);
	}
	if (n->token_left >= 0) {
		line_add(l, "; token until ");
		sentence_time(l, n->wall + n->token_left);
	}
}

/* One word for what was not told by itself, and where it can be read. */
static void burst_text(struct line *l, const struct news *n)
{
	unsigned all = n->jobs + n->of_clouds;
	const char *sep = ": ";

	line_add(l, "%u more piece%s of news within a minute than are told one by one", all,
		all == 1 ? "" : "s");
	for (int v = _VERDICT_MAX - 1; v >= 0; v--) {
		if (n->verdicts[v] == 0)
			continue;
		line_add(l, "%s%u %s", sep, n->verdicts[v], verdict_name((enum verdict)v));
		sep = ", ";
	}
	if (n->of_clouds > 0)
		line_add(l, "%s%u of clouds", sep, n->of_clouds);
	line_add(l,
		"; told with this line; each is in precheckd.db, view news, id %" PRIu64
		" to %" PRIu64,
		n->first_id, n->last_id);
}

static void pace_text(struct line *l, const struct news *n)
{
	if (n->jobs == 1)
		line_add(l, "cloud %s: can't serve its job within its interval: about ", n->cloud);
	else
		line_add(l, "cloud %s: can't serve its %u jobs within their interval: about ",
			n->cloud, n->jobs);
	sentence_span(l, n->reachable);
	line_add(l, " is what %u call%s a minute and max_runs allow; to do: ", n->pace,
		n->pace == 1 ? "" : "s");
	if (n->pace_wanted > n->pace)
		line_add(l, "raise pace to %u, or lengthen the intervals", n->pace_wanted);
	else
		line_add(l, "raise max_runs, or lengthen the intervals");
}

char *news_text(const struct news *n, char *buf, size_t size)
{
	struct line l;

	line_init(&l, buf, size);
	switch (n->kind) {
	case NEWS_JOB:
		job_text(&l, n);
		break;
	case NEWS_STALE:
		stale_text(&l, n);
		break;
	case NEWS_ADOPTED:
	case NEWS_OVERDUE:
	case NEWS_LOST:
		run_text(&l, n);
		break;
	case NEWS_CLOUD_DOWN:
	case NEWS_CLOUD_UP:
	case NEWS_CLOUD_LOGIN:
	case NEWS_CLOUD_CLOCK:
		sentence_cloud(&l, n);
		break;
	case NEWS_CLOUD_PACE:
		pace_text(&l, n);
		break;
	case NEWS_CLOUD_SUMMARY:
		summary_text(&l, n);
		break;
	case NEWS_REMINDER:
	case NEWS_FLAPPING:
	case NEWS_SLOW:
	case NEWS_AGING:
		watch_text(&l, n);
		break;
	case NEWS_STEADY:
		steady_text(&l, n);
		break;
	case NEWS_REPLACED:
		replaced_text(&l, n);
		break;
	case NEWS_BURST:
		burst_text(&l, n);
		break;
	case NEWS_STATE:
	case _NEWS_KIND_MAX:
		if (n->job)
			state_text(&l, n);
		else
			sentence_cloud(&l, n);
		break;
	}
	return buf;
}
