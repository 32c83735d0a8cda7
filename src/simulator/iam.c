/* iam.c - the simulated identity service.
 *
 * It is as strict as it can be about a login's body, counts wrong passwords as the real one does, and
 * issues tokens in whose text "CANARYTOKEN" stands every few characters, so that a leak of even a part
 * of one is found by a plain grep. */
#include "iam.h"
#include "backoff.h"

#include <event2/keyvalq_struct.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define BODY_MAX ((size_t)32 * 1024)

/* The id that goes with a name: 32 hex digits, the same in every run. */
static void id_of(const char *kind, const char *name, char ret[33])
{
	char text[300];

	snprintf(text, sizeof(text), "%s/%s", kind, name);
	snprintf(ret, 33, "%016llx%016llx", (unsigned long long)hash_bytes(text, strlen(text)),
		(unsigned long long)hash_bytes(text + 1, strlen(text) - 1));
}

static void refuse(
	struct answer *a, struct request *r, int status, const char *code, const char *message)
{
	if (r->sim->tokens.style == STYLE_KEYSTONE)
		answer_keystone(a, status, message);
	else
		answer_error(a, r, status, code, NULL);
}

static void bad_body(struct answer *a, struct request *r, const char *what)
{
	char text[160];

	snprintf(text, sizeof(text), "The request body is invalid: %s.", what);
	request_note(r, "login body: %s", what);
	refuse(a, r, 400, "IAM.0011", text);
}

static void wrong_login(struct answer *a, struct request *r)
{
	refuse(a, r, 401, "IAM.0062", "The username or password is wrong.");
}

/* The member of o, if it is of the type; else NULL. */
static struct json_object *member(struct json_object *o, const char *key, enum json_type type)
{
	struct json_object *v;

	return json_object_object_get_ex(o, key, &v) && json_object_is_type(v, type) ? v : NULL;
}

static const char *member_text(struct json_object *o, const char *key)
{
	struct json_object *v = member(o, key, json_type_string);

	return v && json_object_get_string_len(v) > 0 ? json_object_get_string(v) : NULL;
}

/* True if o is an object without keys other than the space separated ones. */
static bool only(struct json_object *o, const char *keys)
{
	if (!json_object_is_type(o, json_type_object))
		return false;
	json_object_object_foreach(o, key, v)
	{
		const char *at = strstr(keys, key);
		size_t n = strlen(key);

		(void)v;
		if (!at || (at[n] && at[n] != ' ') || (at != keys && at[-1] != ' '))
			return false;
	}
	return true;
}

struct user *iam_user(struct sim *s, const char *name, const char *domain)
{
	struct user *u;

	TAILQ_FOREACH (u, &s->users, link)
		if (strcmp(u->name, name) == 0 && (!domain || strcmp(u->domain, domain) == 0))
			return u;
	return NULL;
}

static bool domain_is(const char *domain, struct json_object *o)
{
	const char *name = member_text(o, "name"), *id = member_text(o, "id");
	char own[33];

	id_of("domain", domain, own);
	return (name || id) && (!name || strcmp(name, domain) == 0) &&
	       (!id || strcmp(id, own) == 0);
}

static struct user *find_user(struct sim *s, struct json_object *user)
{
	const char *id = member_text(user, "id"), *name = member_text(user, "name");
	struct json_object *domain = member(user, "domain", json_type_object);
	struct user *u;

	TAILQ_FOREACH (u, &s->users, link) {
		if (id && strcmp(u->id, id) == 0)
			return u;
		if (!id && name && strcmp(u->name, name) == 0 && domain_is(u->domain, domain))
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

static bool may_use(const struct user *u, const struct project *p)
{
	if (!p->enabled || strcmp(u->domain, p->domain) != 0)
		return false;
	for (size_t i = 0; u->projects && i < json_object_array_length(u->projects); i++) {
		const char *n = json_object_get_string(json_object_array_get_idx(u->projects, i));

		if (strcmp(n, p->name) == 0 || strcmp(n, p->id) == 0)
			return true;
	}
	return !u->projects;
}

static char *token_text(struct sim *s, uint64_t serial)
{
	static const char mark[] = "CANARYTOKEN";
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";
	size_t n = (size_t)s->tokens.size;
	char *t = malloc(n + 1), head[48];

	if (!t)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t in_block = i % 48;

		if (in_block >= 3 && in_block < 3 + sizeof(mark) - 1)
			t[i] = mark[in_block - 3];
		else
			t[i] = alphabet[random_next(&s->random) % 64];
	}
	t[n] = '\0';
	snprintf(head, sizeof(head), "MII%s%012llu", mark, (unsigned long long)serial);
	memcpy(t, head, MIN(strlen(head), n));
	return t;
}

static void time_text(int64_t wall_ms, char *ret, size_t n)
{
	time_t sec = (time_t)(wall_ms / 1000);
	struct tm tm;
	char text[24];

	gmtime_r(&sec, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(ret, n, "%s.%06dZ", text, (int)(wall_ms % 1000) * 1000);
}

static struct token *issue(
	struct sim *s, const struct user *u, struct project *p, char *issued, size_t issued_len)
{
	struct token *t = calloc(1, sizeof(*t));
	struct timespec ts;
	int64_t wall;

	if (!t)
		return NULL;
	t->serial = ++s->last_serial;
	t->text = token_text(s, t->serial);
	if (!t->text) {
		free(t);
		return NULL;
	}
	clock_gettime(CLOCK_REALTIME, &ts);
	wall = (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
	time_text(wall, issued, issued_len);
	time_text(wall + s->tokens.life, t->expires_text, sizeof(t->expires_text));
	t->expires = sim_now(s) + s->tokens.life;
	t->user = u;
	t->project = p;
	TAILQ_INSERT_TAIL(&s->token_list, t, link);
	return t;
}

static void add(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, json_object_new_string(text));
}

static struct json_object *domain_json(const char *domain)
{
	struct json_object *o = json_object_new_object();
	char id[33];

	id_of("domain", domain, id);
	add(o, "id", id);
	add(o, "name", domain);
	return o;
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
		add(e, "url", text);
		add(e, "region", s->region);
		add(e, "region_id", s->region);
		add(e, "interface", "public");
		id_of("endpoint", text, text);
		add(e, "id", text);
		json_object_array_add(ends, e);
		json_object_object_add(svc, "endpoints", ends);
		snprintf(text, sizeof(text), "svc%u", i);
		add(svc, "name", text);
		add(svc, "type", text);
		id_of("service", text, text);
		add(svc, "id", text);
		size += strlen(json_object_to_json_string_ext(svc, JSON_C_TO_STRING_PLAIN)) + 1;
		json_object_array_add(list, svc);
	}
	return list;
}

static struct json_object *token_json(
	const struct sim *s, const struct token *t, const char *issued, bool catalog)
{
	struct json_object *o = json_object_new_object(), *body = json_object_new_object();
	struct json_object *user = json_object_new_object(), *list = json_object_new_array();
	struct json_object *role = json_object_new_object();

	add(o, "expires_at", t->expires_text);
	json_object_array_add(list, json_object_new_string("password"));
	json_object_object_add(o, "methods", list);
	if (catalog)
		json_object_object_add(o, "catalog", catalog_json(s, t->project));
	list = json_object_new_array();
	add(role, "id", "0");
	add(role, "name", t->user->role == ROLE_READONLY ? "drs_readonly" : "drs_admin");
	json_object_array_add(list, role);
	json_object_object_add(o, "roles", list);
	if (t->project) {
		struct json_object *p = json_object_new_object();

		add(p, "id", t->project->id);
		add(p, "name", t->project->name);
		json_object_object_add(p, "domain", domain_json(t->project->domain));
		json_object_object_add(o, "project", p);
	}
	add(o, "issued_at", issued);
	add(user, "id", t->user->id);
	add(user, "name", t->user->name);
	json_object_object_add(user, "domain", domain_json(t->user->domain));
	add(user, "password_expires_at", "");
	json_object_object_add(o, "user", user);
	json_object_object_add(body, "token", o);
	return body;
}

/* Checks the shape of identity; the user object, or NULL with an answer in a. */
static struct json_object *check_identity(
	struct answer *a, struct request *r, struct json_object *identity)
{
	struct json_object *methods, *method, *password, *user, *domain;

	if (!only(identity, "methods password"))
		return bad_body(a, r, "identity"), NULL;
	methods = member(identity, "methods", json_type_array);
	method = methods ? json_object_array_get_idx(methods, 0) : NULL;
	if (!method || json_object_array_length(methods) != 1 ||
		strcmp(json_object_get_string(method), "password") != 0)
		return bad_body(a, r, "identity.methods must be [\"password\"]"), NULL;
	password = member(identity, "password", json_type_object);
	user = password ? member(password, "user", json_type_object) : NULL;
	if (!user || !only(password, "user") || !only(user, "id name password domain"))
		return bad_body(a, r, "identity.password.user"), NULL;
	if (!member_text(user, "password"))
		return bad_body(a, r, "identity.password.user.password"), NULL;
	domain = member(user, "domain", json_type_object);
	if (domain && (!only(domain, "id name") ||
			      (!member_text(domain, "id") && !member_text(domain, "name"))))
		return bad_body(a, r, "identity.password.user.domain"), NULL;
	if (!member_text(user, "id") && (!member_text(user, "name") || !domain))
		return bad_body(a, r, "identity.password.user needs id, or name and domain"), NULL;
	return user;
}

/* Finds what the scope means. False, with an answer in a, if it is malformed or not the user's. */
static bool check_scope(struct answer *a, struct request *r, struct json_object *auth,
	const struct user *u, struct project **ret)
{
	struct json_object *scope = NULL, *o = NULL, *domain = NULL;
	const char *id, *name;
	struct project *p = NULL;
	char text[160];

	*ret = NULL;
	if (!json_object_object_get_ex(auth, "scope", &scope))
		return true;
	if (!only(scope, "project domain"))
		return bad_body(a, r, "scope"), false;
	if (!json_object_object_get_ex(scope, "project", &o)) {
		if (!json_object_object_get_ex(scope, "domain", &o))
			return true;
		if (!only(o, "id name"))
			return bad_body(a, r, "scope.domain"), false;
		if (domain_is(u->domain, o))
			return true;
		return wrong_login(a, r), false;
	}
	if (!only(o, "id name domain"))
		return bad_body(a, r, "scope.project"), false;
	id = member_text(o, "id");
	name = member_text(o, "name");
	domain = member(o, "domain", json_type_object);
	if (!id && !name)
		return bad_body(a, r, "scope.project needs id or name"), false;
	if (id)
		p = sim_project(r->sim, id);
	else if (!domain || domain_is(u->domain, domain))
		p = sim_project_named(r->sim, name, u->domain);
	if (p && may_use(u, p)) {
		*ret = p;
		return true;
	}
	snprintf(text, sizeof(text), "Could not find project: %s.", id ? id : name);
	refuse(a, r, (int)r->sim->tokens.unknown_project,
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

void iam_login(struct request *r, struct answer *a)
{
	struct sim *s = r->sim;
	struct json_object *auth, *identity, *user;
	struct project *p;
	const char *password;
	struct user *u;
	struct token *t;
	char issued[40];

	if (r->body_len == 0 || r->body_len > BODY_MAX) {
		request_note(r, "login body of %zu bytes", r->body_len);
		refuse(a, r, 400, "IAM.1101", "The request body is empty or too large.");
		return;
	}
	auth = r->json ? member(r->json, "auth", json_type_object) : NULL;
	if (!auth || !only(auth, "identity scope")) {
		bad_body(a, r, "auth");
		return;
	}
	identity = member(auth, "identity", json_type_object);
	user = identity ? check_identity(a, r, identity) : NULL;
	if (!user) {
		if (!identity)
			bad_body(a, r, "auth.identity");
		return;
	}
	s->logins++;
	u = find_user(s, user);
	if (!u || !u->enabled) {
		wrong_login(a, r);
		return;
	}
	if (sim_now(s) < u->locked_until) {
		request_note(r, "login of a locked user");
		refuse(a, r, 401, "IAM.0061", "The account is locked. Try again later.");
		return;
	}
	password = member_text(user, "password");
	if (!password || strcmp(u->password, password) != 0) {
		count_wrong(s, u);
		wrong_login(a, r);
		return;
	}
	u->n_wrong = 0;
	if (u->console_only) {
		refuse(a, r, 403, "IAM.0081", "The user may only use the console.");
		return;
	}
	if (!check_scope(a, r, auth, u, &p))
		return;
	t = issue(s, u, p, issued, sizeof(issued));
	if (!t) {
		answer_keystone(a, 500, "Out of memory.");
		return;
	}
	r->token = t;
	r->executed = true;
	answer_json(a, 201, token_json(s, t, issued, wants_catalog(r)));
	answer_header(a, s->tokens.header, t->text);
}

enum token_verdict iam_token(struct request *r)
{
	const char *text = request_header(r, "X-Auth-Token");
	struct token *t;

	if (!text || !*text)
		return TOKEN_MISSING;
	TAILQ_FOREACH (t, &r->sim->token_list, link) {
		if (strcmp(t->text, text) != 0)
			continue;
		r->token = t;
		return t->revoked || sim_now(r->sim) >= t->expires ? TOKEN_EXPIRED : TOKEN_GOOD;
	}
	return TOKEN_UNKNOWN;
}

static struct json_object *project_json(const struct project *p)
{
	struct json_object *o = json_object_new_object(), *links = json_object_new_object();
	char domain[33], self[120];

	id_of("domain", p->domain, domain);
	snprintf(self, sizeof(self), "https://iam.example.com/v3/projects/%s", p->id);
	add(o, "id", p->id);
	add(o, "name", p->name);
	add(o, "domain_id", domain);
	add(o, "parent_id", domain);
	json_object_object_add(o, "enabled", json_object_new_boolean(p->enabled));
	json_object_object_add(o, "is_domain", json_object_new_boolean(false));
	add(o, "description", p->description ? p->description : "");
	add(links, "self", self);
	json_object_object_add(o, "links", links);
	return o;
}

/* The page parameters: both or none, per_page 1..5000. False if they are wrong. */
static bool read_page(struct evkeyvalq *q, int64_t *ret_page, int64_t *ret_per)
{
	const char *page = evhttp_find_header(q, "page"), *per = evhttp_find_header(q, "per_page");
	char *end_page, *end_per;

	*ret_page = 1;
	*ret_per = INT64_MAX;
	if (!page && !per)
		return true;
	if (!page || !per)
		return false;
	*ret_page = strtoll(page, &end_page, 10);
	*ret_per = strtoll(per, &end_per, 10);
	return *page && !*end_page && *per && !*end_per && *ret_page >= 1 && *ret_per >= 1 &&
	       *ret_per <= 5000;
}

void iam_projects(struct request *r, struct answer *a)
{
	struct json_object *list, *body, *links;
	struct evkeyvalq q = {0};
	struct project *p;
	int64_t page, per, at = 0;
	const char *name, *domain, *parent, *enabled;

	switch (iam_token(r)) {
	case TOKEN_GOOD:
		break;
	case TOKEN_EXPIRED:
		refuse(a, r, 401, "IAM.0066", "The token has expired.");
		return;
	case TOKEN_UNKNOWN:
		refuse(a, r, 401, "IAM.0067", "The token is invalid.");
		return;
	case TOKEN_MISSING:
		refuse(a, r, 401, "IAM.0067", "The request you have made requires authentication.");
		return;
	}
	if (r->query && evhttp_parse_query_str(r->query, &q) < 0) {
		answer_keystone(a, 400, "The query is invalid.");
		return;
	}
	if (r->query && !read_page(&q, &page, &per)) {
		answer_keystone(a, 400, "page and per_page are invalid.");
		evhttp_clear_headers(&q);
		return;
	}
	if (!r->query) {
		page = 1;
		per = INT64_MAX;
	}
	name = r->query ? evhttp_find_header(&q, "name") : NULL;
	domain = r->query ? evhttp_find_header(&q, "domain_id") : NULL;
	parent = r->query ? evhttp_find_header(&q, "parent_id") : NULL;
	enabled = r->query ? evhttp_find_header(&q, "enabled") : NULL;
	list = json_object_new_array();
	TAILQ_FOREACH (p, &r->sim->projects, link) {
		char id[33];

		id_of("domain", p->domain, id);
		if (strcmp(p->domain, r->token->user->domain) != 0 ||
			(name && strcmp(name, p->name) != 0) ||
			(domain && strcmp(domain, id) != 0) ||
			(parent && strcmp(parent, id) != 0) ||
			(enabled && (strcasecmp(enabled, "true") == 0) != p->enabled))
			continue;
		if (at / per + 1 == page)
			json_object_array_add(list, project_json(p));
		at++;
	}
	if (r->query)
		evhttp_clear_headers(&q);
	body = json_object_new_object();
	json_object_object_add(body, "projects", list);
	links = json_object_new_object();
	add(links, "self", "https://iam.example.com/v3/projects");
	json_object_object_add(links, "previous", NULL);
	json_object_object_add(links, "next", NULL);
	json_object_object_add(body, "links", links);
	r->executed = true;
	answer_json(a, 200, body);
}

void iam_end_tokens(struct sim *s, uint64_t serial, bool revoke)
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

struct json_object *iam_state_tokens(const struct sim *s)
{
	struct json_object *list = json_object_new_array();
	struct token *t;

	TAILQ_FOREACH (t, &s->token_list, link) {
		struct json_object *o = json_object_new_object();

		json_object_object_add(o, "serial", json_object_new_int64((int64_t)t->serial));
		add(o, "user", t->user->name);
		if (t->project)
			add(o, "project", t->project->id);
		json_object_object_add(
			o, "good", json_object_new_boolean(!t->revoked && sim_now(s) < t->expires));
		json_object_array_add(list, o);
	}
	return list;
}

struct json_object *iam_state_users(const struct sim *s)
{
	struct json_object *list = json_object_new_array();
	struct user *u;

	TAILQ_FOREACH (u, &s->users, link) {
		struct json_object *o = json_object_new_object();

		add(o, "name", u->name);
		add(o, "domain", u->domain);
		json_object_object_add(
			o, "locked", json_object_new_boolean(sim_now(s) < u->locked_until));
		json_object_object_add(o, "wrong", json_object_new_int64((int64_t)u->n_wrong));
		json_object_array_add(list, o);
	}
	return list;
}

void iam_forget(struct sim *s)
{
	struct token *t;

	while ((t = TAILQ_FIRST(&s->token_list))) {
		TAILQ_REMOVE(&s->token_list, t, link);
		free(t->text);
		free(t);
	}
}
