/* test_login.c - every way to log in, exchange by exchange, against a server that knows what has to come next. */
#include "login.h"

#include "hostile.h"
#include "text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

#define PROJECT "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
#define BUDGET  20000 /* ms: never reached unless something is broken */
#define TIMES                                                                                      \
	"\"issued_at\":\"2026-11-24T03:00:00.000000Z\","                                           \
	"\"expires_at\":\"2026-11-25T03:00:00.000000Z\""
#define TOKEN "{\"token\":{" TIMES ",\"project\":{\"id\":\"" PROJECT "\",\"name\":\"eu-de\"}}}"
#define DATE  "Date: Tue, 24 Nov 2026 21:00:00 GMT\r\n" /* six hours before the end in TIMES */
#define KEYS                                                                                       \
	"{\"credential\":{\"access\":\"HSTTEST1\",\"secret\":\"temporary\",\"securitytoken\":"     \
	"\"ggps\",\"expires_at\":\"2026-11-24T22:00:00.000000Z\"}}"
#define PROJECTS "{\"projects\":[{\"id\":\"" PROJECT "\",\"name\":\"eu-de\",\"enabled\":true}]}"

/* One exchange: what the request has to begin with and to hold, and the answer. */
struct step {
	const char *line, *has[4];
	int status;
	const char *headers, *body;
};

struct rig {
	struct event_base *base;
	struct http *http;
	struct hostile server;
	struct cloud_settings cloud;
	struct credential credential;
	struct call call;
	const struct step *steps;
	size_t n, at;
	bool inside;
	unsigned done;
	enum outcome outcome;
	int64_t life, date;
	char text[200], project[64], url[64];
	struct pass *pass;
};

static void on_request(struct hostile_conn *c)
{
	struct rig *g = (struct rig *)((char *)c->server - offsetof(struct rig, server));
	const struct step *s = &g->steps[g->at];
	char answer[4096];

	assert_true(g->at < g->n);
	if (strncmp(c->server->last, s->line, strlen(s->line)) != 0)
		fail_msg("step %zu: %.300s", g->at, c->server->last);
	for (size_t i = 0; i < ELEMENTSOF(s->has) && s->has[i]; i++)
		if (!strstr(c->server->last, s->has[i]))
			fail_msg("step %zu: no %s in %.1000s", g->at, s->has[i], c->server->last);
	snprintf(answer, sizeof(answer),
		"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: "
		"%zu\r\n%s\r\n%s",
		s->status, strlen(s->body), s->headers ? s->headers : "", s->body);
	g->at++;
	bufferevent_write(c->bev, answer, strlen(answer));
}

static void on_done(void *arg, const struct reply *r, struct pass *pass)
{
	struct rig *g = arg;

	assert_false(g->inside);
	assert_true((r->outcome == OUTCOME_OK) == (pass != NULL));
	g->done++;
	g->outcome = r->outcome;
	g->life = r->life;
	g->date = r->date;
	text_copy(g->text, sizeof(g->text), r->text);
	text_copy(g->project, sizeof(g->project), r->project);
	g->pass = pass;
}

static struct secret *secret(const char *text)
{
	struct secret *s;

	assert_int_equal(secret_new(text, strlen(text), &s), 0);
	return s;
}

static int setup(void **state)
{
	struct rig *g = calloc(1, sizeof(*g));

	assert_non_null(g);
	alarm(30); /* a test that hangs is a test that fails */
	g->base = event_base_new();
	hostile_start(&g->server, g->base);
	g->server.act = on_request;
	assert_int_equal(http_new(g->base, &g->http), 0);
	snprintf(g->url, sizeof(g->url), "http://127.0.0.1:%d", g->server.port);
	g->cloud = (struct cloud_settings){
		.name = (char *)"prod",
		.iam = g->url,
		.metadata = g->url,
		.user = (char *)"watcher",
		.domain = (char *)"OTC01",
		.project = (char *)"eu-de",
	};
	g->call = (struct call){.id = 7, .kind = CALL_LOGIN, .cloud = &g->cloud};
	g->credential.secret = secret("pw");
	*state = g;
	return 0;
}

static int teardown(void **state)
{
	struct rig *g = *state;

	http_free(g->http);
	hostile_stop(&g->server);
	credential_done(&g->credential);
	pass_free(g->pass);
	event_base_free(g->base);
	free(g);
	alarm(0);
	return 0;
}

static void log_in(struct rig *g, enum auth_method method, const struct step *steps, size_t n)
{
	struct login *l;

	g->pass = pass_free(g->pass);
	g->cloud.method = method;
	g->steps = steps;
	g->n = n;
	g->at = g->done = 0;
	g->inside = true;
	assert_int_equal(login_start(g->http, &g->call, &g->credential, BUDGET, on_done, g, &l), 0);
	g->inside = false;
	while (g->done == 0)
		event_base_loop(g->base, EVLOOP_ONCE);
	event_base_loop(g->base, EVLOOP_NONBLOCK);
	assert_int_equal(g->done, 1);
	assert_int_equal(g->at, n);
}

#define LOG_IN(g, method, steps) log_in(g, method, steps, ELEMENTSOF(steps))

static void test_password(void **state)
{
	static const struct step steps[] = {
		{"POST /v3/auth/tokens?nocatalog=true ",
			{"\"password\":\"pw\"", "\"name\":\"eu-de\""}, 201,
			"X-Subject-Token: MIIabc\r\n" DATE, TOKEN},
	};
	struct rig *g = *state;

	LOG_IN(g, AUTH_PASSWORD, steps);
	assert_int_equal(g->outcome, OUTCOME_OK);
	assert_int_equal(g->life, DAYS(1));
	assert_string_equal(g->project, PROJECT);
	assert_string_equal(secret_bytes(g->pass->token), "MIIabc");
	assert_int_equal(g->date % DAYS(1), HOURS(21));
}

static void test_assume_role(void **state)
{
	static const struct step steps[] = {
		{"POST /v3/auth/tokens",
			{"\"password\":\"pw\"", "\"scope\":{\"domain\":{\"name\":\"OTC01\""}, 201,
			"X-Subject-Token: own\r\n", "{\"token\":{" TIMES "}}"},
		{"POST /v3/auth/tokens",
			{"X-Auth-Token: own\r\n", "\"agency_name\":\"watchers\"",
				"\"domain_name\":\"Owner\"", "\"project\":{\"name\":\"eu-de\""},
			201, "X-Subject-Token: theirs\r\n", TOKEN},
	};
	static const struct step refused[] = {
		{"POST /v3/auth/tokens", {"\"password\":\"pw\""}, 201, "X-Subject-Token: own\r\n",
			"{\"token\":{" TIMES "}}"},
		{"POST /v3/auth/tokens", {"X-Auth-Token: own\r\n"}, 403, "",
			"{\"error\":{\"code\":403,\"message\":\"no "
			"agent\",\"title\":\"Forbidden\"}}"},
	};
	struct rig *g = *state;

	g->cloud.agency = (char *)"watchers";
	g->cloud.agency_domain = (char *)"Owner";
	LOG_IN(g, AUTH_ASSUME_ROLE, steps);
	assert_int_equal(g->outcome, OUTCOME_OK);
	assert_string_equal(secret_bytes(g->pass->token), "theirs");
	LOG_IN(g, AUTH_ASSUME_ROLE, refused);
	assert_int_equal(g->outcome, OUTCOME_DENIED);
	assert_string_equal(g->text, "no agent");
	LOG_IN(g, AUTH_ASSUME_ROLE, steps);
}

static void test_token_file(void **state)
{
	static const struct step steps[] = {
		{"GET /v3/auth/tokens", {"X-Auth-Token: pw\r\n", "X-Subject-Token: pw\r\n"}, 200,
			DATE, TOKEN},
	};
	static const struct step gone[] = {
		{"GET /v3/auth/tokens", {"X-Auth-Token: pw\r\n"}, 404, DATE,
			"{\"error\":{\"code\":404,\"message\":\"no token\",\"title\":\"x\"}}"},
	};
	struct rig *g = *state;

	LOG_IN(g, AUTH_TOKEN_FILE, steps);
	assert_int_equal(g->outcome, OUTCOME_OK);
	assert_int_equal(g->life, HOURS(6)); /* by the clock of the other side */
	assert_string_equal(secret_bytes(g->pass->token), "pw");
	LOG_IN(g, AUTH_TOKEN_FILE, gone);
	assert_int_equal(g->outcome, OUTCOME_CREDENTIAL);
}

static void test_aksk(void **state)
{
	static const struct step by_name[] = {
		{"GET /v3/projects?name=eu-de ",
			{"Authorization: SDK-HMAC-SHA256 Access=AK1, "
			 "SignedHeaders=host;x-sdk-date, ",
				"X-Sdk-Date: 20"},
			200, NULL, PROJECTS},
	};
	static const struct step by_id[] = {
		{"GET /v3/projects?page=1&per_page=1 ",
			{"Authorization: SDK-HMAC-SHA256 Credential=AK1/20",
				"SignedHeaders=host;x-sdk-date;x-security-token, ",
				"X-Security-Token: sts\r\n", "/eu-de/iam/sdk_request"},
			403, NULL, "{\"error\":{\"code\":403,\"message\":\"no\",\"title\":\"x\"}}"},
	};
	struct rig *g = *state;

	g->cloud.access_key = (char *)"AK1";
	LOG_IN(g, AUTH_AKSK, by_name);
	assert_int_equal(g->outcome, OUTCOME_OK);
	assert_int_equal(g->life, INT64_MAX);
	assert_string_equal(g->project, PROJECT);
	assert_string_equal(g->pass->access, "AK1");
	assert_string_equal(secret_bytes(g->pass->key), "pw");
	assert_null(g->pass->token);
	assert_null(g->pass->security_token);

	g->cloud.project_id = (char *)PROJECT;
	g->cloud.signature = SIGNATURE_CREDENTIAL;
	g->cloud.region = (char *)"eu-de";
	g->credential.security_token = secret("sts");
	LOG_IN(g, AUTH_AKSK, by_id);
	assert_int_equal(g->outcome, OUTCOME_OK);
	assert_int_equal(g->pass->form, SIGNATURE_CREDENTIAL);
	assert_string_equal(secret_bytes(g->pass->security_token), "sts");
}

static void test_ecs_agency(void **state)
{
	static const struct step plain[] = {
		{"GET /openstack/latest/securitykey ", {NULL}, 200, DATE, KEYS},
	};
	static const struct step with_ticket[] = {
		{"GET /openstack/latest/securitykey ", {NULL}, 401, NULL, ""},
		{"PUT /meta-data/latest/api/token ", {"X-Metadata-Token-Ttl-Seconds: 60\r\n"}, 200,
			NULL, "TICKET\n"},
		{"GET /openstack/latest/securitykey ", {"X-Metadata-Token: TICKET\r\n"}, 200, DATE,
			KEYS},
		{"GET /v3/projects?name=eu-de ",
			{"Access=HSTTEST1, ", "X-Security-Token: ggps\r\n"}, 200, NULL, PROJECTS},
	};
	static const struct step none[] = {
		{"GET /openstack/latest/securitykey ", {NULL}, 404, NULL, ""},
	};
	static const struct step no_ticket[] = {
		{"GET /openstack/latest/securitykey ", {NULL}, 401, NULL, ""},
		{"PUT /meta-data/latest/api/token ", {NULL}, 503, NULL, ""},
	};
	static const struct step expired[] = {
		{"GET /openstack/latest/securitykey ", {NULL}, 200,
			"Date: Tue, 24 Nov 2026 22:00:00 GMT\r\n", KEYS},
	};
	static const struct step half[] = {
		{"GET /openstack/latest/securitykey ", {NULL}, 200, DATE,
			"{\"credential\":{\"access\":\"HSTTEST1\"}}"},
	};
	struct rig *g = *state;

	credential_done(&g->credential); /* there is nothing to be read for it */
	LOG_IN(g, AUTH_ECS_AGENCY, with_ticket);
	assert_int_equal(g->outcome, OUTCOME_OK);
	assert_int_equal(g->life, HOURS(1));
	assert_string_equal(g->project, PROJECT);
	g->cloud.project_id = (char *)"configured";
	LOG_IN(g, AUTH_ECS_AGENCY, plain);
	assert_int_equal(g->life, HOURS(1));
	assert_string_equal(g->project, "configured");
	assert_string_equal(g->pass->access, "HSTTEST1");
	assert_string_equal(secret_bytes(g->pass->key), "temporary");
	assert_string_equal(secret_bytes(g->pass->security_token), "ggps");
	LOG_IN(g, AUTH_ECS_AGENCY, none);
	assert_int_equal(g->outcome, OUTCOME_MISCONFIGURED);
	assert_string_equal(g->text, "no agency is bound to this ECS: bind one that may use DRS");
	LOG_IN(g, AUTH_ECS_AGENCY, no_ticket);
	assert_int_equal(g->outcome, OUTCOME_SERVER);
	LOG_IN(g, AUTH_ECS_AGENCY, expired);
	assert_int_equal(g->outcome, OUTCOME_SERVER);
	assert_string_equal(g->text, "the metadata service's keys have expired");
	LOG_IN(g, AUTH_ECS_AGENCY, half);
	assert_int_equal(g->outcome, OUTCOME_SERVER);
}

/* Without a secret nothing is begun, and nobody is called. */
static void test_no_secret(void **state)
{
	static const enum auth_method methods[] = {
		AUTH_PASSWORD, AUTH_ASSUME_ROLE, AUTH_TOKEN_FILE, AUTH_AKSK, AUTH_CLOUDS_YAML};
	struct rig *g = *state;
	struct login *l;

	credential_done(&g->credential);
	for (size_t i = 0; i < ELEMENTSOF(methods); i++) {
		g->cloud.method = methods[i];
		assert_int_equal(
			login_start(g->http, &g->call, &g->credential, BUDGET, on_done, g, &l),
			-ENOKEY);
	}
	event_base_loop(g->base, EVLOOP_NONBLOCK);
	assert_int_equal(g->done, 0);
	assert_int_equal(g->server.requests, 0);
	assert_null(login_free(NULL));
}

/* The budget is for all exchanges together. */
static void test_budget(void **state)
{
	struct rig *g = *state;
	struct login *l;

	g->server.act = hostile_hang;
	g->cloud.method = AUTH_PASSWORD;
	assert_int_equal(login_start(g->http, &g->call, &g->credential, 50, on_done, g, &l), 0);
	while (g->done == 0)
		event_base_loop(g->base, EVLOOP_ONCE);
	assert_int_equal(g->outcome, OUTCOME_TRANSPORT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_password, setup, teardown),
		cmocka_unit_test_setup_teardown(test_assume_role, setup, teardown),
		cmocka_unit_test_setup_teardown(test_token_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_aksk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ecs_agency, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_secret, setup, teardown),
		cmocka_unit_test_setup_teardown(test_budget, setup, teardown),
	};

	return cmocka_run_group_tests_name("login: exchange by exchange", tests, NULL, NULL);
}
