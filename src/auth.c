/* auth.c - the ways to log in, in one table: the configuration is judged by it, and the manual page is held
 * against it. */
#include "auth.h"

const struct auth_row auth_table[_AUTH_METHOD_MAX] = {
	[AUTH_PASSWORD] =
		{
			.name = "password",
			.needs = "iam user+domain|user_id secret project|project_id",
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
			.takes = "metadata signature region",
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
			.takes = "project project_id",
			.secret = "token",
			.meaning = "a token that somebody else keeps fresh in a file",
		},
	[AUTH_CLOUDS_YAML] =
		{
			.name = "clouds-yaml",
			.needs = "entry",
			.takes = "iam project project_id clouds_file region signature",
			.meaning = "what an entry of clouds.yaml says",
		},
};

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
