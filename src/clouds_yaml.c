/* clouds_yaml.c
 *
 * What an entry says, as openstacksdk and the OTC tools understand it. Where they would take something else
 * than what was written (a password 0123 is the number 83), or where precheckd could not make the same login,
 * it is refused in words.
 */
#include "clouds_yaml.h"

#include "clouds_entry.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

void cloud_entry_done(struct cloud_entry *e)
{
	free(e->auth_url);
	free(e->region);
	free(e->user);
	free(e->user_id);
	free(e->domain);
	free(e->project);
	free(e->project_id);
	free(e->access_key);
	free(e->ca_file);
	free(e->file);
	secret_free(e->secret);
	secret_free(e->security_token);
	*e = (struct cloud_entry){0};
}

static int take_text(const struct reading *r, const char *keys, char **ret)
{
	char key[ENTRY_KEY_MAX];
	struct found f = entry_find(r, keys, key);
	int e;

	if (!f.node)
		return 0;
	e = entry_check_text(r, &f, key);
	if (e < 0)
		return e;
	*ret = strdup(f.node->text);
	return *ret ? 0 : entry_refuse_memory(r);
}

/* Readable by its owner alone; systemd sees to that for credentials, whose group bits only show an access
 * list. */
static bool is_private(const struct tree *t)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	size_t len = dir ? strlen(dir) : 0;

	if (len > 0 && strncmp(t->path, dir, len) == 0 && t->path[len] == '/' &&
		!strchr(t->path + len + 1, '/'))
		return true;
	return (t->mode & (S_IRWXG | S_IRWXO)) == 0;
}

static int take_secret(const struct reading *r, const char *keys, struct secret **ret)
{
	char key[ENTRY_KEY_MAX];
	struct found f = entry_find(r, keys, key);
	int e;

	if (!f.node)
		return 0;
	if (!is_private(f.tree))
		return entry_refuse(r, -EACCES,
			"has its %s in %s, which is open to others (mode %04o), chmod 0600 and "
			"change the secret",
			key, f.tree->path, (unsigned)f.tree->mode);
	e = entry_check_text(r, &f, key);
	if (e < 0)
		return e;
	e = secret_new(f.node->text, f.node->len, ret);
	if (e == -E2BIG)
		return entry_refuse(
			r, -EINVAL, "has a %s of more than 64 KB, this is no secret", key);
	return e < 0 ? entry_refuse_memory(r) : 0;
}

/* Copies a text in which {region_name} stands for the region, as openstacksdk replaces it. */
static int take_pattern(const struct reading *r, const char *keys, char **ret)
{
	static const char name[] = "{region_name}";
	_cleanup_free_ char *pattern = NULL;
	char text[600];
	struct line l;
	int e = take_text(r, keys, &pattern);

	if (e < 0 || !pattern)
		return e;
	line_init(&l, text, sizeof(text));
	for (const char *p = pattern; *p;) {
		size_t n = strcspn(p, "{}");

		line_add(&l, "%.*s", (int)n, p);
		p += n;
		if (strncmp(p, name, strlen(name)) == 0) {
			if (*r->region == '\0')
				return entry_refuse(
					r, -EINVAL, "has no region_name, which its %s needs", keys);
			line_add(&l, "%s", r->region);
			p += strlen(name);
		} else if ((*p == '{' || *p == '}') && p[1] == *p) {
			line_add(&l, "%c", *p);
			p += 2;
		} else if (*p) {
			return entry_refuse(r, -EINVAL,
				"has braces in its %s around something else than region_name",
				keys);
		}
	}
	if (l.cut)
		return entry_refuse(r, -EINVAL, "has a %s of more than 600 bytes", keys);
	*ret = strdup(text);
	return *ret ? 0 : entry_refuse_memory(r);
}

/* --- what it says --- */

/* What changes a login in ways that precheckd does not know; left out, it would be another login. */
static const struct {
	const char *key, *text;
} strangers[] = {
	{"agency_name", "an agency, for which there is auth = assume-role"},
	{"application_credential_id", "an application credential, which IAM does not have"},
	{"application_credential_name", "an application credential, which IAM does not have"},
	{"trust_id", "a trust, which IAM does not have"},
	{"system_scope", "a scope that is no project"},
	{"passcode", "a second factor, which nobody can give a service"},
	{"cert", "a client certificate, which precheckd does not show"},
};

/* True and false as PyYAML and openstacksdk know them, in quotes as well; -1: something else. */
static int truth_of(const struct tree_node *n)
{
	if (n->kind == TREE_BOOL)
		return strchr("yYtT", n->text[0]) || strcasecmp(n->text, "on") == 0;
	if (n->kind == TREE_TEXT && strcasecmp(n->text, "true") == 0)
		return 1;
	return n->kind == TREE_TEXT && strcasecmp(n->text, "false") == 0 ? 0 : -1;
}

static int check_strangers(const struct reading *r)
{
	static const char *const outside[] = {
		"auth_type", "verify", "insecure", "cacert", "profile", "regions", "region_name"};

	struct found verify = entry_look(&r->all, "verify"),
		     insecure = entry_look(&r->all, "insecure");
	char key[ENTRY_KEY_MAX];

	if ((entry_given(&verify) && truth_of(verify.node) == 0) ||
		(entry_given(&insecure) && truth_of(insecure.node) != 0))
		return entry_refuse(r, -EINVAL,
			"turns off the verification of certificates, which precheckd never does; "
			"name the authority by cacert");
	if (entry_given(&verify) && truth_of(verify.node) < 0)
		return entry_refuse(r, -EINVAL,
			"has a verify that is neither true nor false; certificates are named by "
			"cacert");
	for (size_t i = 0; i < ELEMENTSOF(outside); i++)
		if (entry_look(&r->auth, outside[i]).node)
			return entry_refuse(r, -EINVAL,
				"has its %s inside of auth, it belongs beside that", outside[i]);
	for (size_t i = 0; i < ELEMENTSOF(strangers); i++) {
		struct found f = entry_find(r, strangers[i].key, key);

		if (f.node)
			return entry_refuse(
				r, -EINVAL, "has %s: %s", strangers[i].key, strangers[i].text);
	}
	return 0;
}

static int find_method(const struct reading *r, enum auth_method *ret)
{
	static const struct {
		const char *type;
		enum auth_method method;
	} types[] = {{"password", AUTH_PASSWORD}, {"v3password", AUTH_PASSWORD},
		{"token", AUTH_TOKEN_FILE}, {"v3token", AUTH_TOKEN_FILE}, {"aksk", AUTH_AKSK}};
	struct found f = entry_look(&r->all, "auth_type");
	char key[ENTRY_KEY_MAX], text[ENTRY_KEY_MAX];
	int e;

	if (!entry_given(&f)) {
		*ret = entry_find(r, "password", key).node           ? AUTH_PASSWORD
		       : entry_find(r, "secret_key sk", key).node    ? AUTH_AKSK
		       : entry_find(r, "token auth_token", key).node ? AUTH_TOKEN_FILE
								     : AUTH_PASSWORD;
		return 0;
	}
	e = entry_check_text(r, &f, "auth_type");
	if (e < 0)
		return e;
	for (size_t i = 0; i < ELEMENTSOF(types); i++)
		if (strcmp(f.node->text, types[i].type) == 0) {
			*ret = types[i].method;
			return 0;
		}
	return entry_refuse(r, -EINVAL,
		"has the auth_type %s; precheckd knows password, v3password, token, v3token and "
		"aksk",
		entry_shown(text, f.node));
}

#define DOMAIN_NAME "domain-name domain_name default_domain_name"
#define DOMAIN_ID   "domain-id domain_id default_domain_id"

/* The user's, which is the project's as well: a login of ours names one domain. */
static int take_domain(const struct reading *r, struct cloud_entry *e)
{
	_cleanup_free_ char *of_project = NULL, *id = NULL, *project_id = NULL;
	int x = take_text(r, "user-domain-name user_domain_name " DOMAIN_NAME, &e->domain);

	if (x == 0)
		x = take_text(
			r, "project-domain-name project_domain_name " DOMAIN_NAME, &of_project);
	if (x == 0)
		x = take_text(r, "user-domain-id user_domain_id " DOMAIN_ID, &id);
	if (x == 0)
		x = take_text(r, "project-domain-id project_domain_id " DOMAIN_ID, &project_id);
	if (x < 0 || e->method != AUTH_PASSWORD)
		return x;
	if (e->user && !e->domain && id)
		return entry_refuse(r, -EINVAL,
			"names the user's domain by its id only; user_domain_name is needed, or "
			"user_id in place of username");
	if (!e->project)
		return 0;
	if (e->user_id && of_project) { /* the id has the user's in it */
		free(e->domain);
		e->domain = of_project;
		of_project = NULL;
	}
	if (of_project && e->domain && strcmp(of_project, e->domain) != 0)
		return entry_refuse(r, -EINVAL,
			"has a project in another domain than the user's; name it by project_id");
	if (!of_project && !e->user_id && project_id && (!id || strcmp(id, project_id) != 0))
		return entry_refuse(r, -EINVAL,
			"names the project's domain by its id only; project_domain_name is "
			"needed, or project_id in place of project_name");
	return 0;
}

static int take_login(const struct reading *r, struct cloud_entry *e)
{
	static const char *const secrets[_AUTH_METHOD_MAX] = {
		[AUTH_PASSWORD] = "password",
		[AUTH_AKSK] = "secret_key sk",
		[AUTH_TOKEN_FILE] = "token auth_token",
	};
	char key[ENTRY_KEY_MAX];
	int x = 0;

	if (e->method == AUTH_PASSWORD)
		x = take_text(r, "user_id", &e->user_id);
	if (x == 0 && e->method == AUTH_PASSWORD && !e->user_id)
		x = take_text(r, "username user_name", &e->user);
	if (x == 0 && e->method == AUTH_AKSK)
		x = take_text(r, "access_key ak", &e->access_key);
	if (x == 0 && e->method == AUTH_AKSK)
		x = take_secret(r, "security_token", &e->security_token);
	if (x == 0)
		x = take_secret(r, secrets[e->method], &e->secret);
	if (x == 0 && !e->secret) {
		(void)entry_find(r, secrets[e->method], key);
		x = entry_refuse(
			r, -EINVAL, "has no %s%s%s", key, *r->passed ? "; " : "", r->passed);
	}
	return x;
}

static int take_all(const struct reading *r, struct cloud_entry *e)
{
	char home[PATH_MAX];
	int x = check_strangers(r);

	if (x == 0)
		x = find_method(r, &e->method);
	if (x == 0)
		x = take_login(r, e);
	if (x == 0)
		x = take_text(r, "project-id project_id tenant-id tenant_id", &e->project_id);
	if (x == 0 && !e->project_id)
		x = take_text(r, "project-name project_name tenant-name tenant_name", &e->project);
	if (x == 0)
		x = take_domain(r, e);
	if (x == 0)
		x = take_pattern(r, "auth_url", &e->auth_url);
	if (x == 0)
		x = take_pattern(r, "cacert", &e->ca_file);
	if (x < 0)
		return x;
	if (e->ca_file && strncmp(e->ca_file, "~/", 2) == 0 && clouds_home(home)) {
		_cleanup_free_ char *short_form = e->ca_file;

		if (asprintf(&e->ca_file, "%s%s", home, short_form + 1) < 0) {
			e->ca_file = NULL;
			return entry_refuse_memory(r);
		}
	}
	e->file = strdup(r->file);
	if (*r->region)
		e->region = strdup(r->region);
	return e->file && (e->region || !*r->region) ? 0 : entry_refuse_memory(r);
}

int clouds_yaml_read(const char *file, const char *entry, const char *region,
	struct cloud_entry *ret, char why[400])
{
	_cleanup_(entry_close) struct reading r = {
		.entry = entry, .why = why, .file = file ? file : "clouds.yaml"};
	_cleanup_(cloud_entry_done) struct cloud_entry e = {0};
	int x = entry_open(&r, file, region);

	if (x == 0)
		x = take_all(&r, &e);
	if (x < 0)
		return x;
	*ret = e;
	e = (struct cloud_entry){0};
	return 0;
}
