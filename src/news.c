/* news.c - what is told: the table of events, and the sentence a tired person reads. */
#include "news.h"

#include "catalogue.h"
#include "span.h"
#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

enum event {
	EVENT_PASSED,
	EVENT_ALARMED,
	EVENT_FAILED,
	EVENT_REFUSED,
	EVENT_STARTED,
	EVENT_ENDED,
	EVENT_UNKNOWN,
	EVENT_ALARMED_ITEMS,
	EVENT_FAILED_ITEMS,
	EVENT_STATUS,
	EVENT_STATUS_TROUBLE,
	EVENT_STALE,
	EVENT_CURRENT,
	EVENT_ADOPTED,
	EVENT_OVERDUE,
	EVENT_LOST,
	EVENT_STATE,
	EVENT_CLOUD_DOWN,
	EVENT_CLOUD_UP,
	EVENT_THROTTLED,
	EVENT_UNTHROTTLED,
	EVENT_LOGIN,
	EVENT_PACE,
};

/* The names and ids are a promise to those who filter by them: never change one, only add. */
const struct event_row event_table[] = {
	[EVENT_PASSED] = {"passed", "89db01da7f5c4b349dad1e29a28eede3", LOG_NOTICE},
	[EVENT_ALARMED] = {"alarmed", "e72b4b1ef7014f3895b22a7b6f81b873", LOG_WARNING},
	[EVENT_FAILED] = {"failed", "609d9ff3d543493fba907267dde28635", LOG_ERR},
	[EVENT_REFUSED] = {"refused", "0e7fd4f491914aaea7e2cdb2b607527e", LOG_WARNING},
	[EVENT_STARTED] = {"started", "9b83548882b8437f8301f6aba5783d58", LOG_NOTICE},
	[EVENT_ENDED] = {"ended", "5613e923fcd740c690c77e1edfd0bc2e", LOG_NOTICE},
	[EVENT_UNKNOWN] = {"unknown", "5c7ad46762254b238060fafdab509fd2", LOG_NOTICE},
	[EVENT_ALARMED_ITEMS] = {"alarmed-items", "468f0d046dd84bde9612b041beb6b8b1", LOG_WARNING},
	[EVENT_FAILED_ITEMS] = {"failed-items", "8800bdac69f3460da10f7dce8f731123", LOG_ERR},
	[EVENT_STATUS] = {"status", "e9ab12657f63456e961e95fba76704ed", LOG_INFO},
	[EVENT_STATUS_TROUBLE] = {"status-trouble", "d3a9f3be70c0452b816dd829b31c8562",
		LOG_WARNING},
	[EVENT_STALE] = {"stale", "2b164c30bf0f4b29b565a6bfdb944382", LOG_WARNING},
	[EVENT_CURRENT] = {"current", "244d8e76033647bea0f7c94a7f842aa5", LOG_NOTICE},
	[EVENT_ADOPTED] = {"adopted", "ae313c63ec4040528c165f073f2cd7ed", LOG_INFO},
	[EVENT_OVERDUE] = {"overdue", "3f5a0b92b79140fbbbb0d4d1ab35aa54", LOG_WARNING},
	[EVENT_LOST] = {"lost", "091110c4fa3e4fbbb0c2aa3250cc4366", LOG_WARNING},
	[EVENT_STATE] = {"state", "77c377c16bc64df3805eb5ddc49ca12a", LOG_INFO},
	[EVENT_CLOUD_DOWN] = {"cloud-down", "c2dfee774a2b41a69b1bebc2acce378d", LOG_ERR},
	[EVENT_CLOUD_UP] = {"cloud-up", "40cd7e4bdfca484a88470fa74283f86d", LOG_NOTICE},
	[EVENT_THROTTLED] = {"throttled", "da308b9b2d1348e1ba324616cfcf262f", LOG_WARNING},
	[EVENT_UNTHROTTLED] = {"unthrottled", "087819d7bd474a5194cea9d4db1240cc", LOG_NOTICE},
	[EVENT_LOGIN] = {"login", "3bb6ba02e24e4fefbabe557ec384df1c", LOG_INFO},
	[EVENT_PACE] = {"pace", "6d1061c0c4ce4b2fbc1ad504e7dea26d", LOG_WARNING},
};
const size_t event_table_size = ELEMENTSOF(event_table);

static const char *const trouble_names[_TROUBLE_MAX] = {
	[TROUBLE_NONE] = "none",
	[TROUBLE_THROTTLED] = "throttled",
	[TROUBLE_DENIED] = "not permitted",
	[TROUBLE_MISCONFIGURED] = "misconfigured",
	[TROUBLE_UNREACHABLE] = "unreachable",
	[TROUBLE_IAM] = "IAM unreachable",
	[TROUBLE_TOKENS] = "tokens not taken",
	[TROUBLE_LOGIN] = "login refused",
};

const char *trouble_name(enum trouble t)
{
	return (unsigned)t < _TROUBLE_MAX ? trouble_names[t] : "none";
}

struct news *news_free(struct news *n)
{
	if (!n)
		return NULL;
	report_unref(n->report);
	report_unref(n->previous_report);
	free(n);
	return NULL;
}

static enum event job_event(const struct news *n)
{
	static const enum event by_verdict[_VERDICT_MAX] = {
		[VERDICT_UNKNOWN] = EVENT_UNKNOWN,
		[VERDICT_PASSED] = EVENT_PASSED,
		[VERDICT_ALARMED] = EVENT_ALARMED,
		[VERDICT_FAILED] = EVENT_FAILED,
		[VERDICT_REFUSED] = EVENT_REFUSED,
		[VERDICT_STARTED] = EVENT_STARTED,
		[VERDICT_ENDED] = EVENT_ENDED,
	};

	if (n->verdict != n->previous)
		return by_verdict[n->verdict];
	if (n->verdict == VERDICT_FAILED)
		return EVENT_FAILED_ITEMS;
	if (n->verdict == VERDICT_ALARMED)
		return EVENT_ALARMED_ITEMS;
	if (n->verdict == VERDICT_STARTED)
		return status_class(n->status) == STATUS_TROUBLED ? EVENT_STATUS_TROUBLE
								  : EVENT_STATUS;
	return by_verdict[n->verdict];
}

static enum event find_event(const struct news *n)
{
	switch (n->kind) {
	case NEWS_JOB:
		return job_event(n);
	case NEWS_STALE:
		return n->stale ? EVENT_STALE : EVENT_CURRENT;
	case NEWS_ADOPTED:
		return EVENT_ADOPTED;
	case NEWS_OVERDUE:
		return EVENT_OVERDUE;
	case NEWS_LOST:
		return EVENT_LOST;
	case NEWS_CLOUD_DOWN:
		return n->trouble == TROUBLE_THROTTLED ? EVENT_THROTTLED : EVENT_CLOUD_DOWN;
	case NEWS_CLOUD_UP:
		return n->trouble == TROUBLE_THROTTLED ? EVENT_UNTHROTTLED : EVENT_CLOUD_UP;
	case NEWS_CLOUD_LOGIN:
		return EVENT_LOGIN;
	case NEWS_CLOUD_PACE:
		return EVENT_PACE;
	case NEWS_STATE:
	case _NEWS_KIND_MAX:
		break;
	}
	return EVENT_STATE;
}

const struct event_row *news_event(const struct news *n)
{
	return &event_table[find_event(n)];
}

static void add_time(struct line *l, int64_t wall)
{
	char buf[TIME_TEXT_MAX];

	line_add(l, "%s", time_format_local(buf, sizeof(buf), wall));
}

static void add_span(struct line *l, int64_t ms)
{
	char buf[SPAN_MAX];

	line_add(l, "%s", span_format(buf, sizeof(buf), ms));
}

#define QUOTED_MAX 160

/* What DRS or IAM said, cut on a character, in quotes of ours only. */
static void add_quoted(struct line *l, const char *text, size_t max)
{
	char buf[QUOTED_MAX + 1];
	bool whole = text_copy(buf, MIN(max + 1, sizeof(buf)), text);

	for (char *p = buf; *p; p++)
		if (*p == '"')
			*p = '\'';
	line_add(l, "\"%s%s\"", buf, whole ? "" : "...");
}

static void add_subject(struct line *l, const struct news *n)
{
	line_add(l, "%s (cloud %s): ", n->job, n->cloud);
}

/* Same reason word, same cause: one missing grant makes three items fail. */
static bool same_cause(const struct item *a, const struct item *b)
{
	return a->reason && b->reason && strcmp(a->reason, b->reason) == 0;
}

static bool is_bad(const struct change *c)
{
	return c->kind == CHANGE_NEW || c->kind == CHANGE_CHANGED || c->kind == CHANGE_STILL;
}

static const struct catalogue_entry *explain(const struct item *item)
{
	const struct catalogue_entry *e = NULL;

	if (item->reason)
		e = catalogue_find(CATALOGUE_REASON, item->reason);
	return e ? e : catalogue_find(CATALOGUE_ITEM, item->name);
}

/* "alpha FAILED", "alpha still FAILED", "alpha eased to ALARM", "alpha FAILED for another reason" */
static void add_result(struct line *l, const struct change *c)
{
	const struct item *item = c->item;
	bool changed = c->kind == CHANGE_CHANGED;
	bool eased = changed && c->before && c->before->result > item->result;

	line_add(l, "%s %s%s", item->name,
		c->kind == CHANGE_STILL ? "still "
		: eased                 ? "eased to "
					: "",
		item->result == ITEM_OTHER && item->said ? item->said
							 : item_result_name(item->result));
	if (changed && !eased)
		line_add(l, " for another reason");
}

static void add_cause(struct line *l, const struct change *c, size_t others, bool remedy)
{
	const struct item *item = c->item;
	const struct catalogue_entry *e = explain(item);

	add_result(l, c);
	if (others)
		line_add(l, " and %zu more for the same reason", others);
	if (item->parts && remedy) {
		char parts[81];
		bool whole = text_copy(parts, sizeof(parts), item->parts);

		line_add(l, " in sub-tasks %s%s", parts, whole ? "" : "...");
	}
	if (item->reason && (!e || remedy))
		line_add(l, " (%s)", item->reason);
	if (!remedy)
		return;
	if (e) {
		line_add(l, ": %s; to do: %s", e->cause, e->remedy);
		return;
	}
	if (item->message) {
		line_add(l, ": DRS says ");
		add_quoted(l, item->message, QUOTED_MAX);
	}
	line_add(l, "; to do: look at the task in the console");
}

/* The causes, FAILED ones first: the first with its remedy, two more by name, the rest counted. */
static void add_causes(struct line *l, const struct change *changes, size_t n)
{
	static const enum item_result order[] = {ITEM_FAILED, ITEM_ALARM, ITEM_OTHER};
	unsigned shown = 0, hidden = 0;

	for (size_t o = 0; o < ELEMENTSOF(order); o++)
		for (size_t i = 0; i < n; i++) {
			size_t others = 0;
			bool again = false;

			if (!is_bad(&changes[i]) || changes[i].item->result != order[o])
				continue;
			for (size_t k = 0; k < n; k++) {
				if (k == i || !is_bad(&changes[k]) ||
					changes[k].item->result != order[o] ||
					!same_cause(changes[i].item, changes[k].item))
					continue;
				again |= k < i;
				others++;
			}
			if (again)
				continue;
			if (shown == 3) {
				hidden++;
				continue;
			}
			line_add(l, shown == 0 ? "" : shown == 1 ? "; also " : ", ");
			add_cause(l, &changes[i], others, shown == 0);
			shown++;
		}
	if (hidden)
		line_add(l, " and %u more cause%s", hidden, hidden == 1 ? "" : "s");
}

static unsigned add_names(struct line *l, const char *lead, const struct change *changes, size_t n,
	enum change_kind kind)
{
	unsigned count = 0;

	for (size_t i = 0; i < n; i++) {
		if (changes[i].kind != kind)
			continue;
		if (count < 4)
			line_add(l, "%s%s", count == 0 ? lead : ", ",
				(changes[i].item ? changes[i].item : changes[i].before)->name);
		count++;
	}
	if (count > 4)
		line_add(l, " and %u more", count - 4);
	return count;
}

static void add_items(struct line *l, const struct news *n)
{
	_cleanup_free_ struct change *changes = NULL;
	size_t count = 0;

	if (!n->report || report_compare(n->previous_report, n->report, &changes, &count) < 0)
		return;
	if (report_unexplained(n->report))
		line_add(l, "DRS says not passed and names no item; to do: look at the task in the "
			    "console");
	else
		add_causes(l, changes, count);
	/* "fixed" needs no separator where nothing bad is left to name before it */
	const char *sep = n->verdict == VERDICT_PASSED ? "" : "; ";
	char lead[32];

	snprintf(lead, sizeof(lead), "%sfixed: ", sep);
	if (add_names(l, lead, changes, count, CHANGE_FIXED))
		sep = "; ";
	snprintf(lead, sizeof(lead), "%snot checked this time: ", sep);
	if (!add_names(l, lead, changes, count, CHANGE_UNCHECKED) && *sep == '\0')
		line_add(l, "all items of the pre-check are fine");
}

/* The code and what was said with it, without what the catalogue makes of it. */
static void add_raw_code(struct line *l, const char *code, const char *text, const char *otherwise)
{
	if (*code || !*text)
		line_add(l, "%s%s", *code ? code : otherwise, *text ? " " : "");
	if (*text)
		add_quoted(l, text, QUOTED_MAX);
}

/* What the catalogue makes of the code; `todo` (may be NULL) where it knows nothing. */
static void add_code(
	struct line *l, const char *code, const char *text, const char *otherwise, const char *todo)
{
	const struct catalogue_entry *e = *code ? catalogue_find(CATALOGUE_CODE, code) : NULL;

	if (e) {
		line_add(l, "%s (%s)", code, e->cause);
		if (*text) {
			line_add(l, " ");
			add_quoted(l, text, QUOTED_MAX);
		}
		todo = e->remedy;
	} else {
		add_raw_code(l, code, text, otherwise);
	}
	if (todo)
		line_add(l, "; to do: %s", todo);
}

/* A sentence of ours about the outcome, then the code, then what to do. */
static void add_reason(
	struct line *l, const char *reason, const struct refusal *r, const char *todo)
{
	line_add(l, "%s", reason);
	if (*r->code || *r->text) {
		line_add(l, " (");
		add_raw_code(l, r->code, r->text, "");
		line_add(l, ")");
	}
	line_add(l, "; to do: %s", todo);
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
		add_reason(l, "no such task in this project", r, "check id, region and project");
		break;
	case OUTCOME_PARENT:
		add_reason(l, "it is a parent task, DRS checks only its children", r,
			"watch those instead");
		break;
	case OUTCOME_DENIED:
		line_add(l, "user %s may not do that: ", n->user ? n->user : "?");
		add_code(l, r->code, r->text, "no reason given",
			"grant it to the user, or set check = no");
		break;
	default:
		add_code(l, r->code, r->text, "DRS gave no reason",
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

static void add_verdict_body(struct line *l, const struct news *n)
{
	switch (n->verdict) {
	case VERDICT_PASSED:
	case VERDICT_ALARMED:
	case VERDICT_FAILED:
		add_items(l, n);
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
		add_time(l, n->since);
		line_add(l, " (");
		add_span(l, n->wall - n->since);
		line_add(l, ")");
	} else if (n->previous != VERDICT_UNKNOWN && n->previous_since > 0) {
		line_add(l, "; it was %s for ", verdict_name(n->previous));
		add_span(l, n->wall - n->previous_since);
		line_add(l, ", since ");
		add_time(l, n->previous_since);
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
	add_span(l, n->wall - n->confirmed);
	line_add(l, " ago, at ");
	add_time(l, n->confirmed);
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
		add_span(l, n->run_age);
		line_add(l, " (run_limit ");
		add_span(l, n->run_limit);
		line_add(l,
			"); asked once per interval now, not started again; verdict stays %s; "
			"to do: look at the task in the console",
			verdict_name(n->verdict));
		break;
	default:
		line_add(l, "run %" PRIu64 " ended without a verdict after ", n->run);
		add_span(l, n->run_age);
		if (*n->code) {
			line_add(l, ": ");
			add_code(l, n->code, n->text, "", NULL);
		}
		line_add(l, "; verdict stays %s; the task is checked anew",
			verdict_name(n->verdict));
		break;
	}
}

static void add_next_try(struct line *l, const struct news *n)
{
	if (n->trouble == TROUBLE_LOGIN)
		line_add(l, "; not tried again before the credential or the configuration changes");
	if (n->next_try < 0)
		return;
	line_add(l, "; next try in ");
	add_span(l, n->next_try);
}

static void add_blame(struct line *l, const struct news *n)
{
	if (n->trouble == TROUBLE_DENIED && n->call == CALL_SUBMIT)
		line_add(l,
			"; no pre-check is begun meanwhile, only status and last results are read");
	else if (n->jobs == 1)
		line_add(l, "; its job keeps its verdict and goes stale");
	else if (n->jobs > 1)
		line_add(l, "; its %u jobs keep their verdicts and go stale", n->jobs);
}

static void down_text(struct line *l, const struct news *n)
{
	line_add(l, "cloud %s: ", n->cloud);
	switch (n->trouble) {
	case TROUBLE_THROTTLED:
		line_add(l, "DRS says too frequent (");
		add_raw_code(l, n->code, n->text, "HTTP 429");
		line_add(l, "); pace lowered from %u to %u calls a minute, and raised again slowly",
			n->pace_wanted, n->pace);
		return;
	case TROUBLE_LOGIN:
		line_add(l, "login refused by %s for user %s of domain %s, project %s: ", n->iam,
			n->user ? n->user : "?", n->domain ? n->domain : "?", n->project);
		add_code(l, n->code, n->text, "no reason given", NULL);
		line_add(l,
			"; IAM does not tell which of user, password, domain or project is wrong");
		break;
	case TROUBLE_TOKENS:
		line_add(l, "%s does not take the tokens that %s has just given: ", n->drs, n->iam);
		add_raw_code(l, n->code, n->text, "no reason given");
		line_add(l, "; to do: see that both are of one region");
		break;
	case TROUBLE_IAM:
		line_add(l, "no login, %s is in trouble: ", n->iam);
		add_code(l, n->code, n->text, "no answer", NULL);
		break;
	case TROUBLE_DENIED:
		line_add(l, "user %s may not call %s in project %s: ", n->user ? n->user : "?",
			call_kind_name(n->call), n->project);
		add_code(l, n->code, n->text, "no reason given",
			"give the user a DRS role in this project");
		break;
	case TROUBLE_MISCONFIGURED:
		line_add(l, "%s can't be used as configured: ",
			n->call == CALL_LOGIN ? n->iam : n->drs);
		add_code(l, n->code, n->text, "no reason given",
			"check URL, region and project of the cloud");
		break;
	case TROUBLE_UNREACHABLE:
	case TROUBLE_NONE:
	case _TROUBLE_MAX:
		line_add(l, "DRS at %s does not answer as it should: ", n->drs);
		add_code(l, n->code, n->text, "no answer", NULL);
		break;
	}
	add_blame(l, n);
	add_next_try(l, n);
	if (n->kind == NEWS_STATE) {
		line_add(l, "; so for ");
		add_span(l, n->wall - n->trouble_since);
		line_add(l, ", since ");
		add_time(l, n->trouble_since);
	}
}

static void up_text(struct line *l, const struct news *n)
{
	line_add(l, "cloud %s: ", n->cloud);
	if (n->trouble == TROUBLE_THROTTLED)
		line_add(l, "pace is back at %u calls a minute after ", n->pace);
	else
		line_add(l, "works again (was %s) after ", trouble_name(n->trouble));
	add_span(l, n->wall - n->trouble_since);
	line_add(l, ", since ");
	add_time(l, n->trouble_since);
	if (n->trouble == TROUBLE_THROTTLED || n->jobs == 0)
		return;
	if (n->jobs == 1)
		line_add(l, "; its job is caught up with now");
	else
		line_add(l, "; its %u jobs are caught up with now", n->jobs);
}

static void state_text(struct line *l, const struct news *n)
{
	add_subject(l, n);
	line_add(l, "%s%s", verdict_name(n->verdict), n->stale ? " (stale)" : "");
	if (n->since > 0) {
		line_add(l, " since ");
		add_time(l, n->since);
	}
	line_add(l, ": ");
	add_verdict_body(l, n);
	if (n->confirmed > 0) {
		line_add(l, "; confirmed ");
		add_span(l, n->wall - n->confirmed);
		line_add(l, " ago");
	}
	if (n->run)
		line_add(l, "; run %" PRIu64 " is under way", n->run);
}

static void pace_text(struct line *l, const struct news *n)
{
	if (n->jobs == 1)
		line_add(l, "cloud %s: can't serve its job within its interval: about ", n->cloud);
	else
		line_add(l, "cloud %s: can't serve its %u jobs within their interval: about ",
			n->cloud, n->jobs);
	add_span(l, n->reachable);
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
		down_text(&l, n);
		break;
	case NEWS_CLOUD_UP:
		up_text(&l, n);
		break;
	case NEWS_CLOUD_LOGIN:
		line_add(&l, "cloud %s: %s user %s in project %s; the token lasts ", n->cloud,
			n->login <= 1 ? "logged in as" : "token renewed for",
			n->user ? n->user : "?", n->project);
		add_span(&l, n->life);
		line_add(&l, ", until ");
		add_time(&l, n->wall + n->life);
		break;
	case NEWS_CLOUD_PACE:
		pace_text(&l, n);
		break;
	case NEWS_STATE:
	case _NEWS_KIND_MAX:
		if (n->job)
			state_text(&l, n);
		else
			down_text(&l, n);
		break;
	}
	return buf;
}
