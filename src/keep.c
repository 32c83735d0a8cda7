/* keep.c - what was decided is saved, then told, then done; and what could not be saved is tried again. */
#include "keep.h"

#include "burst.h"
#include "clock.h"
#include "journal.h"
#include "journal_wire.h"
#include "outbox.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#define RETRY_AFTER      30 /* seconds: what could not be written */
#define CHECKPOINT_AFTER 20 /* seconds, and only if there is something to move */
#define PRUNE_AFTER      3600
#define PRUNE_ROWS       100

struct keep {
	struct store *store;
	struct settings *settings;
	struct outbox *outbox;
	struct event *retry, *checkpoint, *prune;
	const struct call **calls; /* of the event being acted on, borrowed */
	size_t n_calls, room;
	bool behind_said;
	uint64_t lost_said;
};

static void arm(struct event *e, int seconds)
{
	if (!evtimer_pending(e, NULL))
		evtimer_add(e, &(struct timeval){.tv_sec = seconds});
}

/* Said once when it begins and once when it is over, not with every event in between. */
static void judge_commit(struct keep *k, int r, const char *why)
{
	if (r == -EAGAIN)
		return;
	if (r < 0 && !k->behind_said) {
		log_err("can't write to the store: %s; watching and telling go on, and what is to "
			"be saved "
			"is kept in memory until it can be written",
			*why ? why : strerror(-r));
		k->behind_said = true;
	} else if (r == 0 && k->behind_said && !store_behind(k->store)) {
		uint64_t dropped = store_dropped(k->store), lost = store_lost(k->store);

		log_notice("the store can be written again; everything is saved%s",
			dropped > 0 ? ", but for some of the history that did not fit into memory"
				    : "");
		if (lost > k->lost_said)
			log_err("%" PRIu64 " pieces of news were lost: neither the store nor the "
				"journal took them, and they did not fit into memory",
				lost - k->lost_said);
		k->lost_said = lost;
		k->behind_said = false;
	}
	if (r < 0)
		arm(k->retry, RETRY_AFTER);
}

static void commit(struct keep *k)
{
	char why[STORE_WHY] = "";

	judge_commit(k, store_commit(k->store, clock_wall(), why), why);
}

/* The outbox told something in its own time. */
static void on_told(void *arg)
{
	commit(arg);
}

int64_t keep_blocked(const struct keep *k)
{
	return outbox_blocked(k->outbox);
}

static void on_retry(evutil_socket_t fd _unused_, short what _unused_, void *arg)
{
	struct keep *k = arg;
	char why[STORE_WHY] = "";

	judge_commit(k, store_retry(k->store, clock_wall(), why), why);
}

/* Never in the middle of an event's work: it waits for the disk. */
static void on_checkpoint(evutil_socket_t fd _unused_, short what _unused_, void *arg)
{
	struct keep *k = arg;
	int r = store_checkpoint(k->store);

	if (r < 0)
		log_debug("the store's log could not be moved into its file now: %s", strerror(-r));
}

static bool configured(void *arg, const char *drs, const char *task)
{
	const struct settings *s = arg;

	for (size_t i = 0; i < s->n_jobs; i++)
		if (strcmp(s->jobs[i].task, task) == 0 && strcmp(s->jobs[i].cloud->drs, drs) == 0)
			return true;
	return false;
}

static void on_prune(evutil_socket_t fd _unused_, short what _unused_, void *arg)
{
	struct keep *k = arg;
	char why[STORE_WHY] = "";
	int r = store_prune(k->store, clock_wall(), k->settings->keep_for, configured, k->settings,
		PRUNE_ROWS, why);

	if (r < 0 && r != -EAGAIN)
		log_debug("old history could not be dropped now: %s", *why ? why : strerror(-r));
	arm(k->prune, r == PRUNE_ROWS ? 1 : PRUNE_AFTER);
}

static int open_outbox(
	struct keep *k, struct event_base *base, enum log_target target, bool once, uint64_t first)
{
	const struct outbox_options o = {
		.target = target,
		.socket = JOURNAL_SOCKET,
		.store = k->store,
		.first = first,
		.ceiling = once ? 0 : BURST_CEILING,
		.told = on_told,
		.arg = k,
	};

	return outbox_new(base, &o, &k->outbox);
}

int keep_open(struct event_base *base, enum log_target target, bool once, struct settings *s,
	struct keep **ret, struct store_memory *ret_memory)
{
	struct keep *k = calloc(1, sizeof(*k));
	char why[STORE_WHY] = "";
	bool damaged = false;
	int r = -ENOMEM;

	if (!k)
		return -ENOMEM;
	k->settings = settings_ref(s);
	k->retry = evtimer_new(base, on_retry, k);
	k->checkpoint = evtimer_new(base, on_checkpoint, k);
	k->prune = evtimer_new(base, on_prune, k);
	if (k->retry && k->checkpoint && k->prune)
		r = store_open(s->state_dir, clock_wall(), &k->store, ret_memory, &damaged, why);
	if (r == 0) {
		r = open_outbox(k, base, target, once, ret_memory->next_news);
		if (r < 0)
			store_memory_done(ret_memory);
	}
	if (r < 0) {
		log_err("%s", *why ? why : strerror(-r));
		keep_close(k);
		return r;
	}
	if (damaged)
		log_err("%s", why);
	if (ret_memory->unreadable > 0)
		log_warning("%zu records in the store make no sense; those jobs begin anew",
			ret_memory->unreadable);
	store_keep_runs(k->store, s->keep_runs);
	arm(k->prune, 60);
	*ret = k;
	return 0;
}

struct keep *keep_close(struct keep *k)
{
	char why[STORE_WHY] = "";

	if (!k)
		return NULL;

	if (k->outbox && outbox_finish(k->outbox))
		commit(k);
	/* the last chance for what could not be written before */
	if (k->store && store_behind(k->store))
		judge_commit(k, store_retry(k->store, clock_wall(), why), why);

	struct event *timers[] = {k->retry, k->checkpoint, k->prune};

	for (size_t i = 0; i < ELEMENTSOF(timers); i++)
		if (timers[i])
			event_free(timers[i]);
	outbox_free(k->outbox);
	store_close(k->store);
	settings_unref(k->settings);
	free(k->calls);
	free(k);
	return NULL;
}

void keep_take_settings(struct keep *k, struct settings *s)
{
	settings_ref(s);
	settings_unref(k->settings);
	k->settings = s;
	store_keep_runs(k->store, s->keep_runs);
}

static void make_room(struct keep *k)
{
	if (k->n_calls < k->room)
		return;
	k->room = MAX(2 * k->room, (size_t)64);
	k->calls = reallocarray(k->calls, k->room, sizeof(struct call *));
	if (!k->calls) {
		/* what is saved is whole; to go on and lose news would be a lie */
		log_err("out of memory");
		abort();
	}
}

static void save(struct keep *k, const struct effect *e)
{
	int r = 0;

	make_room(k);
	switch (e->kind) {
	case EFFECT_SAVE_JOB:
		r = store_save_job(k->store, e->job);
		break;
	case EFFECT_SAVE_CLOUD:
		r = store_save_cloud(k->store, e->cloud);
		break;
	case EFFECT_SAVE_RUN:
		r = store_save_run(k->store, e->run, e->run->verdict);
		break;
	case EFFECT_NEWS:
		if (e->news->kind == NEWS_STATE)
			outbox_answer(k->outbox, e->news);
		else
			r = store_save_news(k->store, e->news, journal_fields);
		break;
	case EFFECT_CALL:
		k->calls[k->n_calls++] = e->call;
		break;
	case _EFFECT_KIND_MAX:
		break;
	}
	if (r < 0)
		log_err("can't keep what is to be saved: %s", strerror(-r));
}

void keep_act(
	struct keep *k, struct watch *w, void (*call)(void *arg, const struct call *c), void *arg)
{
	struct effect e;

	k->n_calls = 0;
	while (watch_next(w, &e))
		save(k, &e);
	commit(k);
	if (outbox_tell(k->outbox))
		commit(k);
	if (store_log_pages(k->store) > 0)
		arm(k->checkpoint, CHECKPOINT_AFTER);
	for (size_t i = 0; i < k->n_calls; i++)
		call(arg, k->calls[i]);
}
