/* metadata.c - the ECS metadata service: temporary keys of the agency that the machine stands for.
 *
 * The keys come as JSON: json-c's copies are freed and not wiped, see SECURITY.md. They last an hour, and are
 * renewed by the service some ten minutes before their end. */
#include "metadata.h"

#include "json.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int url(const struct cloud_settings *cloud, const char *rest, char **ret)
{
	char *made;

	if (asprintf(&made, "%s%s", cloud->metadata, rest) < 0)
		return -ENOMEM;
	*ret = made;
	return 0;
}

int metadata_keys_url(const struct cloud_settings *cloud, char **ret)
{
	return url(cloud, "/openstack/latest/securitykey", ret);
}

int metadata_ticket_url(const struct cloud_settings *cloud, char **ret)
{
	return url(cloud, "/meta-data/latest/api/token", ret);
}

int metadata_ticket(const struct exchange *x, struct secret **ret)
{
	size_t len = x->len;

	while (len > 0 && strchr(" \r\n", x->body[len - 1]))
		len--;
	if (!exchange_success(x) || len == 0 || len > TOKEN_MAX || !text_is_word(x->body, len))
		return -EINVAL;
	return secret_new(x->body, len, ret);
}

static void refuse(struct reply *r, enum outcome o, const char *text)
{
	r->outcome = o;
	text_copy(r->text, sizeof(r->text), text);
}

static void read_refusal(const struct exchange *x, struct reply *r)
{
	if (x->status == 404)
		refuse(r, OUTCOME_MISCONFIGURED,
			"no agency is bound to this ECS: bind one that may use DRS");
	else if (x->status == 429)
		r->outcome = OUTCOME_THROTTLED;
	else
		r->outcome = x->status >= 500 ? OUTCOME_SERVER : OUTCOME_MISCONFIGURED;
	if (!*r->text)
		snprintf(r->text, sizeof(r->text), "the metadata service answered HTTP %d",
			x->status);
}

static int secret_of(const char *text, struct secret **ret)
{
	return secret_new(text, strlen(text), ret);
}

static int make_pass(const struct call *call, const char *access, const char *key,
	const char *security_token, struct pass **ret)
{
	_cleanup_(pass_freep) struct pass *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return -ENOMEM;
	p->form = call->cloud->signature;
	p->access = strdup(access);
	err = p->access ? secret_of(key, &p->key) : -ENOMEM;
	if (err == 0)
		err = secret_of(security_token, &p->security_token);
	if (err < 0)
		return err;
	*ret = p;
	p = NULL;
	return 0;
}

static int read_keys(const struct call *call, const struct json *body, int64_t wall,
	struct reply *r, struct pass **ret)
{
	const struct json *c = json_get_object(body, "credential");
	const char *access = json_get_word(c, "access"), *key = json_get_word(c, "secret");
	const char *token = json_get_word(c, "securitytoken");
	const char *expires = json_get_word(c, "expires_at");
	int64_t until;

	if (!access || !key || !token || !expires || !text_is_word(access, strlen(access)) ||
		!text_is_word(key, strlen(key)) || !text_is_word(token, strlen(token)) ||
		strlen(token) > TOKEN_MAX || time_parse_utc(expires, &until) < 0) {
		refuse(r, OUTCOME_SERVER, "the metadata service's answer holds no keys");
		return 0;
	}
	if (until <= wall) {
		refuse(r, OUTCOME_SERVER, "the metadata service's keys have expired");
		return 0;
	}
	r->life = until - wall;
	if (call->cloud->project_id)
		text_copy(r->project, sizeof(r->project), call->cloud->project_id);
	return make_pass(call, access, key, token, ret);
}

int metadata_reply(const struct call *call, const struct exchange *x, int64_t wall,
	struct reply **ret, struct pass **ret_pass)
{
	_cleanup_(reply_freep) struct reply *r = NULL;
	_cleanup_(json_freep) struct json *body = NULL;
	struct pass *pass = NULL;
	int err = reply_new(call->id, 0, &r);

	if (err < 0)
		return err;
	if (!exchange_settled(x, r)) {
		/* its Content-Type is not to be relied upon */
		err = exchange_success(x) ? json_parse(x->body, x->len, &body) : 0;
		if (err == -ENOMEM)
			return err;
		if (!exchange_success(x))
			read_refusal(x, r);
		else
			err = read_keys(call, body, wall, r, &pass);
		if (err == -ENOMEM)
			return err;
	}
	*ret = r;
	*ret_pass = pass;
	r = NULL;
	return 0;
}
