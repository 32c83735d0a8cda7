/* auth.h - the ways to log in: which options of a cloud each one needs, and how its calls carry it. */
#pragma once

#include "macro.h"

enum auth_method {
	AUTH_PASSWORD,
	AUTH_AKSK,
	AUTH_ECS_AGENCY,
	AUTH_ASSUME_ROLE,
	AUTH_TOKEN_FILE,
	AUTH_CLOUDS_YAML, /* of a configuration only: what stands there is one of the others */
	_AUTH_METHOD_MAX
};

struct auth_row {
	const char *name;
	/* Options of the cloud block, by blanks; "a|b": exactly one of the two; "a+b|c": c, or a and b. Which of
	 * two it is, is told by the options that stand nowhere else in the row. */
	const char *needs;
	const char *takes; /* and those that may be given besides; "a|b": one of the two at most */
	const char
		*secret; /* what option `secret` is: "password", "secret key"; NULL: none is read */
	bool signs;      /* calls are signed with a key, and carry no token */
	const char *meaning;
};
extern const struct auth_row auth_table[_AUTH_METHOD_MAX];

/* Whether the method needs or takes that option; options that no method has are for all. */
bool auth_takes(enum auth_method m, const char *option);
bool auth_any_takes(const char *option); /* whether some method does */

/* "password", "aksk", ...; "unknown" for others. */
const char *auth_method_name(enum auth_method m);

/* The form of a signature's Authorization header. */
enum signature {
	SIGNATURE_ACCESS,     /* Access=KEY: as the SDKs do today */
	SIGNATURE_CREDENTIAL, /* Credential=KEY/SCOPE: the older one, with a key derived for the day */
	_SIGNATURE_MAX
};
const char *signature_name(enum signature s); /* "access", "credential" */
