/* iam.c - what IAM is asked for a login, and what it answers.
 *
 * IAM locks a user after a handful of wrong logins, for everybody who shares it. So whatever may
 * be the credential's fault is told apart from trouble that time will cure, and the former is
 * never retried. */
#include "iam.h"

#include "drs.h"
#include "json.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

enum outcome iam_outcome(int status, const char *code, const char *text)
{
	static const struct {
		const char *code;
		enum outcome outcome;
	} table[] = {
		{"IAM.0002", OUTCOME_DENIED},
		{"IAM.0003", OUTCOME_DENIED},
		{"IAM.0004", OUTCOME_CREDENTIAL}, /* no such domain or project */
		{"IAM.0005", OUTCOME_MISCONFIGURED},
		{"IAM.0006", OUTCOME_SERVER},
		{"IAM.0007", OUTCOME_CREDENTIAL},
		{"IAM.0011", OUTCOME_CREDENTIAL},
		{"IAM.0012", OUTCOME_THROTTLED},
		{"IAM.0020", OUTCOME_SERVER}, /* failover; comes with 410 */
		{"IAM.0061", OUTCOME_LOCKED},
		{"IAM.0062", OUTCOME_CREDENTIAL},
		{"IAM.0066", OUTCOME_CREDENTIAL},
		{"IAM.0067", OUTCOME_CREDENTIAL},
		{"IAM.0080", OUTCOME_DENIED},
		{"IAM.0081", OUTCOME_DENIED},
		{"IAM.0082", OUTCOME_DENIED},
		{"IAM.0083", OUTCOME_DENIED},
		{"IAM.1101", OUTCOME_CREDENTIAL},
		{"IAM.1104", OUTCOME_CREDENTIAL},
		{"IAM.1105", OUTCOME_CREDENTIAL},
		{"IAM.1106", OUTCOME_CREDENTIAL},
		{"IAM.1107", OUTCOME_CREDENTIAL},
		{"IAM.1108", OUTCOME_CREDENTIAL},
		{"IAM.1109", OUTCOME_CREDENTIAL},
	};

	for (size_t i = 0; i < ELEMENTSOF(table); i++)
		if (strcmp(table[i].code, code) == 0)
			return table[i].outcome;
	/* The gateway in front of IAM speaks for itself, but there is no token yet to be
	 * renewed. */
	if (starts_with(code, "APIGW.") || starts_with(code, "APIG.")) {
		enum outcome o = drs_outcome(status, code, text, false);

		return o == OUTCOME_TOKEN         ? OUTCOME_CREDENTIAL
		       : o == OUTCOME_BAD_REQUEST ? OUTCOME_MISCONFIGURED
						  : o;
	}
	switch (status) {
	case 401: /* even without a body: one try too few is better than a locked user */
		return strcasestr(text, "is locked") || strcasestr(text, "been locked")
			       ? OUTCOME_LOCKED
			       : OUTCOME_CREDENTIAL;
	case 403:
		return OUTCOME_DENIED;
	case 400:
	case 404: /* IAM said something: user, domain or project; nothing said: not IAM at all */
		return *text || *code ? OUTCOME_CREDENTIAL : OUTCOME_MISCONFIGURED;
	case 408:
	case 410:
	case 425:
		return OUTCOME_SERVER;
	case 429:
		return OUTCOME_THROTTLED;
	default:
		return status >= 300 && status < 500 ? OUTCOME_MISCONFIGURED : OUTCOME_SERVER;
	}
}

/* IAM said no, or nothing. */
static void read_refusal(const struct exchange *x, const struct json *body, struct reply *r)
{
	struct problem problem;

	exchange_problem(body, &problem);
	r->outcome = iam_outcome(x->status, problem.code, problem.text);
	text_copy(r->code, sizeof(r->code), problem.code);
	text_copy(r->text, sizeof(r->text), problem.text);
	if (!r->request_id[0])
		text_copy(r->request_id, sizeof(r->request_id), problem.request_id);
	if (r->outcome == OUTCOME_LOCKED && !strcasestr(problem.text, "locked")) {
		struct line line;

		line_init(&line, r->text, sizeof(r->text));
		line_add(&line, "user is locked%s%s", problem.text[0] ? ": " : "", problem.text);
	} else if (exchange_head_too_large(x)) {
		r->outcome = OUTCOME_MISCONFIGURED;
		snprintf(r->text, sizeof(r->text), EXCHANGE_TOKEN_TOO_LARGE, x->status);
	} else if (!r->text[0]) {
		snprintf(r->text, sizeof(r->text), "IAM answered HTTP %d without a message",
			x->status);
	}
}

static void refuse(struct reply *r, enum outcome o, const char *text)
{
	r->outcome = o;
	text_copy(r->text, sizeof(r->text), text);
}

/* It will be part of a URL. */
static bool project_usable(const char *id, size_t room)
{
	size_t len = strspn(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_");

	return len > 0 && len < room && id[len] == '\0';
}

/* The X-Subject-Token header, or what is wrong with it. */
static bool judge_token(const char *token, size_t token_len, struct reply *r)
{
	if (!token || token_len == 0) {
		refuse(r, OUTCOME_SERVER, "answer without X-Subject-Token");
	} else if (token_len > TOKEN_MAX) {
		r->outcome = OUTCOME_MISCONFIGURED;
		snprintf(r->text, sizeof(r->text),
			"token is %zu bytes, the gateway takes %d KB: give the user fewer roles",
			token_len, TOKEN_MAX / 1024);
	} else if (!text_is_word(token, token_len)) {
		refuse(r, OUTCOME_SERVER, "X-Subject-Token holds characters that are no token's");
	}
	return r->outcome == OUTCOME_OK;
}

/* Whether the token's project is the one that was asked for; fills r->project, or says why not. */
static bool judge_project(const struct call *call, const struct json *t, struct reply *r)
{
	const struct json *p = json_get_object(t, "project");
	const char *project = json_get_word(p, "id"), *name = json_get_word(p, "name");
	const struct cloud_settings *set = call->cloud;

	if (!project) {
		refuse(r, OUTCOME_MISCONFIGURED, "token is not for a project: check project");
	} else if (!project_usable(project, sizeof(r->project))) {
		refuse(r, OUTCOME_MISCONFIGURED, "project id in the token is not usable");
	} else if ((set->project_id && strcmp(set->project_id, project) != 0) ||
		   (set->project && name && strcmp(set->project, name) != 0)) {
		r->outcome = OUTCOME_MISCONFIGURED;
		snprintf(r->text, sizeof(r->text), "token is for project %s, not the one asked for",
			project);
	} else {
		text_copy(r->project, sizeof(r->project), project);
	}
	return r->outcome == OUTCOME_OK;
}

static void judge_times(const struct json *t, int64_t from, struct reply *r)
{
	const char *issued = json_get_word(t, "issued_at"),
		   *expires = json_get_word(t, "expires_at");
	int64_t since, until;

	if (!issued || !expires || time_parse_utc(issued, &since) < 0 ||
		time_parse_utc(expires, &until) < 0) {
		refuse(r, OUTCOME_SERVER, "answer without issued_at and expires_at");
	} else if (until <= since) {
		refuse(r, OUTCOME_SERVER, "token is expired from the start");
	} else if (from != 0 && until <= from) {
		refuse(r, OUTCOME_CREDENTIAL, "token is expired");
	} else {
		r->life = until - (from != 0 ? from : since);
	}
}

/* 2xx: what kind of token it is. from: the wall clock, for one that we did not ask for ourselves; else 0. */
static void read_token(const struct call *call, const struct json *body, enum iam_scope scope,
	int64_t from, struct reply *r)
{
	const struct json *t = json_get_object(body, "token");

	if (!t)
		refuse(r, OUTCOME_SERVER, "answer without a token in its body");
	else if (scope == IAM_ACCOUNT || judge_project(call, t, r))
		judge_times(t, from, r);
	if (r->outcome != OUTCOME_OK)
		*r->project = '\0';
}

/* Begins a reply; *ret_body is the body of an answer that is worth reading, NULL if the reply is settled. */
static int begin(const struct call *call, const struct exchange *x, struct reply **ret,
	struct json **ret_body)
{
	_cleanup_(reply_freep) struct reply *r = NULL;
	_cleanup_(json_freep) struct json *body = NULL;
	int err = reply_new(call->id, 0, &r);

	if (err < 0)
		return err;
	if (!exchange_settled(x, r)) {
		err = json_parse(x->body, x->len, &body);
		if (err == -ENOMEM)
			return err;
		if (!exchange_success(x))
			read_refusal(x, body, r);
		else if (!body || !exchange_is_json(x))
			refuse(r, OUTCOME_SERVER, "answer is not JSON");
		if (r->outcome == OUTCOME_OK) {
			*ret_body = body;
			body = NULL;
		}
	}
	*ret = r;
	r = NULL;
	return 0;
}

int iam_reply(const struct call *call, const struct exchange *x, const char *token,
	size_t token_len, enum iam_scope scope, struct reply **ret, struct secret **ret_token)
{
	_cleanup_(reply_freep) struct reply *r = NULL;
	_cleanup_(json_freep) struct json *body = NULL;
	struct secret *kept = NULL;
	int err = begin(call, x, &r, &body);

	if (err < 0)
		return err;
	if (body && judge_token(token, token_len, r))
		read_token(call, body, scope, 0, r);
	if (r->outcome == OUTCOME_OK) {
		err = secret_new(token, token_len, &kept);
		if (err < 0)
			return err;
	}
	*ret = r;
	*ret_token = kept;
	r = NULL;
	return 0;
}

int iam_check_reply(
	const struct call *call, const struct exchange *x, int64_t wall, struct reply **ret)
{
	_cleanup_(reply_freep) struct reply *r = NULL;
	_cleanup_(json_freep) struct json *body = NULL;
	int err = begin(call, x, &r, &body);

	if (err < 0)
		return err;
	if (body)
		read_token(call, body, IAM_PROJECT, wall, r);
	*ret = r;
	r = NULL;
	return 0;
}

/* Exactly one of that name, of those that may be used. */
static void read_projects(const struct call *call, const struct json *list, struct reply *r)
{
	const char *wanted = call->cloud->project, *found = NULL;
	struct line l;
	size_t n = 0;

	for (size_t i = 0; i < json_count(list); i++) {
		const struct json *p = json_at(list, i);
		const char *name = json_get_word(p, "name"), *id = json_get_word(p, "id");

		if (!name || !id || strcmp(name, wanted) != 0 || json_get_bool(p, "enabled") == 0)
			continue;
		found = id;
		n++;
	}
	if (n == 1 && project_usable(found, sizeof(r->project))) {
		text_copy(r->project, sizeof(r->project), found);
		return;
	}
	r->outcome = OUTCOME_MISCONFIGURED;
	line_init(&l, r->text, sizeof(r->text));
	if (n == 1)
		line_add(&l, "IAM's id of project %s is not usable", wanted);
	else
		line_add(&l,
			"%s project named %s that this key may use: correct project, or set "
			"project_id",
			n == 0 ? "there is no" : "there is more than one", wanted);
}

int iam_project_reply(const struct call *call, const struct exchange *x, struct reply **ret)
{
	const char *id = call->cloud->project_id;
	_cleanup_(reply_freep) struct reply *r = NULL;
	_cleanup_(json_freep) struct json *body = NULL;
	int err = begin(call, x, &r, &body);

	if (err < 0)
		return err;
	if (r->outcome == OUTCOME_DENIED && id) {
		r->outcome = OUTCOME_OK; /* who it is was clear, and to list is not what we need */
		*r->code = *r->text = '\0';
	} else if (r->outcome == OUTCOME_DENIED) {
		refuse(r, OUTCOME_MISCONFIGURED,
			"the key is good, but may not list projects: set project_id");
	} else if (body && !json_get_array(body, "projects")) {
		refuse(r, OUTCOME_SERVER, "answer without a list of projects");
	} else if (body && !id) {
		read_projects(call, json_get_array(body, "projects"), r);
	}
	if (r->outcome == OUTCOME_OK) {
		if (id)
			text_copy(r->project, sizeof(r->project), id);
		r->life = INT64_MAX;
	}
	*ret = r;
	r = NULL;
	return 0;
}
