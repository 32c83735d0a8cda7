/* ecs.c - the metadata service.
 *
 * The keys that it shows are replaced some time before their end, so that old and new ones overlap. In its
 * newer form it shows them only to who has fetched a ticket first, with a PUT. */
#include "ecs.h"
#include "caller.h"
#include "iam.h"
#include "issue.h"
#include "key.h"

#include <errno.h>
#include <string.h>

#define TICKET_SIZE     40
#define TICKET_LIFE_MAX 21600

void ecs_rotate(struct sim *s)
{
	s->metadata_key = NULL;
}

void ecs_revoke(struct sim *s)
{
	struct key *k;

	TAILQ_FOREACH (k, &s->keys, link)
		if (k->token && k->shown)
			k->enabled = false;
	ecs_rotate(s);
}

/* The keys to show now; NULL when memory is short. */
static const struct key *current(struct sim *s)
{
	const struct key *k = s->metadata_key;
	struct caller who = {0};
	struct key *made;

	if (k && k->expires - sim_now(s) > s->metadata.renew)
		return k;
	if (s->metadata.agency)
		who.agency = caller_agency(s, s->metadata.agency, NULL);
	else
		who.user = iam_user(s, s->metadata.user, NULL);
	made = key_issue(s, &who, s->metadata.life);
	if (made)
		made->shown = true;
	s->metadata_key = made;
	return made;
}

static void plain(struct answer *a, int status, const char *text)
{
	answer_text(a, status, "text/plain", strdup(text));
}

/* PUT: a ticket for so many seconds. */
static void give_ticket(struct request *r, struct answer *a)
{
	const char *text = request_header(r, "X-Metadata-Token-Ttl-Seconds");
	struct sim *s = r->sim;
	char *end, *ticket;
	long life;

	errno = 0;
	life = text ? strtol(text, &end, 10) : 0;
	if (!text || errno || end == text || *end || life < 1 || life > TICKET_LIFE_MAX) {
		request_note(r, "X-Metadata-Token-Ttl-Seconds must be 1 to 21600");
		plain(a, 400, "Bad Request");
		return;
	}
	ticket = issue_text(s, ++s->last_serial, TICKET_SIZE);
	if (!ticket) {
		plain(a, 500, "Internal Server Error");
		return;
	}
	snprintf(s->tickets[s->n_tickets % ELEMENTSOF(s->tickets)].text, TICKET_SIZE + 1, "%s",
		ticket);
	s->tickets[s->n_tickets++ % ELEMENTSOF(s->tickets)].expires = sim_now(s) + SECONDS(life);
	r->executed = true;
	answer_text(a, 200, "text/plain", ticket);
}

static bool ticket_good(const struct request *r)
{
	const char *text = request_header(r, "X-Metadata-Token");
	const struct sim *s = r->sim;

	for (size_t i = 0; text && i < MIN(s->n_tickets, ELEMENTSOF(s->tickets)); i++)
		if (strcmp(s->tickets[i].text, text) == 0 && sim_now(s) < s->tickets[i].expires)
			return true;
	return false;
}

void ecs_serve(struct request *r, struct answer *a)
{
	bool put = strcmp(r->method, "PUT") == 0;
	const struct key *k;

	/* A credential of the cloud has no business here: it would be shown to whoever answers. */
	if (request_header(r, "Authorization") || request_header(r, "X-Auth-Token"))
		request_note(r, "a token or a signature sent to the metadata service");
	if (r->sim->metadata.mode == METADATA_NONE ||
		(put && r->sim->metadata.mode == METADATA_V1)) {
		answer_html(a, 404);
		return;
	}
	if (put) {
		give_ticket(r, a);
		return;
	}
	if (r->sim->metadata.mode == METADATA_V2 && !ticket_good(r)) {
		plain(a, 401, "Unauthorized");
		return;
	}
	k = current(r->sim);
	if (!k) {
		plain(a, 500, "Internal Server Error");
		return;
	}
	snprintf(r->access, sizeof(r->access), "%s", k->access);
	r->executed = true;
	answer_json(a, 200, key_json(k));
}
