/* tell.c - the heart's effects: what is to be saved, told and called, in that order. */
#include "heart.h"

#include "text.h"

#include <stdio.h>
#include <string.h>

void tell_dirty_job(struct job *j)
{
	struct watch *w = j->cloud->watch;

	if (j->dirty)
		return;
	j->dirty = true;
	TAILQ_INSERT_TAIL(&w->dirty_jobs, j, dirty_link);
}

void tell_dirty_cloud(struct cloud *c)
{
	if (c->dirty)
		return;
	c->dirty = true;
	TAILQ_INSERT_TAIL(&c->watch->dirty_clouds, c, dirty_link);
}

void tell_run(struct job *j, struct report *report, bool lost, struct now now)
{
	struct run_effect *e = heart_alloc(sizeof(*e));

	e->report = report ? report_ref(report) : NULL;
	e->rec = (struct run_record){
		.drs = j->rec.drs,
		.task = j->rec.task,
		.number = j->rec.run.number,
		.submitted = j->rec.run.submitted,
		.ended = now.wall,
		.foreign = j->rec.run.state == RUN_FOREIGN,
		.lost = lost,
		.verdict = report ? job_verdict(&j->rec, j->set, now.wall) : VERDICT_UNKNOWN,
		.report = e->report,
	};
	STAILQ_INSERT_TAIL(&j->cloud->watch->runs, e, link);
}

static struct news *queue_news(struct cloud *c, enum news_kind kind, struct now now)
{
	const struct cloud_settings *set = c->set;
	struct news *n = heart_alloc(sizeof(*n));
	struct news_effect *e = heart_alloc(sizeof(*e));

	n->id = kind == NEWS_STATE ? 0 : c->watch->next_news++;
	n->kind = kind;
	n->wall = now.wall;
	n->cloud = set->name;
	n->drs = set->drs;
	n->iam = set->iam;
	n->method = set->method;
	n->user = cloud_login_name(set);
	n->domain = set->domain;
	n->agency = set->agency;
	n->agency_domain = set->agency_domain;
	n->secret = set->secret;
	n->project = set->project ? set->project : set->project_id;
	n->project_id = *c->project ? c->project : set->project_id ? set->project_id : "";
	n->next_try = -1;
	e->news = n;
	STAILQ_INSERT_TAIL(&c->watch->news, e, link);
	return n;
}

struct news *tell_cloud_news(struct cloud *c, enum news_kind kind, struct now now)
{
	struct news *n = queue_news(c, kind, now);

	n->jobs = c->jobs;
	n->pace = c->pace;
	tell_dirty_cloud(c);
	return n;
}

struct news *tell_job_news(struct job *j, enum news_kind kind, struct now now)
{
	struct job_record *r = &j->rec;
	struct news *n = queue_news(j->cloud, kind, now);

	n->job = j->set->name;
	n->task = r->task;
	n->verdict = job_verdict(r, j->set, now.wall);
	n->previous = r->told;
	n->since = r->told_since;
	n->run = r->run.state != RUN_NONE ? r->run.number : 0;
	n->stale = job_stale(r, j->set, now.wall);
	n->status = r->status;
	n->previous_status = "";
	n->refusal = r->refusal.outcome != OUTCOME_OK ? &r->refusal : NULL;
	n->confirmed = r->confirmed;
	n->settings = j->set;
	n->created = r->created;
	n->typical = r->typical;
	n->reminded = r->reminded;
	n->run_limit = j->set->run_limit;
	n->run_age = MAX(now.wall - r->run.submitted, (int64_t)0);
	n->report = r->report ? report_ref(r->report) : NULL;
	n->previous_report = r->told_report ? report_ref(r->told_report) : NULL;
	if (n->refusal) {
		text_copy(n->code, sizeof(n->code), r->refusal.code);
		text_copy(n->text, sizeof(n->text), r->refusal.text);
	}
	if (j->cloud->watch->reply)
		text_copy(n->request_id, sizeof(n->request_id), j->cloud->watch->reply->request_id);
	if (kind != NEWS_STATE) {
		r->last_news = n->id;
		tell_dirty_job(j);
	}
	return n;
}

bool tell_items_differ(const struct report *told, const struct report *report)
{
	_cleanup_free_ struct change *changes = NULL;
	size_t n = 0;

	if (told == report)
		return false;
	if (report_compare(told, report, &changes, &n) < 0)
		abort();
	for (size_t i = 0; i < n; i++)
		if (changes[i].news)
			return true;
	return told && report_unexplained(told) != report_unexplained(report);
}

static bool names_items(enum verdict v)
{
	return v == VERDICT_PASSED || v == VERDICT_ALARMED || v == VERDICT_FAILED;
}

/* What differs between the job as it is and as it was last told. */
struct difference {
	enum verdict verdict;
	bool changed, status, code, items;
};

static struct difference differs(const struct job *j, struct now now)
{
	const struct job_record *r = &j->rec;
	struct difference d = {.verdict = job_verdict(r, j->set, now.wall)};

	d.changed = d.verdict != r->told;
	d.status = *r->told_status && strcmp(r->told_status, r->status) != 0;
	d.code = d.verdict == VERDICT_REFUSED && strcmp(r->told_code, r->refusal.code) != 0;
	d.items = names_items(d.verdict) && tell_items_differ(r->told_report, r->report);
	/* back in CONFIGURATION with the verdict of old: that is told when the check is through */
	if (names_items(d.verdict) && !d.changed)
		d.status = false;
	return d;
}

/* The good news of a first start come as one number. */
static bool is_quiet(struct job *j, const struct difference *d)
{
	bool quiet = j->quiet && j->rec.told == VERDICT_UNKNOWN && d->verdict == VERDICT_PASSED;

	j->quiet = false;
	return quiet;
}

static void tell_difference(
	struct job *j, enum news_kind kind, const struct difference *d, struct now now)
{
	struct job_record *r = &j->rec;
	struct news spare = {0}, *n = is_quiet(j, d) ? &spare : tell_job_news(j, kind, now);

	tell_dirty_job(j);
	n->first = r->told == VERDICT_UNKNOWN;
	if (d->changed) {
		n->previous_since = r->told_since;
		n->since = r->told_since = now.wall;
		r->reminded = 0;
	}
	if (d->status) {
		text_copy(j->previous_status, sizeof(j->previous_status), r->told_status);
		n->previous_status = j->previous_status;
	}
	if (names_items(d->verdict)) {
		n->run = r->report_run;
	} else {
		r->flapping = false; /* it is no longer checked: whatever changes now is told */
		r->history = 0;
	}
	if (names_items(d->verdict) && r->told_report != r->report) {
		report_unref(r->told_report);
		r->told_report = report_ref(r->report);
	}
	r->told = d->verdict;
	r->told_stale = false;
	moment_told(j, now);
}

static void settle_status(struct job_record *r)
{
	text_copy(r->told_status, sizeof(r->told_status), r->status);
	text_copy(r->told_code, sizeof(r->told_code),
		r->refusal.outcome != OUTCOME_OK ? r->refusal.code : "");
}

static void settle_told(struct job *j, struct now now)
{
	struct job_record *r = &j->rec;

	settle_status(r);
	if (r->told_stale) {
		r->told_stale = false;
		tell_job_news(j, NEWS_STALE, now)->stale = false;
	}
}

bool tell_job(struct job *j, struct now now)
{
	struct difference d = differs(j, now);
	bool told = d.changed || d.status || d.code || d.items;

	if (told)
		tell_difference(j, NEWS_JOB, &d, now);
	settle_told(j, now);
	return told;
}

void tell_accepts(struct job *j, struct now now)
{
	struct job_record *r = &j->rec;
	struct difference d = differs(j, now);
	bool stale = r->told_stale;

	j->accepts_late = job_running(j) || j->took_part != 0;
	if (j->accepts_late || r->flapping || !d.changed || !names_items(r->told) ||
		!names_items(d.verdict))
		return;
	tell_difference(j, NEWS_JOB, &d, now);
	settle_status(r);
	r->told_stale = stale;
}

void tell_steady(struct job *j, struct now now)
{
	struct difference d = differs(j, now);

	tell_difference(j, NEWS_STEADY, &d, now);
	settle_told(j, now);
}

void tell_confirmed(struct job *j, struct now now)
{
	j->rec.confirmed = now.wall;
	moment_confirmed(j, now);
	tell_dirty_job(j);
}

/* What was handed out is lent until the next event: the roof saves, then tells, then calls. */
void tell_take_back(struct watch *w)
{
	struct run_effect *run;
	struct news_effect *news;
	struct call_effect *call;

	while ((run = STAILQ_FIRST(&w->lent_runs))) {
		STAILQ_REMOVE_HEAD(&w->lent_runs, link);
		report_unref(run->report);
		free(run);
	}
	while ((news = STAILQ_FIRST(&w->lent_news))) {
		STAILQ_REMOVE_HEAD(&w->lent_news, link);
		news_free(news->news);
		free(news);
	}
	while ((call = STAILQ_FIRST(&w->lent_calls))) {
		STAILQ_REMOVE_HEAD(&w->lent_calls, link);
		free(call);
	}
}

bool watch_next(struct watch *w, struct effect *ret)
{
	struct job *j = TAILQ_FIRST(&w->dirty_jobs);
	struct cloud *c = TAILQ_FIRST(&w->dirty_clouds);
	struct run_effect *run = STAILQ_FIRST(&w->runs);
	struct news_effect *news = STAILQ_FIRST(&w->news);
	struct call_effect *call = STAILQ_FIRST(&w->calls);

	if (j) {
		TAILQ_REMOVE(&w->dirty_jobs, j, dirty_link);
		j->dirty = false;
		*ret = (struct effect){.kind = EFFECT_SAVE_JOB, .job = &j->rec};
	} else if (c) {
		TAILQ_REMOVE(&w->dirty_clouds, c, dirty_link);
		c->dirty = false;
		*ret = (struct effect){.kind = EFFECT_SAVE_CLOUD, .cloud = &c->rec};
	} else if (run) {
		STAILQ_REMOVE_HEAD(&w->runs, link);
		STAILQ_INSERT_TAIL(&w->lent_runs, run, link);
		*ret = (struct effect){.kind = EFFECT_SAVE_RUN, .run = &run->rec};
	} else if (news) {
		STAILQ_REMOVE_HEAD(&w->news, link);
		STAILQ_INSERT_TAIL(&w->lent_news, news, link);
		*ret = (struct effect){.kind = EFFECT_NEWS, .news = news->news};
	} else if (call) {
		STAILQ_REMOVE_HEAD(&w->calls, link);
		STAILQ_INSERT_TAIL(&w->lent_calls, call, link);
		*ret = (struct effect){.kind = EFFECT_CALL, .call = &call->call};
	} else {
		return false;
	}
	return true;
}
