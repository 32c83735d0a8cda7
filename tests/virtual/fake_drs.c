/* fake_drs.c - the servers: state of tasks, runs and tokens, and the entries of each answer.
 *
 * Everything is executed when the call arrives; only the answer takes its time. What shall go wrong with a
 * whole call is decided in fake_faults.c. */
#include "fake_drs.h"

#include "fake_faults.h"

#include <stdio.h>
#include <string.h>

const char *const fake_walk[] = {"CONFIGURATION", "STARTJOBING", "FULL_TRANSFER_STARTED",
	"INCRE_TRANSFER_STARTED", "INCRE_TRANSFER_FAILED", "RELEASE_RESOURCE_STARTED",
	"RELEASE_RESOURCE_COMPLETE", NULL};

const char *fake_status_name(int status)
{
	switch (status) {
	case STATUS_ODD:
		return "MOONWALKING";
	case STATUS_CREATING_NOW:
		return "CREATING";
	case STATUS_DELETED_NOW:
		return "DELETED";
	default:
		return fake_walk[status];
	}
}

int fake_status_class(int status)
{
	if (status == STATUS_ODD || status == STATUS_CREATING_NOW)
		return 3;
	if (status == STATUS_DELETED_NOW || status == 6)
		return 2;
	return status == 0 ? 0 : 1;
}

struct fake *fake_new(uint64_t seed, size_t n_clouds, size_t n_tasks)
{
	struct fake *f = calloc(1, sizeof(*f));

	f->dice = dice_start(seed);
	f->n_clouds = n_clouds;
	f->n_tasks = n_tasks;
	f->clouds = calloc(n_clouds, sizeof(*f->clouds));
	f->tasks = calloc(n_tasks, sizeof(*f->tasks));
	for (size_t i = 0; i < n_clouds; i++) {
		f->clouds[i].tasks = calloc(n_tasks, sizeof(size_t));
		snprintf(f->clouds[i].project, sizeof(f->clouds[i].project), "%032zx", i + 1);
	}
	for (size_t i = 0; i < n_tasks; i++) {
		struct fake_task *k = &f->tasks[i];
		struct fake_cloud *c;

		k->cloud = (unsigned)(i % n_clouds);
		c = &f->clouds[k->cloud];
		c->tasks[c->n_tasks++] = i;
		snprintf(k->id, sizeof(k->id), "%08x-1a2b-4c3d-8e9f-00a1b2cjb101", (unsigned)i);
		for (unsigned j = 0; j < CONTENT_ITEMS; j++)
			if (dice_chance(&f->dice, .15))
				k->truth = content_set(k->truth, j,
					(enum finding)dice_between(
						&f->dice, FOUND_OTHER, _FOUND_MAX - 1));
		if (dice_chance(&f->dice, .3)) {
			k->shows = true;
			k->shown = k->truth;
			k->shown_run = k->run = 1;
			k->shown_owner = OWNER_FOREIGN;
		}
		k->created = -dice_between(&f->dice, 0, DAYS(4));
		k->says_deleted = dice_chance(&f->dice, .5);
	}
	return f;
}

struct fake *fake_free(struct fake *f)
{
	if (!f)
		return NULL;
	content_done(&f->cache);
	for (size_t i = 0; i < f->n_clouds; i++)
		free(f->clouds[i].tasks);
	free(f->clouds);
	free(f->tasks);
	free(f);
	return NULL;
}

long fake_find(const struct fake *f, const char *id)
{
	char *end;
	unsigned long i = strtoul(id, &end, 16);

	return *end == '-' && i < f->n_tasks && strcmp(f->tasks[i].id, id) == 0 ? (long)i : -1;
}

void fake_settle(struct fake_task *k, int64_t t)
{
	if (k->owner == OWNER_NONE || t < k->ends)
		return;
	k->shows = true;
	k->shown = k->finds;
	k->shown_run = k->run;
	k->shown_owner = k->owner;
	k->owner = OWNER_NONE;
}

void fake_kill_run(struct fake_task *k)
{
	if (k->owner != OWNER_NONE)
		k->shows = false;
	k->owner = OWNER_NONE;
}

/* Begins a run; what it finds is settled now. */
static void begin(struct fake *f, struct fake_task *k, int64_t t, enum run_owner owner)
{
	int64_t length = dice_between(&f->dice, SECONDS(5), MINUTES(4));

	fake_settle(k, t);
	k->owner = owner;
	k->run++;
	k->began = t;
	k->slow = false;
	k->shy = 0;
	k->hangs = dice_chance(&f->dice, .2);
	k->stale_until = dice_chance(&f->dice, .5) ? t + dice_between(&f->dice, 0, SECONDS(50)) : t;
	if (!f->gentle && dice_chance(&f->dice, .012)) {
		length = dice_between(&f->dice, MINUTES(31), HOURS(3));
		k->slow = true;
		f->counts.slow++;
	} else if (!f->gentle && dice_chance(&f->dice, .0004)) {
		length = dice_between(&f->dice, HOURS(25), HOURS(48));
		k->slow = true;
		f->counts.stuck++;
	}
	k->ends = t + length;
	k->finds = k->truth;
	if (!f->gentle && dice_chance(&f->dice, .04))
		k->finds = content_set(k->finds,
			(unsigned)dice_between(&f->dice, 0, CONTENT_ITEMS - 1), FOUND_ABSENT);
	if (owner == OWNER_US)
		f->counts.runs++;
	else
		f->counts.foreign++;
}

bool fake_foreign(struct fake *f, size_t task, int64_t t)
{
	struct fake_task *k = &f->tasks[task];

	fake_settle(k, t);
	if (k->owner != OWNER_NONE || k->deleted || k->status != 0)
		return false;
	begin(f, k, t, OWNER_FOREIGN);
	return true;
}

void fake_submit_blind(struct fake *f, size_t task, int64_t t)
{
	struct fake_task *k = &f->tasks[task];

	fake_settle(k, t);
	if (k->deleted || k->status != 0 || k->owner != OWNER_NONE)
		return;
	begin(f, k, t, OWNER_US);
	if (dice_chance(&f->dice, .6)) /* what loses one answer is likely to lose the next ones */
		k->mute_until = t + dice_between(&f->dice, SECONDS(61), SECONDS(150));
}

void fake_revoke(struct fake *f, unsigned cloud)
{
	struct fake_cloud *c = &f->clouds[cloud];

	for (unsigned i = 0; i < FAKE_LOGINS; i++)
		c->logins[i].ends = INT64_MIN;
	c->slow_refusal = dice_chance(&f->dice, .7);
	f->counts.revoked++;
}

void fake_forget_logins(struct fake *f, unsigned cloud)
{
	memset(f->clouds[cloud].logins, 0, sizeof(f->clouds[cloud].logins));
}

void fake_grow_shy(struct fake *f)
{
	for (size_t i = 0; i < f->n_tasks && !f->gentle; i++)
		if (f->tasks[i].owner == OWNER_NONE && !f->tasks[i].slow &&
			dice_chance(&f->dice, .03))
			f->tasks[i].shy = 2;
}

unsigned fake_running(struct fake *f, unsigned cloud, int64_t t, const bool *counted)
{
	const struct fake_cloud *c = &f->clouds[cloud];
	unsigned n = 0;

	for (size_t i = 0; i < c->n_tasks; i++) {
		struct fake_task *k = &f->tasks[c->tasks[i]];

		if (k->owner != OWNER_US || !counted[c->tasks[i]])
			continue;
		fake_settle(k, t);
		if (k->owner == OWNER_US && t - k->began < HOURS(24) - MINUTES(6))
			n++;
	}
	return n;
}

static bool has(const struct fake_task *k, enum trait x, int64_t t)
{
	return k->until[x] > t;
}

/* What DRS would say of one task; executes nothing. */
static enum outcome judge_entry(
	struct fake *f, const struct fake_task *k, enum call_kind kind, int64_t t)
{
	if ((k->deleted && !(k->says_deleted && kind == CALL_STATUS)) || has(k, TRAIT_GONE, t))
		return OUTCOME_GONE;
	if (kind == CALL_STATUS || kind == CALL_DETAIL)
		return OUTCOME_OK;
	if (k->deleted || k->status != 0 || has(k, TRAIT_CREATING, t) ||
		has(k, TRAIT_ODD_STATUS, t))
		return OUTCOME_WRONG_STATE;
	if (kind == CALL_RESULT)
		return k->shows || k->owner != OWNER_NONE || (k->id[7] & 1) ? OUTCOME_OK
									    : OUTCOME_WRONG_STATE;
	if (has(k, TRAIT_NOT_READY, t))
		return OUTCOME_NOT_READY;
	if (has(k, TRAIT_PARENT, t))
		return OUTCOME_PARENT;
	if (has(k, TRAIT_DENIED, t))
		return OUTCOME_DENIED;
	if (has(k, TRAIT_REFUSED, t))
		return OUTCOME_REFUSED;
	if (has(k, TRAIT_BUSY, t) || (k->owner == OWNER_FOREIGN && dice_chance(&f->dice, .8)))
		return OUTCOME_BUSY;
	return OUTCOME_OK;
}

static void show(
	struct fake *f, struct fake_task *k, int64_t t, struct fact *fact, struct answer *a)
{
	int percent;

	fact->shown = true;
	if (k->owner == OWNER_NONE || (t < k->stale_until && k->shows)) {
		if (!k->shows) {
			a->report = content_nothing(&f->cache);
			return;
		}
		fact->finished = true;
		fact->run = k->shown_run;
		fact->content = k->shown;
		fact->owner = k->shown_owner;
		a->report = content_report(k->shown);
		return;
	}
	fact->lower = true;
	fact->run = k->run;
	fact->owner = k->owner;
	percent = (int)(100 * (t - k->began) / (k->ends - k->began));
	if (percent >= 90 && k->hangs)
		percent = 100;
	else
		percent -= percent % 5;
	a->report = content_unfinished(&f->cache, percent);
}

static void answer(
	struct fake *f, struct flight *fl, struct fact *fact, int64_t give_up, struct answer *a)
{
	struct fake_task *k = &f->tasks[fact->task];

	memcpy(a->task, k->id, sizeof(a->task));
	a->outcome = fact->outcome;
	if (a->outcome != OUTCOME_OK) {
		if (a->outcome != OUTCOME_REFUSED)
			snprintf(a->code, sizeof(a->code), "DRS.M%05d", 300 + (int)a->outcome);
		snprintf(a->text, sizeof(a->text), "the fake says %s", outcome_name(a->outcome));
		f->counts.gone += a->outcome == OUTCOME_GONE;
		f->counts.busy += a->outcome == OUTCOME_BUSY;
		return;
	}
	switch (fl->call.kind) {
	case CALL_STATUS:
		fact->status = k->deleted                           ? STATUS_DELETED_NOW
			       : has(k, TRAIT_ODD_STATUS, fl->sent) ? STATUS_ODD
			       : has(k, TRAIT_CREATING, fl->sent)   ? STATUS_CREATING_NOW
								    : k->status;
		snprintf(a->status, sizeof(a->status), "%s", fake_status_name(fact->status));
		break;
	case CALL_DETAIL:
		a->created = FAKE_WALL + k->created;
		break;
	case CALL_SUBMIT:
		if (fact->asked && !fact->repeated) {
			begin(f, k, fl->sent, OWNER_US);
			fact->executed = true;
		}
		break;
	case CALL_RESULT:
		show(f, k, fl->sent, fact, a);
		/* the old result, and so slowly that settle has passed when it arrives */
		if (fact->finished && k->owner != OWNER_NONE && dice_chance(&f->dice, .04))
			fl->due = give_up - 1;
		break;
	default:
		break;
	}
}

static bool lacks(struct fake *f, struct fake_task *k, const struct flight *fl)
{
	if (fl->call.kind == CALL_RESULT && k->shy > 0 && k->owner == OWNER_NONE) {
		k->shy--;
		return true;
	}
	return dice_chance(&f->dice, .003) || fl->sent < k->mute_until;
}

/* Which entries the answer will have: a shuffled list that may lack, repeat or add some. */
static void choose(struct fake *f, struct flight *fl)
{
	bool lack[CALL_JOBS_MAX] = {0};

	fl->n = 0;
	for (unsigned i = 0; i < fl->call.n; i++) {
		lack[i] = !f->gentle && lacks(f, &f->tasks[fl->asked[i]], fl);
		f->counts.missing += lack[i];
		if (lack[i]) {
			/* No entry, yet DRS may have begun the run. */
			if (fl->call.kind == CALL_SUBMIT && dice_chance(&f->dice, .5) &&
				judge_entry(f, &f->tasks[fl->asked[i]], CALL_SUBMIT, fl->sent) ==
					OUTCOME_OK) {
				fake_submit_blind(f, (size_t)fl->asked[i], fl->sent);
				fl->executed[i] = true;
			}
			continue;
		}
		fl->facts[fl->n++] = (struct fact){.task = fl->asked[i], .asked = true};
	}
	for (size_t i = fl->n; i > 1; i--) {
		size_t j = (size_t)dice_between(&f->dice, 0, (int64_t)i - 1);
		struct fact tmp = fl->facts[i - 1];

		fl->facts[i - 1] = fl->facts[j];
		fl->facts[j] = tmp;
	}
	if (fl->n > 0 && dice_chance(&f->dice, .01)) {
		fl->facts[fl->n] = fl->facts[0];
		fl->facts[fl->n++].repeated = true;
	}
	if (fl->call.kind != CALL_SUBMIT && dice_chance(&f->dice, .01)) {
		const struct fake_cloud *c = &f->clouds[fl->cloud];
		long extra = (long)c->tasks[dice_between(&f->dice, 0, (int64_t)c->n_tasks - 1)];
		bool known = false;

		for (unsigned i = 0; i < fl->call.n; i++)
			known |= fl->asked[i] == extra;
		if (!known)
			fl->facts[fl->n++] = (struct fact){.task = extra};
	}
}

void fake_take(struct fake *f, struct flight *fl, int64_t give_up)
{
	enum outcome whole[CALL_JOBS_MAX];

	f->counts.calls++;
	f->counts.entries += fl->call.n;
	fl->n = 0;
	for (unsigned i = 0; i < fl->call.n; i++) {
		fl->asked[i] = fake_find(f, fl->call.jobs[i].task);
		fl->executed[i] = false;
		if (fl->asked[i] < 0)
			continue;
		fake_settle(&f->tasks[fl->asked[i]], fl->sent);
		/* somebody starts it between our question for its status and our submit */
		if (fl->call.kind == CALL_SUBMIT && !f->gentle && dice_chance(&f->dice, .0007) &&
			f->tasks[fl->asked[i]].status == 0)
			f->tasks[fl->asked[i]].status = 1;
	}
	fl->due = fl->sent + fault_delay(f, give_up - fl->sent);
	if (fault_whole(f, fl, give_up))
		return;
	for (unsigned i = 0; i < fl->call.n; i++)
		whole[i] = judge_entry(f, &f->tasks[fl->asked[i]], fl->call.kind, fl->sent);
	if (fault_one_for_all(f, fl, whole))
		return;
	choose(f, fl);
	if (reply_new(fl->call.id, fl->n, &fl->reply) < 0)
		abort();
	for (size_t i = 0; i < fl->n; i++) {
		struct fact *fact = &fl->facts[i];
		struct fake_task *k = &f->tasks[fact->task];

		fake_settle(k, fl->sent);
		fact->outcome = judge_entry(f, k, fl->call.kind, fl->sent);
		if (fact->outcome == OUTCOME_OK && !f->gentle && dice_chance(&f->dice, .0005))
			fact->outcome = OUTCOME_SERVER; /* this one only; nothing is done */
		if (fact->repeated && fl->call.kind == CALL_SUBMIT)
			fact->outcome = fl->facts[0].outcome;
		answer(f, fl, fact, give_up, &fl->reply->answers[i]);
	}
	fault_lose(f, fl, give_up);
}
