/* burst.c - when a whole data centre fails, a thousand lines tell less than one.
 *
 * In a minute the first two hundred pieces of news are told as they are. What comes then is counted, and told in one
 * line when the minute is over; errors are told by themselves all the same, up to two hundred more. Each is in the
 * store, so that nothing is lost: this is only about the journal, which is read by people and has limits of its own
 * that a sender cannot see. So the heart knows nothing of it: it decides what is news, and does not care how they
 * are read; and what waits in the store after an outage of the journal passes here like any other. */
#include "burst.h"

#include <syslog.h>

void burst_init(struct burst *b, unsigned ceiling)
{
	*b = (struct burst){.ceiling = ceiling};
}

static bool counting(const struct burst *b)
{
	return b->sum.jobs + b->sum.of_clouds > 0;
}

bool burst_single(struct burst *b, int64_t mono, int priority)
{
	if (b->ceiling == 0)
		return true;
	if ((b->told == 0 || mono - b->began >= BURST_WINDOW) && !counting(b)) {
		b->began = mono;
		b->told = b->errors = 0;
	}
	if (b->told < b->ceiling)
		return true;
	return priority <= LOG_ERR && b->errors < b->ceiling;
}

void burst_told(struct burst *b, int priority)
{
	if (b->told < b->ceiling)
		b->told++;
	else if (priority <= LOG_ERR)
		b->errors++;
}

void burst_count(struct burst *b, uint64_t id, int64_t wall, int priority, enum verdict verdict)
{
	struct news *n = &b->sum;

	if (counting(b) && id <= n->last_id)
		return; /* it was: the store could not be read to its end */
	if (!counting(b)) {
		n->first_id = id;
		n->trouble_since = wall;
	}
	n->last_id = id;
	if (priority <= LOG_ERR)
		n->errors++;
	if (verdict < _VERDICT_MAX) {
		n->jobs++;
		n->verdicts[verdict]++;
	} else {
		n->of_clouds++;
	}
}

int64_t burst_due(const struct burst *b)
{
	return counting(b) ? b->began + BURST_WINDOW : INT64_MAX;
}

const struct news *burst_sum(struct burst *b, int64_t wall)
{
	if (!counting(b))
		return NULL;
	b->sum.kind = NEWS_BURST;
	b->sum.wall = wall;
	b->sum.cloud = b->sum.project_id = "";
	return &b->sum;
}

void burst_sum_told(struct burst *b)
{
	b->sum = (struct news){0};
	b->repeated = false;
	b->told = b->errors = 0;
}
