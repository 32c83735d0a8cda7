/* drs_outcome.c - the one table from (HTTP status, code, text) to an outcome.
 *
 * Statuses and codes of DRS contradict each other: 401 may be a missing permission, 403 a token
 * that ran out, 400 a throttle and 202 a refusal. So the code decides wherever there is one, and
 * the status only for codes never heard of. A new login is asked for by code or text alone: a
 * 401 that a new token would not cure must not become an attack on IAM. */
#include "drs.h"

#include <string.h>

/* A code that means different things by status: look at the status. */
#define BY_STATUS _OUTCOME_MAX

enum family {
	FAMILY_DRS,     /* behind "DRS." or "DRS-" */
	FAMILY_GATEWAY, /* behind "APIGW." or "APIG." */
	FAMILY_IAM
};

static const struct {
	const char *prefix;
	enum family family;
} prefixes[] = {
	{"DRS.", FAMILY_DRS},
	{"DRS-", FAMILY_DRS},
	{"APIGW.", FAMILY_GATEWAY},
	{"APIG.", FAMILY_GATEWAY},
	{"IAM.", FAMILY_IAM},
};

static const struct row {
	enum family family;
	const char *code;
	enum outcome outcome;
} table[] = {
	{FAMILY_DRS, "M00002", OUTCOME_SERVER},
	{FAMILY_DRS, "M00004", OUTCOME_SERVER},
	{FAMILY_DRS, "M00007", OUTCOME_BAD_REQUEST},
	{FAMILY_DRS, "M00100", OUTCOME_TOKEN},
	{FAMILY_DRS, "M00101", OUTCOME_DENIED},
	{FAMILY_DRS, "M00102", OUTCOME_DENIED},
	{FAMILY_DRS, "M00103", OUTCOME_DENIED}, /* comes with 401 */
	{FAMILY_DRS, "M00105", OUTCOME_DENIED},
	{FAMILY_DRS, "M00200", OUTCOME_BAD_REQUEST},
	{FAMILY_DRS, "M00201", OUTCOME_BAD_REQUEST},
	{FAMILY_DRS, "M00202", OUTCOME_BAD_REQUEST},
	{FAMILY_DRS, "M00210", OUTCOME_BAD_REQUEST},
	{FAMILY_DRS, "M00211", OUTCOME_BAD_REQUEST},
	{FAMILY_DRS, "M00261", OUTCOME_MISCONFIGURED},
	{FAMILY_DRS, "M00273", OUTCOME_BAD_REQUEST},
	{FAMILY_DRS, "M00277", OUTCOME_REFUSED},
	{FAMILY_DRS, "M00289", OUTCOME_GONE},
	{FAMILY_DRS, "M00299", OUTCOME_BAD_REQUEST},
	{FAMILY_DRS, "M00300", OUTCOME_NOT_READY},
	{FAMILY_DRS, "M00301", OUTCOME_BAD_REQUEST},
	{FAMILY_DRS, "M00302", OUTCOME_NOT_READY},
	{FAMILY_DRS, "M00303", OUTCOME_NOT_READY},
	{FAMILY_DRS, "M00304", OUTCOME_WRONG_STATE},
	{FAMILY_DRS, "M00305", OUTCOME_BAD_REQUEST},
	{FAMILY_DRS, "M00307", OUTCOME_PARENT},
	{FAMILY_DRS, "M00308", OUTCOME_PARENT},
	{FAMILY_DRS, "M01501", OUTCOME_SERVER},
	{FAMILY_DRS, "M01503", OUTCOME_THROTTLED}, /* comes with 400 */
	{FAMILY_DRS, "M01504", OUTCOME_BUSY},      /* comes with 202 */
	{FAMILY_DRS, "M05003", OUTCOME_GONE},
	{FAMILY_DRS, "M05004", OUTCOME_GONE},
	{FAMILY_DRS, "M05006", OUTCOME_REFUSED},
	{FAMILY_DRS, "M05066", OUTCOME_REFUSED},
	{FAMILY_DRS, "M06007", OUTCOME_REFUSED},
	{FAMILY_DRS, "M06011", OUTCOME_REFUSED},
	{FAMILY_DRS, "M06020", OUTCOME_REFUSED},
	{FAMILY_DRS, "M06021", OUTCOME_REFUSED},
	{FAMILY_DRS, "KE0002", OUTCOME_REFUSED}, /* the database's password, not ours */
	/* of the v5 family, should a v3 call ever answer with them */
	{FAMILY_DRS, "10000001", OUTCOME_SERVER},
	{FAMILY_DRS, "10000010", OUTCOME_GONE},
	{FAMILY_DRS, "10010047", OUTCOME_REFUSED},
	{FAMILY_DRS, "10020001", OUTCOME_BAD_REQUEST},
	{FAMILY_DRS, "10020077", OUTCOME_REFUSED},

	{FAMILY_GATEWAY, "0101", OUTCOME_MISCONFIGURED},
	{FAMILY_GATEWAY, "0103", OUTCOME_SERVER},
	{FAMILY_GATEWAY, "0104", OUTCOME_SERVER},
	{FAMILY_GATEWAY, "0105", OUTCOME_SERVER},
	{FAMILY_GATEWAY, "0106", OUTCOME_BAD_REQUEST},
	{FAMILY_GATEWAY, "0201", BY_STATUS},
	{FAMILY_GATEWAY, "0202", OUTCOME_SERVER},
	{FAMILY_GATEWAY, "0203", OUTCOME_SERVER},
	{FAMILY_GATEWAY, "0301", OUTCOME_TOKEN}, /* or the signature, see text_of_key() */
	{FAMILY_GATEWAY, "0302", OUTCOME_DENIED},
	{FAMILY_GATEWAY, "0303", OUTCOME_DENIED},
	{FAMILY_GATEWAY, "0304", OUTCOME_DENIED},
	{FAMILY_GATEWAY, "0305", OUTCOME_DENIED},
	{FAMILY_GATEWAY, "0306", OUTCOME_DENIED},
	{FAMILY_GATEWAY, "0307", OUTCOME_TOKEN},
	{FAMILY_GATEWAY, "0308", OUTCOME_THROTTLED},
	{FAMILY_GATEWAY, "0310", OUTCOME_DENIED},
	{FAMILY_GATEWAY, "0401", OUTCOME_DENIED},
	{FAMILY_GATEWAY, "0402", OUTCOME_DENIED},
	{FAMILY_GATEWAY, "0501", OUTCOME_THROTTLED}, /* a quota: only slower will help */
	{FAMILY_GATEWAY, "0601", OUTCOME_SERVER},
	{FAMILY_GATEWAY, "0602", OUTCOME_MISCONFIGURED},
	{FAMILY_GATEWAY, "0605", OUTCOME_SERVER},
	{FAMILY_GATEWAY, "0608", OUTCOME_SERVER},
	{FAMILY_GATEWAY, "0610", OUTCOME_SERVER},
	{FAMILY_GATEWAY, "0613", OUTCOME_SERVER}, /* the gateway cannot reach IAM */
	{FAMILY_GATEWAY, "0802", OUTCOME_DENIED},

	{FAMILY_IAM, "0002", OUTCOME_DENIED},
	{FAMILY_IAM, "0003", OUTCOME_DENIED},
	{FAMILY_IAM, "0006", OUTCOME_SERVER},
	{FAMILY_IAM, "0012", OUTCOME_THROTTLED},
	{FAMILY_IAM, "0020", OUTCOME_SERVER},
	{FAMILY_IAM, "0066", OUTCOME_TOKEN},
	{FAMILY_IAM, "0067", OUTCOME_TOKEN},
	{FAMILY_IAM, "0080", OUTCOME_DENIED},
	{FAMILY_IAM, "0081", OUTCOME_DENIED},
	{FAMILY_IAM, "0082", OUTCOME_DENIED},
	{FAMILY_IAM, "0083", OUTCOME_DENIED},
};

static const struct row *row_find(const char *code)
{
	for (size_t i = 0; i < ELEMENTSOF(prefixes); i++) {
		size_t len = strlen(prefixes[i].prefix);

		if (strncmp(code, prefixes[i].prefix, len) != 0)
			continue;
		for (const struct row *row = table; row < table + ELEMENTSOF(table); row++)
			if (row->family == prefixes[i].family && strcmp(row->code, code + len) == 0)
				return row;
	}
	return NULL;
}

/* Keystone has no codes: what it says of a token stands in its text alone. */
static bool text_blames_token(const char *text)
{
	static const char *const sayings[] = {
		"X-Auth-Token is invalid",
		"token is invalid",
		"invalid token",
		"token is expired",
		"token has expired",
		"token expired",
		"requires authentication",
	};

	for (size_t i = 0; i < ELEMENTSOF(sayings); i++)
		if (strcasestr(text, sayings[i]))
			return true;
	return false;
}

/* The gateway has one code for all that may be wrong with a signature. Neither of these is cured by another
 * login. */
static enum outcome text_of_key(const char *text)
{
	if (strcasestr(text, "signature expired")) /* our clock */
		return OUTCOME_MISCONFIGURED;
	return strcasestr(text, "locked") ? OUTCOME_LOCKED : OUTCOME_TOKEN;
}

static enum outcome by_status(int status)
{
	switch (status) {
	case 401:
	case 402:
	case 403:
		return OUTCOME_DENIED;
	case 404: /* no code: nobody of DRS has answered */
	case 405:
	case 406:
	case 407:
	case 415:
	case 431: /* one header too large: the token */
	case 494:
		return OUTCOME_MISCONFIGURED;
	case 408:
	case 410:
	case 425:
		return OUTCOME_SERVER;
	case 429:
		return OUTCOME_THROTTLED;
	default:
		break;
	}
	if (status >= 300 && status < 400)
		return OUTCOME_MISCONFIGURED;
	if (status >= 400 && status < 500)
		return OUTCOME_BAD_REQUEST;
	return OUTCOME_SERVER;
}

enum outcome drs_outcome(int status, const char *code, const char *text, bool in_entry)
{
	const struct row *row = row_find(code);

	if (row && row->family == FAMILY_GATEWAY && strcmp(row->code, "0301") == 0)
		return text_of_key(text);
	if (row && row->outcome != BY_STATUS)
		return row->outcome;
	if (!row && in_entry)
		return OUTCOME_REFUSED;
	if (!*code && (status == 401 || status == 403) && text_blames_token(text))
		return OUTCOME_TOKEN;
	/* A code never heard of in an answer that calls itself a success: refused, whatever it
	 * was. */
	if (*code && status >= 200 && status < 300)
		return OUTCOME_BAD_REQUEST;
	return by_status(status);
}
