/* key.c - access keys, and whether a signed request is let in.
 *
 * A key that fails more often than `tries` in a row is locked, as the gateway does it: a daemon that hammers
 * with a wrong signature is found by that. */
#include "key.h"
#include "body.h"
#include "caller.h"
#include "issue.h"
#include "signature.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#define SECURITY_TOKEN_SIZE 1200
#define SECRET_SIZE         40

struct given {
	char *access, *secret;
	bool enabled;
};

static const struct field given_fields[] = {
	{"access", FIELD_TEXT, offsetof(struct given, access), NULL},
	{"secret", FIELD_TEXT, offsetof(struct given, secret), NULL},
	{"enabled", FIELD_BOOL, offsetof(struct given, enabled), NULL},
};

static struct key *key_free(struct key *k)
{
	if (!k)
		return NULL;
	free(k->access);
	free(k->secret);
	free(k->token);
	free(k);
	return NULL;
}

struct key *key_find(struct sim *s, const char *access)
{
	struct key *k;

	TAILQ_FOREACH (k, &s->keys, link)
		if (strcmp(k->access, access) == 0)
			return k;
	return NULL;
}

static bool access_valid(const char *text)
{
	size_t n = strlen(text);

	return n > 0 && n <= 128 &&
	       strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") ==
		       n;
}

int key_add(struct sim *s, const struct user *u, struct json_object *o, const char *path,
	struct problem *p)
{
	struct given given = {.enabled = true};
	struct key *k = calloc(1, sizeof(*k));
	int r = k ? field_read(o, given_fields, ELEMENTSOF(given_fields), &given, path, p)
		  : -ENOMEM;

	if (r >= 0 && (!given.access || !access_valid(given.access)))
		r = problem_set(p, path, "access", "must be 1 to 128 letters, digits, _ or -");
	if (r >= 0 && key_find(s, given.access))
		r = problem_set(p, path, "access", "%s occurs twice", given.access);
	if (r >= 0 && (!given.secret || !*given.secret || strlen(given.secret) > KEY_SECRET_MAX))
		r = problem_set(p, path, "secret", "must be 1 to %d bytes", KEY_SECRET_MAX);
	if (r < 0) {
		field_free(given_fields, ELEMENTSOF(given_fields), &given);
		key_free(k);
		return r;
	}
	k->access = given.access;
	k->secret = given.secret;
	k->enabled = given.enabled;
	k->caller.user = u;
	TAILQ_INSERT_TAIL(&s->keys, k, link);
	return 0;
}

struct key *key_issue(struct sim *s, const struct caller *who, int64_t life)
{
	struct key *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	s->last_serial++;
	if (asprintf(&k->access, "HSTSIM%014llu", (unsigned long long)s->last_serial) < 0)
		k->access = NULL;
	k->secret = issue_text(s, s->last_serial, SECRET_SIZE);
	k->token = issue_text(s, s->last_serial, SECURITY_TOKEN_SIZE);
	if (!k->access || !k->secret || !k->token)
		return key_free(k);
	k->enabled = true;
	k->caller = *who;
	k->expires = sim_now(s) + life;
	sim_time_text(sim_wall(s) + life, k->expires_text, sizeof(k->expires_text));
	TAILQ_INSERT_TAIL(&s->keys, k, link);
	return k;
}

struct json_object *key_json(const struct key *k)
{
	struct json_object *o = json_object_new_object(), *body = json_object_new_object();

	body_add(o, "access", k->access);
	body_add(o, "secret", k->secret);
	body_add(o, "securitytoken", k->token);
	body_add(o, "expires_at", k->expires_text);
	json_object_object_add(body, "credential", o);
	return body;
}

bool key_good(const struct sim *s, const struct key *k)
{
	return k->enabled && caller_enabled(&k->caller) && (!k->token || sim_now(s) < k->expires);
}

bool key_signed(const struct request *r)
{
	return request_header(r, "Authorization") != NULL;
}

void key_named(struct request *r)
{
	const char *text = request_header(r, "Authorization");
	char why[SIGNATURE_WHY];
	struct signature g;

	if (!text || signature_parse(text, &g, why) < 0)
		return;
	r->auth = g.credential ? "credential" : "access";
	snprintf(r->access, sizeof(r->access), "%s", g.key);
}

static bool refuse(struct request *r, struct answer *a, const char *fmt, ...) _printf_(3, 4);
static bool refuse(struct request *r, struct answer *a, const char *fmt, ...)
{
	char text[500] = "Incorrect IAM authentication information: ";
	size_t n = strlen(text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text + n, sizeof(text) - n, fmt, ap);
	va_end(ap);
	answer_error(a, r, 0, "APIGW.0301", text);
	return false;
}

/* Counts a failure of the key, and locks it if that was one too many. */
static void count_failure(struct sim *s, struct key *k)
{
	if (++k->failures <= s->signing.tries || s->signing.tries == 0)
		return;
	k->locked_until = sim_now(s) + s->signing.lock;
	k->failures = 0;
}

/* The form of the signature and what it covers: nothing here knows the key yet. */
static bool well_formed(struct request *r, struct answer *a, const struct signature *g,
	const char *date, int64_t *ret_wall)
{
	int accepts = r->sim->signing.accepts;

	if ((accepts == ACCEPTS_ACCESS && g->credential) ||
		(accepts == ACCEPTS_CREDENTIAL && !g->credential))
		return refuse(r, a, "the authorization header has no %s",
			g->credential ? "Access" : "Credential");
	if (!signature_covers(g, "host") || !signature_covers(g, "x-sdk-date"))
		return refuse(r, a, "host and x-sdk-date must be signed");
	if (!date || signature_date(date, ret_wall) < 0)
		return refuse(r, a, "x-sdk-date is no date");
	if (g->credential && strncmp(g->day, date, 8) != 0)
		return refuse(r, a, "the scope's date is not that of x-sdk-date");
	if (!g->credential) {
		/* Not needed by the documentation's letter, but what is sent should be signed. */
		static const char *const wanted[] = {"content-type", "x-project-id"};

		for (size_t i = 0; i < ELEMENTSOF(wanted); i++)
			if (request_header(r, wanted[i]) && !signature_covers(g, wanted[i]))
				request_note(r, "%s is not signed", wanted[i]);
	}
	return true;
}

/* The security token: with a temporary key its own, and signed in the newer form; else none. */
static bool token_fits(
	struct request *r, struct answer *a, const struct signature *g, const struct key *k)
{
	const char *sent = request_header(r, "X-Security-Token");

	if (!k->token)
		return sent ? refuse(r, a, "a permanent key has no security token") : true;
	if (!sent)
		return refuse(r, a, "the security token is missing");
	if (strcmp(sent, k->token) != 0)
		return refuse(r, a, "the security token is wrong");
	if (!g->credential && !signature_covers(g, "x-security-token"))
		return refuse(r, a, "the security token is not signed");
	return true;
}

static bool signed_right(struct request *r, struct answer *a, const struct signature *g,
	const struct key *k, const char *date)
{
	struct signed_request q = {.method = r->method,
		.path = r->path,
		.query = r->query,
		.headers = evhttp_request_get_input_headers(r->http),
		.body = r->body,
		.body_len = r->body_len};
	char why[SIGNATURE_WHY] = "out of memory", hex[65];
	_cleanup_free_ char *canonical = NULL;

	if (signature_canonical(g, &q, &canonical, why) < 0) {
		request_note(r, "signature: %s", why);
		return refuse(r, a, "verify aksk signature fail: %s", why);
	}
	signature_make(g, k->secret, date, canonical, hex);
	if (strcmp(hex, g->hex) != 0) {
		request_note(r, "signature: wrong");
		return refuse(r, a, "verify aksk signature fail");
	}
	return true;
}

static bool in_time(struct request *r, struct answer *a, const char *date, int64_t wall)
{
	int64_t now = sim_wall(r->sim);
	time_t sec = (time_t)(now / 1000);
	char text[32];
	struct tm tm;

	if (wall >= now - r->sim->signing.skew && wall <= now + r->sim->signing.skew)
		return true;
	gmtime_r(&sec, &tm);
	strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", &tm);
	return refuse(r, a, "signature expired, signature time:%s,server time:%s", date, text);
}

bool key_admits(struct request *r, struct answer *a)
{
	const char *date = request_header(r, "X-Sdk-Date");
	char why[SIGNATURE_WHY];
	struct signature g;
	struct key *k;
	int64_t wall = 0;

	if (request_header(r, "X-Auth-Token"))
		request_note(r, "both a token and a signature");
	if (signature_parse(request_header(r, "Authorization"), &g, why) < 0) {
		request_note(r, "signature: %s", why);
		return refuse(r, a, "%s", why);
	}
	if (!well_formed(r, a, &g, date, &wall))
		return false;
	k = key_find(r->sim, g.key);
	if (!k || !k->enabled || !caller_enabled(&k->caller))
		return refuse(r, a, "Get secretKey failed,ak:%s,err:ak not exist", g.key);
	if (sim_now(r->sim) < k->locked_until) {
		request_note(r, "signed with a locked key");
		return refuse(r, a, "the ak %s is locked, too many failures", g.key);
	}
	if (!in_time(r, a, date, wall) || !signed_right(r, a, &g, k, date) ||
		!token_fits(r, a, &g, k)) {
		count_failure(r->sim, k);
		return false;
	}
	if (k->token && sim_now(r->sim) >= k->expires)
		return refuse(
			r, a, "the security token has expired, expires_at:%s", k->expires_text);
	k->failures = 0;
	r->caller = k->caller;
	return true;
}

struct json_object *key_state(const struct sim *s)
{
	struct json_object *list = json_object_new_array();
	struct key *k;

	TAILQ_FOREACH (k, &s->keys, link) {
		struct json_object *o = json_object_new_object();
		char name[300];

		body_add(o, "access", k->access);
		caller_name(&k->caller, name, sizeof(name));
		body_add(o, "user", name);
		json_object_object_add(o, "temporary", json_object_new_boolean(k->token != NULL));
		json_object_object_add(o, "good", json_object_new_boolean(key_good(s, k)));
		json_object_object_add(
			o, "locked", json_object_new_boolean(sim_now(s) < k->locked_until));
		json_object_object_add(o, "failures", json_object_new_int64(k->failures));
		json_object_array_add(list, o);
	}
	return list;
}

void key_forget(struct sim *s)
{
	struct key *k;

	while ((k = TAILQ_FIRST(&s->keys))) {
		TAILQ_REMOVE(&s->keys, k, link);
		key_free(k);
	}
}
