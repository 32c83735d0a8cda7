/* test_check_login.c - what a reply says about a login. */
#include "check_login.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_verdicts(void **state)
{
	static const struct {
		enum auth_method method;
		enum call_kind kind;
		enum outcome outcome;
		const char *text, *verdict;
	} rows[] = {
		{AUTH_PASSWORD, CALL_LOGIN, OUTCOME_OK, "", "works"},
		{AUTH_PASSWORD, CALL_STATUS, OUTCOME_OK, "", "works"},
		{AUTH_PASSWORD, CALL_LOGIN, OUTCOME_CREDENTIAL, "no", "wrong credential"},
		{AUTH_PASSWORD, CALL_LOGIN, OUTCOME_CREDENTIAL, "Could not find project: x",
			"wrong region or project"},
		{AUTH_PASSWORD, CALL_LOGIN, OUTCOME_TOKEN, "", "wrong credential"},
		{AUTH_PASSWORD, CALL_STATUS, OUTCOME_TOKEN, "", "wrong region or project"},
		{AUTH_AKSK, CALL_LOGIN, OUTCOME_LOCKED, "", "locked"},
		{AUTH_AKSK, CALL_STATUS, OUTCOME_LOCKED, "", "locked"},
		{AUTH_PASSWORD, CALL_LOGIN, OUTCOME_DENIED, "", "no permission"},
		{AUTH_PASSWORD, CALL_STATUS, OUTCOME_DENIED, "", "no permission"},
		{AUTH_PASSWORD, CALL_LOGIN, OUTCOME_MISCONFIGURED, "", "wrong region or project"},
		{AUTH_PASSWORD, CALL_STATUS, OUTCOME_MISCONFIGURED, "", "wrong region or project"},
		{AUTH_ECS_AGENCY, CALL_LOGIN, OUTCOME_MISCONFIGURED, "no agency is bound",
			"no agency"},
		{AUTH_ECS_AGENCY, CALL_LOGIN, OUTCOME_MISCONFIGURED, "there is no project named x",
			"wrong region or project"},
		{AUTH_ECS_AGENCY, CALL_STATUS, OUTCOME_MISCONFIGURED, "",
			"wrong region or project"},
		{AUTH_PASSWORD, CALL_LOGIN, OUTCOME_SERVER, "", "unreachable"},
		{AUTH_PASSWORD, CALL_LOGIN, OUTCOME_TRANSPORT, "", "unreachable"},
		{AUTH_PASSWORD, CALL_STATUS, OUTCOME_THROTTLED, "", "unreachable"},
		/* DRS speaks of the task: then it lets us ask */
		{AUTH_PASSWORD, CALL_STATUS, OUTCOME_BAD_REQUEST, "", "works"},
		{AUTH_PASSWORD, CALL_STATUS, OUTCOME_GONE, "", "works"},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		struct reply r = {.outcome = rows[i].outcome};
		const char *verdict;

		text_copy(r.text, sizeof(r.text), rows[i].text);
		verdict = login_verdict_name(login_verdict(rows[i].method, rows[i].kind, &r));
		if (strcmp(verdict, rows[i].verdict) != 0)
			fail_msg("row %zu: %s", i, verdict);
	}
	for (int v = 0; v < _LOGIN_VERDICT_MAX; v++)
		assert_non_null(login_verdict_name(v));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
