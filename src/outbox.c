/* outbox.c - what is to be told waits in the store, and goes out in its order.
 *
 * There is one way out for all news: they are saved, then read from the store again and handed over until one is
 * not taken. That one and all later ones wait, for as long as it takes and in whatever process; nothing newer
 * passes something older, but for errors in a burst. A socket that is full says when it has room again; for one
 * that is not there we look, ever less often. */
#include "outbox.h"

#include "burst.h"
#include "clock.h"
#include "journal.h"
#include "span.h"
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#define TURN_MAX                                                                                   \
	200 /* in one turn of the loop: signals, replies and the watchdog have theirs between */
#define TRY_FIRST    250 /* ms; later an eighth of the time that it lasts already */
#define TRY_LAST     SECONDS(15)
#define SAID_AFTER   SECONDS(1) /* a queue that is full for a moment is nothing to talk about */
#define TEXTS_MAX    100        /* news in the diagnostics, while there is no journal */
#define ANSWERS_MAX  (4 * 1024 * 1024)
#define LAST_MOMENTS 1000 /* ms, for all that waits at the end */

struct letter {
	STAILQ_ENTRY(letter) link;
	int priority;
	size_t n, size;
	const char **fields;
	char bytes[];
};

struct outbox {
	struct outbox_options set;
	struct journal *journal;
	struct event_base *base;
	struct event *later;
	struct burst burst;
	uint64_t walked; /* told or counted up to here */
	bool marked;     /* something, since the caller last asked */
	unsigned turn;   /* how many are left in this one */
	STAILQ_HEAD(letters, letter) answers;
	size_t answers_size;
	unsigned answers_dropped;

	/* while it is not taken */
	bool waiting;    /* from the first refusal until nothing waits any more */
	bool missing;    /* there was nobody; not only a queue that is full */
	int failed;      /* the last refusal; 0: the last attempt was not refused */
	int64_t stalled; /* mono: since when it takes nothing; 0: it took the last one */
	int64_t lasted;  /* how long it took nothing, all in all */
	int64_t since_wall;
	unsigned late;  /* told meanwhile */
	uint64_t texts; /* in the diagnostics up to this one */
	unsigned n_texts;
	bool unreadable; /* the store, and that was said */
};

/* --- not taken, and taken again --- */

static const char *target_name(const struct outbox *o)
{
	return o->set.target == LOG_TARGET_JOURNAL  ? "the journal"
	       : o->set.target == LOG_TARGET_SYSLOG ? "syslog"
						    : "stderr";
}

static bool refused(struct outbox *o, int r)
{
	if (!o->waiting) {
		o->waiting = true;
		o->missing = false;
		o->since_wall = clock_wall();
		o->lasted = 0;
		o->late = o->n_texts = 0;
	}
	if (o->stalled == 0)
		o->stalled = clock_mono();
	o->failed = r;
	o->missing = o->missing || r != -EAGAIN;
	return false;
}

static void taken(struct outbox *o, unsigned news)
{
	if (!o->waiting)
		return;
	o->late += news;
	if (o->stalled != 0)
		o->lasted += clock_mono() - o->stalled;
	o->stalled = 0;
}

static void over(struct outbox *o)
{
	char took[SPAN_MAX];

	o->waiting = false;
	if (o->lasted < SAID_AFTER && !o->missing)
		return;
	log_notice("%s took nothing for %s; %u piece%s of news %s told late", target_name(o),
		span_format(took, sizeof(took), o->lasted), o->late, o->late == 1 ? "" : "s",
		o->late == 1 ? "was" : "were");
}

/* --- one piece of news --- */

static enum verdict verdict_of(const struct stored_news *n)
{
	static const char lead[] = "DRS_VERDICT=";

	if (!*n->job)
		return _VERDICT_MAX;
	for (size_t i = 0; i < n->n_fields; i++)
		for (int v = 0; v < _VERDICT_MAX; v++)
			if (strncmp(n->fields[i], lead, sizeof(lead) - 1) == 0 &&
				strcmp(n->fields[i] + sizeof(lead) - 1,
					verdict_name((enum verdict)v)) == 0)
				return (enum verdict)v;
	return VERDICT_UNKNOWN;
}

static bool tell_one(void *arg, const struct stored_news *n)
{
	struct outbox *o = arg;
	bool repeated = n->id < o->set.first;
	int r;

	if (!burst_single(&o->burst, clock_mono(), n->priority)) {
		burst_count(&o->burst, n->id, n->wall, n->priority, verdict_of(n));
		o->burst.repeated = o->burst.repeated || repeated;
		o->walked = n->id;
		return true;
	}
	if (o->turn == 0)
		return false;
	r = journal_tell(o->journal, n->priority, n->message, n->fields, n->n_fields, repeated);
	if (r < 0)
		return refused(o, r);
	burst_told(&o->burst, n->priority);
	store_told(o->set.store, n->id);
	o->marked = true;
	o->walked = n->id;
	o->turn--;
	taken(o, 1);
	return true;
}

/* Where there is no journal, people look elsewhere. */
static bool say_one(void *arg, const struct stored_news *n)
{
	struct outbox *o = arg;

	o->texts = n->id;
	if (++o->n_texts <= TEXTS_MAX)
		log_err("%s did not take news %" PRIu64 " (%s), it is told later; here it is: %s",
			target_name(o), n->id, strerror(-o->failed), n->message);
	else if (o->n_texts == TEXTS_MAX + 1)
		log_err("%s takes no news; more of them are not written here", target_name(o));
	return true;
}

/* --- fields of our own --- */

struct fields {
	char bytes[JOURNAL_ENTRY_MAX + 1024]; /* NUL-terminated, one after the other */
	size_t used, n;
};

static void add_field(void *arg, const char *field, size_t len)
{
	struct fields *f = arg;

	if (len + 1 > sizeof(f->bytes) - f->used)
		return;
	memcpy(f->bytes + f->used, field, len + 1);
	f->used += len + 1;
	f->n++;
}

static struct letter *make_letter(const struct news *n)
{
	_cleanup_free_ struct fields *f = calloc(1, sizeof(*f));
	struct letter *a;
	const char *p;

	if (!f)
		return NULL;
	journal_fields(n, false, add_field, f);
	a = malloc(sizeof(*a) + f->used);
	if (!a)
		return NULL;
	*a = (struct letter){.priority = news_event(n)->priority,
		.n = f->n,
		.size = f->used,
		.fields = calloc(f->n + 1, sizeof(char *))};
	memcpy(a->bytes, f->bytes, f->used);
	if (!a->fields) {
		free(a);
		return NULL;
	}
	p = a->bytes;
	for (size_t i = 0; i < a->n; i++, p += strlen(p) + 1)
		a->fields[i] = p;
	return a;
}

static struct letter *letter_free(struct letter *a)
{
	if (a)
		free(a->fields);
	free(a);
	return NULL;
}
DEFINE_CLEANUP(struct letter *, letter_free)

static int tell_letter(struct outbox *o, const struct letter *a, bool repeated)
{
	static const char lead[] = "MESSAGE=";

	return journal_tell(o->journal, a->priority, a->fields[0] + sizeof(lead) - 1, a->fields,
		a->n, repeated);
}

/* What the ceiling held back; false if it is not taken. */
static bool tell_sum(struct outbox *o)
{
	const struct news *n = burst_sum(&o->burst, clock_wall());
	_cleanup_(letter_freep) struct letter *a = n ? make_letter(n) : NULL;
	int r;

	if (!n)
		return true;
	r = a ? tell_letter(o, a, o->burst.repeated) : -ENOMEM;
	if (r < 0)
		return refused(o, r);
	store_told_all(o->set.store, n->first_id, n->last_id);
	o->marked = true;
	taken(o, n->jobs + n->of_clouds);
	burst_sum_told(&o->burst);
	return true;
}

static bool tell_answers(struct outbox *o)
{
	struct letter *a;

	while ((a = STAILQ_FIRST(&o->answers))) {
		int r;

		if (o->turn == 0)
			return false;
		r = tell_letter(o, a, false);
		if (r < 0)
			return refused(o, r);
		STAILQ_REMOVE_HEAD(&o->answers, link);
		o->answers_size -= a->size;
		letter_free(a);
		o->turn--;
		taken(o, 0);
	}
	if (o->answers_dropped > 0)
		log_warning("%u answers to SIGUSR2 were dropped: %s did not take them in time",
			o->answers_dropped, target_name(o));
	o->answers_dropped = 0;
	return true;
}

/* --- all of it --- */

static int walk(struct outbox *o, uint64_t after, bool (*each)(void *, const struct stored_news *))
{
	char why[STORE_WHY] = "";
	int r = store_untold(o->set.store, after, each, o, why);

	if (r < 0 && !o->unreadable)
		log_err("can't read what is still to be told: %s", *why ? why : strerror(-r));
	o->unreadable = r < 0;
	return r;
}

static void arm(struct outbox *o, bool done)
{
	int64_t now = clock_mono(), due = burst_due(&o->burst), wait = INT64_MAX;
	int fd = o->failed == -EAGAIN ? journal_descriptor(o->journal) : -1;
	struct timeval tv;

	if (o->failed != 0)
		wait = MIN(MAX((now - o->stalled) / 8, (int64_t)TRY_FIRST), TRY_LAST);
	else if (o->unreadable)
		wait = TRY_LAST;
	else if (!done)
		wait = 0;
	else if (due != INT64_MAX)
		wait = MAX(due - now, (int64_t)0);
	event_del(o->later);
	if (wait == INT64_MAX)
		return;
	tv = (struct timeval){.tv_sec = wait / 1000, .tv_usec = (wait % 1000) * 1000};
	if (event_assign(o->later, o->base, fd, fd >= 0 ? EV_WRITE : 0,
		    event_get_callback(o->later), o) < 0 ||
		event_add(o->later, &tv) < 0)
		log_err("can't wait for %s", target_name(o));
}

/* One turn. True if nothing is left of what is due. */
static bool hand_over(struct outbox *o)
{
	uint64_t before = o->walked;
	bool done;

	o->turn = TURN_MAX;
	o->failed = 0;
	done = burst_due(&o->burst) > clock_mono() || tell_sum(o);
	if (done) {
		if (walk(o, o->walked, tell_one) < 0)
			o->walked = before; /* what could not be read comes again */
		done = o->failed == 0 && o->turn > 0 && tell_answers(o);
	}
	if (done && o->waiting)
		over(o);
	if (o->failed != 0 && o->missing)
		walk(o, MAX(o->walked, o->texts), say_one);
	return done;
}

static bool was_marked(struct outbox *o)
{
	bool marked = o->marked;

	o->marked = false;
	return marked;
}

bool outbox_tell(struct outbox *o)
{
	arm(o, hand_over(o));
	return was_marked(o);
}

static void on_later(evutil_socket_t fd _unused_, short what _unused_, void *arg)
{
	struct outbox *o = arg;

	if (outbox_tell(o))
		o->set.told(o->set.arg);
}

void outbox_answer(struct outbox *o, const struct news *n)
{
	struct letter *a = make_letter(n);

	if (!a || o->answers_size + a->size > ANSWERS_MAX) {
		letter_free(a);
		o->answers_dropped++;
		return;
	}
	STAILQ_INSERT_TAIL(&o->answers, a, link);
	o->answers_size += a->size;
}

/* Who asks once may read it in a pager. */
static int64_t last_moments(const struct outbox *o)
{
	return o->set.ceiling == 0 && o->set.target == LOG_TARGET_STDERR ? MINUTES(10)
									 : LAST_MOMENTS;
}

bool outbox_finish(struct outbox *o)
{
	int64_t end = clock_mono() + last_moments(o);

	while (!(hand_over(o) && tell_sum(o)) && !o->missing && clock_mono() < end) {
		struct pollfd p = {.fd = journal_descriptor(o->journal), .events = POLLOUT};

		if (o->failed != 0)
			poll(&p, 1, p.fd < 0 ? 20 : (int)(end - clock_mono()));
	}
	return was_marked(o);
}

int64_t outbox_blocked(const struct outbox *o)
{
	return o->waiting ? o->since_wall : 0;
}

int outbox_new(struct event_base *base, const struct outbox_options *options, struct outbox **ret)
{
	struct outbox *o = calloc(1, sizeof(*o));
	int r;

	if (!o)
		return -ENOMEM;
	o->set = *options;
	o->base = base;
	STAILQ_INIT(&o->answers);
	burst_init(&o->burst, options->ceiling);
	r = journal_new(options->target, options->socket, &o->journal);
	o->later = r == 0 ? evtimer_new(base, on_later, o) : NULL;
	if (!o->later) {
		outbox_free(o);
		return r < 0 ? r : -ENOMEM;
	}
	*ret = o;
	return 0;
}

struct outbox *outbox_free(struct outbox *o)
{
	struct letter *a;

	if (!o)
		return NULL;
	while ((a = STAILQ_FIRST(&o->answers))) {
		STAILQ_REMOVE_HEAD(&o->answers, link);
		letter_free(a);
	}
	if (o->later)
		event_free(o->later);
	journal_free(o->journal);
	free(o);
	return NULL;
}
