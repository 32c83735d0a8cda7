/* invariants_truth.c - a second, simpler reading of DRS's answers: which verdict must follow from them.
 *
 * It sees only what was delivered. Where the design leaves a choice (is "refused" told as over when the
 * submit is accepted, or when its report is there?) both are allowed for a while: MAYBE. */
#include "invariants_inner.h"

unsigned truth_verdicts(const struct judge *j, const struct watched *k)
{
	enum verdict by_report = k->has_report ? accepts_verdict(k, k->content, world_wall(j->w))
					       : VERDICT_UNKNOWN;
	unsigned mask = 0, all = (1u << _VERDICT_MAX) - 1;

	if (k->ended != NO)
		mask |= 1u << VERDICT_ENDED;
	if (k->ended == YES)
		return mask;
	switch (k->status < 0 ? 0 : fake_status_class(k->status)) {
	case 1:
		return mask | 1u << VERDICT_STARTED;
	case 2:
		return mask | 1u << VERDICT_ENDED;
	case 3:
		return mask | 1u << VERDICT_REFUSED;
	default:
		break;
	}
	if (k->refused != NO)
		mask |= 1u << VERDICT_REFUSED;
	if (k->refused == YES)
		return mask;
	if (by_report == VERDICT_UNKNOWN)
		return all;
	return mask | 1u << by_report;
}

static void status_answer(struct judge *j, struct watched *k, const struct fact *fact)
{
	int class = fake_status_class(fact->status);
	int before = k->status < 0 ? 0 : fake_status_class(k->status);

	if (class != 0 || k->wrong_state != NO)
		k->refused_at = j->w->t;

	k->status = fact->status;
	k->gone_at = -1;
	if (k->ended == YES)
		k->ended = class == 0 ? MAYBE : NO; /* told when the check is through */
	if (class != 0 && k->refused == YES && k->bad_request)
		k->refused = MAYBE;
	if (!k->seen && k->refused == YES)
		k->refused = MAYBE;
	k->seen = true;
	if (class == 0 && before == 3 && k->refused == NO)
		k->refused = MAYBE;
	if (class == 0 && k->wrong_state != NO && k->refused != YES)
		k->refused = k->wrong_state_process == j->process ? k->wrong_state : MAYBE;
	k->wrong_state = NO;
	if (class == 1 || class == 2) {
		k->refused = NO;
		k->ended = NO;
	}
	if (class != 0)
		k->submit = SUBMIT_NONE;
}

static void gone_answer(struct judge *j, struct watched *k, const struct flight *fl)
{
	int64_t t = j->w->t;

	if (!k->seen) {
		k->refused = YES;
		return;
	}
	if (k->gone_at < 0) {
		k->gone_at = t;
		k->gone_process = j->process;
	} else if (k->gone_process != j->process) {
		k->gone_at = t;
		k->gone_process = j->process;
		k->ended = k->ended == YES ? YES : MAYBE;
	} else if (fl->sent - k->gone_at >= MINUTES(1)) {
		k->ended = YES;
		k->submit = SUBMIT_NONE;
	} else if (t - k->gone_at >= MINUTES(1)) {
		k->ended = MAYBE;
	}
}

/* What a submit's entry, or a refusal of a call with one job, means. */
static void refusal(struct judge *j, struct watched *k, const struct flight *fl, enum outcome o)
{
	k->refused_at = j->w->t;
	switch (o) {
	case OUTCOME_GONE:
		gone_answer(j, k, fl);
		break;
	case OUTCOME_WRONG_STATE:
		if (fl->call.kind == CALL_RESULT && k->submit != SUBMIT_TAKEN &&
			k->submit != SUBMIT_UNCLEAR && !k->adopted)
			break; /* no run to be overtaken: it was never checked before */
		k->wrong_state = k->submit == SUBMIT_UNCLEAR ? MAYBE : YES;
		k->wrong_state_process = j->process;
		break;
	case OUTCOME_NOT_READY:
	case OUTCOME_PARENT:
	case OUTCOME_REFUSED:
	case OUTCOME_DENIED:
	case OUTCOME_BAD_REQUEST:
		k->refused = YES;
		k->bad_request = o == OUTCOME_BAD_REQUEST;
		break;
	default:
		break;
	}
}

static void submit_answer(
	struct judge *j, struct watched *k, const struct flight *fl, const struct fact *fact)
{
	k->submit = SUBMIT_NOT;
	k->exempt = true;
	if (fact->outcome == OUTCOME_OK) {
		k->submit = SUBMIT_TAKEN;
		k->wrong_state = NO;
		k->refused = k->refused == NO ? NO : MAYBE;
		return;
	}
	refusal(j, k, fl, fact->outcome);
}

static void result_answer(
	struct judge *j, struct watched *k, const struct flight *fl, const struct fact *fact)
{
	k->looked = true;
	k->running_seen = fact->lower;
	if (fact->lower) {
		k->run_seen = fact->run;
		if (k->refused == YES && k->submit == SUBMIT_UNCLEAR)
			k->refused = MAYBE;
	}
	if (k->refused == YES && !j->w->clouds[fl->cloud].check)
		k->refused = MAYBE;
	if (fact->finished || fact->outcome == OUTCOME_WRONG_STATE) {
		k->content_seen = true;
		k->seen_content = fact->finished ? fact->content : NO_CONTENT;
	}
	if (fact->outcome == OUTCOME_GONE || fact->outcome == OUTCOME_WRONG_STATE) {
		refusal(j, k, fl, fact->outcome);
		if (fact->outcome == OUTCOME_WRONG_STATE && k->submit == SUBMIT_TAKEN)
			k->submit = SUBMIT_NONE;
		k->exempt = true;
	}
}

static void entry(struct judge *j, const struct flight *fl, const struct fact *fact)
{
	struct watched *k = judge_job(j, fact->task);

	k->fact = fact;
	if (fl->call.kind == CALL_DETAIL)
		return;
	judge_note(j, fact->task, call_kind_name(fl->call.kind),
		(long)(fact->finished ? 100
			: fact->lower ? 50
				      : fact->status),
		(long)fact->run);
	judge_note(
		j, fact->task, outcome_name(fact->outcome), (long)fl->call.id, (long)fact->content);
	switch (fl->call.kind) {
	case CALL_STATUS:
		if (fact->outcome == OUTCOME_OK)
			status_answer(j, k, fact);
		else
			refusal(j, k, fl, fact->outcome);
		break;
	case CALL_SUBMIT:
		submit_answer(j, k, fl, fact);
		break;
	default:
		result_answer(j, k, fl, fact);
		break;
	}
}

/* A call that failed as a whole: what its submits may have done, and what a lone job's refusal means. */
static void no_entries(struct judge *j, const struct flight *fl)
{
	const struct reply *r = fl->reply;

	for (unsigned i = 0; i < fl->call.n; i++) {
		struct watched *k = judge_job(j, fl->asked[i]);

		judge_note(j, fl->asked[i],
			r->outcome == OUTCOME_OK ? "no entry" : outcome_name(r->outcome),
			(long)fl->call.id, r->maybe_done);
		if (fl->call.kind == CALL_SUBMIT) {
			k->submit = r->maybe_done ? SUBMIT_UNCLEAR : SUBMIT_NOT;
			k->exempt = true;
		}
		if (fl->call.kind == CALL_RESULT && fl->call.n == 1 &&
			(r->outcome == OUTCOME_WRONG_STATE || r->outcome == OUTCOME_GONE)) {
			k->looked = true;
			k->running_seen = false;
			k->content_seen = true;
			k->seen_content = NO_CONTENT;
		}
		if (fl->call.kind == CALL_RESULT && fl->call.n == 1 && k->refused == YES &&
			r->outcome < OUTCOME_DENIED && !j->w->clouds[fl->cloud].check)
			k->refused = MAYBE;
		if (fl->call.n == 1 && r->outcome != OUTCOME_DENIED && fl->call.kind != CALL_DETAIL)
			refusal(j, k, fl, r->outcome);
		if (fl->call.n == 1 && fl->call.kind == CALL_RESULT &&
			r->outcome == OUTCOME_WRONG_STATE)
			k->submit = SUBMIT_NONE;
	}
}

void truth_deliver(struct judge *j, const struct flight *fl)
{
	if (fl->reply->outcome != OUTCOME_OK) {
		no_entries(j, fl);
		return;
	}
	for (unsigned i = 0; i < fl->call.n; i++) {
		bool found = false;

		for (size_t e = 0; e < fl->n && !found; e++)
			if (fl->facts[e].asked && fl->facts[e].task == fl->asked[i]) {
				entry(j, fl, &fl->facts[e]);
				found = true;
			}
		if (!found) {
			struct watched *k = judge_job(j, fl->asked[i]);

			judge_note(j, fl->asked[i], "no entry for it", (long)fl->call.id, 0);
			/* twice without an answer: there may be no result at all */
			if (fl->call.kind == CALL_RESULT && ++k->unanswered >= 2)
				k->looked = true;
			if (fl->call.kind == CALL_SUBMIT) {
				k->submit = SUBMIT_UNCLEAR;
				k->exempt = true;
			} else if (fl->call.kind == CALL_RESULT && k->refused == YES &&
				   !j->w->clouds[fl->cloud].check) {
				k->refused = MAYBE;
			}
		}
	}
}

/* Does a report that is counted now bring news about items? */
static void compare(struct watched *k, uint64_t content)
{
	for (unsigned i = 0; i < CONTENT_ITEMS; i++) {
		enum finding before = content_get(k->bad, i), now = content_get(content, i);
		bool was_unchecked = content_get(k->unchecked, i) != 0;

		if (now == FOUND_ABSENT) {
			if (finding_bad(before)) {
				k->must |= content_get(k->told_unchecked, i) == 0;
				k->unchecked = content_set(k->unchecked, i, (enum finding)1);
			}
			continue;
		}
		k->unchecked = content_set(k->unchecked, i, (enum finding)0);
		if (finding_bad(now)) {
			k->must |= now != before;
			k->may |= was_unchecked;
			k->bad = content_set(k->bad, i, now);
		} else {
			k->must |= finding_bad(before);
			k->bad = content_set(k->bad, i, FOUND_PASSED);
		}
	}
	k->must |= content_unexplained(k->content) != content_unexplained(content) ||
		   !k->has_report;
}

void truth_counted(struct judge *j, long task, const struct job_record *r)
{
	struct watched *k = judge_job(j, task);
	const struct fact *fact = k->drain == j->drain ? k->fact : NULL;

	if (!fact || !fact->finished) {
		judge_violation(j, task, -1, "a report was counted that no answer held");
		return;
	}
	/* Excused, for there is no way to tell it from its own: a result that was not there when the heart
	 * last looked (somebody else's, or one that it gave up waiting for), or one seen under way. */
	if (r->report_run != 0 && fact->run <= k->run_before && fact->run != k->run_seen &&
		(!k->had_content || k->old_content == fact->content)) {
		judge_violation(j, task, -1,
			"what was shown before the submit was counted for run %llu",
			(unsigned long long)r->report_run);
		return;
	}
	if (r->report_run != 0 && fact->run <= k->run_before &&
		j->w->fake->tasks[task].owner == OWNER_US)
		j->w->fake->tasks[task].owner = OWNER_FOREIGN; /* excused: nobody waits for it */
	compare(k, fact->content);
	if (r->report_run != 0)
		k->changes = (k->changes << 1 |
				     (k->has_report && (k->must || k->content != fact->content))) &
			     1023;
	k->has_report = true;
	k->content = fact->content;
	k->counted_at = j->w->t;
	/* a finished run clears a refusal; where no runs are made, a result that is read does */
	if (r->report_run != 0 || !j->w->clouds[j->w->fake->tasks[task].cloud].check)
		k->refused = NO;
	else
		k->refused = k->refused == YES ? YES : NO;
	k->ended = k->ended == YES ? YES : NO;
	if (k->submit == SUBMIT_TAKEN || k->submit == SUBMIT_UNCLEAR) {
		k->paced_from = k->submit == SUBMIT_TAKEN && r->report_run != 0 ? k->submit_at : -1;
		k->exempt = k->paced_from < 0;
		k->submit = SUBMIT_NONE;
	}
	k->adopted = false;
	k->excused = false;
	k->counted_drain = j->drain;
	k->fed = judge_healthy(j, j->w->fake->tasks[task].cloud);
	j->counts.counted++;
}
