/* vault.h - the credentials in use, one for each cloud of the settings. */
#pragma once

#include "credential.h"
#include "macro.h"
#include "settings.h"

struct vault;

/* Reads the credentials of all clouds of s, before anybody else has it; the first error is said, as "FILE:LINE:
 * text". Errors as credential_read(); -EINVAL also for two entries of clouds.yaml that are the same cloud. */
int vault_read(struct settings *s, void (*say)(void *arg, bool error, const char *text), void *arg,
	struct vault **ret) _must_check_;
struct vault *vault_free(struct vault *v); /* wipes; may be NULL; returns NULL */
DEFINE_CLEANUP(struct vault *, vault_free)

const struct credential *vault_get(const struct vault *v, size_t cloud); /* borrowed */

bool vault_watches(const struct settings *s); /* there is a token in a file among them */

/* Reads the token of that cloud again, if it is one in a file: true if somebody has written a new one. One that
 * can't be read is said once; the last one stays in use. */
bool vault_look(struct vault *v, struct settings *s, size_t cloud);
