/* credential.h - what a cloud logs in with, read from its places. */
#pragma once

#include "macro.h"
#include "secret.h"
#include "settings.h"

struct credential {
	struct secret *secret;         /* password, secret key or token; NULL: ecs-agency */
	struct secret *security_token; /* of configured temporary keys; NULL: none */
};

void credential_done(struct credential *c); /* wipes; for _cleanup_(); an empty one is fine */

/* Reads what c->auth wants, and sets c->method and c->mark; with AUTH_CLOUDS_YAML also fills in what the entry
 * says and the configuration does not. Only before the settings are shared. On failure `why` is one sentence
 * without any secret; errors as secret_read() and clouds_yaml_read(). */
int credential_read(struct cloud_settings *c, struct credential *ret, char why[400]) _must_check_;
