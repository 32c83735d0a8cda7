/* news.c - what is told: the table of events, and which of them a piece of news is. See sentence.c for the words. */
#include "news.h"

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
	EVENT_REMINDER_FAILED,
	EVENT_REMINDER,
	EVENT_FLAPPING,
	EVENT_STEADY,
	EVENT_STEADY_FAILED,
	EVENT_SLOW,
	EVENT_AGING,
	EVENT_SUMMARY,
	EVENT_REPLACED,
	EVENT_CLOCK_WRONG,
	EVENT_CLOCK_RIGHT,
	EVENT_BURST,
	EVENT_BURST_FAILED,
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
	[EVENT_REMINDER_FAILED] = {"reminder-failed", "1a3c5dba7359490faff81c0c0b301505", LOG_ERR},
	[EVENT_REMINDER] = {"reminder", "50a4fce2a4b842809fcca6dc50140c11", LOG_WARNING},
	[EVENT_FLAPPING] = {"flapping", "42b85364d4ed4da6bfa65a17dc9bceb8", LOG_WARNING},
	[EVENT_STEADY] = {"steady", "945919e8a11d441d94bd970a62a49faa", LOG_NOTICE},
	[EVENT_STEADY_FAILED] = {"steady-failed", "651e7f0b62574d41ae94f8e88a093a80", LOG_ERR},
	[EVENT_SLOW] = {"slow", "26525fc369fa4553b9572b6f88326c10", LOG_WARNING},
	[EVENT_AGING] = {"aging", "fb79717011c745b480fe5f5e9fe619aa", LOG_WARNING},
	[EVENT_SUMMARY] = {"summary", "31e2ecd4241f41238e65fceb22b39b25", LOG_INFO},
	[EVENT_REPLACED] = {"replaced", "8cbfcbcb46dc6359a8c024c7419b2e76", LOG_NOTICE},
	[EVENT_CLOCK_WRONG] = {"clock-wrong", "f4f984fcd99e4e068058d0c0c849fcb3", LOG_WARNING},
	[EVENT_CLOCK_RIGHT] = {"clock-right", "f3a7e63ba3d8470580c139e451d0aa07", LOG_NOTICE},
	[EVENT_BURST] = {"burst", "9eb43fd75efc4948b4f4938b695ca073", LOG_WARNING},
	[EVENT_BURST_FAILED] = {"burst-failed", "d04bfb35a1754ff09e7a07bcfcabf6d6", LOG_ERR},
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
	[TROUBLE_LOCKED] = "locked",
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
	case NEWS_CLOUD_CLOCK:
		return n->skew != 0 ? EVENT_CLOCK_WRONG : EVENT_CLOCK_RIGHT;
	case NEWS_CLOUD_PACE:
		return EVENT_PACE;
	case NEWS_CLOUD_SUMMARY:
		return EVENT_SUMMARY;
	case NEWS_REMINDER:
		return n->verdict == VERDICT_FAILED ? EVENT_REMINDER_FAILED : EVENT_REMINDER;
	case NEWS_FLAPPING:
		return EVENT_FLAPPING;
	case NEWS_STEADY:
		return n->verdict == VERDICT_FAILED ? EVENT_STEADY_FAILED : EVENT_STEADY;
	case NEWS_SLOW:
		return EVENT_SLOW;
	case NEWS_AGING:
		return EVENT_AGING;
	case NEWS_REPLACED:
		return EVENT_REPLACED;
	case NEWS_BURST:
		return n->errors > 0 ? EVENT_BURST_FAILED : EVENT_BURST;
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
