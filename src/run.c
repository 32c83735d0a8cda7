/* run.c - a run's life: from the submit to the report, or to where it is lost. */
#include "heart.h"

#include "text.h"

#define RUN_GIVEN_UP  HOURS(24)

/* More than four changes in ten runs are a state of their own; five runs without one end it. */
#define HISTORY_RUNS  10
#define FLAPPING_MIN  5
#define STEADY_RUNS   5
#define MEASURED_MIN  3
#define ERRORS_MAX    5
#define INTERVAL_MOST DAYS(1)

void run_drop(struct job *j, const struct answer *lost, struct now now)
{
	if (!job_running(j))
		return;
	tell_run(j, NULL, true, now);
	if (lost) {
		struct news *n = tell_job_news(j, NEWS_LOST, now);

		n->run = j->rec.run.number;
		n->slowed = run_interval(j);
		text_copy(n->code, sizeof(n->code), lost->code);
		text_copy(n->text, sizeof(n->text), lost->text);
	}
	job_set_run(j, RUN_NONE);
}

/* The answer's report is lent; ours is changed by report_carry(). */
static struct report *own_report(const struct report *r)
{
	struct report *own = NULL;

	if (report_new(&own) < 0)
		abort();
	own->process = r->process;
	own->rate = r->rate;
	own->result = r->result;
	own->fingerprint = r->fingerprint;
	for (size_t i = 0; i < r->n; i++)
		if (report_add(own, &r->items[i]) < 0)
			abort();
	report_seal(own);
	own->fingerprint = r->fingerprint;
	return own;
}

/* The same content as last time needs no comparison, only counting. */
static void count_again(struct report *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (item_bad(&r->items[i]) && r->items[i].checked)
			r->items[i].runs++;
}

/* True if it differs from the report before in what is told. */
bool run_take_report(struct job *j, const struct report *r, uint64_t run, struct now now)
{
	struct job_record *rec = &j->rec;
	bool differs = false;

	j->shown = r->fingerprint;
	j->have_shown = true;
	rec->report_run = run;
	rec->reported = now.wall;
	if (rec->report && rec->report->fingerprint == r->fingerprint) {
		count_again(rec->report);
	} else {
		struct report *own = own_report(r);

		if (report_carry(own, rec->report, now.wall) < 0)
			abort();
		differs = rec->report && (report_grade(own) != report_grade(rec->report) ||
						 tell_items_differ(rec->report, own));
		report_unref(rec->report);
		rec->report = own;
	}
	tell_confirmed(j, now);
	moment_weigh_accepts(j, now);
	return differs;
}

static void measure(struct job *j, struct now now)
{
	struct job_record *rec = &j->rec;
	int64_t took = now.mono - j->submitted;

	if (rec->run.state == RUN_FOREIGN)
		return;
	rec->typical = rec->measured == 0 ? took : (7 * rec->typical + took) / 8;
	rec->measured++;
}

/* A job that changes all the time is told as such once, and once when it is steady again: with the difference
 * to what was last told, so that no recovery is swallowed. */
static void tell_outcome(struct job *j, bool differs, struct now now)
{
	struct job_record *rec = &j->rec;
	unsigned changes;

	rec->history = (rec->history << 1 | differs) & ((1U << HISTORY_RUNS) - 1);
	changes = (unsigned)__builtin_popcount(rec->history);
	if (!rec->flapping && changes >= FLAPPING_MIN) {
		rec->flapping = true;
		tell_job_news(j, NEWS_FLAPPING, now)->changes = changes;
	} else if (rec->flapping && (rec->history & ((1U << STEADY_RUNS) - 1)) == 0) {
		rec->flapping = false;
		rec->history = 0;
		tell_steady(j, now);
	} else if (!rec->flapping) {
		tell_job(j, now);
	}
}

static void finish(struct job *j, const struct report *r, struct now now)
{
	bool differs;

	judge_accepted(j, now);
	j->rec.slowed = j->errors = 0;
	measure(j, now);
	differs = run_take_report(j, r, j->rec.run.number, now);
	tell_run(j, j->rec.report, false, now);
	job_set_run(j, RUN_NONE);
	tell_outcome(j, differs, now);
	judge_check_ended(j, 0, now);
}

int64_t run_interval(const struct job *j)
{
	int64_t slowest = MAX(j->set->interval, INTERVAL_MOST);

	return MIN(j->set->interval << MIN(j->rec.slowed, 16U), slowest);
}

/* DRS broke in the middle of it: a run that only says so is over, and the next one comes later and later. */
bool run_broke(struct job *j, const struct answer *a, struct now now)
{
	if (j->rec.run.state == RUN_UNSURE || ++j->errors < ERRORS_MAX)
		return false;
	j->errors = 0;
	if (j->rec.slowed < 16)
		j->rec.slowed++;
	run_drop(j, a, now);
	judge_check_ended(j, 0, now);
	return true;
}

void run_adopt(struct job *j, struct now now)
{
	struct run *run = &j->rec.run;

	judge_accepted(j, now);
	job_set_run(j, RUN_FOREIGN);
	run->number = j->cloud->watch->next_run++;
	run->submitted = now.wall;
	run->fresh = true;
	run->overdue = run->slow = false;
	run->have_baseline = false;
	j->submitted = j->took_part = now.mono;
	j->poll = j->set->poll;
	tell_job_news(j, NEWS_ADOPTED, now);
	job_plan(j, STEP_POLL, now.mono + j->poll);
}

bool run_under_way(const struct report *r)
{
	return r->process >= 0 && !report_finished(r);
}

/* The next look at a run: soon at first, every minute then, once per interval when it is overdue. */
void run_poll_again(struct job *j, struct now now)
{
	int64_t age = now.mono - j->submitted;
	struct run *run = &j->rec.run;

	if (age >= RUN_GIVEN_UP) {
		run_drop(j, &(struct answer){0}, now);
		judge_check_ended(j, now.mono, now);
		return;
	}
	/* nobody knows yet that there is a run: that is settled first */
	if (run->state == RUN_UNSURE && now.mono < j->settled) {
		job_plan(j, STEP_POLL, MIN(now.mono + j->poll, j->settled));
		return;
	}
	if (age >= j->set->run_limit) {
		if (!run->overdue) {
			struct news *n = tell_job_news(j, NEWS_OVERDUE, now);

			n->run_age = age;
			run->overdue = true;
			j->ended_once = true;
			tell_dirty_job(j);
		}
		job_plan(j, STEP_STATUS, now.mono + j->set->interval);
		return;
	}
	if (!run->slow && j->rec.measured >= MEASURED_MIN &&
		age > MAX(5 * j->rec.typical, j->rec.typical + MINUTES(5))) {
		run->slow = true;
		tell_job_news(j, NEWS_SLOW, now)->run_age = age;
	}
	job_plan(j, STEP_POLL, now.mono + j->poll);
	j->poll = MIN(2 * j->poll, 6 * j->set->poll);
}

/* Nothing new was seen by the end of settle: the submit that nobody answered for never arrived. */
static void submit_once_more(struct job *j, struct now now)
{
	job_set_run(j, RUN_NONE);
	if (++j->resubmits > 1) {
		judge_check_ended(j, 0, now);
		return;
	}
	job_plan(j, STEP_SUBMIT, now.mono);
}

void run_poll_blank(struct job *j, int64_t asked, struct now now)
{
	if (j->rec.run.state == RUN_UNSURE && asked >= j->settled)
		submit_once_more(j, now);
	else
		run_poll_again(j, now);
}

void run_poll_answer(struct job *j, const struct report *r, int64_t asked, struct now now)
{
	struct run *run = &j->rec.run;
	bool settled = asked >= j->settled;

	if (!report_finished(r)) {
		if (!run->fresh || run->state == RUN_UNSURE)
			tell_dirty_job(j);
		run->fresh = true;
		if (run->state == RUN_UNSURE) {
			judge_accepted(j, now);
			run->state = RUN_GOING;
		}
		run_poll_again(j, now);
		return;
	}
	if (!run->fresh && run->have_baseline && run->baseline != r->fingerprint)
		run->fresh = true;
	if (run->fresh || (settled && run->state == RUN_GOING))
		finish(j, r, now);
	else
		run_poll_blank(j, asked, now);
}
