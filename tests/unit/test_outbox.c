/* test_outbox.c - in order, once, and only what was taken is marked; the store is a real one, the journal a fake. The
 * clock is given, and a wait is over when the test says so. */
#include "journal_fake.h"

#include "burst.h"
#include "journal.h"
#include "outbox.h"
#include "store_fixture.h"

#include <sys/mman.h>
#include <time.h>

/* --- the clock, and the loop's waits --- */

static int64_t boot = 1000000;
static struct timeval asked; /* the last wait */
static bool wants_write, armed;
static struct event *last;

int clock_gettime(clockid_t id, struct timespec *t)
{
	int64_t ms = id == CLOCK_REALTIME ? WALL + boot : boot;

	*t = (struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	return 0;
}

int event_add(struct event *e, const struct timeval *tv)
{
	last = e;
	asked = *tv;
	armed = true;
	wants_write = (event_get_events(e) & EV_WRITE) != 0;
	return 0;
}

int event_del(struct event *e)
{
	(void)e;
	armed = false;
	return 0;
}

static int64_t asked_ms(void)
{
	return armed ? SECONDS(asked.tv_sec) + asked.tv_usec / 1000 : -1;
}

/* --- an outbox on a store --- */

struct rig {
	struct event_base *base;
	struct store *store;
	struct outbox *outbox;
	unsigned told; /* commits that it asked for in its own time */
	int saved, caught;
	uint64_t id;
};

static void on_told(void *arg)
{
	struct rig *r = arg;

	commit(r->store);
	r->told++;
}

static void begin(struct rig *r, unsigned ceiling)
{
	struct outbox_options o = {.target = LOG_TARGET_JOURNAL,
		.socket = JOURNAL_SOCKET,
		.first = r->id,
		.ceiling = ceiling,
		.told = on_told,
		.arg = r};

	r->store = o.store = open_good();
	assert_int_equal(outbox_new(r->base, &o, &r->outbox), 0);
}

static void end(struct rig *r)
{
	assert_null(outbox_free(r->outbox));
	store_close(r->store);
}

static int rig_setup(void **state)
{
	static struct rig r;

	setup(state);
	memset(&journal, 0, sizeof(journal));
	boot = 1000000;
	armed = false;
	r = (struct rig){.base = event_base_new(), .saved = dup(STDERR_FILENO), .id = 1};
	r.caught = memfd_create("stderr", MFD_CLOEXEC);
	dup2(r.caught, STDERR_FILENO);
	begin(&r, 0);
	*state = &r;
	return 0;
}

static int rig_teardown(void **state)
{
	struct rig *r = *state;

	end(r);
	event_base_free(r->base);
	dup2(r->saved, STDERR_FILENO);
	close(r->saved);
	close(r->caught);
	return teardown(state);
}

static unsigned times_said(const struct rig *r, const char *text)
{
	static char said[1 << 20];
	ssize_t n = pread(r->caught, said, sizeof(said) - 1, 0);
	unsigned times = 0;

	said[n > 0 ? n : 0] = '\0';
	for (const char *p = said; (p = strstr(p, text)); p++)
		times++;
	return times;
}

/* One of a job, or of its cloud (_VERDICT_MAX), saved and on the disk. */
static void happens(struct rig *r, enum verdict verdict)
{
	struct news n = {.id = r->id++,
		.kind = verdict == _VERDICT_MAX ? NEWS_CLOUD_LOGIN : NEWS_JOB,
		.wall = WALL + boot,
		.cloud = "north",
		.drs = DRS,
		.iam = "https://iam.example",
		.user = "u",
		.domain = "d",
		.project = "p",
		.project_id = "",
		.life = HOURS(1),
		.next_try = -1};

	if (verdict != _VERDICT_MAX) {
		n.job = "shop";
		n.task = TASK;
		n.status = verdict == VERDICT_STARTED ? "STARTJOBING" : "CONFIGURATION";
		n.previous_status = "";
		n.verdict = verdict;
		n.since = n.wall;
	}
	assert_int_equal(store_save_news(r->store, &n, journal_fields), 0);
	commit(r->store);
}

static void happen(struct rig *r, unsigned n, enum verdict verdict)
{
	for (; n > 0; n--)
		happens(r, verdict);
}

static void tell(struct rig *r)
{
	if (outbox_tell(r->outbox))
		commit(r->store);
}

/* What was waited for has come. */
static void fire(struct rig *r, int64_t after)
{
	(void)r;
	assert_true(armed);
	boot += after;
	armed = false;
	event_get_callback(last)(-1, 0, event_get_callback_arg(last));
}

static int64_t untold(struct rig *r)
{
	return ask(r->store, "SELECT count(*) FROM news_record WHERE told = 0");
}

static void expect_ids(unsigned from, unsigned first, unsigned last_id)
{
	for (unsigned i = from; first <= last_id; i++, first++)
		assert_int_equal(journal.ids[i], first);
}

/* --- tests --- */

static void test_in_order_and_once(void **state)
{
	struct rig *r = *state;

	happen(r, 2, VERDICT_STARTED);
	tell(r);
	assert_int_equal(journal.entries, 2);
	assert_int_equal(untold(r), 0);
	assert_int_equal(asked_ms(), -1); /* nothing to wait for */
	happens(r, _VERDICT_MAX);
	tell(r);
	tell(r);
	assert_int_equal(journal.entries, 3);
	expect_ids(0, 1, 3);
	assert_int_equal(journal.repeated, 0);
	assert_int_equal(outbox_blocked(r->outbox), 0);
}

static void test_a_queue_that_is_full(void **state)
{
	struct rig *r = *state;

	happens(r, VERDICT_STARTED);
	tell(r);
	journal.answer = -EAGAIN;
	journal.room = 2;
	happen(r, 5, VERDICT_STARTED);
	tell(r);
	assert_int_equal(journal.entries, 2);
	assert_int_equal(untold(r), 4);
	assert_true(wants_write); /* of the socket, or a while */
	assert_in_range(asked_ms(), 100, 1000);
	assert_true(outbox_blocked(r->outbox) == WALL + boot);
	/* newer ones wait behind it, whoever asks */
	happens(r, VERDICT_STARTED);
	tell(r);
	assert_int_equal(journal.entries, 2);
	journal.answer = 0;
	fire(r, 400);
	assert_int_equal(journal.entries, 7);
	expect_ids(0, 1, 7);
	assert_int_equal(untold(r), 0);
	assert_int_equal(r->told, 1);
	assert_int_equal(journal.repeated, 0);
	assert_int_equal(asked_ms(), -1);
	assert_int_equal(outbox_blocked(r->outbox), 0);
	assert_int_equal(times_said(r, "\n"), 0); /* less than a second is nothing to talk about */
}

/* It has room again a moment later: what was not taken then goes before all that follows. */
static void test_nothing_passes(void **state)
{
	struct rig *r = *state;

	happen(r, 5, VERDICT_STARTED);
	journal.answer = -EAGAIN;
	journal.room = 3;
	journal.once = true;
	tell(r);
	assert_int_equal(journal.entries, 2);
	fire(r, 1);
	expect_ids(0, 1, 5);
	assert_int_equal(journal.entries, 5);
	assert_int_equal(untold(r), 0);
}

static void test_a_journal_that_stands_still(void **state)
{
	struct rig *r = *state;

	journal.answer = -EAGAIN;
	happen(r, 3, VERDICT_STARTED);
	tell(r);
	for (int64_t lasted = 0; lasted < 12000; lasted += 1000) {
		assert_in_range(asked_ms(), 100, 2000);
		fire(r, 1000);
	}
	happen(r, 4, VERDICT_STARTED);
	tell(r);
	assert_int_equal(journal.entries, 0);
	journal.answer = 0;
	tell(r);
	expect_ids(0, 1, 7);
	assert_int_equal(
		times_said(
			r, "the journal took nothing for 12s; 7 pieces of news were told late\n"),
		1);
	assert_int_equal(times_said(r, "\n"), 1);
	/* the next time is counted anew */
	journal.answer = -EAGAIN;
	happens(r, VERDICT_STARTED);
	tell(r);
	journal.answer = 0;
	fire(r, 2000);
	assert_int_equal(
		times_said(r, "the journal took nothing for 2s; 1 piece of news was told late\n"),
		1);
}

/* A queue that was full for a moment, and then for long: what counts is how long, not when it began. */
static void test_stands_still_in_the_middle(void **state)
{
	struct rig *r = *state;

	happen(r, 6, VERDICT_STARTED);
	journal.answer = -EAGAIN;
	tell(r);
	journal.room = 3;
	fire(r, 1);
	assert_int_equal(journal.entries, 2);
	for (int i = 0; i < 5; i++)
		fire(r, 1000);
	journal.answer = 0;
	fire(r, 1000);
	assert_int_equal(journal.entries, 6);
	assert_int_equal(
		times_said(r, "the journal took nothing for 6s; 6 pieces of news were told late\n"),
		1);
}

static void test_no_journal(void **state)
{
	struct rig *r = *state;
	int64_t waited = 0;

	journal.reach = -ENOENT;
	happen(r, 2, VERDICT_STARTED);
	tell(r);
	assert_int_equal(
		times_said(r, "the journal did not take news 1 (No such file or directory), it is "
			      "told later; here it is: shop (cloud north): started"),
		1);
	assert_int_equal(times_said(r, "did not take news 2"), 1);
	assert_false(wants_write);
	/* it is looked for, ever less often, and not said again */
	for (int i = 0; i < 100; i++) {
		assert_true(asked_ms() >= waited);
		assert_in_range(asked_ms(), 250, 15000);
		waited = asked_ms();
		fire(r, waited);
	}
	assert_int_equal(waited, 15000);
	happen(r, 200, VERDICT_STARTED);
	tell(r);
	tell(r);
	assert_int_equal(times_said(r, "here it is"), 100);
	assert_int_equal(times_said(r, "more of them are not written here"), 1);
	journal.reach = 0;
	while (asked_ms() >= 0)
		fire(r, 1);
	assert_int_equal(journal.entries, 202);
	expect_ids(0, 1, 202);
	assert_int_equal(untold(r), 0);
	assert_int_equal(times_said(r, "202 pieces of news were told late"), 1);
}

/* What an earlier process left may have been told; what this one could not hand over was not. */
static void test_repeated(void **state)
{
	struct rig *r = *state;

	journal.answer = -EAGAIN;
	happen(r, 3, VERDICT_STARTED);
	tell(r);
	end(r); /* killed: nobody finishes it */
	journal.answer = 0;
	begin(r, 0);
	happens(r, VERDICT_STARTED);
	tell(r);
	expect_ids(0, 1, 4);
	assert_int_equal(journal.repeated, 3);
	assert_false(journal_has("DRS_REPEATED=1"));
}

/* Signals and replies have their turn, too. */
static void test_turns(void **state)
{
	struct rig *r = *state;

	happen(r, 450, VERDICT_STARTED);
	tell(r);
	assert_int_equal(journal.entries, 200);
	assert_int_equal(asked_ms(), 0);
	fire(r, 0);
	assert_int_equal(journal.entries, 400);
	fire(r, 0);
	assert_int_equal(journal.entries, 450);
	expect_ids(0, 1, 450);
	assert_int_equal(asked_ms(), -1);
}

static void test_burst(void **state)
{
	struct rig *r = *state;
	unsigned found = 0;

	end(r);
	begin(r, 100);
	happen(r, 40, VERDICT_FAILED);
	happen(r, 300, VERDICT_STARTED);
	happen(r, 50, VERDICT_FAILED);
	tell(r);
	tell(r);
	/* a hundred as they come, then the errors alone */
	assert_int_equal(journal.entries, 150);
	expect_ids(0, 1, 100);
	expect_ids(100, 341, 390);
	assert_int_equal(untold(r), 240); /* not before they are */
	assert_int_equal(asked_ms(), BURST_WINDOW);
	/* what comes until then goes with them */
	boot += 30000;
	happen(r, 10, VERDICT_STARTED);
	happens(r, _VERDICT_MAX);
	tell(r);
	assert_int_equal(journal.entries, 150);
	assert_int_equal(asked_ms(), BURST_WINDOW - 30000);
	/* not taken: still none is marked */
	journal.answer = -EAGAIN;
	fire(r, 30000);
	assert_int_equal(untold(r), 251);
	journal.answer = 0;
	fire(r, 200);
	assert_int_equal(journal.entries, 151);
	assert_true(journal_has("DRS_EVENT=burst"));
	assert_true(journal_has("DRS_FIRST_TRANSITION_ID=101"));
	assert_true(journal_has("DRS_LAST_TRANSITION_ID=401"));
	assert_non_null(
		strstr(journal.text, "251 more pieces of news within a minute than are told one by "
				     "one: 250 started, 1 of clouds;"));
	assert_false(journal_has("DRS_REPEATED=1"));
	assert_int_equal(untold(r), 0);
	assert_int_equal(asked_ms(), -1);
	/* each can be read */
	assert_int_equal(
		ask(r->store, "SELECT count(*) FROM news WHERE id BETWEEN 101 AND 401 AND message "
			      "LIKE '%' AND fields LIKE '%DRS_TRANSITION_ID=' || id || '%'"),
		301);
	happens(r, VERDICT_STARTED);
	tell(r);
	assert_int_equal(journal.ids[151], 402);
	for (unsigned i = 0; i < journal.entries; i++)
		found += journal.ids[i] == 402;
	assert_int_equal(found, 1);
}

/* Ended in the middle of it: the next process tells what was not told, and says that it may have been. */
static void test_burst_and_a_crash(void **state)
{
	struct rig *r = *state;

	end(r);
	begin(r, 10);
	happen(r, 30, VERDICT_STARTED);
	tell(r);
	assert_int_equal(journal.entries, 10);
	end(r);
	begin(r, 10);
	tell(r);
	assert_int_equal(journal.entries, 20);
	assert_int_equal(journal.repeated, 10);
	fire(r, BURST_WINDOW);
	assert_int_equal(journal.entries, 21);
	assert_true(journal_has("DRS_FIRST_TRANSITION_ID=21"));
	assert_true(journal_has("DRS_REPEATED=1"));
	assert_int_equal(untold(r), 0);
}

static void test_finish(void **state)
{
	struct rig *r = *state;
	struct news n = {.kind = NEWS_STATE,
		.cloud = "north",
		.project_id = "",
		.job = "shop",
		.task = TASK,
		.status = "STARTJOBING",
		.verdict = VERDICT_STARTED};

	end(r);
	begin(r, 10);
	happen(r, 30, VERDICT_STARTED);
	tell(r);
	outbox_answer(r->outbox, &n);
	/* a journal that has some room only now and then */
	assert_true(outbox_finish(r->outbox));
	commit(r->store);
	assert_int_equal(journal.entries, 12);
	assert_true(journal_has("DRS_EVENT=burst"));
	assert_int_equal(untold(r), 0);
	/* nobody there: no time is lost; what was not told stays so */
	journal.reach = journal.answer = -ECONNREFUSED;
	happens(r, VERDICT_STARTED);
	assert_false(outbox_finish(r->outbox));
	assert_int_equal(untold(r), 1);
}

static void test_answers_wait(void **state)
{
	struct rig *r = *state;
	struct news n = {.kind = NEWS_STATE,
		.cloud = "north",
		.project_id = "",
		.job = "shop",
		.task = TASK,
		.status = "STARTJOBING",
		.verdict = VERDICT_STARTED};
	char job[3000];

	journal.answer = -EAGAIN;
	happens(r, VERDICT_STARTED);
	outbox_answer(r->outbox, &n);
	tell(r);
	assert_int_equal(journal.entries, 0);
	journal.answer = 0;
	fire(r, 1);
	assert_int_equal(journal.entries, 2);
	assert_int_equal(journal.ids[0], 1); /* news first */
	assert_true(journal_has("DRS_EVENT=state"));
	/* not without end */
	memset(job, 'j', sizeof(job) - 1);
	job[sizeof(job) - 1] = '\0';
	n.job = job;
	journal.answer = -EAGAIN;
	for (unsigned i = 0; i < 3000; i++)
		outbox_answer(r->outbox, &n);
	tell(r);
	journal.answer = 0;
	while (asked_ms() >= 0)
		fire(r, 1);
	assert_in_range(journal.entries, 500, 1500);
	assert_int_equal(times_said(r, "answers to SIGUSR2 were dropped"), 1);
}

#define RIG_TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_in_order_and_once),
		RIG_TEST(test_a_queue_that_is_full),
		RIG_TEST(test_nothing_passes),
		RIG_TEST(test_a_journal_that_stands_still),
		RIG_TEST(test_stands_still_in_the_middle),
		RIG_TEST(test_no_journal),
		RIG_TEST(test_repeated),
		RIG_TEST(test_turns),
		RIG_TEST(test_burst),
		RIG_TEST(test_burst_and_a_crash),
		RIG_TEST(test_finish),
		RIG_TEST(test_answers_wait),
	};

	return cmocka_run_group_tests_name("outbox: in order, and once", tests, NULL, NULL);
}
