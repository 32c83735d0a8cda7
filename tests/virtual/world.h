/* world.h - one story in virtual time: a watch, the servers, and all that happens to both. */
#pragma once

#include "fake_drs.h"
#include "invariants.h"
#include "queue.h"
#include "watch.h"

struct story {
	uint64_t seed;
	size_t jobs;
	int days;
	bool verbose;
};

struct cloud_conf {
	unsigned pace, connections, max_runs, mark, user;
	bool check;
};

#define ACCEPTS_MAX 2

struct accept_conf {
	unsigned item;       /* in content.h's order */
	enum finding reason; /* FOUND_PASSED: any */
	int64_t until;       /* wall */
};

struct job_conf {
	bool on;
	int64_t interval;
	bool accepting; /* its operators sign for alarms */
	unsigned n_accepts;
	struct accept_conf accepts[ACCEPTS_MAX];
};

struct saved_cloud {
	bool have;
	struct cloud_record record;
};

struct world_counts {
	uint64_t outages, reloads, restarts, mid_submit, check_now, states, renames, credentials,
		deleted, started, traits;
	uint64_t ticks, drains, effects;
};

struct world {
	struct story story;
	uint64_t dice, accept_dice;
	int64_t t, end, heal; /* virtual ms */
	int64_t boot;         /* mono = t - boot */
	int64_t skew;         /* of the wall clock */
	struct fake *fake;
	struct watch *watch; /* NULL: no process is running */
	struct settings *settings;
	struct queue queue;
	struct judge *judge;

	struct cloud_conf *clouds;
	struct job_conf *jobs; /* one per task */
	struct job_record *saved;
	bool *have;
	struct saved_cloud *saved_clouds; /* two per cloud: each has had two users */
	uint64_t next_run, next_news;
	bool die_at_submit; /* the process dies with the next submit just handed out */
	bool dying;

	struct world_counts counts;
};

/* Tells the whole story; false: an invariant was violated. Adds to the totals. */
struct totals {
	struct fake_counts fake;
	struct world_counts world;
	struct judge_counts judge;
};
bool world_play(const struct story *s, struct totals *totals);

/* accepts.c: for which jobs, when, and how they look as settings */
void accepts_begin(struct world *w);
void accepts_change(struct world *w); /* before a reload */
void accepts_build(const struct job_conf *conf, struct job_settings *set);

/* script.c: what happens, and when */
void script_begin(struct world *w);
void script_happen(struct world *w, const struct event *e);
int64_t world_wall(const struct world *w);
struct now world_now(const struct world *w);
void world_configure(struct world *w); /* reload: builds settings from the confs */
void world_stop(struct world *w);      /* the process dies */
struct saved_cloud *world_saved_cloud(const struct world *w, unsigned cloud);
void world_rename(struct world *w, unsigned cloud); /* another user: to the heart a new cloud */
void world_start(struct world *w);                  /* and a new one starts from what was saved */
void world_drain(struct world *w);                  /* acts on the effects of one event */
