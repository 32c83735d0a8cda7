/* accepts.c - what operators sign for: one job in eight has accepts, some of them narrow or beside the point.
 *
 * It has its own dice, so that the rest of a story is the same with and without them. All of them end before the
 * story heals, most of them in its middle. */
#include "world.h"

#include <string.h>

#define SHARE 8

static int64_t until(struct world *w)
{
	int64_t left = w->heal - w->t;

	/* some have ended already when they are written down */
	if (dice_chance(&w->accept_dice, .05))
		return w->t + FAKE_WALL - HOURS(1);
	if (dice_chance(&w->accept_dice, .5))
		left = MIN(left, DAYS(2));
	return w->t + FAKE_WALL + dice_between(&w->accept_dice, 0, MAX(left, (int64_t)0));
}

/* What just ails the database is signed for, or anything at all; who looks closely names the reason. */
static struct accept_conf sign(struct world *w, uint64_t content)
{
	struct accept_conf a = {.until = until(w)};

	a.item = (unsigned)dice_between(&w->accept_dice, 0, CONTENT_ITEMS - 1);
	for (unsigned i = 0; i < CONTENT_ITEMS && dice_chance(&w->accept_dice, .97); i++) {
		unsigned item = (a.item + i) % CONTENT_ITEMS;

		if (finding_bad(content_get(content, item))) {
			a.item = item;
			break;
		}
	}
	if (dice_chance(&w->accept_dice, .3))
		a.reason = dice_chance(&w->accept_dice, .7)
				   ? content_get(content, a.item)
				   : (enum finding)dice_between(
					     &w->accept_dice, FOUND_ALARM, FOUND_FAILED_ELSE);
	if (!content_reason(a.reason))
		a.reason = FOUND_PASSED;
	return a;
}

static void add(struct world *w, size_t task)
{
	struct job_conf *j = &w->jobs[task];
	uint64_t content = w->fake->tasks[task].truth;

	/* the other one is for what the first one left over */
	if (j->n_accepts == 1)
		content = content_set(content, j->accepts[0].item, FOUND_PASSED);
	if (j->n_accepts < ACCEPTS_MAX)
		j->accepts[j->n_accepts++] = sign(w, content);
}

void accepts_begin(struct world *w)
{
	for (size_t i = 0; i < w->fake->n_tasks; i++) {
		struct job_conf *j = &w->jobs[i];

		j->accepting = dice_chance(&w->accept_dice, 1. / SHARE);
		if (!j->accepting)
			continue;
		add(w, i);
		if (dice_chance(&w->accept_dice, .7))
			add(w, i);
	}
}

void accepts_change(struct world *w)
{
	for (size_t i = 0; i < w->fake->n_tasks; i++) {
		struct job_conf *j = &w->jobs[i];

		if (!j->accepting)
			continue;
		if (j->n_accepts > 0 && dice_chance(&w->accept_dice, .2)) {
			j->accepts[0] = j->accepts[--j->n_accepts];
		} else if (dice_chance(&w->accept_dice, .3)) {
			if (j->n_accepts == ACCEPTS_MAX)
				j->accepts[0] = j->accepts[--j->n_accepts];
			add(w, i);
		}
	}
}

static char *copy(const char *s)
{
	char *c = strdup(s);

	if (!c)
		abort();
	return c;
}

void accepts_build(const struct job_conf *conf, struct job_settings *set)
{
	set->accepts = calloc(ACCEPTS_MAX, sizeof(*set->accepts));
	if (!set->accepts)
		abort();
	set->n_accepts = conf->n_accepts;
	for (unsigned i = 0; i < conf->n_accepts; i++) {
		const struct accept_conf *a = &conf->accepts[i];
		const char *reason = content_reason(a->reason);

		set->accepts[i] = (struct accept){.item = copy(content_name(a->item)),
			.failed_reason = reason ? copy(reason) : NULL,
			.reason = copy("known"),
			.by = copy("dba@example.org"),
			.until = a->until,
			.file = copy("virtual.conf")};
	}
}
