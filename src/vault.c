/* vault.c - the credentials in use, one for each cloud of the settings.
 *
 * All are read when the configuration is, and then no more, but for the tokens in files: those are somebody else's
 * to renew, and what stands there is judged as at the start each time. */
#include "vault.h"

#include "log.h"
#include "text.h"

#include <errno.h>

struct vault {
	size_t n;
	struct entry {
		struct credential credential;
		bool unreadable; /* was the last time that it was looked at */
	} * entries;
};

struct vault *vault_free(struct vault *v)
{
	if (!v)
		return NULL;
	for (size_t i = 0; i < v->n; i++)
		credential_done(&v->entries[i].credential);
	free(v->entries);
	free(v);
	return NULL;
}

/* What is wrong with cloud i, if anything. */
static int read_one(struct vault *v, struct settings *s, size_t i, struct line *wrong)
{
	struct cloud_settings *c = &s->clouds[i];
	char why[400] = "out of memory";
	int r = credential_read(c, &v->entries[i].credential, why);

	line_add(wrong, "%s:%u: cloud \"%s\": ", c->file, c->line, c->name);
	if (r < 0) {
		line_add(wrong, "can't read its credential: %s", why);
		return r;
	}
	for (size_t k = 0; k < i; k++)
		if (cloud_settings_same(c, &s->clouds[k])) {
			line_add(wrong,
				"its entry is the same as cloud \"%s\" (%s:%u); use one block for "
				"both",
				s->clouds[k].name, s->clouds[k].file, s->clouds[k].line);
			return -EINVAL;
		}
	return 0;
}

int vault_read(struct settings *s, void (*say)(void *arg, bool error, const char *text), void *arg,
	struct vault **ret)
{
	_cleanup_(vault_freep) struct vault *v = calloc(1, sizeof(*v));

	if (!v)
		return -ENOMEM;
	v->entries = calloc(s->n_clouds + 1, sizeof(*v->entries));
	if (!v->entries)
		return -ENOMEM;
	v->n = s->n_clouds;
	for (size_t i = 0; i < v->n; i++) {
		char text[1024];
		struct line wrong;
		int r;

		line_init(&wrong, text, sizeof(text));
		r = read_one(v, s, i, &wrong);
		if (r < 0) {
			say(arg, true, text);
			return r;
		}
	}
	*ret = v;
	v = NULL;
	return 0;
}

const struct credential *vault_get(const struct vault *v, size_t cloud)
{
	return &v->entries[cloud].credential;
}

bool vault_watches(const struct settings *s)
{
	for (size_t i = 0; i < s->n_clouds; i++)
		if (s->clouds[i].auth == AUTH_TOKEN_FILE)
			return true;
	return false;
}

bool vault_look(struct vault *v, struct settings *s, size_t cloud)
{
	_cleanup_(credential_done) struct credential found = {0};
	struct cloud_settings *c = &s->clouds[cloud];
	struct entry *e = &v->entries[cloud];
	char why[400] = "out of memory";
	bool good;

	if (c->auth != AUTH_TOKEN_FILE)
		return false;
	good = credential_read(c, &found, why) == 0;
	if (!good && !e->unreadable)
		log_warning("cloud %s: its token can't be read now: %s; the last one stays in use",
			c->name, why);
	e->unreadable = !good;
	if (!good || secret_equal(found.secret, e->credential.secret))
		return false;
	credential_done(&e->credential);
	e->credential = found;
	found = (struct credential){0};
	return true;
}
