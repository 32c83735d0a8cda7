/* caller.c - users and agencies: what they are called, and what they may. */
#include "caller.h"
#include "backoff.h"
#include "body.h"

#include <string.h>

void caller_id_of(const char *kind, const char *name, char ret[33])
{
	char text[300];

	snprintf(text, sizeof(text), "%s/%s", kind, name);
	snprintf(ret, 33, "%016llx%016llx", (unsigned long long)hash_bytes(text, strlen(text)),
		(unsigned long long)hash_bytes(text + 1, strlen(text) - 1));
}

struct json_object *caller_domain_json(const char *domain)
{
	struct json_object *o = json_object_new_object();
	char id[33];

	caller_id_of("domain", domain, id);
	body_add(o, "id", id);
	body_add(o, "name", domain);
	return o;
}

bool caller_domain_is(const char *domain, struct json_object *o)
{
	const char *name = body_text(o, "name"), *id = body_text(o, "id");
	char own[33];

	caller_id_of("domain", domain, own);
	return (name || id) && (!name || strcmp(name, domain) == 0) &&
	       (!id || strcmp(id, own) == 0);
}

enum role caller_role(const struct caller *c)
{
	if (c->agency)
		return (enum role)c->agency->role;
	return c->user ? (enum role)c->user->role : ROLE_FULL;
}

const char *caller_domain(const struct caller *c)
{
	if (c->agency)
		return c->agency->domain;
	return c->user ? c->user->domain : NULL;
}

void caller_name(const struct caller *c, char *ret, size_t n)
{
	if (c->agency)
		snprintf(ret, n, "%s/%s", c->agency->domain, c->agency->name);
	else
		snprintf(ret, n, "%s", c->user ? c->user->name : "");
}

static bool names_project(struct json_object *list, const struct project *p)
{
	if (!list)
		return true;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		const char *n = json_object_get_string(json_object_array_get_idx(list, i));

		if (strcmp(n, p->name) == 0 || strcmp(n, p->id) == 0)
			return true;
	}
	return false;
}

bool caller_may_use(const struct caller *c, const struct project *p)
{
	const char *domain = caller_domain(c);

	return p->enabled && domain && strcmp(domain, p->domain) == 0 &&
	       names_project(c->agency ? c->agency->projects : c->user->projects, p);
}

bool caller_enabled(const struct caller *c)
{
	return !c->user || c->user->enabled;
}

struct agency *caller_agency(struct sim *s, const char *name, const char *domain)
{
	struct agency *g;

	TAILQ_FOREACH (g, &s->agencies, link)
		if (strcmp(g->name, name) == 0 && (!domain || strcmp(g->domain, domain) == 0))
			return g;
	return NULL;
}

bool caller_may_assume(const struct user *u, const struct agency *g)
{
	if (!g->users)
		return true;
	for (size_t i = 0; i < json_object_array_length(g->users); i++)
		if (strcmp(json_object_get_string(json_object_array_get_idx(g->users, i)),
			    u->name) == 0)
			return true;
	return false;
}
