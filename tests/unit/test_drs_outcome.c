/* test_drs_outcome.c - every code of DRS, the gateway and IAM, typed a second time with its
 * usual status. */
#include "drs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define BUSY          OUTCOME_BUSY
#define WRONG_STATE   OUTCOME_WRONG_STATE
#define NOT_READY     OUTCOME_NOT_READY
#define PARENT        OUTCOME_PARENT
#define REFUSED       OUTCOME_REFUSED
#define DENIED        OUTCOME_DENIED
#define GONE          OUTCOME_GONE
#define BAD_REQUEST   OUTCOME_BAD_REQUEST
#define THROTTLED     OUTCOME_THROTTLED
#define TOKEN         OUTCOME_TOKEN
#define LOCKED        OUTCOME_LOCKED
#define MISCONFIGURED OUTCOME_MISCONFIGURED
#define SERVER        OUTCOME_SERVER

static const struct {
	int status;
	const char *code;
	enum outcome outcome;
} codes[] = {
	{422, "DRS.M00002", SERVER},
	{500, "DRS.M00004", SERVER},
	{422, "DRS.M00004", SERVER},
	{400, "DRS.M00007", BAD_REQUEST},
	{403, "DRS.M00100", TOKEN},
	{404, "DRS.M00101", DENIED},
	{403, "DRS.M00102", DENIED},
	{401, "DRS.M00103", DENIED},
	{400, "DRS.M00105", DENIED},
	{400, "DRS.M00200", BAD_REQUEST},
	{400, "DRS.M00201", BAD_REQUEST},
	{400, "DRS.M00202", BAD_REQUEST},
	{400, "DRS.M00210", BAD_REQUEST},
	{400, "DRS.M00211", BAD_REQUEST},
	{403, "DRS.M00261", MISCONFIGURED},
	{400, "DRS.M00273", BAD_REQUEST},
	{422, "DRS.M00277", REFUSED},
	{400, "DRS.M00289", GONE},
	{400, "DRS.M00299", BAD_REQUEST},
	{400, "DRS.M00300", NOT_READY},
	{400, "DRS.M00301", BAD_REQUEST},
	{400, "DRS.M00302", NOT_READY},
	{400, "DRS.M00303", NOT_READY},
	{400, "DRS.M00304", WRONG_STATE},
	{200, "DRS.M00304", WRONG_STATE},
	{400, "DRS.M00305", BAD_REQUEST},
	{400, "DRS.M00307", PARENT},
	{400, "DRS.M00308", PARENT},
	{422, "DRS.M01501", SERVER},
	{400, "DRS.M01503", THROTTLED},
	{202, "DRS.M01504", BUSY},
	{400, "DRS.M05003", GONE},
	{400, "DRS.M05004", GONE},
	{422, "DRS.M05006", REFUSED},
	{200, "DRS.M05066", REFUSED},
	{400, "DRS.M06007", REFUSED},
	{422, "DRS.M06011", REFUSED},
	{422, "DRS.M06020", REFUSED},
	{422, "DRS.M06021", REFUSED},
	{400, "DRS.KE0002", REFUSED},
	{400, "DRS.10000001", SERVER},
	{400, "DRS.10000010", GONE},
	{400, "DRS.10010047", REFUSED},
	{400, "DRS.10020001", BAD_REQUEST},
	{400, "DRS.10020077", REFUSED},
	{400, "DRS-M00304", WRONG_STATE}, /* so printed by old pages */
	{400, "DRS-M01503", THROTTLED},

	{404, "APIGW.0101", MISCONFIGURED},
	{404, "APIGW.0103", SERVER},
	{500, "APIG.0103", SERVER},
	{500, "APIGW.0104", SERVER},
	{400, "APIGW.0105", SERVER},
	{400, "APIGW.0106", BAD_REQUEST},
	{400, "APIGW.0201", BAD_REQUEST},
	{413, "APIGW.0201", BAD_REQUEST},
	{414, "APIGW.0201", BAD_REQUEST},
	{494, "APIGW.0201", MISCONFIGURED},
	{431, "APIG.0201", MISCONFIGURED},
	{500, "APIGW.0201", SERVER},
	{502, "APIGW.0201", SERVER},
	{504, "APIG.0201", SERVER},
	{502, "APIGW.0202", SERVER},
	{504, "APIGW.0203", SERVER},
	{401, "APIGW.0301", TOKEN},
	{401, "APIG.0301", TOKEN},
	{403, "APIGW.0302", DENIED},
	{401, "APIGW.0303", DENIED},
	{403, "APIGW.0304", DENIED},
	{401, "APIGW.0305", DENIED},
	{403, "APIGW.0306", DENIED},
	{401, "APIGW.0307", TOKEN},
	{401, "APIG.0307", TOKEN},
	{429, "APIGW.0308", THROTTLED},
	{429, "APIG.0308", THROTTLED},
	{403, "APIGW.0310", DENIED},
	{403, "APIGW.0401", DENIED},
	{403, "APIGW.0402", DENIED},
	{405, "APIGW.0501", THROTTLED},
	{500, "APIGW.0601", SERVER},
	{400, "APIGW.0602", MISCONFIGURED},
	{500, "APIGW.0605", SERVER},
	{500, "APIGW.0608", SERVER},
	{502, "APIGW.0610", SERVER},
	{503, "APIGW.0613", SERVER},
	{401, "APIGW.0613", SERVER},
	{403, "APIGW.0802", DENIED},

	{403, "IAM.0002", DENIED},
	{403, "IAM.0003", DENIED},
	{500, "IAM.0006", SERVER},
	{429, "IAM.0012", THROTTLED},
	{400, "IAM.0012", THROTTLED},
	{410, "IAM.0020", SERVER},
	{401, "IAM.0066", TOKEN},
	{401, "IAM.0067", TOKEN},
	{403, "IAM.0080", DENIED},
	{403, "IAM.0081", DENIED},
	{403, "IAM.0082", DENIED},
	{403, "IAM.0083", DENIED},
};

static void test_codes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(codes); i++) {
		enum outcome o = drs_outcome(codes[i].status, codes[i].code, "", false);

		if (o != codes[i].outcome)
			fail_msg("%d %s: %s", codes[i].status, codes[i].code, outcome_name(o));
		/* in an entry the code decides alone, whatever the status around it */
		if (strstr(codes[i].code, ".0201"))
			continue;
		for (int status = 200; status < 600; status++)
			if (drs_outcome(status, codes[i].code, "", true) != codes[i].outcome)
				fail_msg("%d %s in an entry", status, codes[i].code);
	}
}

/* Codes never heard of, and no code at all: the status decides, and never asks for a new login. */
static void test_by_status(void **state)
{
	static const struct {
		int status;
		enum outcome outcome;
	} rows[] = {
		{100, SERVER},
		{200, SERVER},
		{204, SERVER},
		{301, MISCONFIGURED},
		{302, MISCONFIGURED},
		{308, MISCONFIGURED},
		{400, BAD_REQUEST},
		{401, DENIED},
		{402, DENIED},
		{403, DENIED},
		{404, MISCONFIGURED},
		{405, MISCONFIGURED},
		{407, MISCONFIGURED},
		{408, SERVER},
		{409, BAD_REQUEST},
		{410, SERVER},
		{413, BAD_REQUEST},
		{414, BAD_REQUEST},
		{415, MISCONFIGURED},
		{422, BAD_REQUEST},
		{429, THROTTLED},
		{431, MISCONFIGURED},
		{494, MISCONFIGURED},
		{500, SERVER},
		{501, SERVER},
		{502, SERVER},
		{503, SERVER},
		{504, SERVER},
		{599, SERVER},
		{999, SERVER},
	};
	static const char *const unknown[] = {"", "DRS.M99999", "APIGW.9999", "APIG.0617",
		"IAM.9999", "IAM.0301", "DRS.0301", "APIGW.M00100", "DRS.M0010", "DRS.M001000",
		"drs.M00100", "M00100", "X", "DRS.", "."};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++)
		for (size_t k = 0; k < ELEMENTSOF(unknown); k++) {
			enum outcome o = drs_outcome(rows[i].status, unknown[k], "", false);
			enum outcome want = rows[i].outcome;

			/* a success that carries a code is a refusal */
			if (rows[i].status / 100 == 2 && *unknown[k])
				want = BAD_REQUEST;
			if (o != want)
				fail_msg("%d \"%s\": %s", rows[i].status, unknown[k],
					outcome_name(o));
			assert_int_equal(
				drs_outcome(rows[i].status, unknown[k], "", true), REFUSED);
		}
	for (int status = 0; status < 1000; status++) {
		assert_int_not_equal(drs_outcome(status, "", "", false), TOKEN);
		assert_int_not_equal(drs_outcome(status, "", "", false), OUTCOME_OK);
	}
}

static void test_text(void **state)
{
	static const struct {
		int status;
		const char *code, *text;
		enum outcome outcome;
	} rows[] = {
		{403, "", "X-Auth-Token is invalid in the request", TOKEN},
		{401, "", "The token has expired.", TOKEN},
		{401, "", "Invalid token", TOKEN},
		{401, "", "The request you have made requires authentication.", TOKEN},
		{403, "", "You are not authorized to perform the requested action", DENIED},
		{401, "", "no such user", DENIED},
		/* a code is worth more than any text */
		{401, "DRS.M00103", "X-Auth-Token is invalid in the request", DENIED},
		{403, "DRS.M99999", "X-Auth-Token is invalid in the request", DENIED},
		{401, "APIGW.0301", "Incorrect IAM authentication information: AK access failed",
			TOKEN},
		{401, "APIGW.0301", "signature expired, signature time:x,server time:y",
			MISCONFIGURED},
		{401, "APIG.0301", "AK has been locked, retry later", LOCKED},
		/* and other statuses do not speak of tokens */
		{400, "", "X-Auth-Token is invalid in the request", BAD_REQUEST},
		{500, "", "X-Auth-Token is invalid in the request", SERVER},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		enum outcome o = drs_outcome(rows[i].status, rows[i].code, rows[i].text, false);

		if (o != rows[i].outcome)
			fail_msg("%d %s: %s", rows[i].status, rows[i].text, outcome_name(o));
	}
}

static void test_is_task(void **state)
{
	static const enum outcome task[] = {BUSY, WRONG_STATE, NOT_READY, PARENT, REFUSED, GONE};
	unsigned count = 0;

	(void)state;
	for (int o = 0; o < _OUTCOME_MAX; o++)
		count += outcome_is_task((enum outcome)o);
	assert_int_equal(count, ELEMENTSOF(task));
	for (size_t i = 0; i < ELEMENTSOF(task); i++)
		assert_true(outcome_is_task(task[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_by_status),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_is_task),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
