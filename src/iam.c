/* iam.c - IAM's token request and reply.
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

/* Text that grows in a buffer of ours, or is only measured when there is none. */
struct build {
	char *buf;
	size_t size, len;
};

static void put(struct build *b, const char *s)
{
	size_t len = strlen(s);

	if (b->len + len < b->size)
		memcpy(b->buf + b->len, s, len);
	b->len += len;
}

static void put_quoted(struct build *b, const char *s)
{
	bool fits = b->len < b->size;

	b->len += json_quote(fits ? b->buf + b->len : NULL, fits ? b->size - b->len : 0, s);
}

static void put_domain(struct build *b, const struct cloud_settings *cloud)
{
	if (!cloud->domain)
		return;
	put(b, ",\"domain\":{\"name\":");
	put_quoted(b, cloud->domain);
	put(b, "}");
}

static void put_body(
	struct build *b, const struct cloud_settings *cloud, const struct secret *password)
{
	put(b, "{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":{"
	       "\"name\":");
	put_quoted(b, cloud->user ? cloud->user : "");
	put(b, ",\"password\":");
	put_quoted(b, secret_bytes(password));
	put_domain(b, cloud);
	put(b, "}}},\"scope\":{\"project\":{");
	if (cloud->project_id) {
		put(b, "\"id\":");
		put_quoted(b, cloud->project_id);
	} else {
		put(b, "\"name\":");
		put_quoted(b, cloud->project ? cloud->project : "");
		put_domain(b, cloud);
	}
	put(b, "}}}}");
}

/* json-c would leave copies of the password all over the heap, so the body is put together by
 * hand. What remains: one heap buffer, not locked, between its filling and its wiping a few
 * lines on. */
int iam_request(const struct cloud_settings *cloud, const struct secret *password, char **ret_url,
	struct secret **ret_body)
{
	_cleanup_(secret_freep) struct secret *body = NULL;
	struct build b = {0};
	char *url;
	int err;

	put_body(&b, cloud, password);
	b.size = b.len + 1;
	b.buf = calloc(1, b.size);
	if (!b.buf)
		return -ENOMEM;
	b.len = 0;
	put_body(&b, cloud, password);
	err = secret_new(b.buf, b.len, &body);
	explicit_bzero(b.buf, b.size);
	free(b.buf);
	if (err < 0)
		return err;
	err = exchange_url(cloud->iam, "/auth/tokens?nocatalog=true", &url);
	if (err < 0)
		return err;
	*ret_url = url;
	*ret_body = body;
	body = NULL;
	return 0;
}

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
		{"IAM.0020", OUTCOME_SERVER},     /* failover; comes with 410 */
		{"IAM.0061", OUTCOME_CREDENTIAL}, /* locked */
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
		return OUTCOME_CREDENTIAL;
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
	bool locked;

	exchange_problem(body, &problem);
	r->outcome = iam_outcome(x->status, problem.code, problem.text);
	text_copy(r->code, sizeof(r->code), problem.code);
	text_copy(r->text, sizeof(r->text), problem.text);
	if (!r->request_id[0])
		text_copy(r->request_id, sizeof(r->request_id), problem.request_id);
	locked = strcmp(problem.code, "IAM.0061") == 0 && !strcasestr(problem.text, "locked");
	if (locked) {
		struct line line;

		line_init(&line, r->text, sizeof(r->text));
		line_add(&line, "user is locked%s%s", problem.text[0] ? ": " : "", problem.text);
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

/* It will be a header's value: no blanks, no line breaks, no byte above ASCII. */
static bool token_printable(const char *token, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (token[i] <= ' ' || token[i] > '~')
			return false;
	return true;
}

/* It will be part of a URL. */
static bool project_usable(const char *id, size_t room)
{
	size_t len = strspn(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_");

	return len > 0 && len < room && id[len] == '\0';
}

/* 2xx: what kind of token it is. Fills life and project, or says why it is of no use. */
static void read_token(const struct call *call, const struct json *body, const char *token,
	size_t token_len, struct reply *r)
{
	const struct json *t = json_get_object(body, "token");
	const char *issued = json_get_word(t, "issued_at"),
		   *expires = json_get_word(t, "expires_at");
	const char *project = json_get_word(json_get_object(t, "project"), "id");
	const char *wanted = call->cloud->project_id;
	int64_t from, until;

	if (!token || token_len == 0) {
		refuse(r, OUTCOME_SERVER, "answer without X-Subject-Token");
	} else if (token_len > TOKEN_MAX) {
		r->outcome = OUTCOME_MISCONFIGURED;
		snprintf(r->text, sizeof(r->text),
			"token is %zu bytes, the gateway takes %d KB: give the user fewer roles",
			token_len, TOKEN_MAX / 1024);
	} else if (!token_printable(token, token_len)) {
		refuse(r, OUTCOME_SERVER, "X-Subject-Token holds characters that are no token's");
	} else if (!t) {
		refuse(r, OUTCOME_SERVER, "answer without a token in its body");
	} else if (!project) {
		refuse(r, OUTCOME_MISCONFIGURED, "token is not for a project: check project");
	} else if (!project_usable(project, sizeof(r->project))) {
		refuse(r, OUTCOME_MISCONFIGURED, "project id in the token is not usable");
	} else if (wanted && strcmp(wanted, project) != 0) {
		r->outcome = OUTCOME_MISCONFIGURED;
		snprintf(r->text, sizeof(r->text), "token is for project %s, not the one asked for",
			project);
	} else if (!issued || !expires || time_parse_utc(issued, &from) < 0 ||
		   time_parse_utc(expires, &until) < 0) {
		refuse(r, OUTCOME_SERVER, "answer without issued_at and expires_at");
	} else if (until <= from) {
		refuse(r, OUTCOME_SERVER, "token is expired from the start");
	} else {
		r->life = until - from;
		text_copy(r->project, sizeof(r->project), project);
	}
}

int iam_reply(const struct call *call, const struct exchange *x, const char *token,
	size_t token_len, struct reply **ret, struct secret **ret_token)
{
	_cleanup_(reply_freep) struct reply *r = NULL;
	_cleanup_(json_freep) struct json *body = NULL;
	struct secret *kept = NULL;
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
		else
			read_token(call, body, token, token_len, r);
		if (r->outcome == OUTCOME_OK) {
			err = secret_new(token, token_len, &kept);
			if (err < 0)
				return err;
		}
	}
	*ret = r;
	*ret_token = kept;
	r = NULL;
	return 0;
}
