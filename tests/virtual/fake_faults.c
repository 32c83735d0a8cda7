/* fake_faults.c - outages, throttling, tokens not taken, lost answers: all that befalls a whole call. */
#include "fake_faults.h"

#include <stdio.h>
#include <string.h>

static const char *const names[_AIL_MAX] = {"DRS refuses connections", "DRS is silent",
	"DRS says 5xx", "DRS is flaky", "throttled", "submits denied", "misconfigured",
	"fresh tokens not taken", "IAM is silent", "IAM says 5xx", "IAM throttles",
	"password changed"};

const char *ailment_name(enum ailment a)
{
	return names[a];
}

int64_t fault_delay(struct fake *f, int64_t room)
{
	int64_t d = dice_between(&f->dice, 40, 400);

	if (dice_chance(&f->dice, .04)) {
		d = dice_between(&f->dice, SECONDS(1), room);
		f->counts.late++;
	}
	return d < room ? d : room;
}

/* A reply without entries. */
static bool whole(struct flight *fl, enum outcome o, bool maybe_done)
{
	if (reply_new(fl->call.id, 0, &fl->reply) < 0)
		abort();
	fl->reply->outcome = o;
	fl->reply->maybe_done = maybe_done;
	snprintf(fl->reply->text, sizeof(fl->reply->text), "the fake says %s", outcome_name(o));
	fl->n = 0;
	return true;
}

/* A call that gets no proper answer, though a submit may have been taken. */
static bool unanswered(struct fake *f, struct flight *fl, enum outcome o, double taken)
{
	bool submit = fl->call.kind == CALL_SUBMIT;

	f->counts.lost++;
	if (submit && dice_chance(&f->dice, taken)) {
		f->counts.executed_lost++;
		for (unsigned i = 0; i < fl->call.n; i++) {
			uint64_t before = f->tasks[fl->asked[i]].run;

			fake_submit_blind(f, (size_t)fl->asked[i], fl->sent);
			fl->executed[i] = f->tasks[fl->asked[i]].run > before;
		}
	}
	return whole(fl, o, submit);
}

static bool throttle(struct fake *f, struct flight *fl)
{
	f->counts.throttled++;
	whole(fl, OUTCOME_THROTTLED, false);
	if (dice_chance(&f->dice, .5))
		fl->reply->retry_after = dice_between(&f->dice, 0, SECONDS(90));
	return true;
}

static bool login(struct fake *f, struct flight *fl, int64_t give_up)
{
	struct fake_cloud *c = &f->clouds[fl->cloud];
	struct fake_login *l = &c->logins[c->n_logins++ % FAKE_LOGINS];
	int64_t life = dice_between(&f->dice, HOURS(2), HOURS(24));

	if (c->ails[AIL_IAM_SILENT]) {
		fl->due = give_up;
		return whole(fl, OUTCOME_TRANSPORT, true);
	}
	if (c->ails[AIL_IAM_5XX] && dice_chance(&f->dice, .2)) {
		f->counts.locked++;
		return whole(fl, OUTCOME_LOCKED, false);
	}
	if (c->ails[AIL_IAM_5XX])
		return whole(fl, OUTCOME_SERVER, false);
	if (c->ails[AIL_IAM_THROTTLED])
		return throttle(f, fl);
	if (c->ails[AIL_PASSWORD] && strcmp(fl->call.cloud->mark, c->bad_mark) == 0)
		return whole(fl, OUTCOME_CREDENTIAL, false);
	*l = (struct fake_login){.id = fl->call.id, .issued = fl->sent, .ends = fl->sent + life};
	if (!f->gentle &&
		dice_chance(&f->dice, .2)) /* ends early: password changed, rights changed */
		l->ends = fl->sent + dice_between(&f->dice, MINUTES(20), life);
	whole(fl, OUTCOME_OK, false);
	fl->reply->text[0] = '\0';
	fl->reply->life = life;
	memcpy(fl->reply->project, c->project, sizeof(c->project));
	return true;
}

static bool token_taken(struct fake *f, struct flight *fl)
{
	struct fake_cloud *c = &f->clouds[fl->cloud];

	for (unsigned i = 0; i < FAKE_LOGINS && !c->ails[AIL_TOKENS]; i++) {
		struct fake_login *l = &c->logins[i];

		if (l->id != fl->call.login || l->id == 0)
			continue;
		if (fl->sent < l->ends)
			return true;
		if (l->ends != INT64_MIN && !l->expired_once) {
			l->expired_once = true;
			f->counts.expired++;
		}
	}
	f->counts.token_refusals++;
	return false;
}

static bool bad_request(const struct fake *f, const struct flight *fl)
{
	for (unsigned i = 0; i < fl->call.n; i++) {
		const struct fake_task *k = &f->tasks[fl->asked[i]];

		if (fl->call.kind == CALL_SUBMIT && k->until[TRAIT_CULPRIT] > fl->sent)
			return true;
		if (fl->call.kind != CALL_RESULT && k->until[TRAIT_CULPRIT_READ] > fl->sent)
			return true;
	}
	return false;
}

static bool silent(struct fake *f, struct flight *fl, int64_t give_up)
{
	fl->due = give_up;
	return unanswered(f, fl, OUTCOME_TRANSPORT, .4);
}

static bool flaky(struct fake *f, struct flight *fl, int64_t give_up)
{
	switch (dice_between(&f->dice, 0, 8)) {
	case 0:
		return whole(fl, OUTCOME_TRANSPORT, false);
	case 1:
		return silent(f, fl, give_up);
	case 2:
		return unanswered(f, fl, OUTCOME_SERVER, .5);
	default:
		return false;
	}
}

bool fault_whole(struct fake *f, struct flight *fl, int64_t give_up)
{
	const struct fake_cloud *c = &f->clouds[fl->cloud];

	if (fl->call.kind == CALL_LOGIN)
		return login(f, fl, give_up);
	if (c->ails[AIL_REFUSED]) {
		fl->due = MIN(fl->sent + 5, give_up);
		return whole(fl, OUTCOME_TRANSPORT, false);
	}
	if (c->ails[AIL_SILENT])
		return silent(f, fl, give_up);
	if (c->ails[AIL_5XX])
		return unanswered(f, fl, OUTCOME_SERVER, .2);
	if (c->ails[AIL_FLAKY] && flaky(f, fl, give_up))
		return true;
	if (c->ails[AIL_THROTTLED] && dice_chance(&f->dice, .5))
		return throttle(f, fl);
	if (c->ails[AIL_MISCONFIGURED])
		return whole(fl, OUTCOME_MISCONFIGURED, false);
	if (!f->gentle && dice_chance(&f->dice, .0005))
		return throttle(f, fl);
	if (!f->gentle && dice_chance(&f->dice, .0005))
		return whole(fl, OUTCOME_TRANSPORT, false);
	if (!token_taken(f, fl)) {
		if (f->clouds[fl->cloud].slow_refusal)
			fl->due = give_up - 1;
		f->clouds[fl->cloud].slow_refusal = false;
		return whole(fl, OUTCOME_TOKEN, false);
	}
	if (c->ails[AIL_DENIED] && fl->call.kind == CALL_SUBMIT)
		return whole(fl, OUTCOME_DENIED, false);
	if (bad_request(f, fl)) {
		f->counts.bad_requests++;
		return whole(fl, OUTCOME_BAD_REQUEST, false);
	}
	return false;
}

bool fault_one_for_all(struct fake *f, struct flight *fl, const enum outcome *entries)
{
	for (unsigned i = 0; i < fl->call.n; i++) {
		if (entries[i] == OUTCOME_OK || entries[i] == OUTCOME_BUSY ||
			entries[i] == OUTCOME_REFUSED || entries[i] == OUTCOME_DENIED)
			continue;
		if (!dice_chance(&f->dice, fl->call.n > 1 ? .03 : .2))
			return false;
		f->counts.whole_refusals++;
		whole(fl, entries[i], false);
		snprintf(fl->reply->code, sizeof(fl->reply->code), "DRS.M%05d",
			300 + (int)entries[i]);
		return true;
	}
	return false;
}

void fault_lose(struct fake *f, struct flight *fl, int64_t give_up)
{
	if (f->gentle || !dice_chance(&f->dice, .003))
		return;
	f->counts.lost++;
	f->counts.executed_lost += fl->call.kind == CALL_SUBMIT;
	for (size_t i = 0; i < fl->n; i++)
		for (unsigned j = 0; j < fl->call.n; j++)
			if (fl->facts[i].executed && fl->facts[i].task == fl->asked[j])
				fl->executed[j] = true;
	reply_free(fl->reply);
	fl->due = give_up;
	whole(fl, OUTCOME_TRANSPORT, fl->call.kind == CALL_SUBMIT);
}
