/* heart_fake.h - a small DRS that never errs and answers by itself, for tests of many jobs over hours. */
#pragma once

#include "heart_kit.h"

KIT void fake_one(struct kit *k, enum call_kind kind, struct answer *a)
{
	struct kit_fake *f = &k->fakes[task_number(a->task)];
	bool running = f->begun && k->now.mono < f->begun + f->lasts;
	unsigned sum = 0;

	switch (kind) {
	case CALL_STATUS:
		text_copy(a->status, sizeof(a->status), f->status);
		break;
	case CALL_SUBMIT:
		assert_false(running); /* never on top of a run */
		f->begun = k->now.mono;
		f->submits++;
		for (unsigned i = 0; i < KIT_TASKS; i++)
			sum += k->fakes[i].begun &&
			       k->now.mono < k->fakes[i].begun + k->fakes[i].lasts;
		k->most_running = MAX(k->most_running, sum);
		break;
	default:
		if (f->begun)
			a->report = make_report(
				running ? 50 : 100, -1, -1, running ? "a=E" : f->items);
		else
			answer_fails(a, OUTCOME_WRONG_STATE, "DRS.M00304");
		break;
	}
}

KIT void fake_answer(struct kit *k, const struct call *c)
{
	struct reply *r = reply_to(c);

	if (c->kind == CALL_LOGIN) {
		reply_free(r);
		say_login(k, c);
		return;
	}
	for (size_t i = 0; i < r->n; i++)
		fake_one(k, c->kind, &r->answers[i]);
	kit_send(k, r);
}

/* Lets heart and DRS talk, each answer `latency` after its call. */
KIT void kit_play(struct kit *k, int64_t ms)
{
	int64_t end = k->now.mono + ms;

	for (;;) {
		int64_t at = INT64_MAX;

		if (k->n_calls)
			at = k->calls[0].give_up - k->calls[0].cloud->timeout + k->latency;
		if (MIN(at, watch_wake(k->w)) > end)
			break;
		if (at <= watch_wake(k->w)) {
			struct call c = k->calls[0];

			k->now.wall += at - k->now.mono;
			k->now.mono = at;
			memmove(k->calls, k->calls + 1, --k->n_calls * sizeof(c));
			fake_answer(k, &c);
		} else {
			kit_run_until(k, MAX(watch_wake(k->w), k->now.mono));
		}
	}
	k->now.wall += end - k->now.mono;
	k->now.mono = end;
}
