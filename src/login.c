/* login.c - one login, in as many exchanges as the cloud's way to log in takes.
 *
 *   password     POST tokens
 *   assume-role  POST tokens for the user's own account, POST tokens for the agency
 *   token-file   GET tokens: whose is it, and how long is it good?
 *   aksk         GET projects, signed: is the key taken, and for which project id?
 *   ecs-agency   [PUT ticket,] GET keys, and GET projects if the project's id is not configured
 *
 * The first exchange that fails is the answer to the login. */
#include "login.h"

#include "clock.h"
#include "iam.h"
#include "metadata.h"
#include "stamp.h"
#include "text.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define TICKET_LIFE "60" /* seconds; it is used once */

enum stage {
	STAGE_PASSWORD,
	STAGE_ASSUME,
	STAGE_CHECK,
	STAGE_TICKET,
	STAGE_KEYS,
	STAGE_PROJECT
};

struct login {
	struct http *http;
	const struct call *call;
	enum stage stage;
	int64_t end;           /* mono ms */
	struct pass *pass;     /* as far as it is known */
	struct secret *ticket; /* of the metadata service */
	int64_t life;          /* of the keys in pass */
	login_done *done;
	void *arg;
};

struct login *login_free(struct login *l)
{
	if (!l)
		return NULL;
	pass_free(l->pass);
	secret_free(l->ticket);
	free(l);
	return NULL;
}

const char *login_why_not_sent(int error)
{
	switch (error) {
	case -EPERM:
		return "plain http is for loopback only";
	case -E2BIG:
		return "the token is larger than the gateway takes in one header (32 KB)";
	case -EINVAL:
		return "the token or key has characters that can't stand in a header";
	case -ENOKEY:
		return "there is no password, key or token for it";
	default:
		return strerror(-error);
	}
}

/* ---- the exchanges ---- */

static void on_answer(void *arg, const struct exchange *x, const char *token, size_t token_len);

static int ask(struct login *l, const struct exchange_request *request)
{
	int64_t left = l->end - clock_mono();

	return http_send(l->http, l->call->cloud, request, MAX(left, (int64_t)1), on_answer, l);
}

static int send_password(struct login *l, const struct secret *password)
{
	bool assume = l->call->cloud->method == AUTH_ASSUME_ROLE;
	_cleanup_(secret_freep) struct secret *body = NULL;
	_cleanup_free_ char *url = NULL;
	int r = iam_request(
		l->call->cloud, password, assume ? IAM_ACCOUNT : IAM_PROJECT, &url, &body);

	if (r < 0)
		return r;
	l->stage = STAGE_PASSWORD;
	return ask(l, &(struct exchange_request){.url = url, .secret_body = body});
}

static int send_assume(struct login *l, const struct secret *own)
{
	_cleanup_free_ char *url = NULL, *body = NULL;
	int r = iam_assume_request(l->call->cloud, &url, &body);

	if (r < 0)
		return r;
	l->stage = STAGE_ASSUME;
	return ask(l, &(struct exchange_request){
			      .url = url,
			      .body = body,
			      .body_len = strlen(body),
			      .headers = {{.name = "X-Auth-Token", .secret = own}},
			      .n_headers = 1,
		      });
}

static int send_check(struct login *l)
{
	_cleanup_free_ char *url = NULL;
	int r = iam_check_url(l->call->cloud, &url);

	if (r < 0)
		return r;
	l->stage = STAGE_CHECK;
	return ask(l, &(struct exchange_request){
			      .url = url,
			      .headers = {{.name = "X-Auth-Token", .secret = l->pass->token},
				      {.name = "X-Subject-Token", .secret = l->pass->token}},
			      .n_headers = 2,
		      });
}

static int send_ticket(struct login *l)
{
	_cleanup_free_ char *url = NULL;
	int r = metadata_ticket_url(l->call->cloud, &url);

	if (r < 0)
		return r;
	l->stage = STAGE_TICKET;
	return ask(l, &(struct exchange_request){
			      .method = "PUT",
			      .url = url,
			      .headers = {{.name = METADATA_TICKET_LIFE, .value = TICKET_LIFE}},
			      .n_headers = 1,
			      .metadata = true,
		      });
}

static int send_keys(struct login *l)
{
	_cleanup_free_ char *url = NULL;
	int r = metadata_keys_url(l->call->cloud, &url);

	if (r < 0)
		return r;
	l->stage = STAGE_KEYS;
	return ask(l, &(struct exchange_request){
			      .url = url,
			      .headers = {{.name = METADATA_TICKET, .secret = l->ticket}},
			      .n_headers = l->ticket ? 1 : 0,
			      .metadata = true,
		      });
}

static int send_project(struct login *l)
{
	_cleanup_(stamp_done) struct stamp stamp = {0};
	_cleanup_free_ char *url = NULL;
	struct exchange_request request = {0};
	int r = iam_project_url(l->call->cloud, &url);

	if (r < 0)
		return r;
	l->stage = STAGE_PROJECT;
	request.url = url;
	r = stamp_put(&stamp, l->pass, l->call->cloud, NULL, "iam", clock_wall(), &request);
	return r < 0 ? r : ask(l, &request);
}

/* ---- from one to the next ---- */

static void finish(struct login *l, const struct reply *r)
{
	struct pass *pass = NULL;
	login_done *done = l->done;
	void *arg = l->arg;

	if (r->outcome == OUTCOME_OK) {
		pass = l->pass;
		l->pass = NULL;
	}
	login_free(l);
	done(arg, r, pass);
}

static void fail(struct login *l, int error)
{
	struct reply r = {.call = l->call->id, .outcome = OUTCOME_TRANSPORT, .retry_after = -1};

	text_copy(r.text, sizeof(r.text), login_why_not_sent(error));
	finish(l, &r);
}

/* A token came. */
static int after_token(struct login *l, const struct exchange *x, const char *token, size_t len,
	struct reply **ret)
{
	bool own = l->stage == STAGE_PASSWORD && l->call->cloud->method == AUTH_ASSUME_ROLE;
	_cleanup_(secret_freep) struct secret *taken = NULL;
	int r = iam_reply(l->call, x, token, len, own ? IAM_ACCOUNT : IAM_PROJECT, ret, &taken);

	if (r < 0 || (*ret)->outcome != OUTCOME_OK)
		return r;
	if (own) {
		*ret = reply_free(*ret);
		return send_assume(l, taken);
	}
	l->pass->token = taken;
	taken = NULL;
	return 0;
}

static int after_keys(struct login *l, const struct exchange *x, int64_t wall, struct reply **ret)
{
	struct pass *pass = NULL;
	int r;

	if (x->status == 401 && !l->ticket)
		return send_ticket(l);
	r = metadata_reply(l->call, x, wall, ret, &pass);
	if (r < 0 || !pass)
		return r;
	pass_free(l->pass);
	l->pass = pass;
	if (l->call->cloud->project_id)
		return 0;
	l->life = (*ret)->life;
	*ret = reply_free(*ret);
	return send_project(l);
}

static int after_ticket(struct login *l, const struct exchange *x, struct reply **ret)
{
	int r = metadata_ticket(x, &l->ticket);

	if (r == -EINVAL) { /* what was said to it is the answer, of whatever kind */
		struct pass *none = NULL;

		return metadata_reply(l->call, x, 0, ret, &none);
	}
	return r < 0 ? r : send_keys(l);
}

static int after_project(struct login *l, const struct exchange *x, struct reply **ret)
{
	int r = iam_project_reply(l->call, x, ret);

	if (r == 0 && (*ret)->outcome == OUTCOME_OK && l->life > 0)
		(*ret)->life = l->life;
	return r;
}

/* Either the reply is there, or the next exchange is under way. */
static void on_answer(void *arg, const struct exchange *x, const char *token, size_t token_len)
{
	struct login *l = arg;
	_cleanup_(reply_freep) struct reply *reply = NULL;
	int64_t wall = x->date > 0 ? x->date : clock_wall();
	int r = 0;

	switch (l->stage) {
	case STAGE_PASSWORD:
	case STAGE_ASSUME:
		r = after_token(l, x, token, token_len, &reply);
		break;
	case STAGE_CHECK:
		r = iam_check_reply(l->call, x, wall, &reply);
		break;
	case STAGE_TICKET:
		r = after_ticket(l, x, &reply);
		break;
	case STAGE_KEYS:
		r = after_keys(l, x, wall, &reply);
		break;
	case STAGE_PROJECT:
		r = after_project(l, x, &reply);
		break;
	}
	if (r < 0)
		fail(l, r);
	else if (reply)
		finish(l, reply);
}

/* ---- the first one ---- */

static int copy(const struct secret *s, struct secret **ret)
{
	return s ? secret_new(secret_bytes(s), secret_len(s), ret) : -ENOKEY;
}

static int take_key(struct login *l, const struct credential *c)
{
	const struct cloud_settings *set = l->call->cloud;
	int r = copy(c->secret, &l->pass->key);

	if (r == 0 && c->security_token)
		r = copy(c->security_token, &l->pass->security_token);
	if (r < 0)
		return r;
	l->pass->form = set->signature;
	l->pass->access = strdup(set->access_key ? set->access_key : "");
	return l->pass->access ? 0 : -ENOMEM;
}

static int begin(struct login *l, const struct credential *c)
{
	int r;

	switch (l->call->cloud->method) {
	case AUTH_PASSWORD:
	case AUTH_ASSUME_ROLE:
		return c->secret ? send_password(l, c->secret) : -ENOKEY;
	case AUTH_TOKEN_FILE:
		r = copy(c->secret, &l->pass->token);
		return r < 0 ? r : send_check(l);
	case AUTH_AKSK:
		r = take_key(l, c);
		return r < 0 ? r : send_project(l);
	case AUTH_ECS_AGENCY:
		return send_keys(l);
	case AUTH_CLOUDS_YAML:
	case _AUTH_METHOD_MAX:
		break;
	}
	return -ENOKEY;
}

int login_start(struct http *http, const struct call *call, const struct credential *credential,
	int64_t budget, login_done *done, void *arg, struct login **ret)
{
	struct login *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return -ENOMEM;
	l->http = http;
	l->call = call;
	l->end = clock_mono() + budget;
	l->done = done;
	l->arg = arg;
	l->pass = calloc(1, sizeof(*l->pass));
	r = l->pass ? begin(l, credential) : -ENOMEM;
	if (r < 0) {
		login_free(l);
		return r;
	}
	*ret = l;
	return 0;
}
