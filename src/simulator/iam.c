/* iam.c - the simulated identity service.
 *
 * It is as strict as it can be about a login's body, and counts wrong passwords as the real one does. */
#include "iam.h"
#include "body.h"
#include "caller.h"
#include "issue.h"
#include "key.h"

#include <event2/keyvalq_struct.h>
#include <string.h>

#define BODY_MAX ((size_t)32 * 1024)

void iam_refuse(
	struct answer *a, struct request *r, int status, const char *code, const char *message)
{
	/* The OS-* calls have their own form of refusal, whatever the others' is. */
	if (r->sim->tokens.style == STYLE_KEYSTONE && r->kind != KIND_KEYS)
		answer_keystone(a, status, message);
	else
		answer_error(a, r, status, code, NULL);
}

static void bad_body(struct answer *a, struct request *r, const char *what)
{
	char text[160];

	snprintf(text, sizeof(text), "The request body is invalid: %s.", what);
	request_note(r, "login body: %s", what);
	iam_refuse(a, r, 400, "IAM.0011", text);
}

static void wrong_login(struct answer *a, struct request *r)
{
	iam_refuse(a, r, 401, "IAM.0062", "The username or password is wrong.");
}

struct user *iam_user(struct sim *s, const char *name, const char *domain)
{
	struct user *u;

	TAILQ_FOREACH (u, &s->users, link)
		if (strcmp(u->name, name) == 0 && (!domain || strcmp(u->domain, domain) == 0))
			return u;
	return NULL;
}

static struct user *find_user(struct sim *s, struct json_object *user)
{
	const char *id = body_text(user, "id"), *name = body_text(user, "name");
	struct json_object *domain = body_member(user, "domain", json_type_object);
	struct user *u;

	TAILQ_FOREACH (u, &s->users, link) {
		if (id && strcmp(u->id, id) == 0)
			return u;
		if (!id && name && strcmp(u->name, name) == 0 &&
			caller_domain_is(u->domain, domain))
			return u;
	}
	return NULL;
}

/* Counts a wrong password inside the window and locks the user when there were too many. */
static void count_wrong(struct sim *s, struct user *u)
{
	int64_t now = sim_now(s);
	size_t kept = 0;

	for (size_t i = 0; i < u->n_wrong; i++)
		if (now - u->wrong[i] < s->lockout.window)
			u->wrong[kept++] = u->wrong[i];
	if (kept == ELEMENTSOF(u->wrong))
		kept--;
	u->wrong[kept++] = now;
	u->n_wrong = kept;
	if (s->lockout.tries > 0 && kept >= (size_t)s->lockout.tries) {
		u->locked_until = now + s->lockout.lock;
		u->n_wrong = 0;
	}
}

/* Checks the shape of identity; the user object, or NULL with an answer in a. */
static struct json_object *check_identity(
	struct answer *a, struct request *r, struct json_object *identity)
{
	struct json_object *password, *user, *domain;

	if (!body_only(identity, "methods password"))
		return bad_body(a, r, "identity"), NULL;
	password = body_member(identity, "password", json_type_object);
	user = password ? body_member(password, "user", json_type_object) : NULL;
	if (!user || !body_only(password, "user") || !body_only(user, "id name password domain"))
		return bad_body(a, r, "identity.password.user"), NULL;
	if (!body_text(user, "password"))
		return bad_body(a, r, "identity.password.user.password"), NULL;
	domain = body_member(user, "domain", json_type_object);
	if (domain && (!body_only(domain, "id name") ||
			      (!body_text(domain, "id") && !body_text(domain, "name"))))
		return bad_body(a, r, "identity.password.user.domain"), NULL;
	if (!body_text(user, "id") && (!body_text(user, "name") || !domain))
		return bad_body(a, r, "identity.password.user needs id, or name and domain"), NULL;
	return user;
}

/* Finds what the scope means. False, with an answer in a, if it is malformed or not the caller's. */
static bool check_scope(struct answer *a, struct request *r, struct json_object *auth,
	const struct caller *c, struct project **ret)
{
	const char *own = caller_domain(c);
	struct json_object *scope = NULL, *o = NULL, *domain = NULL;
	const char *id, *name;
	struct project *p = NULL;
	char text[160];

	*ret = NULL;
	if (!json_object_object_get_ex(auth, "scope", &scope))
		return true;
	if (!body_only(scope, "project domain"))
		return bad_body(a, r, "scope"), false;
	if (!json_object_object_get_ex(scope, "project", &o)) {
		if (!json_object_object_get_ex(scope, "domain", &o))
			return true;
		if (!body_only(o, "id name"))
			return bad_body(a, r, "scope.domain"), false;
		if (caller_domain_is(own, o))
			return true;
		return wrong_login(a, r), false;
	}
	if (!body_only(o, "id name domain"))
		return bad_body(a, r, "scope.project"), false;
	id = body_text(o, "id");
	name = body_text(o, "name");
	domain = body_member(o, "domain", json_type_object);
	if (!id && !name)
		return bad_body(a, r, "scope.project needs id or name"), false;
	if (id)
		p = sim_project(r->sim, id);
	else if (!domain || caller_domain_is(own, domain))
		p = sim_project_named(r->sim, name, own);
	if (p && caller_may_use(c, p)) {
		*ret = p;
		return true;
	}
	snprintf(text, sizeof(text), "Could not find project: %s.", id ? id : name);
	iam_refuse(a, r, (int)r->sim->tokens.unknown_project,
		r->sim->tokens.unknown_project == 404 ? "IAM.0004" : "IAM.0011", text);
	return false;
}

static bool wants_catalog(const struct request *r)
{
	struct evkeyvalq q;
	const char *v;
	bool want;

	if (!r->query || evhttp_parse_query_str(r->query, &q) < 0)
		return true;
	v = evhttp_find_header(&q, "nocatalog");
	want = !v || !*v;
	evhttp_clear_headers(&q);
	return want;
}

/* The right password: the caller is in *ret. False, with an answer in a, if it is not. */
static bool check_password(
	struct answer *a, struct request *r, struct json_object *identity, struct caller *ret)
{
	struct sim *s = r->sim;
	struct json_object *user = check_identity(a, r, identity);
	const char *password;
	struct user *u;

	if (!user)
		return false;
	s->logins++;
	u = find_user(s, user);
	if (!u || !u->enabled)
		return wrong_login(a, r), false;
	if (sim_now(s) < u->locked_until) {
		request_note(r, "login of a locked user");
		iam_refuse(a, r, 401, "IAM.0061", "The account is locked. Try again later.");
		return false;
	}
	password = body_text(user, "password");
	if (!password || strcmp(u->password, password) != 0) {
		count_wrong(s, u);
		return wrong_login(a, r), false;
	}
	u->n_wrong = 0;
	if (u->console_only) {
		iam_refuse(a, r, 403, "IAM.0081", "The user may only use the console.");
		return false;
	}
	ret->user = u;
	return true;
}

bool iam_admits(struct request *r, struct answer *a)
{
	if (key_signed(r))
		return key_admits(r, a);
	switch (issue_of(r)) {
	case TOKEN_GOOD:
		return true;
	case TOKEN_EXPIRED:
		iam_refuse(a, r, 401, "IAM.0066", "The token has expired.");
		return false;
	case TOKEN_UNKNOWN:
		iam_refuse(a, r, 401, "IAM.0067", "The token is invalid.");
		return false;
	case TOKEN_MISSING:
		iam_refuse(a, r, 401, "IAM.0067",
			"The request you have made requires authentication.");
		return false;
	}
	return false;
}

/* The agency that identity.assume_role means, for the user whose token or signature came along. False, with an
 * answer in a, if there is none or he may not. */
static bool check_assume(struct answer *a, struct request *r, struct json_object *identity,
	const char *keys, struct caller *ret)
{
	struct json_object *o = body_member(identity, "assume_role", json_type_object);
	const char *id, *name, *agency, *xrole;
	struct agency *g;
	char own[33];

	if (!o || !body_only(identity, "methods assume_role") || !body_only(o, keys))
		return bad_body(a, r, "identity.assume_role"), false;
	id = body_text(o, "domain_id");
	name = body_text(o, "domain_name");
	agency = body_text(o, "agency_name");
	xrole = body_text(o, "xrole_name");
	if (!id == !name)
		return bad_body(a, r, "assume_role needs domain_name or domain_id"), false;
	if (!agency == !xrole)
		return bad_body(a, r, "assume_role needs agency_name or xrole_name"), false;
	if (!iam_admits(r, a))
		return false;
	TAILQ_FOREACH (g, &r->sim->agencies, link) {
		caller_id_of("domain", g->domain, own);
		if (strcmp(g->name, agency ? agency : xrole) == 0 &&
			strcmp(id ? own : g->domain, id ? id : name) == 0)
			break;
	}
	if (!g) {
		iam_refuse(a, r, 404, "IAM.0004", "Could not find the agency.");
		return false;
	}
	/* Nobody stands for an agency in the name of another one. */
	if (!r->caller.user || r->caller.agency || !caller_may_assume(r->caller.user, g)) {
		iam_refuse(a, r, 403, "IAM.0002",
			"You are not authorized to perform the requested action: assume_role.");
		return false;
	}
	*ret = (struct caller){.user = r->caller.user, .agency = g};
	return true;
}

/* auth of a body with one of two methods; NULL, with an answer in a, if that is not there. */
static struct json_object *check_auth(struct answer *a, struct request *r, const char *keys,
	const char *first, struct json_object **ret_identity, const char **ret_method)
{
	struct json_object *auth, *identity;
	const char *method;

	if (r->body_len == 0 || r->body_len > BODY_MAX) {
		request_note(r, "login body of %zu bytes", r->body_len);
		iam_refuse(a, r, 400, "IAM.1101", "The request body is empty or too large.");
		return NULL;
	}
	auth = body_member(r->json, "auth", json_type_object);
	if (!auth || !body_only(auth, keys))
		return bad_body(a, r, "auth"), NULL;
	identity = body_member(auth, "identity", json_type_object);
	if (!identity)
		return bad_body(a, r, "auth.identity"), NULL;
	method = body_method(identity);
	if (!method || (strcmp(method, first) != 0 && strcmp(method, "assume_role") != 0))
		return bad_body(a, r, "identity.methods"), NULL;
	*ret_identity = identity;
	*ret_method = strcmp(method, first) == 0 ? first : "assume_role";
	return auth;
}

void iam_login(struct request *r, struct answer *a)
{
	struct json_object *auth, *identity;
	struct caller who = {0};
	struct project *p;
	struct token *t;
	const char *method;
	bool assume;

	auth = check_auth(a, r, "identity scope", "password", &identity, &method);
	if (!auth)
		return;
	assume = strcmp(method, "assume_role") == 0;
	if (assume &&
		!check_assume(a, r, identity, "domain_name domain_id agency_name xrole_name", &who))
		return;
	if (!assume && !check_password(a, r, identity, &who))
		return;
	if (!check_scope(a, r, auth, &who, &p))
		return;
	t = issue_token(r->sim, &who, method, p);
	if (!t) {
		answer_keystone(a, 500, "Out of memory.");
		return;
	}
	r->token = t;
	r->executed = true;
	answer_json(a, 201, issue_json(r->sim, t, wants_catalog(r)));
	answer_header(a, r->sim->tokens.header, t->text);
}

void iam_validate(struct request *r, struct answer *a)
{
	const char *text = request_header(r, "X-Subject-Token");
	struct token *t;

	if (!iam_admits(r, a))
		return;
	if (!text || !*text) {
		iam_refuse(a, r, 400, "IAM.0011", "X-Subject-Token is missing.");
		return;
	}
	t = issue_find(r->sim, text);
	if (!t || !issue_good(r->sim, t)) {
		iam_refuse(a, r, 404, "IAM.0004", "Could not find token.");
		return;
	}
	/* Tokens of others are for administrators, and none is played here. */
	if (t->caller.user != r->caller.user || t->caller.agency != r->caller.agency) {
		iam_refuse(a, r, 403, "IAM.0002",
			"You are not authorized to perform the requested action: validate_token.");
		return;
	}
	r->executed = true;
	answer_json(a, 200, issue_json(r->sim, t, wants_catalog(r)));
	answer_header(a, r->sim->tokens.header, t->text);
}

/* Like bad_body(), in the words of the OS-* calls. */
static bool bad_duration(struct request *r, struct answer *a)
{
	request_note(r, "duration_seconds must be 900 to 86400");
	answer_error(a, r, 400, "IAM.0011", "duration_seconds must be 900 to 86400.");
	return false;
}

static bool read_duration(
	struct request *r, struct answer *a, struct json_object *o, int64_t *ret_ms)
{
	struct json_object *v;

	*ret_ms = SECONDS(900);
	if (!o || !json_object_object_get_ex(o, "duration_seconds", &v))
		return true;
	if (!json_object_is_type(v, json_type_int) || json_object_get_int64(v) < 900 ||
		json_object_get_int64(v) > 86400)
		return bad_duration(r, a);
	*ret_ms = SECONDS(json_object_get_int64(v));
	return true;
}

/* The methods of this call; the caller to give keys to is in *ret. */
static bool check_key_request(
	struct request *r, struct answer *a, struct caller *ret, int64_t *ret_life)
{
	struct json_object *identity, *o;
	const char *method, *id;

	if (!check_auth(a, r, "identity", "token", &identity, &method))
		return false;
	o = body_member(identity, method, json_type_object);
	if (!read_duration(r, a, o, ret_life))
		return false;
	if (strcmp(method, "assume_role") == 0)
		return check_assume(a, r, identity,
			"domain_name domain_id agency_name xrole_name duration_seconds", ret);
	if (!body_only(identity, "methods token") || (o && !body_only(o, "id duration_seconds")))
		return bad_body(a, r, "identity.token"), false;
	if (!iam_admits(r, a))
		return false;
	id = body_text(o, "id");
	if (id && (!r->token || strcmp(id, r->token->text) != 0))
		return bad_body(a, r, "identity.token.id is not X-Auth-Token"), false;
	*ret = r->caller;
	return true;
}

void iam_temporary_keys(struct request *r, struct answer *a)
{
	struct caller who = {0};
	struct key *k;
	int64_t life;

	if (!check_key_request(r, a, &who, &life))
		return;
	k = key_issue(r->sim, &who, life);
	if (!k) {
		answer_error(a, r, 0, "IAM.0006", NULL);
		return;
	}
	r->executed = true;
	answer_json(a, 201, key_json(k));
}

struct json_object *iam_state_users(const struct sim *s)
{
	struct json_object *list = json_object_new_array();
	struct user *u;

	TAILQ_FOREACH (u, &s->users, link) {
		struct json_object *o = json_object_new_object();

		body_add(o, "name", u->name);
		body_add(o, "domain", u->domain);
		json_object_object_add(
			o, "locked", json_object_new_boolean(sim_now(s) < u->locked_until));
		json_object_object_add(o, "wrong", json_object_new_int64((int64_t)u->n_wrong));
		json_object_array_add(list, o);
	}
	return list;
}
