/* plan.c - the binary heap behind plan.h: what is due next among thousands, without a scan. */
#include "plan.h"

#include "heart.h"

static bool before(const struct plan_entry *a, const struct plan_entry *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void put(struct plan *p, size_t slot, struct plan_entry *e)
{
	p->entries[slot] = e;
	e->slot = slot;
}

static void rise(struct plan *p, size_t slot, struct plan_entry *e)
{
	for (; slot > 1 && before(e, p->entries[slot / 2]); slot /= 2)
		put(p, slot, p->entries[slot / 2]);
	put(p, slot, e);
}

static void sink(struct plan *p, size_t slot, struct plan_entry *e)
{
	for (;;) {
		size_t child = 2 * slot;

		if (child > p->n)
			break;
		if (child < p->n && before(p->entries[child + 1], p->entries[child]))
			child++;
		if (!before(p->entries[child], e))
			break;
		put(p, slot, p->entries[child]);
		slot = child;
	}
	put(p, slot, e);
}

void plan_add(struct plan *p, struct plan_entry *e)
{
	if (p->n + 1 >= p->room) {
		p->room = MAX(2 * p->room, (size_t)16);
		p->entries = heart_grow(p->entries, p->room, sizeof(struct plan_entry *));
	}
	p->n++;
	rise(p, p->n, e);
}

void plan_remove(struct plan *p, struct plan_entry *e)
{
	size_t slot = e->slot;

	if (slot == 0)
		return;
	e->slot = 0;

	struct plan_entry *last = p->entries[p->n--];

	if (last == e)
		return;
	if (slot > 1 && before(last, p->entries[slot / 2]))
		rise(p, slot, last);
	else
		sink(p, slot, last);
}

struct plan_entry *plan_first(const struct plan *p)
{
	return p->n > 0 ? p->entries[1] : NULL;
}

void plan_done(struct plan *p)
{
	free(p->entries);
	*p = (struct plan){0};
}
