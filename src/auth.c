/* auth.c - the ways to log in, in one table: the configuration is judged by it, and the manual page is held
 * against it. */
#include "auth.h"

#include <string.h>

const struct auth_row auth_table[_AUTH_METHOD_MAX] = {
	[AUTH_PASSWORD] =
		{
			.name = "password",
			/* The name of a project means nothing without its domain. */
			.needs = "iam user+domain|user_id secret project+domain|project_id",
			.takes = "domain",
			.secret = "password",
			.meaning = "a token from IAM by user and password",
		},
	[AUTH_AKSK] =
		{
			.name = "aksk",
			.needs = "iam access_key secret project|project_id",
			.takes = "domain security_token signature region",
			.secret = "secret key",
			.signs = true,
			.meaning = "calls signed with an access key",
		},
	[AUTH_ECS_AGENCY] =
		{
			.name = "ecs-agency",
			.needs = "iam+project|project_id",
			.takes = "iam metadata signature region",
			.signs = true,
			.meaning = "calls signed with the temporary keys of the ECS that precheckd "
				   "runs on",
		},
	[AUTH_ASSUME_ROLE] =
		{
			.name = "assume-role",
			.needs = "iam user+domain|user_id secret agency agency_domain "
				 "project|project_id",
			.takes = "domain",
			.secret = "password",
			.meaning = "a token of another account's agency, by user and password",
		},
	[AUTH_TOKEN_FILE] =
		{
			.name = "token-file",
			.needs = "iam secret",
			.takes = "project|project_id",
			.secret = "token",
			.meaning = "a token that somebody else keeps fresh in a file",
		},
	[AUTH_CLOUDS_YAML] =
		{
			.name = "clouds-yaml",
			.needs = "entry",
			.takes = "iam project|project_id clouds_file region signature",
			.meaning = "what an entry of clouds.yaml says",
		},
};

/* Whether one of the words, between any of " +|", is that one. */
static bool has_word(const char *words, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = words; *p; p += strspn(p, " +|")) {
		size_t n = strcspn(p, " +|");

		if (n == len && memcmp(p, word, n) == 0)
			return true;
		p += n;
	}
	return false;
}

bool auth_any_takes(const char *option)
{
	for (size_t m = 0; m < _AUTH_METHOD_MAX; m++)
		if (has_word(auth_table[m].needs, option) || has_word(auth_table[m].takes, option))
			return true;
	return false;
}

bool auth_takes(enum auth_method m, const char *option)
{
	return has_word(auth_table[m].needs, option) || has_word(auth_table[m].takes, option) ||
	       !auth_any_takes(option);
}

const char *auth_method_name(enum auth_method m)
{
	return (unsigned)m < _AUTH_METHOD_MAX ? auth_table[m].name : "unknown";
}

const char *signature_name(enum signature s)
{
	static const char *const names[_SIGNATURE_MAX] = {
		[SIGNATURE_ACCESS] = "access",
		[SIGNATURE_CREDENTIAL] = "credential",
	};

	return (unsigned)s < _SIGNATURE_MAX ? names[s] : "unknown";
}
