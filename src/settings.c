/* settings.c
 *
 * What the operator said, once it is known to be good. The heart, the wire and the roof hold references to
 * the same object; a reload makes a new one, and the old one goes when its last user lets go.
 */
#include "settings.h"

#include <string.h>

const char *cloud_login_name(const struct cloud_settings *c)
{
	const char *names[] = {c->user, c->user_id, c->access_key, c->agency, c->entry};

	for (size_t i = 0; i < ELEMENTSOF(names); i++)
		if (names[i])
			return names[i];
	return "";
}

const char *cloud_account(const struct cloud_settings *c)
{
	return c->method == AUTH_ASSUME_ROLE ? c->agency_domain : c->domain;
}

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool cloud_settings_same(const struct cloud_settings *a, const struct cloud_settings *b)
{
	bool unread = a->method == AUTH_CLOUDS_YAML;

	if (unread != (b->method == AUTH_CLOUDS_YAML))
		return false;
	return same(a->iam, b->iam) && same(a->drs, b->drs) &&
	       same(cloud_account(a), cloud_account(b)) && same(a->project, b->project) &&
	       same(a->project_id, b->project_id) &&
	       strcmp(cloud_login_name(a), cloud_login_name(b)) == 0 &&
	       (!unread || (same(a->clouds_file, b->clouds_file) && same(a->region, b->region)));
}

struct settings *settings_new(void)
{
	struct settings *s = calloc(1, sizeof(*s));

	if (s)
		s->refs = 1;
	return s;
}

struct settings *settings_ref(struct settings *s)
{
	s->refs++;
	return s;
}

static void cloud_done(struct cloud_settings *c)
{
	free(c->name);
	free(c->iam);
	free(c->drs);
	free(c->project);
	free(c->project_id);
	free(c->user);
	free(c->domain);
	free(c->user_id);
	free(c->access_key);
	free(c->agency);
	free(c->agency_domain);
	free(c->entry);
	free(c->clouds_file);
	free(c->region);
	free(c->metadata);
	free(c->secret);
	free(c->security_token);
	free(c->ca_file);
	free(c->proxy);
	free(c->file);
}

struct accept *settings_free_accepts(struct accept *a, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(a[i].item);
		free(a[i].failed_reason);
		free(a[i].reason);
		free(a[i].by);
		free(a[i].file);
	}
	free(a);
	return NULL;
}

struct settings *settings_unref(struct settings *s)
{
	if (!s || --s->refs > 0)
		return NULL;
	for (size_t i = 0; i < s->n_clouds; i++)
		cloud_done(&s->clouds[i]);
	for (size_t i = 0; i < s->n_jobs; i++) {
		settings_free_accepts(s->jobs[i].accepts, s->jobs[i].n_accepts);
		free(s->jobs[i].name);
		free(s->jobs[i].file);
	}
	free(s->clouds);
	free(s->jobs);
	free(s->state_dir);
	free(s);
	return NULL;
}

struct cloud_settings *settings_cloud(const struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->n_clouds; i++)
		if (strcmp(s->clouds[i].name, name) == 0)
			return &s->clouds[i];
	return NULL;
}

struct job_settings *settings_job(const struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->n_jobs; i++)
		if (strcmp(s->jobs[i].name, name) == 0)
			return &s->jobs[i];
	return NULL;
}

bool settings_accept_fits(const struct accept *a, const char *item, const char *failed_reason)
{
	return strcmp(a->item, item) == 0 &&
	       (!a->failed_reason ||
		       (failed_reason && strcmp(a->failed_reason, failed_reason) == 0));
}

const struct accept *settings_accept(
	const struct job_settings *s, const char *item, const char *failed_reason, int64_t wall)
{
	for (size_t i = 0; i < s->n_accepts; i++) {
		const struct accept *a = &s->accepts[i];

		if (a->until > wall && settings_accept_fits(a, item, failed_reason))
			return a;
	}
	return NULL;
}

bool task_id_valid(const char *id)
{
	for (size_t i = 0; i < TASK_ID_SIZE - 1; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? id[i] != '-'
			 : !(id[i] >= '0' && id[i] <= '9') && !(id[i] >= 'a' && id[i] <= 'z'))
			return false;
	}
	return id[TASK_ID_SIZE - 1] == '\0';
}
