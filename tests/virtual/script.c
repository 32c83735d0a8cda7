/* script.c - what happens to clouds, tasks, configuration and process, by the dice of the seed. */
#include "world.h"

#include <stdio.h>
#include <string.h>

enum happening {
	H_SCAN,
	H_TRUTH,   /* a: task; something changes at a database */
	H_FOREIGN, /* a: task; somebody runs a pre-check in the console */
	H_WALK,    /* a: task; its status moves on */
	H_DELETE,  /* a: task */
	H_TRAIT,   /* a: task; something ails it for a while */
	H_AIL,     /* a: cloud */
	H_CURE,    /* a: cloud, b: ailment */
	H_REVOKE,  /* a: cloud */
	H_RELOAD,
	H_CHECK_NOW,
	H_DIE,        /* the process ends and another one starts at once or later */
	H_DIE_SUBMIT, /* the same, with the next submit just handed out */
	H_START,
	H_ACCEPTS, /* their ends are looked for */
	H_STATE,   /* somebody asks for the state of all */
	H_CLOCK,   /* the wall clock is set */
	H_HEAL,
};

#define MEAN_TRUTH   HOURS(36)
#define MEAN_FOREIGN DAYS(6)
#define MEAN_TRAIT   DAYS(12)
#define MEAN_AIL     HOURS(36)
#define MEAN_REVOKE  DAYS(1)
#define MEAN_RELOAD  HOURS(18)
#define MEAN_NOW     HOURS(30)
#define MEAN_DIE     HOURS(30)
#define MEAN_STATE   HOURS(40)
#define MEAN_CLOCK   HOURS(60)
#define MEAN_SUBMIT  HOURS(12)

static void at(struct world *w, int64_t t, enum happening what, unsigned a, unsigned b)
{
	queue_put(&w->queue, (struct event){.at = t, .kind = (int)what, .a = a, .b = b});
}

static void again(struct world *w, double mean, enum happening what, unsigned a)
{
	at(w, w->t + dice_wait(&w->dice, mean), what, a, 0);
}

void script_begin(struct world *w)
{
	at(w, HOURS(1), H_SCAN, 0, 0);
	at(w, w->heal, H_HEAL, 0, 0);
	/* an answer of before may still have come after it */
	at(w, w->heal + MINUTES(2), H_HEAL, 0, 0);
	at(w, MINUTES(5), H_ACCEPTS, 0, 0);
	for (unsigned i = 0; i < w->fake->n_tasks; i++) {
		again(w, (double)MEAN_TRUTH, H_TRUTH, i);
		again(w, (double)MEAN_FOREIGN, H_FOREIGN, i);
		again(w, (double)MEAN_TRAIT, H_TRAIT, i);
		if (dice_chance(&w->dice, .18))
			at(w, dice_between(&w->dice, 0, w->heal), H_WALK, i, 0);
		else if (dice_chance(&w->dice, .06))
			at(w, dice_between(&w->dice, 0, w->heal), H_DELETE, i, 0);
	}
	for (unsigned i = 0; i < w->fake->n_clouds; i++) {
		again(w, (double)MEAN_AIL, H_AIL, i);
		again(w, (double)MEAN_REVOKE, H_REVOKE, i);
	}
	again(w, (double)MEAN_RELOAD, H_RELOAD, 0);
	again(w, (double)MEAN_NOW, H_CHECK_NOW, 0);
	again(w, (double)MEAN_STATE, H_STATE, 0);
	again(w, (double)MEAN_CLOCK, H_CLOCK, 0);
	again(w, (double)MEAN_DIE, H_DIE, 0);
	again(w, (double)MEAN_SUBMIT, H_DIE_SUBMIT, 0);
}

static void truth(struct world *w, unsigned task)
{
	struct fake_task *k = &w->fake->tasks[task];
	unsigned item = (unsigned)dice_between(&w->dice, 0, CONTENT_ITEMS - 1);
	enum finding f = FOUND_PASSED;

	if (dice_chance(&w->dice, .5))
		f = (enum finding)dice_between(&w->dice, FOUND_OTHER, _FOUND_MAX - 1);
	k->truth = content_set(k->truth, item, f) & ~UNEXPLAINED;
	if (dice_chance(&w->dice, .05))
		k->truth |= UNEXPLAINED;
	judge_note(w->judge, task, "truth changes: item, finding", (long)item, (long)f);
	again(w, (double)MEAN_TRUTH, H_TRUTH, task);
}

static void foreign(struct world *w, unsigned task)
{
	if (fake_foreign(w->fake, task, w->t))
		judge_note(w->judge, task, "somebody else's run begins",
			(long)w->fake->tasks[task].run, 0);
	again(w, (double)MEAN_FOREIGN / (w->clouds[w->fake->tasks[task].cloud].check ? 1 : 12),
		H_FOREIGN, task);
}

static void walk(struct world *w, unsigned task)
{
	struct fake_task *k = &w->fake->tasks[task];

	if (k->deleted || !fake_walk[k->status + 1])
		return;
	fake_settle(k, w->t);
	k->status += k->status == 3 && dice_chance(&w->dice, .5) ? 2 : 1;
	fake_kill_run(k);
	w->counts.started += k->status == 1;
	judge_note(w->judge, task, fake_walk[k->status], 0, 0);
	at(w, w->t + dice_between(&w->dice, MINUTES(2), HOURS(50)), H_WALK, task, 0);
}

static void vanish(struct world *w, unsigned task)
{
	struct fake_task *k = &w->fake->tasks[task];

	k->deleted = true;
	fake_kill_run(k);
	w->counts.deleted++;
	judge_note(w->judge, task, "the task is deleted", k->says_deleted, 0);
}

static void trait(struct world *w, unsigned task)
{
	struct fake_task *k = &w->fake->tasks[task];
	enum trait x = (enum trait)dice_between(&w->dice, 0, _TRAIT_MAX - 1);
	int64_t length = dice_between(&w->dice, MINUTES(2), HOURS(20));

	if (x == TRAIT_GONE && dice_chance(&w->dice, .7))
		length = SECONDS(30);
	k->until[x] = w->t + length;
	if (x == TRAIT_CREATING || x == TRAIT_ODD_STATUS ||
		(x == TRAIT_GONE && length > MINUTES(1)))
		fake_kill_run(k);
	w->counts.traits++;
	judge_note(w->judge, task, "the task is ailing: trait, minutes", (long)x,
		(long)(length / 60000));
	again(w, (double)MEAN_TRAIT, H_TRAIT, task);
}

static void ail(struct world *w, unsigned cloud)
{
	struct fake_cloud *c = &w->fake->clouds[cloud];
	enum ailment a = (enum ailment)dice_between(&w->dice, 0, _AIL_MAX - 1);
	int64_t length = dice_between(
		&w->dice, MINUTES(2), HOURS(dice_chance(&w->dice, .2) ? 30 : 5));

	again(w, (double)MEAN_AIL, H_AIL, cloud);
	if (c->ails[a])
		return;
	c->ails[a] = true;
	if (a == AIL_PASSWORD) {
		snprintf(c->bad_mark, sizeof(c->bad_mark), "%08x", w->clouds[cloud].mark);
		fake_revoke(w->fake, cloud);
	}
	w->counts.outages++;
	judge_sick(w->judge, cloud, true);
	judge_note_cloud(w->judge, cloud, ailment_name(a), (long)(length / 60000), 0);
	at(w, w->t + length, H_CURE, cloud, a);
}

/* A new password: by a reload, or only its file. */
static void new_credential(struct world *w, unsigned cloud)
{
	char name[32];

	w->clouds[cloud].mark++;
	w->counts.credentials++;
	if (!w->watch)
		return;
	if (dice_chance(&w->dice, .5)) {
		world_configure(w);
		return;
	}
	snprintf(name, sizeof(name), "cloud-%u", cloud);
	snprintf(w->settings->clouds[cloud].mark, SECRET_MARK, "%08x", w->clouds[cloud].mark);
	judge_credential(w->judge, cloud);
	judge_begin(w->judge, NULL);
	watch_credential_changed(w->watch, name, world_now(w));
	world_drain(w);
}

static void cure(struct world *w, unsigned cloud, enum ailment a)
{
	struct fake_cloud *c = &w->fake->clouds[cloud];

	if (!c->ails[a])
		return;
	c->ails[a] = false;
	judge_sick(w->judge, cloud, false);
	judge_note_cloud(w->judge, cloud, "healed", (long)a, 0);
	if (a == AIL_PASSWORD)
		new_credential(w, cloud);
}

static void reload(struct world *w, bool change)
{
	w->counts.reloads++;
	for (size_t i = 0; change && i < w->fake->n_tasks; i++) {
		struct job_conf *j = &w->jobs[i];

		if (dice_chance(&w->dice, .02))
			j->interval = MIN(j->interval * 2, HOURS(12));
		else if (dice_chance(&w->dice, .01))
			j->interval = MAX(j->interval / 2, MINUTES(30));
		if (dice_chance(&w->dice, j->on ? .01 : .05))
			j->on = !j->on;
	}
	if (change)
		accepts_change(w);
	if (change && dice_chance(&w->dice, .2))
		world_rename(
			w, (unsigned)dice_between(&w->dice, 0, (int64_t)w->fake->n_clouds - 1));
	world_configure(w);
}

static void check_now(struct world *w)
{
	long task = dice_between(&w->dice, 0, (int64_t)w->fake->n_tasks - 1);
	char name[32];

	w->counts.check_now++;
	if (dice_chance(&w->dice, .1)) {
		task = -1;
	} else if (!w->jobs[task].on) {
		return;
	}
	snprintf(name, sizeof(name), "job-%ld", task);
	judge_exempt(w->judge, task);
	judge_begin(w->judge, NULL);
	watch_check_now(w->watch, task < 0 ? NULL : name, world_now(w));
	world_drain(w);
}

static void tell_state(struct world *w)
{
	w->counts.states++;
	judge_begin(w->judge, NULL);
	watch_tell_state(w->watch, 0, world_now(w));
	world_drain(w);
	judge_state(w->judge);
}

static void die(struct world *w)
{
	int64_t away = dice_chance(&w->dice, .7) ? SECONDS(2) : dice_between(&w->dice, 0, HOURS(3));

	w->counts.restarts++;
	world_stop(w);
	if (dice_chance(&w->dice, .3)) /* the machine boots: another monotonic clock */
		w->boot = w->t - SECONDS(20);
	at(w, w->t + away, H_START, 0, 0);
}

/* From here on nothing goes wrong any more. */
static void heal(struct world *w)
{
	judge_scan(w->judge); /* holds that are on now go on for a while */
	w->fake->gentle = true;
	w->die_at_submit = false;
	for (size_t i = 0; i < w->fake->n_tasks; i++) {
		struct fake_task *k = &w->fake->tasks[i];

		for (int x = 0; x < _TRAIT_MAX; x++)
			k->until[x] = 0;
		k->ends = MIN(k->ends, w->t);
		fake_settle(k, w->t);
		for (unsigned item = 0; item < CONTENT_ITEMS; item++)
			if (content_get(k->truth, item) == FOUND_ABSENT)
				k->truth = content_set(k->truth, item, FOUND_PASSED);
	}
	for (unsigned i = 0; i < w->fake->n_clouds; i++)
		for (int a = 0; a < _AIL_MAX; a++)
			cure(w, i, (enum ailment)a);
	if (!w->watch)
		world_start(w);
	reload(w, false);
}

void script_happen(struct world *w, const struct event *e)
{
	bool quiet = w->t >= w->heal;

	if (e->kind == H_SCAN) {
		judge_scan(w->judge);
		at(w, w->t + HOURS(1), H_SCAN, 0, 0);
		return;
	}
	if (e->kind == H_ACCEPTS) {
		judge_accepts(w->judge);
		at(w, w->t + MINUTES(5), H_ACCEPTS, 0, 0);
		return;
	}
	if (quiet && e->kind != H_HEAL)
		return;
	switch ((enum happening)e->kind) {
	case H_TRUTH:
		truth(w, e->a);
		break;
	case H_FOREIGN:
		foreign(w, e->a);
		break;
	case H_WALK:
		walk(w, e->a);
		break;
	case H_DELETE:
		vanish(w, e->a);
		break;
	case H_TRAIT:
		trait(w, e->a);
		break;
	case H_AIL:
		ail(w, e->a);
		break;
	case H_CURE:
		cure(w, e->a, (enum ailment)e->b);
		break;
	case H_REVOKE:
		fake_revoke(w->fake, e->a);
		judge_note_cloud(w->judge, e->a, "tokens are revoked", 0, 0);
		again(w, (double)MEAN_REVOKE, H_REVOKE, e->a);
		break;
	case H_RELOAD:
		if (w->watch)
			reload(w, true);
		again(w, (double)MEAN_RELOAD, H_RELOAD, 0);
		break;
	case H_CHECK_NOW:
		if (w->watch)
			check_now(w);
		again(w, (double)MEAN_NOW, H_CHECK_NOW, 0);
		break;
	case H_DIE:
		if (w->watch)
			die(w);
		again(w, (double)MEAN_DIE, H_DIE, 0);
		break;
	case H_DIE_SUBMIT:
		w->die_at_submit = true;
		again(w, (double)MEAN_SUBMIT, H_DIE_SUBMIT, 0);
		break;
	case H_START:
		if (!w->watch)
			world_start(w);
		break;
	case H_STATE:
		if (w->watch)
			tell_state(w);
		again(w, (double)MEAN_STATE, H_STATE, 0);
		break;
	case H_CLOCK:
		w->skew = dice_between(&w->dice, -MINUTES(2), MINUTES(2));
		again(w, (double)MEAN_CLOCK, H_CLOCK, 0);
		break;
	case H_HEAL:
		heal(w);
		break;
	case H_SCAN:
	case H_ACCEPTS:
		break;
	}
}
