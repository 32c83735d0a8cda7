/* issue.c - the tokens that the simulated IAM hands out.
 *
 * In the text of each "CANARYTOKEN" stands every few characters, so that a leak of even a part of one is found
 * by a plain grep. */
#include "issue.h"
#include "backoff.h"
#include "body.h"
#include "caller.h"
#include "signature.h"

#include <string.h>

char *issue_text(struct sim *s, uint64_t serial, size_t size)
{
	static const char mark[] = "CANARYTOKEN";
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";
	char *t = malloc(size + 1), head[48];

	if (!t)
		return NULL;
	for (size_t i = 0; i < size; i++) {
		size_t in_block = i % 48;

		if (in_block >= 3 && in_block < 3 + sizeof(mark) - 1)
			t[i] = mark[in_block - 3];
		else
			t[i] = alphabet[random_next(&s->random) % 64];
	}
	t[size] = '\0';
	snprintf(head, sizeof(head), "MII%s%012llu", mark, (unsigned long long)serial);
	memcpy(t, head, MIN(strlen(head), size));
	return t;
}

struct token *issue_token(
	struct sim *s, const struct caller *who, const char *method, struct project *p)
{
	struct token *t = calloc(1, sizeof(*t));
	int64_t wall = sim_wall(s);

	if (!t)
		return NULL;
	t->serial = ++s->last_serial;
	t->text = issue_text(s, t->serial, (size_t)s->tokens.size);
	if (!t->text) {
		free(t);
		return NULL;
	}
	sim_time_text(wall, t->issued_text, sizeof(t->issued_text));
	sim_time_text(wall + s->tokens.life, t->expires_text, sizeof(t->expires_text));
	t->expires = sim_now(s) + s->tokens.life;
	t->method = method;
	t->caller = *who;
	t->project = p;
	TAILQ_INSERT_TAIL(&s->token_list, t, link);
	return t;
}

static struct json_object *catalog_json(const struct sim *s, const struct project *p)
{
	struct json_object *list = json_object_new_array();
	size_t size = 0;

	for (unsigned i = 0; size < (size_t)s->tokens.catalog; i++) {
		struct json_object *svc = json_object_new_object(), *e = json_object_new_object();
		struct json_object *ends = json_object_new_array();
		char text[200];

		snprintf(text, sizeof(text), "https://svc%u.%s.example.com/v1.0/%s", i, s->region,
			p ? p->id : "");
		body_add(e, "url", text);
		body_add(e, "region", s->region);
		body_add(e, "region_id", s->region);
		body_add(e, "interface", "public");
		caller_id_of("endpoint", text, text);
		body_add(e, "id", text);
		json_object_array_add(ends, e);
		json_object_object_add(svc, "endpoints", ends);
		snprintf(text, sizeof(text), "svc%u", i);
		body_add(svc, "name", text);
		body_add(svc, "type", text);
		caller_id_of("service", text, text);
		body_add(svc, "id", text);
		size += strlen(json_object_to_json_string_ext(svc, JSON_C_TO_STRING_PLAIN)) + 1;
		json_object_array_add(list, svc);
	}
	return list;
}

static struct json_object *user_json(const char *id, const char *name, const char *domain)
{
	struct json_object *o = json_object_new_object();

	body_add(o, "id", id);
	body_add(o, "name", name);
	json_object_object_add(o, "domain", caller_domain_json(domain));
	body_add(o, "password_expires_at", "");
	return o;
}

static void add_who(struct json_object *o, const struct caller *c)
{
	const struct user *u = c->user;
	char name[300];

	caller_name(c, name, sizeof(name));
	if (!c->agency) {
		json_object_object_add(o, "user", user_json(u->id, name, u->domain));
		return;
	}
	json_object_object_add(o, "user", user_json(c->agency->id, name, c->agency->domain));
	if (u) {
		struct json_object *by = json_object_new_object();

		json_object_object_add(by, "user", user_json(u->id, u->name, u->domain));
		json_object_object_add(o, "assumed_by", by);
	}
}

struct json_object *issue_json(const struct sim *s, const struct token *t, bool catalog)
{
	struct json_object *o = json_object_new_object(), *body = json_object_new_object();
	struct json_object *list = json_object_new_array();
	struct json_object *role = json_object_new_object();

	body_add(o, "expires_at", t->expires_text);
	json_object_array_add(list, json_object_new_string(t->method));
	json_object_object_add(o, "methods", list);
	if (catalog)
		json_object_object_add(o, "catalog", catalog_json(s, t->project));
	list = json_object_new_array();
	body_add(role, "id", "0");
	body_add(role, "name",
		caller_role(&t->caller) == ROLE_READONLY ? "drs_readonly" : "drs_admin");
	json_object_array_add(list, role);
	json_object_object_add(o, "roles", list);
	if (t->project) {
		struct json_object *p = json_object_new_object();

		body_add(p, "id", t->project->id);
		body_add(p, "name", t->project->name);
		json_object_object_add(p, "domain", caller_domain_json(t->project->domain));
		json_object_object_add(o, "project", p);
	}
	body_add(o, "issued_at", t->issued_text);
	add_who(o, &t->caller);
	json_object_object_add(body, "token", o);
	return body;
}

struct token *issue_find(struct sim *s, const char *text)
{
	struct token *t;

	TAILQ_FOREACH (t, &s->token_list, link)
		if (strcmp(t->text, text) == 0)
			return t;
	return NULL;
}

bool issue_good(const struct sim *s, const struct token *t)
{
	return !t->revoked && sim_now(s) < t->expires;
}

enum token_verdict issue_of(struct request *r)
{
	const char *text = request_header(r, "X-Auth-Token");
	struct token *t;
	char hash[65];

	if (!text || !*text)
		return TOKEN_MISSING;
	r->auth = "token";
	signature_hash(text, strlen(text), hash);
	snprintf(r->mark, sizeof(r->mark), "%.8s", hash);
	t = issue_find(r->sim, text);
	if (!t)
		return TOKEN_UNKNOWN;
	r->token = t;
	r->caller = t->caller;
	return issue_good(r->sim, t) ? TOKEN_GOOD : TOKEN_EXPIRED;
}

void issue_end(struct sim *s, uint64_t serial, bool revoke)
{
	struct token *t;

	TAILQ_FOREACH (t, &s->token_list, link) {
		if (serial && t->serial != serial)
			continue;
		if (revoke)
			t->revoked = true;
		else
			t->expires = MIN(t->expires, sim_now(s));
	}
}

struct json_object *issue_state(const struct sim *s)
{
	struct json_object *list = json_object_new_array();
	struct token *t;

	TAILQ_FOREACH (t, &s->token_list, link) {
		struct json_object *o = json_object_new_object();
		char name[300];

		json_object_object_add(o, "serial", json_object_new_int64((int64_t)t->serial));
		caller_name(&t->caller, name, sizeof(name));
		body_add(o, "user", name);
		if (t->project)
			body_add(o, "project", t->project->id);
		json_object_object_add(o, "good", json_object_new_boolean(issue_good(s, t)));
		json_object_array_add(list, o);
	}
	return list;
}

void issue_forget(struct sim *s)
{
	struct token *t;

	while ((t = TAILQ_FIRST(&s->token_list))) {
		TAILQ_REMOVE(&s->token_list, t, link);
		free(t->text);
		free(t);
	}
}
