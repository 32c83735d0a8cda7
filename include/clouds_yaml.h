/* clouds_yaml.h - an entry of clouds.yaml and secure.yaml, read as the OpenStack and OTC tools read it. */
#pragma once

#include "auth.h"
#include "macro.h"
#include "secret.h"

/* What the entry says; strings may be NULL. */
struct cloud_entry {
	enum auth_method method; /* PASSWORD, AKSK or TOKEN_FILE (an entry with auth_type token) */
	char *auth_url, *region;
	char *user, *user_id;
	char *domain; /* the user's, by name */
	char *project, *project_id;
	char *access_key;
	struct secret *secret;         /* password, secret key or token; never NULL */
	struct secret *security_token; /* of temporary keys */
	char *ca_file;
	char *file; /* the clouds.yaml it stands in */
};

/* Wipes and frees what it holds, for _cleanup_(); an empty one is fine. */
void cloud_entry_done(struct cloud_entry *e);

/* `file` NULL: $OS_CLIENT_CONFIG_FILE, else clouds.yaml in the standard places; secure.yaml likewise or beside
 * it; clouds-public.yaml for profiles. region: which one, where the entry has several; NULL: its first. On
 * failure `why` is one sentence without any secret: -ENOENT no file or no such entry (it names those there
 * are), -EINVAL not YAML (with line), incomplete, or of a kind that cannot be used (it says what is missing),
 * -EACCES a file with a secret that others may read, -ENOMEM. */
int clouds_yaml_read(const char *file, const char *entry, const char *region,
	struct cloud_entry *ret, char why[400]) _must_check_;
