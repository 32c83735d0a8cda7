/* judge.c - a job's life: what DRS's answer, or its silence, means for the job and its next step. */
#include "heart.h"

#include "backoff.h"
#include "text.h"

#include <string.h>

#define TRIES_MAX        5 /* of one step, before it is left until the next check */
#define BLANKS_MAX       6
#define BAD_REQUEST_HOLD HOURS(1)
#define PARENT_HOLD      DAYS(1)

/* How long a vanished task is given before it is believed: a minute, less only where spans are bent. */
static int64_t gone_recheck(const struct job *j)
{
	bool bent = j->cloud->watch->settings->short_times;

	return bent ? j->set->settle : MAX(MINUTES(1), j->set->settle);
}

static int64_t next_try(struct job *j)
{
	int64_t base = cloud_backoff_base(j->cloud->set);

	return backoff_delay(
		++j->tries, base, MAX(j->set->interval / 2, base), &j->cloud->watch->random);
}

static void refuse(
	struct job *j, enum outcome outcome, const char *code, const char *text, struct now now)
{
	struct refusal *r = &j->rec.refusal;

	if (r->outcome != outcome || strcmp(r->code, code) != 0)
		r->since = now.wall;
	r->outcome = outcome;
	text_copy(r->code, sizeof(r->code), code);
	text_copy(r->text, sizeof(r->text), text);
}

/* The refusal is over, and with it what it confirmed: the age of the verdict is the report's again. */
static void lift(struct job *j, struct now now)
{
	if (j->rec.refusal.outcome == OUTCOME_OK)
		return;
	j->rec.refusal = (struct refusal){0};
	if (j->rec.report) {
		j->rec.confirmed = j->rec.reported;
		moment_resume(j, now);
	}
}

void judge_accepted(struct job *j, struct now now)
{
	lift(j, now);
	j->tries = 0;
	tell_dirty_job(j);
}

/* Since when the task exists is asked once, and not in the bustle of a start: it matters after two days. */
static bool wants_detail(const struct job *j, struct now now)
{
	return !j->detailed && j->rec.created == 0 &&
	       status_class(j->rec.status) == STATUS_CHECKABLE &&
	       now.wall - j->rec.status_since >= 2 * j->set->interval;
}

void judge_check_ended(struct job *j, int64_t next, struct now now)
{
	int64_t base = j->took_part ? j->took_part : now.mono;
	int64_t at = next ? next : base + run_interval(j);
	enum verdict v = job_verdict(&j->rec, j->set, now.wall);

	at = MAX(at, now.mono);
	j->took_part = 0;
	if (j->accepts_late) /* and it may end without a report */
		tell_accepts(j, now);
	j->tries = j->resubmits = 0;
	j->asked_wrong_state = false;
	j->ended_once = true;
	j->rec.due = now.wall + (at - now.mono);
	tell_dirty_job(j);
	/* some refusals are asked again by the hour or the day only */
	if (next && v == VERDICT_REFUSED)
		moment_held(j, at);
	if (v == VERDICT_ENDED) {
		moment_forget(j);
		job_plan(j, STEP_NONE, NEVER);
	} else if (wants_detail(j, now)) {
		j->after_detail = at;
		job_plan(j, STEP_DETAIL, now.mono);
	} else {
		job_plan(j, STEP_STATUS, at);
	}
}

/* The job's own refusal: told if new, asked again later. */
static void refused(struct job *j, const struct answer *a, int64_t next, struct now now)
{
	refuse(j, a->outcome, a->code, a->text, now);
	tell_confirmed(j, now);
	tell_job(j, now);
	judge_check_ended(j, next, now);
}

static void gone(struct job *j, const struct answer *a, struct now now)
{
	if (!j->rec.seen) {
		refused(j, a, 0, now);
		return;
	}
	if (j->gone_at == 0)
		j->gone_at = now.mono;
	if (now.mono - j->gone_at < gone_recheck(j)) {
		job_plan(j, STEP_STATUS, j->gone_at + gone_recheck(j));
		return;
	}
	j->rec.gone = true;
	run_drop(j, NULL, now);
	tell_confirmed(j, now);
	tell_job(j, now);
	judge_check_ended(j, 0, now);
}

/* Leaves a step that does not come to an end until the next check; the verdict grows old meanwhile. */
static void try_again(struct job *j, enum step step, struct now now)
{
	int64_t wait = next_try(j);

	if (j->tries > TRIES_MAX && !job_running(j))
		judge_check_ended(j, 0, now);
	else
		job_plan(j, step, now.mono + wait);
}

/* --- the result --- */

/* Whether the answer says that there is no result, rather than nothing at all. */
static bool says_none(const struct answer *a)
{
	return a && (a->outcome == OUTCOME_WRONG_STATE || a->outcome == OUTCOME_NOT_READY ||
			    a->outcome == OUTCOME_REFUSED);
}

/* What DRS shows before our submit, so that it is not taken for the answer to it. `known` is false if DRS did
 * not say: then only a run seen under way, or the end of settle, tells the new result from the old one. */
static void judge_baseline(struct job *j, const struct report *r, bool known, struct now now)
{
	j->baselined = true;
	if (r && run_under_way(r)) {
		run_adopt(j, now);
		return;
	}
	j->shown = r && report_finished(r) ? r->fingerprint : 0;
	j->have_shown = known;
	if (j->step == STEP_BASELINE) {
		j->tries = 0;
		job_plan(j, STEP_SUBMIT, now.mono);
		return;
	}
	/* busy with something that is no pre-check: DRS is given a while, and asked again for ever */
	job_plan(j, STEP_SUBMIT, now.mono + next_try(j));
	if (j->tries > TRIES_MAX)
		j->ended_once = true;
}

static void judge_before_submit(
	struct job *j, const struct answer *a, const struct report *r, struct now now)
{
	bool known = says_none(a) || (r && report_finished(r));
	/* a result that is not answered for at all may be none at all: asked once more, not for long */
	unsigned most = a && a->outcome != OUTCOME_OK ? TRIES_MAX : 1;

	if (known || (r && run_under_way(r)) || j->tries >= most)
		judge_baseline(j, r, known, now);
	else
		try_again(j, j->step, now);
}

static void judge_read(struct job *j, const struct report *r, struct now now)
{
	if (r && run_under_way(r) && j->set->check) {
		run_adopt(j, now);
		return;
	}
	if (r && run_under_way(r) && now.mono - j->took_part < j->set->run_limit) {
		job_plan(j, STEP_READ, now.mono + 6 * j->set->poll);
		return;
	}
	if (!j->set->check)
		lift(j, now);
	if (r && report_finished(r))
		run_take_report(j, r, 0, now);
	tell_job(j, now);
	judge_check_ended(j, 0, now);
}

/* An answer that leaves the job out proves nothing, unless there are many in a row for several minutes. */
static bool says_nothing(struct job *j, const struct answer *a, int64_t asked)
{
	if (says_none(a))
		return true;
	if (a && a->outcome != OUTCOME_OK)
		return false;
	if (asked >= j->settled)
		j->blanks++;
	return j->blanks >= BLANKS_MAX && asked >= j->settled + 5 * j->set->settle;
}

static bool refuses_reading(const struct answer *a)
{
	return a->outcome == OUTCOME_DENIED || a->outcome == OUTCOME_PARENT ||
	       (a->outcome == OUTCOME_REFUSED && *a->code);
}

static void overtaken(struct job *j, const struct answer *a, struct now now)
{
	run_drop(j, NULL, now);
	j->asked_wrong_state = true;
	j->wrong_state = (struct refusal){.outcome = OUTCOME_WRONG_STATE};
	text_copy(j->wrong_state.code, sizeof(j->wrong_state.code), a->code);
	text_copy(j->wrong_state.text, sizeof(j->wrong_state.text), a->text);
	job_plan(j, STEP_STATUS, now.mono);
}

static void judge_result(struct job *j, const struct answer *a, int64_t asked, struct now now)
{
	const struct report *r = a && a->outcome == OUTCOME_OK ? a->report : NULL;

	if (a && a->outcome == OUTCOME_GONE) {
		gone(j, a, now);
		return;
	}
	/* without a run it only means that there is no result yet; an unsure submit may never have arrived */
	if (a && a->outcome == OUTCOME_WRONG_STATE && j->step == STEP_POLL &&
		j->rec.run.state != RUN_UNSURE) {
		overtaken(j, a, now);
		return;
	}
	switch (j->step) {
	case STEP_POLL:
		if (r && r->process >= 0) {
			j->blanks = j->errors = 0;
			run_poll_answer(j, r, asked, now);
			break;
		}
		if (a && a->outcome == OUTCOME_DENIED) {
			refuse(j, a->outcome, a->code, a->text, now);
			tell_confirmed(j, now);
			tell_job(j, now);
		}
		if (a && a->outcome == OUTCOME_SERVER && run_broke(j, a, now))
			break;
		if (says_nothing(j, a, asked))
			run_poll_blank(j, asked, now);
		else
			run_poll_again(j, now);
		break;
	case STEP_BASELINE:
	case STEP_LOOK:
		judge_before_submit(j, a, r, now);
		break;
	default:
		/* not permitted to submit and not to read either: the first refusal says enough */
		if (a && refuses_reading(a) &&
			(!j->set->check || j->rec.refusal.outcome == OUTCOME_OK))
			refused(j, a, 0, now);
		else
			judge_read(j, r, now);
		break;
	}
}

/* --- the status --- */

static void checkable(struct job *j, struct now now)
{
	if (job_running(j)) {
		job_plan(j, STEP_POLL, now.mono);
	} else if (j->asked_wrong_state) {
		refuse(j, OUTCOME_WRONG_STATE, j->wrong_state.code, j->wrong_state.text, now);
		tell_confirmed(j, now);
		tell_job(j, now);
		judge_check_ended(j, 0, now);
	} else if (!j->set->check || now.mono < j->cloud->submit_hold) {
		job_plan(j, STEP_READ, now.mono);
	} else {
		job_plan(j, j->baselined ? STEP_SUBMIT : STEP_BASELINE, now.mono);
	}
}

static void take_status(struct job *j, const struct answer *a, struct now now)
{
	struct job_record *rec = &j->rec;
	enum status_class class;

	if (strcmp(rec->status, a->status) != 0) {
		text_copy(rec->status, sizeof(rec->status), a->status);
		rec->status_since = now.wall;
	}
	if (!rec->seen && rec->refusal.outcome == OUTCOME_GONE)
		lift(j, now);
	rec->seen = true;
	rec->gone = false;
	j->gone_at = 0;
	j->tries = 0;
	tell_dirty_job(j);
	class = status_class(rec->status);
	if (class == STATUS_CHECKABLE) {
		checkable(j, now);
		return;
	}
	run_drop(j, NULL, now);
	if (class == STATUS_STARTED || class == STATUS_TROUBLED || class == STATUS_ENDED ||
		rec->refusal.outcome == OUTCOME_BAD_REQUEST)
		lift(j, now);
	tell_confirmed(j, now);
	tell_job(j, now);
	judge_check_ended(j, 0, now);
}

/* DRS answers, but never for this task. */
static const struct answer never_named = {
	.outcome = OUTCOME_GONE, .text = "DRS leaves it out of its answers"};

static void judge_status(struct job *j, const struct answer *a, struct now now)
{
	if (!a) {
		/* page_req may have been ignored: the ids that are missing are asked for at once */
		if (j->tries++ == 0)
			job_plan(j, STEP_STATUS, now.mono);
		else if (j->tries > TRIES_MAX && !j->rec.seen)
			refused(j, &never_named, 0, now);
		else
			try_again(j, STEP_STATUS, now);
		return;
	}
	switch (a->outcome) {
	case OUTCOME_OK:
		take_status(j, a, now);
		break;
	case OUTCOME_GONE:
		gone(j, a, now);
		break;
	case OUTCOME_BUSY:
	case OUTCOME_SERVER:
	case OUTCOME_THROTTLED:
	case OUTCOME_TOKEN:
	case OUTCOME_TRANSPORT:
		try_again(j, STEP_STATUS, now);
		break;
	case OUTCOME_BAD_REQUEST:
		refused(j, a, now.mono + BAD_REQUEST_HOLD, now);
		break;
	case OUTCOME_PARENT:
		refused(j, a, now.mono + PARENT_HOLD, now);
		break;
	default:
		refused(j, a, 0, now);
		break;
	}
}

/* --- the submit --- */

static void judge_submit(struct job *j, const struct answer *a, struct now now)
{
	/* counted from the answer: DRS may have taken the submit as late as that */
	j->settled = now.mono + j->set->settle;
	j->blanks = 0;
	if (!a) { /* no entry: unsure, polling will tell */
		job_plan(j, STEP_POLL, now.mono + j->set->first_poll);
		return;
	}
	if (a->outcome == OUTCOME_OK) {
		judge_accepted(j, now);
		job_set_run(j, RUN_GOING);
		job_plan(j, STEP_POLL, now.mono + j->set->first_poll);
		return;
	}
	job_set_run(j, RUN_NONE);
	switch (a->outcome) {
	case OUTCOME_BUSY:
		job_plan(j, STEP_LOOK, now.mono);
		break;
	case OUTCOME_WRONG_STATE:
		overtaken(j, a, now);
		break;
	case OUTCOME_GONE:
		gone(j, a, now);
		break;
	case OUTCOME_SERVER:
	case OUTCOME_THROTTLED:
	case OUTCOME_TOKEN:
	case OUTCOME_TRANSPORT:
		try_again(j, STEP_SUBMIT, now);
		break;
	case OUTCOME_BAD_REQUEST:
		refused(j, a, now.mono + BAD_REQUEST_HOLD, now);
		break;
	case OUTCOME_PARENT:
		refused(j, a, now.mono + PARENT_HOLD, now);
		break;
	case OUTCOME_DENIED:
		refuse(j, a->outcome, a->code, a->text, now);
		tell_confirmed(j, now);
		tell_job(j, now);
		job_plan(j, STEP_READ, now.mono);
		break;
	default:
		refused(j, a, 0, now);
		break;
	}
}

/* --- the detail: asked once, and only for the task's age --- */

static void judge_detail(struct job *j, const struct answer *a, struct now now)
{
	j->detailed = true;
	if (a && a->outcome == OUTCOME_OK && a->created > 0) {
		j->rec.created = a->created;
		tell_dirty_job(j);
		moment_created(j, now);
	}
	job_plan(j, STEP_STATUS, MAX(j->after_detail, now.mono));
}

/* --- what watch.c calls --- */

void judge_answer(
	struct job *j, enum call_kind kind, const struct answer *a, int64_t asked, struct now now)
{
	if (a && a->outcome != OUTCOME_BAD_REQUEST && kind != CALL_DETAIL)
		j->alone = false;
	switch (kind) {
	case CALL_STATUS:
		judge_status(j, a, now);
		break;
	case CALL_SUBMIT:
		judge_submit(j, a, now);
		break;
	case CALL_DETAIL:
		judge_detail(j, a, now);
		break;
	default:
		judge_result(j, a, asked, now);
		break;
	}
}

void judge_requeue(struct job *j, enum call_kind kind, bool maybe_done, int64_t at, struct now now)
{
	if (kind != CALL_SUBMIT) {
		job_plan(j, j->step, at);
		return;
	}
	if (maybe_done) {
		j->settled = now.mono + j->set->settle;
		job_plan(j, STEP_POLL, MAX(at, now.mono + j->set->first_poll));
		return;
	}
	job_set_run(j, RUN_NONE);
	job_plan(j, STEP_SUBMIT, at);
}

void judge_submit_denied(struct job *j, struct now now)
{
	job_set_run(j, RUN_NONE);
	job_plan(j, STEP_READ, now.mono);
}
