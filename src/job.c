/* job.c - the record of a task and the one place where a verdict is derived from it. */
#include "job.h"

#include <errno.h>
#include <string.h>

static const char *const verdict_names[_VERDICT_MAX] = {
	[VERDICT_UNKNOWN] = "unknown",
	[VERDICT_PASSED] = "passed",
	[VERDICT_ALARMED] = "alarmed",
	[VERDICT_FAILED] = "failed",
	[VERDICT_REFUSED] = "refused",
	[VERDICT_STARTED] = "started",
	[VERDICT_ENDED] = "ended",
};

const char *verdict_name(enum verdict v)
{
	return (unsigned)v < _VERDICT_MAX ? verdict_names[v] : "unknown";
}

const struct accept *job_accepted(
	const struct job_settings *s, const struct item *item, int64_t wall)
{
	if (item->result != ITEM_ALARM && item->result != ITEM_OTHER)
		return NULL;
	return settings_accept(s, item->name, item->reason, wall);
}

/* Alarms that somebody signed for are no reason to look at the job again. */
static bool all_accepted(const struct report *report, const struct job_settings *s, int64_t wall)
{
	for (size_t i = 0; i < report->n; i++) {
		const struct item *item = &report->items[i];

		if (item->checked && item_bad(item) && !job_accepted(s, item, wall))
			return false;
	}
	return true;
}

static enum verdict by_report(
	const struct report *report, const struct job_settings *s, int64_t wall)
{
	if (!report)
		return VERDICT_UNKNOWN;
	switch (report_grade(report)) {
	case GRADE_FAILED:
		return VERDICT_FAILED;
	case GRADE_ALARMED:
		return all_accepted(report, s, wall) ? VERDICT_PASSED : VERDICT_ALARMED;
	case GRADE_PASSED:
		break;
	}
	return VERDICT_PASSED;
}

enum verdict job_verdict(const struct job_record *r, const struct job_settings *s, int64_t wall)
{
	if (r->gone)
		return VERDICT_ENDED;
	switch (status_class(r->status)) {
	case STATUS_ENDED:
		return VERDICT_ENDED;
	case STATUS_STARTED:
	case STATUS_TROUBLED:
		return VERDICT_STARTED;
	case STATUS_CREATING:
	case STATUS_UNKNOWN:
		return VERDICT_REFUSED;
	case STATUS_UNREAD:
	case STATUS_CHECKABLE:
	case _STATUS_CLASS_MAX:
		break;
	}
	if (r->refusal.outcome != OUTCOME_OK)
		return VERDICT_REFUSED;
	return by_report(r->report, s, wall);
}

bool job_stale(const struct job_record *r, const struct job_settings *s, int64_t wall)
{
	enum verdict v = job_verdict(r, s, wall);
	int64_t limit = s->stale_after;

	if (r->confirmed == 0 || v == VERDICT_UNKNOWN || v == VERDICT_ENDED)
		return false;
	/* some refusals are asked again by the hour or the day only */
	if (v == VERDICT_REFUSED && r->due > r->confirmed)
		limit = MAX(limit, r->due - r->confirmed + s->interval);
	return wall - r->confirmed > limit;
}

void job_record_done(struct job_record *r)
{
	free(r->drs);
	free(r->name);
	report_unref(r->report);
	report_unref(r->told_report);
	*r = (struct job_record){0};
}

int job_record_copy(struct job_record *dst, const struct job_record *src)
{
	char *drs = strdup(src->drs ? src->drs : "");
	char *name = strdup(src->name ? src->name : "");

	if (!drs || !name) {
		free(drs);
		free(name);
		return -ENOMEM;
	}
	*dst = *src;
	dst->drs = drs;
	dst->name = name;
	dst->report = src->report ? report_ref(src->report) : NULL;
	dst->told_report = src->told_report ? report_ref(src->told_report) : NULL;
	return 0;
}
