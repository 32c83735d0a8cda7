/* verb_login.c - the verbs that change who may log in, and with what: tokens, passwords, keys. */
#include "verb_login.h"
#include "ecs.h"
#include "iam.h"
#include "issue.h"
#include "key.h"
#include "scenario.h"

#include <errno.h>
#include <string.h>

struct args {
	char *user, *domain, *password, *access, *secret;
	struct json_object *end_expire, *end_revoke;
	int role;
	bool unlock, enabled, console_only, expire;
};

static const char *const role_words[] = {"full", "readonly", "none", NULL};

#define TABLE(t) t, ELEMENTSOF(t)
#define F(key, kind, words)                                                                        \
	{                                                                                          \
#key, kind, offsetof(struct args, key), words                                      \
	}
static const struct field credential_fields[] = {
	F(user, FIELD_TEXT, NULL),
	F(domain, FIELD_TEXT, NULL),
	F(password, FIELD_TEXT, NULL),
	F(unlock, FIELD_BOOL, NULL),
	F(enabled, FIELD_BOOL, NULL),
	F(console_only, FIELD_BOOL, NULL),
	F(role, FIELD_WORD, role_words),
};
static const struct field key_fields[] = {
	F(access, FIELD_TEXT, NULL),
	F(secret, FIELD_TEXT, NULL),
	F(enabled, FIELD_BOOL, NULL),
	F(unlock, FIELD_BOOL, NULL),
	F(expire, FIELD_BOOL, NULL),
};
static const struct field end_fields[] = {
	{"expire", FIELD_JSON, offsetof(struct args, end_expire), NULL},
	{"revoke", FIELD_JSON, offsetof(struct args, end_revoke), NULL},
};

/* The token verb: rules as in the scenario, and "expire"/"revoke": true or the serial of one token. */
int verb_tokens(struct sim *s, struct json_object *o, const char *path, struct problem *p)
{
	struct json_object *rules = json_object_new_object(), *ends = json_object_new_object();
	struct args a = {0};
	int r;

	if (!json_object_is_type(o, json_type_object)) {
		r = problem_set(p, path, NULL, "must be an object");
		goto out;
	}
	json_object_object_foreach(o, key, v)
	{
		bool end = strcmp(key, "expire") == 0 || strcmp(key, "revoke") == 0;

		if (end && !json_object_is_type(v, json_type_int) &&
			!(json_object_is_type(v, json_type_boolean) &&
				json_object_get_boolean(v))) {
			r = problem_set(p, path, key, "must be true or the serial of a login");
			goto out;
		}
		json_object_object_add(end ? ends : rules, key, json_object_get(v));
	}
	r = scenario_tokens(s, rules, path, p);
	if (r >= 0)
		r = field_read(ends, TABLE(end_fields), &a, path, p);
	if (r < 0 || !s)
		goto out;
	if (a.end_expire)
		issue_end(s,
			json_object_is_type(a.end_expire, json_type_int)
				? json_object_get_uint64(a.end_expire)
				: 0,
			false);
	if (a.end_revoke)
		issue_end(s,
			json_object_is_type(a.end_revoke, json_type_int)
				? json_object_get_uint64(a.end_revoke)
				: 0,
			true);
out:
	field_free(TABLE(end_fields), &a);
	json_object_put(rules);
	json_object_put(ends);
	return r;
}

int verb_credential(struct sim *s, struct json_object *o, const char *path, struct problem *p)
{
	struct args a = {.role = -1};
	struct user *u;
	int r = field_read(o, TABLE(credential_fields), &a, path, p);

	if (r >= 0 && !json_object_object_get_ex(o, "user", NULL))
		r = problem_set(p, path, "user", "is missing");
	if (r < 0 || !s)
		goto out;
	u = a.user ? iam_user(s, a.user, a.domain) : NULL;
	if (!u) {
		r = problem_set(p, path, "user", "no such user");
		goto out;
	}
	if (a.password) {
		free(u->password);
		u->password = a.password;
		a.password = NULL;
	}
	if (a.unlock) {
		u->n_wrong = 0;
		u->locked_until = 0;
	}
	if (json_object_object_get_ex(o, "enabled", NULL))
		u->enabled = a.enabled;
	if (json_object_object_get_ex(o, "console_only", NULL))
		u->console_only = a.console_only;
	if (a.role >= 0)
		u->role = a.role;
out:
	field_free(TABLE(credential_fields), &a);
	return r;
}

int verb_key(struct sim *s, struct json_object *o, const char *path, struct problem *p)
{
	struct args a = {0};
	struct key *k;
	int r = field_read(o, TABLE(key_fields), &a, path, p);

	if (r >= 0 && !json_object_object_get_ex(o, "access", NULL))
		r = problem_set(p, path, "access", "is missing");
	if (r >= 0 && a.secret && (!*a.secret || strlen(a.secret) > KEY_SECRET_MAX))
		r = problem_set(p, path, "secret", "must be 1 to %d bytes", KEY_SECRET_MAX);
	if (r < 0 || !s)
		goto out;
	k = a.access ? key_find(s, a.access) : NULL;
	if (!k) {
		r = problem_set(p, path, "access", "no such key");
		goto out;
	}
	if (a.secret) {
		free(k->secret);
		k->secret = a.secret;
		a.secret = NULL;
	}
	if (json_object_object_get_ex(o, "enabled", NULL))
		k->enabled = a.enabled;
	if (a.expire)
		k->expires = MIN(k->expires, sim_now(s));
	if (a.unlock) {
		k->failures = 0;
		k->locked_until = 0;
	}
out:
	field_free(TABLE(key_fields), &a);
	return r;
}

/* The metadata verb: keys as in the scenario, and "rotate" and "revoke". */
int verb_metadata(struct sim *s, struct json_object *o, const char *path, struct problem *p)
{
	struct json_object *rules = json_object_new_object();
	bool rotate = false, revoke = false;
	int r;

	if (!json_object_is_type(o, json_type_object)) {
		r = problem_set(p, path, NULL, "must be an object");
		goto out;
	}
	json_object_object_foreach(o, key, v)
	{
		bool *act = strcmp(key, "rotate") == 0   ? &rotate
			    : strcmp(key, "revoke") == 0 ? &revoke
							 : NULL;

		if (act && !json_object_is_type(v, json_type_boolean)) {
			r = problem_set(p, path, key, "must be true or false");
			goto out;
		}
		if (act)
			*act = json_object_get_boolean(v);
		else
			json_object_object_add(rules, key, json_object_get(v));
	}
	r = scenario_metadata(s, rules, path, p);
	if (r >= 0 && s && revoke)
		ecs_revoke(s);
	if (r >= 0 && s && rotate)
		ecs_rotate(s);
out:
	json_object_put(rules);
	return r;
}
