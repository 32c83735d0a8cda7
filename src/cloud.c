/* cloud.c - what belongs to a cloud and to none of its jobs: pace, back-off, login, trouble. */
#include "heart.h"

#include "backoff.h"
#include "text.h"

#include <string.h>

/* DRS counts calls by the minute; a quarter second of it is left for what the network does to distances. */
#define PACE_WINDOW       (MINUTES(1) + 250)
#define LONG_AGO          (INT64_MIN / 2)

/* Failures in a row after which it is news: one lost connection is none. */
#define FAILURES_TOLD     2
#define FRESH_REFUSED_MAX 3

/* IAM locks a user for 15 to 30 minutes as a rule, the gateway a key for 5: one try after that. */
#define USER_LOCKED       MINUTES(30)
#define KEY_LOCKED        MINUTES(10)

/* Between our clock and that of the other side, as its Date header shows it. */
#define SKEW_TOLD         MINUTES(1)
#define SKEW_OVER         SECONDS(30)
#define SKEW_FLIGHT       SECONDS(10) /* an answer that was longer on its way shows nothing */

int64_t cloud_backoff_base(const struct cloud_settings *s)
{
	return MIN(MAX(s->backoff_max / 120, (int64_t)100), SECONDS(5));
}

static const char *project_name(const struct cloud_settings *set)
{
	return set->project ? set->project : set->project_id ? set->project_id : "";
}

static const char *iam_of(const struct cloud_settings *set)
{
	return set->iam ? set->iam : "";
}

static const char *account_of(const struct cloud_settings *set)
{
	const char *account = cloud_account(set);

	return account ? account : "";
}

bool cloud_is(const struct cloud_record *rec, const struct cloud_settings *set)
{
	return strcmp(rec->iam, iam_of(set)) == 0 && strcmp(rec->drs, set->drs) == 0 &&
	       strcmp(rec->user, cloud_login_name(set)) == 0 &&
	       strcmp(rec->domain, account_of(set)) == 0 &&
	       strcmp(rec->project, project_name(set)) == 0;
}

bool cloud_same(const struct cloud_record *a, const struct cloud_record *b)
{
	return strcmp(a->iam, b->iam) == 0 && strcmp(a->drs, b->drs) == 0 &&
	       strcmp(a->user, b->user) == 0 && strcmp(a->domain, b->domain) == 0 &&
	       strcmp(a->project, b->project) == 0;
}

/* A hold that was written down, on this process's clock; a clock that was set makes it no longer than `most`. */
static int64_t resumed(int64_t wall, int64_t most, struct now now)
{
	return wall == 0 ? 0 : now.mono + MIN(MAX(wall - now.wall, (int64_t)0), most);
}

static void take_record(struct cloud *c, const struct cloud_record *kept, struct now now)
{
	c->rec.trouble = kept->trouble;
	c->told_causes = 1U << kept->trouble;
	c->rec.trouble_since = kept->trouble_since;
	c->rec.trouble_call = kept->trouble_call;
	text_copy(c->rec.trouble_code, sizeof(c->rec.trouble_code), kept->trouble_code);
	text_copy(c->rec.trouble_text, sizeof(c->rec.trouble_text), kept->trouble_text);
	text_copy(c->rec.refused_mark, sizeof(c->rec.refused_mark), kept->refused_mark);
	c->rec.throttled_since = kept->throttled_since;
	if (c->rec.throttled_since != 0)
		c->pace = MIN(MAX(kept->pace, 1U), c->set->pace);
	c->hold = resumed(kept->hold, c->set->backoff_max, now);
	c->login_hold = resumed(kept->login_hold,
		kept->trouble == TROUBLE_LOCKED ? MAX(c->set->backoff_max, USER_LOCKED)
						: c->set->backoff_max,
		now);
	c->rec.summarised = kept->summarised;
	/* a restart is no reason to try a password again that IAM refused twice: it locks accounts */
	c->given_up = *c->rec.refused_mark && strcmp(c->rec.refused_mark, c->set->mark) == 0;
}

struct cloud *cloud_new(struct watch *w, const struct cloud_settings *set, struct now now)
{
	struct cloud *c = heart_alloc(sizeof(*c));

	c->watch = w;
	c->set = set;
	c->pace = set->pace;
	c->failed_at = c->throttled_at = c->last_call = c->healed_at = LONG_AGO;
	for (size_t i = 0; i < ELEMENTSOF(c->calls); i++)
		c->calls[i] = LONG_AGO;
	c->rec.iam = heart_copy(iam_of(set));
	c->rec.drs = heart_copy(set->drs);
	c->rec.user = heart_copy(cloud_login_name(set));
	c->rec.domain = heart_copy(account_of(set));
	c->rec.project = heart_copy(project_name(set));
	for (size_t i = 0; i < w->n_kept_clouds; i++)
		if (cloud_is(&w->kept_clouds[i], set))
			take_record(c, &w->kept_clouds[i], now);
	return c;
}

struct cloud *cloud_free(struct cloud *c)
{
	if (!c)
		return NULL;
	for (int p = 0; p < _PLAN_MAX; p++)
		plan_done(&c->plans[p]);
	free(c->rec.iam);
	free(c->rec.drs);
	free(c->rec.user);
	free(c->rec.domain);
	free(c->rec.project);
	free(c);
	return NULL;
}

void cloud_credential_changed(struct cloud *c, struct now now)
{
	c->given_up = false;
	c->refusals = c->login_failures = c->fresh_refused = c->shared_refusals = 0;
	c->login_hold = 0;
	c->renew = c->login_flight != NULL; /* that one still carries the old credential */
	c->login_renew = now.mono; /* the old token stays in use until the new one is there */
	*c->rec.refused_mark = '\0';
	tell_dirty_cloud(c);
}

void cloud_take_settings(struct cloud *c, const struct cloud_settings *set, struct now now)
{
	bool changed = strcmp(c->set->mark, set->mark) != 0;

	if (c->rec.throttled_since == 0 || c->pace > set->pace)
		c->pace = set->pace;
	c->set = set;
	if (changed)
		cloud_credential_changed(c, now);
}

void cloud_check_now(struct cloud *c, struct now now)
{
	c->submit_hold = 0;
	if (c->rec.throttled_since == 0)
		c->hold = MIN(c->hold, now.mono);
	if (c->fresh_refused < FRESH_REFUSED_MAX && c->refusals == 0 &&
		c->rec.trouble != TROUBLE_LOCKED)
		c->login_hold = MIN(c->login_hold, now.mono);
}

bool cloud_in_told_trouble(const struct cloud *c)
{
	return c->rec.trouble != TROUBLE_NONE;
}

/* --- trouble --- */

static void fill_trouble(struct news *n, const struct cloud *c)
{
	n->trouble = c->rec.trouble;
	n->trouble_since = c->rec.trouble_since;
	n->call = c->rec.trouble_call;
	text_copy(n->code, sizeof(n->code), c->rec.trouble_code);
	text_copy(n->text, sizeof(n->text), c->rec.trouble_text);
}

/* One piece of news when it begins; each other cause in the same bad hour is told once. The heaviest one decides
 * what counts as the end. */
static void trouble_begin(struct cloud *c, enum trouble trouble, const struct flight *f,
	const struct reply *r, int64_t next_try, struct now now)
{
	bool told = c->told_causes & 1U << trouble;
	enum trouble before = c->rec.trouble;

	if (before == TROUBLE_NONE)
		c->rec.trouble_since = now.wall;
	if (trouble > before) {
		c->rec.trouble = trouble;
		c->rec.trouble_call = f->call.kind;
		text_copy(c->rec.trouble_code, sizeof(c->rec.trouble_code), r->code);
		text_copy(c->rec.trouble_text, sizeof(c->rec.trouble_text), r->text);
		tell_dirty_cloud(c);
	}
	if (told)
		return;
	c->told_causes |= 1U << trouble;

	struct news *n = tell_cloud_news(c, NEWS_CLOUD_DOWN, now);

	n->trouble = trouble;
	n->trouble_since = c->rec.trouble_since;
	n->call = f->call.kind;
	text_copy(n->code, sizeof(n->code), r->code);
	text_copy(n->text, sizeof(n->text), r->text);
	text_copy(n->request_id, sizeof(n->request_id), r->request_id);
	n->next_try = next_try;
}

static void trouble_end(struct cloud *c, struct now now)
{
	if (c->rec.trouble == TROUBLE_NONE)
		return;
	fill_trouble(tell_cloud_news(c, NEWS_CLOUD_UP, now), c);
	c->rec.trouble = TROUBLE_NONE;
	c->told_causes = 0;
	c->healed_at = now.mono;
	c->rec.trouble_since = 0;
	*c->rec.trouble_code = *c->rec.trouble_text = '\0';
}

/* A login alone does not show that DRS can be reached again. */
static void login_trouble_end(struct cloud *c, struct now now)
{
	if (c->rec.trouble != TROUBLE_NONE && c->told_causes & 1U << TROUBLE_UNREACHABLE) {
		c->rec.trouble = TROUBLE_UNREACHABLE;
		c->rec.trouble_call = CALL_STATUS;
		tell_dirty_cloud(c);
		return;
	}
	trouble_end(c, now);
}

void cloud_tell_state(struct cloud *c, struct now now)
{
	if (c->rec.trouble != TROUBLE_NONE)
		fill_trouble(tell_cloud_news(c, NEWS_STATE, now), c);
}

/* --- pace --- */

static int64_t pace_at(const struct cloud *c)
{
	size_t size = ELEMENTSOF(c->calls);
	int64_t oldest = c->calls[(c->calls_at + size - c->pace) % size];

	/* bursts are allowed, but stretched to four times the even rhythm */
	return MAX(oldest + PACE_WINDOW, c->last_call + SECONDS(60) / c->pace / 4);
}

void cloud_count_call(struct cloud *c, struct now now)
{
	c->calls[c->calls_at] = c->last_call = now.mono;
	c->calls_at = (c->calls_at + 1) % ELEMENTSOF(c->calls);
}

int64_t cloud_free_at(const struct cloud *c, struct now now _unused_)
{
	/* after a failure one call at a time feels its way */
	if (c->in_flight >= c->set->connections || (c->failures > 0 && c->in_flight > 0))
		return NEVER;
	return MAX(c->hold, pace_at(c));
}

/* Holds are written down too: a restart is no reason to hurry. */
static void hold_calls(struct cloud *c, int64_t wait, struct now now)
{
	c->hold = MAX(c->hold, now.mono + wait);
	c->rec.hold = now.wall + (c->hold - now.mono);
	tell_dirty_cloud(c);
}

static void hold_logins(struct cloud *c, int64_t wait, struct now now)
{
	c->login_hold = now.mono + wait;
	c->rec.login_hold = now.wall + wait;
	tell_dirty_cloud(c);
}

static void throttle(struct cloud *c, const struct flight *f, const struct reply *r, struct now now)
{
	int64_t wait;

	if (c->rec.throttled_since != 0 && f->made <= c->throttled_at)
		return; /* sent before we slowed down */
	c->pace = MAX(c->pace / 2, 1U);
	c->throttled_at = now.mono;
	wait = backoff_delay(
		++c->throttles, SECONDS(120) / c->pace, c->set->backoff_max, &c->watch->random);
	c->rec.pace = c->pace;
	hold_calls(c, MAX(wait, r->retry_after), now);
	if (c->rec.throttled_since != 0)
		return;
	c->rec.throttled_since = now.wall;

	struct news *n = tell_cloud_news(c, NEWS_CLOUD_DOWN, now);

	n->trouble = TROUBLE_THROTTLED;
	n->trouble_since = now.wall;
	n->call = f->call.kind;
	n->pace_wanted = c->set->pace;
	text_copy(n->code, sizeof(n->code), r->code);
	text_copy(n->text, sizeof(n->text), r->text);
	text_copy(n->request_id, sizeof(n->request_id), r->request_id);
}

static void recover_pace(struct cloud *c, const struct flight *f, struct now now)
{
	if (c->rec.throttled_since == 0 || f->made <= c->throttled_at)
		return;
	c->pace = c->rec.pace = MIN(c->pace + MAX(c->set->pace / 60, 1U), c->set->pace);
	tell_dirty_cloud(c);
	if (c->pace < c->set->pace)
		return;
	c->throttles = 0;
	c->healed_at = now.mono;

	struct news *n = tell_cloud_news(c, NEWS_CLOUD_UP, now);

	n->trouble = TROUBLE_THROTTLED;
	n->trouble_since = c->rec.throttled_since;
	c->rec.throttled_since = 0;
}

/* --- login --- */

static bool anything_wanted(const struct cloud *c)
{
	for (int p = 0; p < _PLAN_MAX; p++)
		if (c->plans[p].n > 0)
			return true;
	return c->in_flight > 0;
}

int64_t cloud_login_at(struct cloud *c, struct now now)
{
	if (c->login && now.mono >= c->login_end)
		c->login = 0;
	if (c->login_flight || !anything_wanted(c))
		return NEVER;
	if (c->given_up)
		return c->login ? c->login_end : NEVER;

	int64_t at = MAX(c->login ? c->login_renew : now.mono, c->login_hold);

	if (at <= now.mono)
		at = keyring_turn(c, now);

	/* a token that ends while its renewal is held back still has to be put away in time */
	return c->login ? MIN(at, c->login_end) : at;
}

static void logged_in(
	struct cloud *c, const struct flight *f, const struct reply *r, struct now now)
{
	bool endless = r->life == INT64_MAX;

	c->login = f->call.id;
	/* counted from before the request, so that it can't seem to last longer than it does */
	c->login_end = endless ? NEVER : f->made + r->life;
	/* a token in a file is renewed by somebody else: the roof says when */
	c->login_renew = c->renew                                       ? now.mono
			 : endless || c->set->method == AUTH_TOKEN_FILE ? NEVER
									: f->made + r->life / 3 * 2;
	c->renew = false;
	c->login_life = r->life;
	/* tokens with next to no life are no reason for a storm of logins */
	c->login_hold = now.mono + cloud_backoff_base(c->set);
	c->rec.login_hold = 0;
	c->login_failures = c->refusals = 0;
	keyring_taken(c);
	c->login_proved = false;
	c->logins++;
	text_copy(c->project, sizeof(c->project), r->project);
	if (c->rec.trouble_call == CALL_LOGIN)
		login_trouble_end(c, now);

	struct news *n = tell_cloud_news(c, NEWS_CLOUD_LOGIN, now);

	n->life = r->life;
	n->login = c->logins;
}

static void give_up(struct cloud *c, const struct flight *f, const struct reply *r, struct now now)
{
	c->given_up = true;
	text_copy(c->rec.refused_mark, sizeof(c->rec.refused_mark), c->set->mark);
	tell_dirty_cloud(c);
	trouble_begin(c, TROUBLE_LOGIN, f, r, -1, now);
}

static void credential_refused(
	struct cloud *c, const struct flight *f, const struct reply *r, struct now now)
{
	bool for_all;

	if (c->renew) { /* it was the old one */
		c->renew = false;
		return;
	}
	for_all = keyring_refused(c, r, now);
	if (++c->refusals < REFUSALS_MAX && !for_all) {
		hold_logins(c, cloud_backoff_base(c->set), now);
		return;
	}
	if (c->set->method == AUTH_ECS_AGENCY) { /* its keys change by themselves */
		hold_logins(c, c->set->backoff_max, now);
		trouble_begin(c, TROUBLE_LOGIN, f, r, c->set->backoff_max, now);
		return;
	}
	give_up(c, f, r, now);
	for (struct cloud *s = NULL; for_all && (s = keyring_next(c, s));)
		give_up(s, f, r, now);
}

/* Nothing is said about the credential: it may be good, once the lock is gone. */
static int64_t locked_wait(const struct cloud *c)
{
	int64_t lock = auth_table[c->set->method].signs ? KEY_LOCKED : USER_LOCKED;

	return c->watch->settings->short_times ? c->set->backoff_max
					       : MAX(lock, c->set->backoff_max);
}

static void login_locked(
	struct cloud *c, const struct flight *f, const struct reply *r, struct now now)
{
	int64_t wait = locked_wait(c);

	c->renew = false;
	hold_logins(c, wait, now);
	trouble_begin(c, TROUBLE_LOCKED, f, r, wait, now);
}

static void iam_failed(
	struct cloud *c, const struct flight *f, const struct reply *r, struct now now)
{
	int64_t wait = backoff_delay(++c->login_failures, cloud_backoff_base(c->set),
		c->set->backoff_max, &c->watch->random);

	c->renew = false; /* the next one carries the new credential */
	wait = MAX(wait, r->retry_after);
	hold_logins(c, wait, now);
	/* as long as the old token is good for a while, nobody needs to get up */
	if (c->login_failures >= FAILURES_TOLD &&
		(c->login == 0 || c->login_end - now.mono < c->login_life / 6))
		trouble_begin(c, TROUBLE_IAM, f, r, wait, now);
}

void cloud_login_reply(
	struct cloud *c, const struct flight *f, const struct reply *r, struct now now)
{
	switch (r->outcome) {
	case OUTCOME_OK:
		logged_in(c, f, r, now);
		break;
	case OUTCOME_CREDENTIAL:
	case OUTCOME_TOKEN:
		credential_refused(c, f, r, now);
		break;
	case OUTCOME_LOCKED:
		login_locked(c, f, r, now);
		break;
	case OUTCOME_DENIED:
		c->renew = false;
		hold_logins(c, c->set->backoff_max, now);
		trouble_begin(c, TROUBLE_DENIED, f, r, c->set->backoff_max, now);
		break;
	case OUTCOME_THROTTLED:
	case OUTCOME_SERVER:
	case OUTCOME_TRANSPORT:
	case OUTCOME_BUSY:
		iam_failed(c, f, r, now);
		break;
	default:
		c->renew = false;
		hold_logins(c, c->set->backoff_max, now);
		trouble_begin(c, TROUBLE_MISCONFIGURED, f, r, c->set->backoff_max, now);
		break;
	}
}

/* --- what DRS calls tell of the cloud --- */

static void token_refused(
	struct cloud *c, const struct flight *f, const struct reply *r, struct now now)
{
	if (f->call.login != c->login)
		return; /* an older token: the newer one may be good */
	c->login = 0;
	if (c->login_proved) {
		c->fresh_refused = 0;
		return;
	}
	c->fresh_refused++;
	if (c->fresh_refused < FRESH_REFUSED_MAX) {
		hold_logins(c, cloud_backoff_base(c->set), now);
		return;
	}
	hold_logins(c, c->set->backoff_max, now);
	trouble_begin(c, TROUBLE_TOKENS, f, r, c->set->backoff_max, now);
}

static void drs_failed(
	struct cloud *c, const struct flight *f, const struct reply *r, struct now now)
{
	if (f->made <= c->failed_at)
		return; /* of the same incident */

	int64_t wait = backoff_delay(
		++c->failures, cloud_backoff_base(c->set), c->set->backoff_max, &c->watch->random);

	wait = MAX(wait, r->retry_after);
	c->failed_at = now.mono;
	hold_calls(c, wait, now);
	if (c->failures >= FAILURES_TOLD)
		trouble_begin(c, TROUBLE_UNREACHABLE, f, r, wait, now);
}

void cloud_call_failed(
	struct cloud *c, const struct flight *f, const struct reply *r, struct now now)
{
	int64_t wait = c->set->backoff_max;

	switch (r->outcome) {
	case OUTCOME_TOKEN:
	case OUTCOME_CREDENTIAL:
		token_refused(c, f, r, now);
		break;
	case OUTCOME_THROTTLED:
		throttle(c, f, r, now);
		break;
	case OUTCOME_DENIED:
		if (f->call.kind == CALL_SUBMIT) {
			/* one that feels its way every half hour, sooner if its jobs are checked more often */
			wait = MINUTES(30);
			for (unsigned i = 0; i < f->call.n; i++)
				if (f->jobs[i])
					wait = MIN(wait, f->jobs[i]->set->interval);
			c->submit_hold = now.mono + wait;
		} else {
			hold_calls(c, wait, now);
		}
		trouble_begin(c, TROUBLE_DENIED, f, r, wait, now);
		break;
	case OUTCOME_MISCONFIGURED:
		hold_calls(c, wait, now);
		trouble_begin(c, TROUBLE_MISCONFIGURED, f, r, wait, now);
		break;
	case OUTCOME_LOCKED:
		wait = locked_wait(c);
		hold_calls(c, wait, now);
		trouble_begin(c, TROUBLE_LOCKED, f, r, wait, now);
		break;
	default:
		drs_failed(c, f, r, now);
		break;
	}
}

void cloud_call_answered(struct cloud *c, const struct flight *f, struct now now)
{
	c->failures = 0;
	if (f->call.login == c->login) {
		c->login_proved = true;
		c->fresh_refused = 0;
	}
	recover_pace(c, f, now);
	switch (c->rec.trouble) {
	case TROUBLE_UNREACHABLE:
	case TROUBLE_TOKENS:
		trouble_end(c, now);
		break;
	case TROUBLE_LOCKED:
		if (c->rec.trouble_call != CALL_LOGIN)
			trouble_end(c, now);
		break;
	case TROUBLE_DENIED:
	case TROUBLE_MISCONFIGURED:
		if (c->rec.trouble_call == f->call.kind)
			trouble_end(c, now);
		break;
	default:
		break;
	}
}

/* A clock that is wrong makes signatures and ends of tokens wrong; it is told once, and once when it is right. */
void cloud_weigh_clock(
	struct cloud *c, const struct flight *f, const struct reply *r, struct now now)
{
	int64_t skew = now.wall -
		       r->date; /* as seen when the answer came: positive: ours is ahead */
	int64_t off = skew < 0 ? -skew : skew;
	struct news *n;

	if (r->date == 0 || now.mono - f->made > SKEW_FLIGHT)
		return;
	if (c->skew_told ? off >= SKEW_OVER : off <= SKEW_TOLD)
		return;
	c->skew_told = !c->skew_told;
	n = tell_cloud_news(c, NEWS_CLOUD_CLOCK, now);
	n->skew = c->skew_told ? skew : 0;
	n->call = f->call.kind;
}
