/* gateway.c - the way of a request through the simulated cloud: limits, path, faults, token, service.
 *
 * Faults come before the token is looked at, as a broken network would; the token before the service,
 * as the real gateway has it. */
#include "gateway.h"
#include "caller.h"
#include "code.h"
#include "control.h"
#include "drs.h"
#include "ecs.h"
#include "fault.h"
#include "iam.h"
#include "issue.h"
#include "key.h"
#include "projects.h"
#include "record.h"
#include "upstream.h"

#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>
#include <string.h>
#include <strings.h>

#define KIB(n)          ((size_t)(n)*1024)
#define BODY_MAX        (KIB(12) * 1024)
#define URI_MAX         KIB(32)
#define HEADER_MAX      KIB(32)
#define ALL_HEADERS_MAX KIB(128)

static const struct {
	enum evhttp_cmd_type cmd;
	const char *name;
} method_names[] = {{EVHTTP_REQ_GET, "GET"}, {EVHTTP_REQ_POST, "POST"}, {EVHTTP_REQ_HEAD, "HEAD"},
	{EVHTTP_REQ_PUT, "PUT"}, {EVHTTP_REQ_DELETE, "DELETE"}, {EVHTTP_REQ_OPTIONS, "OPTIONS"},
	{EVHTTP_REQ_PATCH, "PATCH"}};

static const char *method_name(struct evhttp_request *http)
{
	for (size_t i = 0; i < ELEMENTSOF(method_names); i++)
		if (method_names[i].cmd == evhttp_request_get_command(http))
			return method_names[i].name;
	return "OTHER";
}

/* What the path asks for; *ret_method has the methods that it knows. */
static enum kind classify(struct request *r, const char **ret_method)
{
	static const struct {
		const char *name;
		enum kind kind;
	} calls[] = {{"batch-status", KIND_STATUS}, {"batch-precheck", KIND_SUBMIT},
		{"batch-precheck-result", KIND_RESULT}, {"batch-detail", KIND_DETAIL}};
	static const struct {
		const char *path, *methods;
		enum kind kind;
	} paths[] = {{"/v3/projects", "GET", KIND_PROJECTS},
		{"/v3/auth/projects", "GET", KIND_PROJECTS},
		{"/v3.0/OS-CREDENTIAL/securitytokens", "POST", KIND_KEYS},
		{"/openstack/latest/securitykey", "GET", KIND_METADATA},
		{"/meta-data/latest/api/token", "PUT", KIND_METADATA}};
	const char *p = r->path, *slash;

	if (strcmp(p, "/v3/auth/tokens") == 0) {
		bool look = strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0;

		*ret_method = look ? "GET HEAD" : "POST";
		return look ? KIND_VALIDATE : KIND_LOGIN;
	}
	for (size_t i = 0; i < ELEMENTSOF(paths); i++)
		if (strcmp(paths[i].path, p) == 0) {
			*ret_method = paths[i].methods;
			return paths[i].kind;
		}
	*ret_method = "POST";
	if (strncmp(p, "/v3/", 4) != 0 || !(slash = strchr(p + 4, '/')) ||
		strncmp(slash, "/jobs/", 6) != 0)
		return KIND_OTHER;
	snprintf(r->project_id, sizeof(r->project_id), "%.*s", (int)(slash - p - 4), p + 4);
	for (size_t i = 0; i < ELEMENTSOF(calls); i++)
		if (strcmp(calls[i].name, slash + 6) == 0)
			return calls[i].kind;
	return KIND_OTHER;
}

static int read_request(struct request *r)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(r->http);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
	const char *query = uri ? evhttp_uri_get_query(uri) : NULL;
	struct evbuffer *in = evhttp_request_get_input_buffer(r->http);
	struct json_tokener *tok;

	r->method = method_name(r->http);
	r->path = strdup(path ? path : "");
	r->query = query ? strdup(query) : NULL;
	r->body_len = evbuffer_get_length(in);
	r->body = malloc(r->body_len + 1);
	if (!r->path || !r->body || (query && !r->query))
		return -1;
	evbuffer_copyout(in, r->body, r->body_len);
	r->body[r->body_len] = '\0';
	tok = json_tokener_new();
	if (tok && r->body_len > 0 && r->body_len <= BODY_MAX) {
		json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
		r->json = json_tokener_parse_ex(tok, r->body, (int)r->body_len);
		if (json_tokener_get_error(tok) == json_tokener_continue)
			r->json = json_tokener_parse_ex(tok, "", 1);
		if (json_tokener_get_error(tok) != json_tokener_success ||
			!json_object_is_type(r->json, json_type_object)) {
			json_object_put(r->json);
			r->json = NULL;
		}
	}
	if (tok)
		json_tokener_free(tok);
	return 0;
}

/* The gateway's limits. False, with an answer in a, if one is passed. */
static bool limits_kept(struct request *r, struct answer *a)
{
	struct evkeyvalq *in = evhttp_request_get_input_headers(r->http);
	struct evkeyval *h;
	size_t all = 0, largest = 0;

	TAILQ_FOREACH (h, in, next) {
		size_t n = strlen(h->key) + strlen(h->value) + 4;

		all += n;
		largest = MAX(largest, n);
	}
	if (strlen(evhttp_request_get_uri(r->http)) > URI_MAX)
		answer_error(a, r, 414, "APIGW.0201", "Request URI too large.");
	else if (largest > HEADER_MAX + 64 || all > ALL_HEADERS_MAX)
		answer_error(a, r, (int)r->sim->defaults.large_header, "APIGW.0201",
			"Request headers too large.");
	else if (r->body_len > BODY_MAX)
		answer_error(a, r, 413, "APIGW.0201", "Request entity too large.");
	else
		return true;
	return false;
}

static bool json_type_sent(const struct request *r)
{
	static const char json[] = "application/json";
	const char *v = request_header(r, "Content-Type");
	size_t n = sizeof(json) - 1;

	return v && strncasecmp(v, json, n) == 0 && (!v[n] || v[n] == ';' || v[n] == ' ');
}

/* A token that was good once, in the way that the scenario chose; expires may be NULL. */
static void refuse_old_token(struct request *r, struct answer *a, const char *expires)
{
	char text[160];

	switch ((enum token_answer)r->sim->tokens.answer) {
	case ANSWER_0307:
		answer_error(a, r, 0, "APIGW.0307", NULL);
		break;
	case ANSWER_0301:
		snprintf(text, sizeof(text),
			"Incorrect IAM authentication information: token expired%s%s",
			expires ? ", expires_at:" : "", expires ? expires : "");
		answer_error(a, r, 0, "APIGW.0301", text);
		break;
	case ANSWER_M00100:
		answer_error(a, r, 0, "DRS.M00100", NULL);
		break;
	case ANSWER_KEYSTONE403:
		answer_keystone(a, 403, "X-Auth-Token is invalid in the request");
		break;
	}
}

/* A request on its way through the gateway. */
struct passage {
	struct request r;
	struct answer a;
	struct fault f;
	bool faulty, down;
};

static void passage_free(struct passage *p)
{
	answer_done(&p->a);
	if (p->faulty)
		fault_done(&p->f);
	request_done(&p->r);
	free(p);
}

/* Sends the answer, with the fault's damage in it. */
static void finish(struct passage *p)
{
	struct sim *s = p->r.sim;

	if (p->faulty && fault_executes(&p->f))
		fault_spoil(&p->f, &p->r, &p->a);
	if (p->a.deliver == DELIVER_PLAIN)
		p->a.wait += s->defaults.latency;
	p->r.active = drs_active(s);
	record_request(&p->r, &p->a, p->down ? "down" : p->faulty ? fault_name(&p->f) : NULL);
	wire_deliver(&p->r, &p->a);
	passage_free(p);
}

/* Sets r->project if the path's project is that of the caller. False, with an answer in a, if not. */
static bool project_fits(struct request *r, struct answer *a, struct project *own)
{
	struct project *p = sim_project(r->sim, r->project_id);

	if (p && p == own) {
		r->project = p;
		return true;
	}
	request_note(r, "project %s is not the caller's", r->project_id);
	answer_error(a, r, 0, "DRS.M00261", NULL);
	return false;
}

/* A token that this simulator has issued. False, with an answer in a, if it is not good. */
static bool token_admits(struct request *r, struct answer *a)
{
	switch (issue_of(r)) {
	case TOKEN_MISSING:
		answer_error(a, r, 0, "APIGW.0301",
			"Incorrect IAM authentication information: x-auth-token not found");
		return false;
	case TOKEN_UNKNOWN:
		answer_error(a, r, 0, "APIGW.0301", NULL);
		return false;
	case TOKEN_EXPIRED:
		refuse_old_token(r, a, r->token->expires_text);
		return false;
	case TOKEN_GOOD:
		break;
	}
	if (r->sim->tokens.wrong_region) {
		answer_error(a, r, 0, "APIGW.0307", NULL);
		return false;
	}
	return project_fits(r, a, r->token->project);
}

/* A DRS call of a caller who is known, with r->project his. */
static void serve_drs(struct request *r, struct answer *a)
{
	const char *language;

	if (!json_type_sent(r)) {
		answer_error(a, r, 415, "DRS.M00007", "The content type must be application/json.");
		return;
	}
	language = request_header(r, "X-Language");
	if (language && strcmp(language, "en-us") != 0 && strcmp(language, "zh-cn") != 0) {
		request_note(r, "X-Language %s", language);
		answer_error(a, r, 0, "DRS.M00202", NULL);
		return;
	}
	drs_call(r, a);
}

/* Calls to this project within the last minute, this one included; logins do not count. */
static int64_t count_call(struct request *r)
{
	struct project *p = sim_project(r->sim, r->project_id);
	int64_t now = sim_now(r->sim), n = 0;

	if (!p)
		return 0;
	p->calls[p->n_calls++ % ELEMENTSOF(p->calls)] = now;
	for (size_t i = 0; i < MIN(p->n_calls, ELEMENTSOF(p->calls)); i++)
		n += now - p->calls[i] < 60000;
	return n;
}

/* What another Keystone says of the token of a DRS call. */
static bool verdict_admits(struct request *r, struct answer *a, const struct verdict *v)
{
	if (v->status == 401 || v->status == 404) {
		refuse_old_token(r, a, NULL);
		return false;
	}
	if (v->status != 200) {
		request_note(r, "the other Keystone answered %d", v->status);
		answer_error(a, r, 0, "APIGW.0613", NULL);
		return false;
	}
	if (r->sim->tokens.wrong_region) {
		answer_error(a, r, 0, "APIGW.0307", NULL);
		return false;
	}
	/* Whoever is in the scenario too has the role that is written there. */
	r->caller.user = iam_user(r->sim, v->user, v->domain);
	return project_fits(r, a, sim_project(r->sim, v->project));
}

static void on_verdict(void *arg, const struct verdict *v)
{
	struct passage *p = arg;

	if (!v) {
		/* The simulator ends. A request whose client has gone was left to us. */
		if (!evhttp_request_get_connection(p->r.http))
			evhttp_request_free(p->r.http);
		passage_free(p);
		return;
	}
	if (verdict_admits(&p->r, &p->a, v))
		serve_drs(&p->r, &p->a);
	finish(p);
}

/* A signature; it says by itself which project it is for. */
static bool signature_admits(struct request *r, struct answer *a)
{
	const char *sent = request_header(r, "X-Project-Id");
	struct project *p;

	if (!key_admits(r, a))
		return false;
	if (!sent) {
		request_note(r, "no X-Project-Id");
		answer_error(a, r, 0, "APIGW.0301",
			"Incorrect IAM authentication information: x-project-id not found");
		return false;
	}
	p = sim_project(r->sim, sent);
	return project_fits(r, a, p && caller_may_use(&r->caller, p) ? p : NULL);
}

static void serve_iam(struct request *r, struct answer *a)
{
	if (r->kind == KIND_PROJECTS && strcmp(r->path, "/v3/projects") == 0)
		projects_all(r, a);
	else if (r->kind == KIND_PROJECTS)
		projects_own(r, a);
	else if (r->kind == KIND_VALIDATE)
		iam_validate(r, a);
	else if (!json_type_sent(r))
		answer_keystone(a, 415, "The content type must be application/json.");
	else if (r->kind == KIND_KEYS)
		iam_temporary_keys(r, a);
	else
		iam_login(r, a);
}

static bool method_known(const char *methods, const char *method)
{
	const char *at = strstr(methods, method);
	size_t n = strlen(method);

	return at && (at == methods || at[-1] == ' ') && (!at[n] || at[n] == ' ');
}

/* What the real thing does once nothing is in the way. False if the answer comes later. */
static bool serve(struct passage *p, const char *methods)
{
	struct request *r = &p->r;
	struct answer *a = &p->a;
	const char *token = request_header(r, "X-Auth-Token");

	if (!method_known(methods, r->method)) {
		answer_error(a, r, 405, "APIGW.0101", "The method is not allowed for this API.");
		answer_header(a, "Allow", methods);
	} else if (r->kind == KIND_METADATA) {
		ecs_serve(r, a);
	} else if (r->kind >= KIND_LOGIN && r->kind <= KIND_KEYS) {
		serve_iam(r, a);
	} else if (key_signed(r)) {
		if (signature_admits(r, a))
			serve_drs(r, a);
	} else if (r->sim->upstream.host && token && *token) {
		if (upstream_ask(r->sim, token, on_verdict, p) >= 0)
			return false;
		answer_error(a, r, 0, "APIGW.0601", NULL);
	} else if (token_admits(r, a)) {
		serve_drs(r, a);
	}
	return true;
}

void gateway_request(struct sim *s, struct evhttp_request *http)
{
	struct passage *p = calloc(1, sizeof(*p));
	const char *methods, *language;
	struct request *r;

	if (!p) {
		evhttp_send_error(http, 500, NULL);
		return;
	}
	r = &p->r;
	r->sim = s;
	r->http = http;
	if (read_request(r) < 0) {
		evhttp_send_error(http, 500, NULL);
		passage_free(p);
		return;
	}
	r->kind = classify(r, &methods);
	language = request_header(r, "X-Language");
	r->zh = language && strcmp(language, "zh-cn") == 0;
	if (r->kind >= KIND_STATUS && r->kind <= KIND_DETAIL) {
		drs_names(r);
		r->calls_60s = count_call(r);
	}
	/* A token is only shown by its serial, a key by its name, and that even if a fault answers. */
	(void)issue_of(r);
	key_named(r);
	if (fault_down(r, &p->a)) {
		p->down = true;
	} else if ((p->faulty = fault_take(r, &p->f)) && !fault_executes(&p->f)) {
		fault_answer(&p->f, r, &p->a);
	} else if (!limits_kept(r, &p->a)) {
		request_note(r, "limit passed");
	} else if (r->kind == KIND_OTHER) {
		answer_error(&p->a, r, 0, "APIGW.0101", NULL);
	} else {
		r->fault = p->faulty ? &p->f : NULL;
		if (!serve(p, methods))
			return;
	}
	finish(p);
}
