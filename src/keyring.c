/* keyring.c - clouds that log in with one and the same credential: two projects of one user, say.
 *
 * IAM counts wrong logins by user, whatever project they are for, and locks it for everybody. So refusals are
 * counted for all clouds that share it, and they log in one after the other, so that the first answer is known
 * before the next one tries. A cloud that holds a good token has shown that the credential was right: what another
 * one is refused may well be that one's project. It keeps one try, later, outside of IAM's window. */
#include "heart.h"

#include "text.h"

#include <string.h>

#define WINDOW MINUTES(16) /* IAM counts within 15 minutes */
#define TURN   SECONDS(10) /* as long as that one waits for another's answer */

static bool same(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool shares(const struct cloud *a, const struct cloud *b)
{
	const struct cloud_settings *x = a->set, *y = b->set;

	return a != b && *x->mark && strcmp(x->mark, y->mark) == 0 && same(x->iam, y->iam) &&
	       same(x->domain, y->domain) && strcmp(cloud_login_name(x), cloud_login_name(y)) == 0;
}

int64_t keyring_turn(const struct cloud *c, struct now now)
{
	const struct cloud *s;
	int64_t at = now.mono;

	TAILQ_FOREACH (s, &c->watch->clouds, link)
		if (shares(c, s) && s->login_flight && s->login_flight->made + TURN > at)
			at = s->login_flight->made + TURN;
	return at;
}

void keyring_taken(struct cloud *c)
{
	struct cloud *s;

	c->shared_refusals = 0;
	TAILQ_FOREACH (s, &c->watch->clouds, link)
		if (shares(c, s))
			s->shared_refusals = 0;
}

bool keyring_refused(struct cloud *c, const struct reply *r, struct now now)
{
	unsigned turn = 0;
	struct cloud *s;

	if (refusal_names_project(r->code, r->text))
		return false;
	c->shared_refusals++;
	TAILQ_FOREACH (s, &c->watch->clouds, link) {
		if (!shares(c, s))
			continue;
		s->shared_refusals++;
		if (!s->login || s->shared_refusals < REFUSALS_MAX)
			continue;
		turn++;
		s->login_hold = MAX(s->login_hold, now.mono + turn * WINDOW);
	}
	return c->shared_refusals >= REFUSALS_MAX;
}

struct cloud *keyring_next(struct cloud *c, struct cloud *after)
{
	struct cloud *s = after ? TAILQ_NEXT(after, link) : TAILQ_FIRST(&c->watch->clouds);

	while (s && (!shares(c, s) || s->login || s->given_up))
		s = TAILQ_NEXT(s, link);
	return s;
}
