/* queue.c - the binary heap of queue.h. */
#include "queue.h"

static bool before(const struct event *a, const struct event *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

void queue_put(struct queue *q, struct event e)
{
	size_t i = q->n++;

	if (q->n > q->room) {
		q->room = 2 * q->n + 64;
		q->events = reallocarray(q->events, q->room, sizeof(e));
		if (!q->events)
			abort();
	}
	e.order = q->order++;
	for (; i > 0 && before(&e, &q->events[(i - 1) / 2]); i = (i - 1) / 2)
		q->events[i] = q->events[(i - 1) / 2];
	q->events[i] = e;
}

bool queue_take(struct queue *q, struct event *ret)
{
	struct event last;
	size_t i = 0;

	if (q->n == 0)
		return false;
	*ret = q->events[0];
	last = q->events[--q->n];
	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= q->n)
			break;
		if (child + 1 < q->n && before(&q->events[child + 1], &q->events[child]))
			child++;
		if (!before(&q->events[child], &last))
			break;
		q->events[i] = q->events[child];
		i = child;
	}
	if (q->n > 0)
		q->events[i] = last;
	return true;
}
