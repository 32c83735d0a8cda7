/* test_heal.c - one fault anywhere heals: each kind of call, each outcome, for one entry or the whole call, at
 * the first check or a later one. A day later every job is checked and passed, no run was begun on top of
 * another (the fake sees to that), and what was told as bad was told as over. */
#include "heart_fake.h"

enum scope {
	ENTRY,         /* one of the entries */
	WHOLE,         /* the call; DRS did nothing */
	LOST_QUESTION, /* unclear; DRS did nothing */
	LOST_ANSWER,   /* unclear; DRS did it */
	NO_ENTRY,      /* one is missing from the answer */
	_SCOPE_MAX
};

static void spoil(struct kit *k, const struct call *c, enum scope scope, enum outcome outcome)
{
	struct reply *r = reply_to(c);

	switch (scope) {
	case ENTRY:
	case NO_ENTRY:
		for (size_t i = 1; i < r->n; i++)
			fake_one(k, c->kind, &r->answers[i]);
		if (scope == ENTRY)
			answer_fails(&r->answers[0], outcome, "DRS.M09999");
		else
			text_copy(r->answers[0].task, sizeof(r->answers[0].task), task_id(200));
		if (scope == NO_ENTRY && c->kind == CALL_RESULT)
			r->answers[0].report = make_report(-1, -1, -1, "");
		kit_send(k, r);
		return;
	case LOST_ANSWER:
		for (size_t i = 0; i < r->n; i++)
			fake_one(k, c->kind, &r->answers[i]);
		reply_free(r);
		say_unclear(k, c);
		return;
	case LOST_QUESTION:
		reply_free(r);
		say_unclear(k, c);
		return;
	default:
		reply_free(r);
		say_whole(k, c, outcome, "DRS.M09999");
		return;
	}
}

/* `times` calls of the kind in a row, from the nth on, go wrong. */
static void play(struct kit *k, enum call_kind kind, unsigned nth, unsigned times, enum scope scope,
	enum outcome outcome)
{
	int64_t end = k->now.mono + HOURS(27);
	unsigned seen = 0;

	while (k->now.mono < end) {
		if (k->n_calls == 0) {
			kit_run_until(k, MIN(MAX(watch_wake(k->w), k->now.mono), end));
			continue;
		}
		pass(k, 200);
		struct call c = k->calls[0];

		expect_call(k, c.kind, 0);
		if (c.kind == kind && seen >= nth && seen < nth + times)
			spoil(k, &c, scope, outcome);
		else
			fake_answer(k, &c);
		seen += c.kind == kind;
	}
}

/* `slow`: the verdict may well have grown too old meanwhile. */
static void assert_healed(struct kit *k, const char *what, unsigned least, bool slow)
{
	const char *last[3] = {"", "", ""};
	struct watch_summary sum;
	int down = 0;

	for (size_t i = 0; i < k->n_told; i++) {
		const struct kit_told *t = &k->told[i];

		if (!*t->job) {
			down += t->kind == NEWS_CLOUD_DOWN;
			down -= t->kind == NEWS_CLOUD_UP;
			continue;
		}
		if (slow && t->kind == NEWS_STALE)
			continue;
		if (strcmp(t->event, "stale") == 0 || strcmp(t->event, "failed") == 0 ||
			strcmp(t->event, "lost") == 0 || strcmp(t->event, "overdue") == 0)
			fail_msg("%s: %s", what, t->text);
		last[strtoul(t->job + 3, NULL, 10)] = t->event;
	}
	if (down != 0)
		fail_msg("%s: trouble was told, but not its end", what);
	for (int i = 0; i < 3; i++) {
		if (strcmp(last[i], "passed") != 0)
			fail_msg("%s: job%d was last told as \"%s\"", what, i, last[i]);
		if (k->fakes[i].submits < least || k->fakes[i].submits > 65)
			fail_msg("%s: job%d had %u runs", what, i, k->fakes[i].submits);
	}
	if (k->n_told > (slow ? 14 : 8))
		fail_msg("%s: %zu pieces of news", what, k->n_told);
	watch_summarise(k->w, k->now, &sum);
	assert_int_equal(sum.verdicts[VERDICT_PASSED], 3);
	assert_int_equal(sum.stale, 0);
	assert_int_equal(sum.clouds_down, 0);
	assert_int_equal(sum.unfinished, 0);
}

static bool makes_sense(enum call_kind kind, unsigned times, enum scope scope, enum outcome outcome)
{
	/* these are believed, and for long */
	if (times > 1 && (outcome == OUTCOME_GONE || outcome == OUTCOME_CREDENTIAL ||
				 outcome == OUTCOME_PARENT ||
				 (kind == CALL_LOGIN && outcome == OUTCOME_TOKEN)))
		return false;
	if (kind == CALL_LOGIN && scope != WHOLE && scope != LOST_ANSWER)
		return false;
	if (kind != CALL_LOGIN && outcome == OUTCOME_CREDENTIAL)
		return false;
	if (scope == ENTRY && (outcome == OUTCOME_TOKEN || outcome == OUTCOME_MISCONFIGURED))
		return false;
	return scope <= WHOLE || outcome == OUTCOME_TRANSPORT;
}

static void heal(enum call_kind kind)
{
	static const char *const scopes[_SCOPE_MAX] = {
		"entry", "whole call", "lost question", "lost answer", "no entry"};

	for (unsigned i = 0; i < 4; i++)
		for (unsigned scope = 0; scope < _SCOPE_MAX; scope++)
			for (unsigned o = OUTCOME_OK + 1; o < _OUTCOME_MAX; o++) {
				unsigned nth = i % 2 * 5, times = i < 2 ? 1 : 3;
				char what[128];
				void *own;

				if (!makes_sense(kind, times, scope, o))
					continue;
				snprintf(what, sizeof(what), "%u x %s from %u on, %s: %s", times,
					call_kind_name(kind), nth, scopes[scope], outcome_name(o));
				kit_setup(&own);
				/* so that there are later logins too */
				((struct kit *)own)->token_life = HOURS(6);
				kit_configure(own, make_settings(1, 3));
				play(own, kind, nth, times, scope, o);
				/* a parent is left for a day */
				assert_healed(own, what, o == OUTCOME_PARENT ? 4 : 45,
					/* each lost submit costs two intervals of doubt */
					times > 1 && (scope == LOST_QUESTION || scope == NO_ENTRY));
				kit_teardown(&own);
			}
}

static void test_login(void **state)
{
	(void)state;
	heal(CALL_LOGIN);
}

static void test_status(void **state)
{
	(void)state;
	heal(CALL_STATUS);
}

static void test_submit(void **state)
{
	(void)state;
	heal(CALL_SUBMIT);
}

static void test_result(void **state)
{
	(void)state;
	heal(CALL_RESULT);
}

/* The process dies after any step, with its calls on the wire done or not, and comes back 3 s later. */
static void die_after(unsigned steps, bool done)
{
	unsigned submits = 0, told[4] = {0};
	char what[64];
	int64_t before;
	struct kit *k;
	void *own;

	kit_setup(&own);
	k = own;
	snprintf(what, sizeof(what), "restart after %u steps, %s", steps,
		done ? "done" : "not done");
	kit_configure(k, make_settings(1, 4));
	for (unsigned i = 0; i < steps; i++) {
		if (k->n_calls && k->now.mono % 1000 != 0) { /* an answer, or a tick */
			struct call c = k->calls[0];

			expect_call(k, c.kind, 0);
			fake_answer(k, &c);
		}
		pass(k, 250);
	}
	for (size_t i = 0; done && i < k->n_calls; i++) {
		struct answer a = {0};

		for (unsigned n = 0; n < k->calls[i].n; n++) {
			text_copy(a.task, sizeof(a.task), k->calls[i].jobs[n].task);
			fake_one(k, k->calls[i].kind, &a);
			report_unref(a.report);
			a.report = NULL;
		}
	}
	before = k->now.mono;
	k->now.wall += SECONDS(3);
	kit_restart(k, make_settings(1, 4));
	for (int i = 0; i < 4; i++)
		if (k->fakes[i].begun) /* on the new clock; odd, so that it is never 0, which says never */
			k->fakes[i].begun =
				(k->fakes[i].begun + k->now.mono - SECONDS(3) - before) | 1;
	kit_play(k, MINUTES(20));
	for (size_t i = 0; i < k->n_told; i++) {
		if (strcmp(k->told[i].event, "passed") != 0)
			fail_msg("%s: %s", what, k->told[i].text);
		told[strtoul(k->told[i].job + 3, NULL, 10)]++;
	}
	for (int i = 0; i < 4; i++) {
		if (told[i] != 1)
			fail_msg("%s: job%d was told %u times", what, i, told[i]);
		submits += k->fakes[i].submits;
	}
	if (submits != 4)
		fail_msg("%s: %u runs of 4 jobs", what, submits);
	kit_teardown(&own);
}

static void test_restart_at_any_moment(void **state)
{
	(void)state;
	for (unsigned steps = 0; steps < 220; steps++) {
		die_after(steps, false);
		die_after(steps, true);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_login),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_submit),
		cmocka_unit_test(test_result),
		cmocka_unit_test(test_restart_at_any_moment),
	};

	return cmocka_run_group_tests_name("heal: one fault anywhere", tests, NULL, NULL);
}
