/* check_login.c - `precheckd --check-login`: for each cloud one login, then one call that changes nothing: the
 * status of its tasks. Each cloud gets one try, so that a wrong password is never tried into a lock. */
#include "check_login.h"

#include "clock.h"
#include "config.h"
#include "courier.h"
#include "credential.h"
#include "daemon.h"
#include "sentence.h"
#include "span.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SKEW_SAID MINUTES(1)
/* Asked for where no job is configured: any answer shows that DRS lets us ask. */
#define NO_TASK   "00000000-0000-0000-0000-000000000000"

struct trial {
	struct check *check;
	const struct cloud_settings *set;
	struct credential credential;
	struct call call; /* the last one sent */
	bool over, works;
	int64_t life, end; /* wall ms; INT64_MAX: none */
	char project[64];
};

struct check {
	struct event_base *base;
	struct courier *courier;
	struct settings *settings;
	struct trial *trials;
	size_t left;
};

const char *login_verdict_name(enum login_verdict v)
{
	static const char *const names[_LOGIN_VERDICT_MAX] = {
		[LOGIN_WORKS] = "works",
		[LOGIN_CREDENTIAL] = "wrong credential",
		[LOGIN_LOCKED] = "locked",
		[LOGIN_PERMISSION] = "no permission",
		[LOGIN_MISCONFIGURED] = "wrong region or project",
		[LOGIN_NO_AGENCY] = "no agency",
		[LOGIN_UNREACHABLE] = "unreachable",
	};

	return names[v];
}

enum login_verdict login_verdict(
	enum auth_method method, enum call_kind kind, const struct reply *r)
{
	switch (r->outcome) {
	case OUTCOME_OK:
		return LOGIN_WORKS;
	case OUTCOME_LOCKED:
		return LOGIN_LOCKED;
	case OUTCOME_DENIED:
		return LOGIN_PERMISSION;
	case OUTCOME_CREDENTIAL:
		return refusal_names_project(r->code, r->text) ? LOGIN_MISCONFIGURED
							       : LOGIN_CREDENTIAL;
	case OUTCOME_TOKEN: /* a login that IAM took a moment ago: it is DRS of another region */
		return kind == CALL_LOGIN ? LOGIN_CREDENTIAL : LOGIN_MISCONFIGURED;
	case OUTCOME_MISCONFIGURED:
		return method == AUTH_ECS_AGENCY && kind == CALL_LOGIN &&
				       !refusal_names_project(r->code, r->text)
			       ? LOGIN_NO_AGENCY
			       : LOGIN_MISCONFIGURED;
	case OUTCOME_THROTTLED:
	case OUTCOME_SERVER:
	case OUTCOME_TRANSPORT:
		return LOGIN_UNREACHABLE;
	default: /* DRS speaks of the tasks: it lets us ask */
		return kind == CALL_LOGIN ? LOGIN_UNREACHABLE : LOGIN_WORKS;
	}
}

/* ---- what is said ---- */

static struct news news_of(const struct trial *t, const struct reply *r)
{
	static const enum trouble troubles[_LOGIN_VERDICT_MAX] = {
		[LOGIN_CREDENTIAL] = TROUBLE_LOGIN,
		[LOGIN_LOCKED] = TROUBLE_LOCKED,
		[LOGIN_PERMISSION] = TROUBLE_DENIED,
		[LOGIN_MISCONFIGURED] = TROUBLE_MISCONFIGURED,
		[LOGIN_NO_AGENCY] = TROUBLE_MISCONFIGURED,
		[LOGIN_UNREACHABLE] = TROUBLE_UNREACHABLE,
	};
	const struct cloud_settings *set = t->set;
	struct news n = {
		.cloud = set->name,
		.drs = set->drs,
		.iam = set->iam,
		.user = cloud_login_name(set),
		.domain = set->domain,
		.project = set->project ? set->project : set->project_id,
		.project_id = t->project,
		.method = set->method,
		.agency = set->agency,
		.agency_domain = set->agency_domain,
		.secret = set->secret,
		.call = t->call.kind,
	};

	if (!r)
		return n;
	n.trouble = troubles[login_verdict(set->method, t->call.kind, r)];
	if (r->outcome == OUTCOME_CREDENTIAL && t->call.kind == CALL_LOGIN)
		n.trouble = TROUBLE_LOGIN;
	if (n.trouble == TROUBLE_UNREACHABLE && t->call.kind == CALL_LOGIN)
		n.trouble = TROUBLE_IAM;
	if (r->outcome == OUTCOME_TOKEN && t->call.kind != CALL_LOGIN)
		n.trouble = TROUBLE_TOKENS;
	text_copy(n.code, sizeof(n.code), r->code);
	text_copy(n.text, sizeof(n.text), r->text);
	return n;
}

static unsigned gone(const struct reply *r)
{
	unsigned n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += r->answers[i].outcome == OUTCOME_GONE;
	return n;
}

static void add_works(struct line *l, const struct trial *t, const struct reply *r)
{
	struct news n = news_of(t, NULL);
	unsigned missing = gone(r);

	sentence_who(l, &n);
	line_add(l, " in project %s", n.project ? n.project : t->project);
	if (n.project && strcmp(n.project, t->project) != 0)
		line_add(l, " (%s)", t->project);
	if (t->life != INT64_MAX) {
		line_add(l, " until ");
		sentence_time(l, t->end);
	}
	if (strcmp(t->call.jobs[0].task, NO_TASK) == 0)
		line_add(l, "; DRS answers (no job of this cloud is configured)");
	else if (missing > 0)
		line_add(l,
			"; but DRS knows %u of %u tasks asked for not: check their ids, region and "
			"project",
			missing, t->call.n);
	else
		line_add(l, "; DRS answers for %u task%s", t->call.n, t->call.n == 1 ? "" : "s");
}

static void add_clock(struct line *l, const struct reply *r)
{
	int64_t skew = clock_wall() - r->date;

	if (r->date == 0 || (skew < SKEW_SAID && skew > -SKEW_SAID))
		return;
	line_add(l, "; the clock of this machine is ");
	sentence_span(l, skew < 0 ? -skew : skew);
	line_add(l, " %s", skew > 0 ? "ahead" : "behind");
}

static void add_trouble(struct line *l, const struct trial *t, const struct reply *r)
{
	struct news n = news_of(t, r);

	sentence_trouble(l, &n);
	if (n.trouble == TROUBLE_DENIED && t->call.kind != CALL_LOGIN)
		line_add(l, "; it needs drs:migrationJob:get and drs:precheckJob:get, and for "
			    "check = yes drs:migrationJob:action");
}

static void say(struct trial *t, enum login_verdict v, const struct reply *r)
{
	char text[2048];
	struct line l;

	line_init(&l, text, sizeof(text));
	line_add(&l, "cloud %s: %s: ", t->set->name, login_verdict_name(v));
	if (v == LOGIN_WORKS)
		add_works(&l, t, r);
	else
		add_trouble(&l, t, r);
	add_clock(&l, r);
	puts(text);
}

/* ---- the calls ---- */

static void send_call(struct trial *t, enum call_kind kind)
{
	struct check *c = t->check;

	t->call.id++;
	t->call.kind = kind;
	courier_send(c->courier, &t->call, c->settings, &t->credential, t->set->timeout);
}

static void ask_status(struct trial *t, uint64_t login)
{
	const struct settings *s = t->check->settings;
	struct call *call = &t->call;

	call->login = login;
	text_copy(call->project, sizeof(call->project), t->project);
	for (size_t i = 0; i < s->n_jobs && call->n < CALL_JOBS_MAX; i++)
		if (s->jobs[i].cloud == t->set)
			text_copy(call->jobs[call->n++].task, TASK_ID_SIZE, s->jobs[i].task);
	if (call->n == 0)
		text_copy(call->jobs[call->n++].task, TASK_ID_SIZE, NO_TASK);
	send_call(t, CALL_STATUS);
}

static void finish(struct trial *t, enum login_verdict v, const struct reply *r)
{
	say(t, v, r);
	t->works = v == LOGIN_WORKS;
	if (--t->check->left == 0)
		event_base_loopbreak(t->check->base);
}

static void on_reply(void *arg, const struct reply *r)
{
	struct check *c = arg;
	struct trial *t = &c->trials[r->call >> 8];
	enum login_verdict v = login_verdict(t->set->method, t->call.kind, r);

	if (v != LOGIN_WORKS || t->call.kind != CALL_LOGIN) {
		finish(t, v, r);
		return;
	}
	t->life = r->life;
	t->end = r->life == INT64_MAX ? INT64_MAX : clock_wall() + r->life;
	text_copy(t->project, sizeof(t->project), r->project);
	ask_status(t, r->call);
}

/* ---- all of it ---- */

static void say_config(void *arg, bool error, const char *text)
{
	(void)arg;
	fprintf(stderr, "%s%s\n", error ? "" : "warning: ", text);
}

static void begin(struct check *c)
{
	for (size_t i = 0; i < c->settings->n_clouds; i++) {
		struct trial *t = &c->trials[i];
		char why[400] = "out of memory";

		t->check = c;
		t->set = &c->settings->clouds[i];
		t->call = (struct call){.id = (uint64_t)i << 8, .cloud = t->set};
		if (credential_read(&c->settings->clouds[i], &t->credential, why) < 0) {
			printf("cloud %s: no credential: %s\n", t->set->name, why);
			continue;
		}
		c->left++;
		send_call(t, CALL_LOGIN);
	}
}

static int run(struct check *c)
{
	size_t n = c->settings->n_clouds;
	int status = EXIT_SUCCESS;

	c->base = event_base_new();
	c->trials = calloc(n + 1, sizeof(*c->trials));
	if (!c->base || !c->trials || courier_new(c->base, on_reply, c, &c->courier) < 0) {
		fprintf(stderr, "precheckd: out of memory\n");
		return EXIT_FAILURE;
	}
	begin(c);
	if (c->left > 0)
		event_base_dispatch(c->base);
	for (size_t i = 0; i < n; i++)
		if (!c->trials[i].works)
			status = EXIT_FAILURE;
	if (n == 0)
		fprintf(stderr, "precheckd: there is no cloud to log in to\n");
	return fflush(stdout) == 0 ? status : EXIT_FAILURE;
}

int check_login_run(const char *config)
{
	struct check c = {0};
	int status = EXIT_CONFIG, r = config_load(config, say_config, NULL, &c.settings);

	if (r == 0)
		status = run(&c);
	courier_free(c.courier);
	for (size_t i = 0; c.trials && i < c.settings->n_clouds; i++)
		credential_done(&c.trials[i].credential);
	free(c.trials);
	if (c.base)
		event_base_free(c.base);
	settings_unref(c.settings);
	return status;
}
