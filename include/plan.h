/* plan.h - a heap of jobs by the time of their next step; part of the heart. */
#pragma once

#include "macro.h"

struct plan_entry {
	int64_t at;     /* mono ms */
	uint64_t order; /* decides among equals, so that first checks are spread by hash */
	size_t slot;    /* its place in the heap, from 1; 0: in none */
};

struct plan {
	struct plan_entry **entries; /* entries[1..n] */
	size_t n, room;
};

/* The entry must be in no plan. Memory that can't be had ends the process, see heart_alloc(). */
void plan_add(struct plan *p, struct plan_entry *e);
void plan_remove(struct plan *p, struct plan_entry *e); /* does nothing if it is in none */
struct plan_entry *plan_first(const struct plan *p);    /* NULL: empty */
void plan_done(struct plan *p);
