/* keep.c - what was decided is saved, then told, then done; and what could not be saved or told is tried again. */
#include "keep.h"

#include "journal.h"
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#define RETRY_AFTER      30 /* seconds: what could not be written or told */
#define CHECKPOINT_AFTER 20 /* seconds, and only if there is something to move */
#define PRUNE_AFTER      3600
#define PRUNE_ROWS       100

struct keep {
	struct store *store;
	struct settings *settings;
	enum log_target target;
	struct event *retry, *checkpoint, *prune;
	const struct news **news; /* of the event being acted on, borrowed */
	const struct call **calls;
	size_t n_news, n_calls, room;
	bool behind_said;
	bool untold; /* the journal did not take something */
};

static int64_t wall(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return SECONDS(t.tv_sec) + t.tv_nsec / 1000000;
}

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
		uint64_t dropped = store_dropped(k->store);

		log_notice("the store can be written again; everything is saved%s",
			dropped > 0 ? ", but for some of the history that did not fit into memory"
				    : "");
		k->behind_said = false;
	}
	if (r < 0)
		arm(k->retry, RETRY_AFTER);
}

static void commit(struct keep *k)
{
	char why[STORE_WHY] = "";

	judge_commit(k, store_commit(k->store, wall(), why), why);
}

static bool tell_again(void *arg, const struct stored_news *n)
{
	struct keep *k = arg;

	if (journal_repeat(k->target, n->priority, n->message, n->fields, n->n_fields) < 0) {
		k->untold = true;
		return false;
	}
	store_told(k->store, n->id);
	return true;
}

void keep_repeat(struct keep *k)
{
	char why[STORE_WHY] = "";
	int r;

	k->untold = false;
	r = store_untold(k->store, tell_again, k, why);
	if (r < 0)
		log_err("can't read what is still to be told: %s", *why ? why : strerror(-r));
	commit(k);
	if (k->untold)
		arm(k->retry, RETRY_AFTER);
}

static void on_retry(evutil_socket_t fd _unused_, short what _unused_, void *arg)
{
	struct keep *k = arg;
	char why[STORE_WHY] = "";

	judge_commit(k, store_retry(k->store, wall(), why), why);
	if (k->untold)
		keep_repeat(k);
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
	int r = store_prune(
		k->store, wall(), k->settings->keep_for, configured, k->settings, PRUNE_ROWS, why);

	if (r < 0 && r != -EAGAIN)
		log_debug("old history could not be dropped now: %s", *why ? why : strerror(-r));
	arm(k->prune, r == PRUNE_ROWS ? 1 : PRUNE_AFTER);
}

int keep_open(struct event_base *base, enum log_target target, struct settings *s,
	struct keep **ret, struct store_memory *ret_memory)
{
	struct keep *k = calloc(1, sizeof(*k));
	char why[STORE_WHY] = "";
	bool damaged = false;
	int r = -ENOMEM;

	if (!k)
		return -ENOMEM;
	k->target = target;
	k->settings = settings_ref(s);
	k->retry = evtimer_new(base, on_retry, k);
	k->checkpoint = evtimer_new(base, on_checkpoint, k);
	k->prune = evtimer_new(base, on_prune, k);
	if (k->retry && k->checkpoint && k->prune)
		r = store_open(s->state_dir, wall(), &k->store, ret_memory, &damaged, why);
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

	/* the last chance for what could not be written before */
	if (k->store && store_behind(k->store))
		judge_commit(k, store_retry(k->store, wall(), why), why);

	struct event *timers[] = {k->retry, k->checkpoint, k->prune};

	for (size_t i = 0; i < ELEMENTSOF(timers); i++)
		if (timers[i])
			event_free(timers[i]);
	store_close(k->store);
	settings_unref(k->settings);
	free(k->news);
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
	if (MAX(k->n_news, k->n_calls) < k->room)
		return;
	k->room = MAX(2 * k->room, (size_t)64);
	k->news = reallocarray(k->news, k->room, sizeof(struct news *));
	k->calls = reallocarray(k->calls, k->room, sizeof(struct call *));
	if (!k->news || !k->calls) {
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
		if (e->news->kind != NEWS_STATE)
			r = store_save_news(k->store, e->news, journal_fields);
		k->news[k->n_news++] = e->news;
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

static void tell(struct keep *k, const struct news *n)
{
	char text[2048];
	int r = journal_tell(k->target, n, false);

	if (r < 0) {
		log_err("the journal did not take news %" PRIu64
			" (%s), it is tried again; here it is: %s",
			n->id, strerror(-r), news_text(n, text, sizeof(text)));
		k->untold = n->kind != NEWS_STATE || k->untold;
		arm(k->retry, RETRY_AFTER);
	} else if (n->kind != NEWS_STATE) {
		store_told(k->store, n->id);
	}
}

void keep_act(
	struct keep *k, struct watch *w, void (*call)(void *arg, const struct call *c), void *arg)
{
	struct effect e;

	k->n_news = k->n_calls = 0;
	while (watch_next(w, &e))
		save(k, &e);
	commit(k);
	for (size_t i = 0; i < k->n_news; i++)
		tell(k, k->news[i]);
	if (k->n_news > 0)
		commit(k);
	if (store_log_pages(k->store) > 0)
		arm(k->checkpoint, CHECKPOINT_AFTER);
	for (size_t i = 0; i < k->n_calls; i++)
		call(arg, k->calls[i]);
}
