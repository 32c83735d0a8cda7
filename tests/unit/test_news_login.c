/* test_news_login.c - what is told of logins and locks by each way to log in, and of clocks. */
#include "news_kit.h"

#include <time.h>

/* The same troubles, of whoever logs in otherwise than by a password. */
static struct news *method_news(enum news_kind kind, enum trouble trouble, enum auth_method method)
{
	struct news *n = cloud_news(kind, trouble);

	n->method = method;
	n->call = CALL_LOGIN;
	n->jobs = 1;
	n->next_try = -1;
	n->user = method == AUTH_AKSK ? "AK1" : method == AUTH_ASSUME_ROLE ? "watcher" : "";
	n->agency = "drs-watch";
	n->agency_domain = "OTC02";
	n->secret = method == AUTH_TOKEN_FILE ? "file:/run/token" : NULL;
	n->domain = method == AUTH_ASSUME_ROLE ? "OTC01" : NULL;
	text_copy(n->text, sizeof(n->text), "no");
	return n;
}

#define BLAME    "; its job keeps its verdict and goes stale"
#define GIVEN_UP BLAME "; not tried again before the credential or the configuration changes"

static void test_refused_by_method(void **state)
{
	static const struct {
		enum auth_method method;
		const char *golden;
	} rows[] = {
		{AUTH_AKSK, "access key AK1, project eu-de_shop: \"no\"; see that access key and "
			    "secret "
			    "key belong together, and that the key is active" GIVEN_UP},
		{AUTH_ECS_AGENCY,
			"this ECS's agency, project eu-de_shop: \"no\"; see what the agency may "
			"do, and in which project" BLAME
			"; tried again all the same, as its keys change every hour"},
		{AUTH_ASSUME_ROLE,
			"agency drs-watch of OTC02, assumed by user watcher of domain OTC01, "
			"project eu-de_shop: \"no\"; it may be user, password, domain, agency or "
			"project, or the user may not assume the agency" GIVEN_UP},
		{AUTH_TOKEN_FILE,
			"the token in file:/run/token, project eu-de_shop: \"no\"; whoever keeps "
			"the file fresh has to write a new token" BLAME
			"; tried again when the file or the configuration changes"},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		char golden[1024];

		snprintf(golden, sizeof(golden),
			"cloud prod: login refused by https://iam.example for %s", rows[i].golden);
		expect(method_news(NEWS_CLOUD_DOWN, TROUBLE_LOGIN, rows[i].method), "cloud-down",
			golden);
	}
}

static void test_locked(void **state)
{
	struct news *n = method_news(NEWS_CLOUD_DOWN, TROUBLE_LOCKED, AUTH_AKSK);

	(void)state;
	n->next_try = MINUTES(10);
	expect(n, "cloud-down",
		"cloud prod: access key AK1 is locked: \"no\"; it may be good all the same: too "
		"many wrong tries, from anywhere, lock it for some minutes" BLAME
		"; next try in 10min");
	n = method_news(NEWS_CLOUD_DOWN, TROUBLE_LOCKED, AUTH_PASSWORD);
	n->user = "watcher";
	n->next_try = MINUTES(30);
	expect(n, "cloud-down",
		"cloud prod: user watcher is locked: \"no\"; it may be good all the same: too "
		"many wrong tries, from anywhere, lock it for 15 to 30 minutes as a rule" BLAME
		"; next try in 30min");
}

static void test_trouble_by_method(void **state)
{
	struct news *n = method_news(NEWS_CLOUD_DOWN, TROUBLE_IAM, AUTH_ECS_AGENCY);

	(void)state;
	expect(n, "cloud-down",
		"cloud prod: no login, the ECS metadata service is in trouble: \"no\"" BLAME);
	n = method_news(NEWS_CLOUD_DOWN, TROUBLE_TOKENS, AUTH_AKSK);
	expect(n, "cloud-down",
		"cloud prod: https://drs.example does not take the key that https://iam.example "
		"has just taken: \"no\"; to do: see that both are of one region, or try the other "
		"signature" BLAME);
	n = method_news(NEWS_CLOUD_DOWN, TROUBLE_DENIED, AUTH_AKSK);
	n->call = CALL_STATUS;
	text_copy(n->code, sizeof(n->code), "DRS.M99998");
	expect(n, "cloud-down",
		"cloud prod: access key AK1 may not call batch-status in project eu-de_shop: "
		"DRS.M99998 \"no\"; to do: give the user a DRS role in this project" BLAME);
}

static void test_login_by_method(void **state)
{
	struct news *n = method_news(NEWS_CLOUD_LOGIN, TROUBLE_NONE, AUTH_AKSK);

	(void)state;
	n->life = INT64_MAX;
	expect(n, "login", "cloud prod: access key AK1 is taken in project eu-de_shop");
	n = method_news(NEWS_CLOUD_LOGIN, TROUBLE_NONE, AUTH_ECS_AGENCY);
	n->life = HOURS(1);
	expect(n, "login",
		"cloud prod: temporary keys of this ECS's agency fetched for project eu-de_shop; "
		"the keys last 1h, until 2026-11-25 05:00:00 +0100");
	n = method_news(NEWS_CLOUD_LOGIN, TROUBLE_NONE, AUTH_TOKEN_FILE);
	n->project = NULL;
	n->project_id = "0a1b";
	expect(n, "login",
		"cloud prod: the token in file:/run/token is good for project 0a1b; the token "
		"lasts 1d, until 2026-11-26 04:00:00 +0100");
	n = method_news(NEWS_CLOUD_LOGIN, TROUBLE_NONE, AUTH_ASSUME_ROLE);
	n->login = 2;
	expect(n, "login",
		"cloud prod: token renewed for agency drs-watch of OTC02 in project eu-de_shop; "
		"the "
		"token lasts 1d, until 2026-11-26 04:00:00 +0100");
}

static void test_clock(void **state)
{
	struct news *n = cloud_news(NEWS_CLOUD_CLOCK, TROUBLE_NONE);

	(void)state;
	expect(n, "clock-wrong",
		"cloud prod: the clock of this machine is 5min ahead of that of "
		"https://drs.example; to do: see that it is synchronised");
	n = method_news(NEWS_CLOUD_CLOCK, TROUBLE_NONE, AUTH_AKSK);
	n->skew = -HOURS(2);
	expect(n, "clock-wrong",
		"cloud prod: the clock of this machine is 2h behind that of https://iam.example; "
		"to do: see that it is synchronised (signatures more than 15 minutes off are "
		"refused)");
	n = cloud_news(NEWS_CLOUD_CLOCK, TROUBLE_NONE);
	n->skew = 0;
	expect(n, "clock-right",
		"cloud prod: the clock of this machine agrees with that of https://drs.example "
		"again");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused_by_method),
		cmocka_unit_test(test_locked),
		cmocka_unit_test(test_trouble_by_method),
		cmocka_unit_test(test_login_by_method),
		cmocka_unit_test(test_clock),
	};

	setenv("TZ", "CET-1", 1);
	tzset();
	return cmocka_run_group_tests_name("news: logins and clocks", tests, NULL, NULL);
}
