/* queue.h - what comes next in virtual time: replies under way and scripted happenings, in one heap. */
#pragma once

#include "fake_drs.h"

struct event {
	int64_t at;
	uint64_t order; /* of arrival, so that equal times keep it */
	int kind;       /* a happening; or EVENT_REPLY */
	unsigned a, b;
	struct flight *flight;
};

#define EVENT_REPLY (-1)

struct queue {
	struct event *events;
	size_t n, room;
	uint64_t order;
};

void queue_put(struct queue *q, struct event e);
bool queue_take(struct queue *q, struct event *ret);
static inline int64_t queue_next(const struct queue *q)
{
	return q->n ? q->events[0].at : INT64_MAX;
}
