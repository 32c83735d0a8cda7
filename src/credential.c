/* credential.c
 *
 * What a cloud logs in with: read from its place and judged before anybody uses it, so that a password where a
 * token belongs is found at start and not by a refusal in the night. With an entry of clouds.yaml the
 * settings are completed here as well; nothing of them is changed unless all of it is good.
 */
#include "credential.h"

#include "clouds_yaml.h"
#include "config_check.h"
#include "exchange.h"
#include "text.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#define WHY_MAX   400
#define WORDS_MAX 128
#define PLACE_MAX 300

void credential_done(struct credential *c)
{
	c->secret = secret_free(c->secret);
	c->security_token = secret_free(c->security_token);
}

/* Writes the sentence and hands the error through. */
static _printf_(3, 4) int because(char why[WHY_MAX], int r, const char *fmt, ...)
{
	struct line line;
	va_list ap;

	line_init(&line, why, WHY_MAX);
	va_start(ap, fmt);
	line_vadd(&line, fmt, ap);
	va_end(ap);
	return r;
}

/* --- the secret itself --- */

/* What goes into a header must fit there: one long word of ASCII. */
static int judge_word(
	const struct secret *s, const char *what, const char *place, char why[WHY_MAX])
{
	const char *text = secret_bytes(s);
	size_t len = secret_len(s);

	if (len > TOKEN_MAX)
		return because(why, -EINVAL,
			"%s: the %s has %zu bytes, more than the %d KB that fit into a header%s",
			place, what, len, TOKEN_MAX / 1024,
			strcmp(what, "token") == 0
				? "; ask IAM for one without a catalogue, by ?nocatalog=true"
				: "");
	if (!text_is_word(text, len))
		return because(why, -EINVAL,
			"%s: this is no %s, it holds a blank or something else than "
			"printable ASCII",
			place, what);
	return 0;
}

static int judge(enum auth_method m, const struct credential *c, const char *place,
	const char *token_place, char why[WHY_MAX])
{
	int r = 0;

	if (c->secret && (m == AUTH_TOKEN_FILE || auth_table[m].signs))
		r = judge_word(c->secret, auth_table[m].secret, place, why);
	if (r == 0 && c->security_token)
		r = judge_word(c->security_token, "security token", token_place, why);
	return r;
}

/* A temporary key is another one when its token is; all others are named by the secret alone, as the marks in
 * the store are. */
static int name_it(const struct credential *c, char ret[SECRET_MARK], char why[WHY_MAX])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *ctx;
	bool done;

	ret[0] = '\0';
	if (!c->secret)
		return 0;
	if (!c->security_token) {
		secret_mark(c->secret, ret);
		return 0;
	}
	ctx = EVP_MD_CTX_new();
	done = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
	       EVP_DigestUpdate(ctx, secret_bytes(c->secret), secret_len(c->secret)) == 1 &&
	       EVP_DigestUpdate(
		       ctx, secret_bytes(c->security_token), secret_len(c->security_token)) == 1 &&
	       EVP_DigestFinal_ex(ctx, digest, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	if (!done)
		return because(why, -ENOMEM, "out of memory");
	snprintf(ret, SECRET_MARK, "%02x%02x%02x%02x", digest[0], digest[1], digest[2], digest[3]);
	OPENSSL_cleanse(digest, sizeof(digest));
	return 0;
}

/* --- an entry of clouds.yaml --- */

/* What the entry says, under which key, and the option that it stands for. */
static const struct field {
	const char *option, *key;
	size_t offset; /* in struct cloud_entry */
} fields[] = {
	{"iam", "auth_url", offsetof(struct cloud_entry, auth_url)},
	{"user", "username", offsetof(struct cloud_entry, user)},
	{"domain", "user_domain_name", offsetof(struct cloud_entry, domain)},
	{"user_id", "user_id", offsetof(struct cloud_entry, user_id)},
	{"project", "project_name", offsetof(struct cloud_entry, project)},
	{"project_id", "project_id", offsetof(struct cloud_entry, project_id)},
	{"access_key", "access_key", offsetof(struct cloud_entry, access_key)},
	{"region", "region_name", offsetof(struct cloud_entry, region)},
	{"ca_file", "cacert", offsetof(struct cloud_entry, ca_file)},
};

static const struct config_option *option_row(const char *name)
{
	return &config_options[config_row(KIND_CLOUD, name)];
}

static char **option_field(struct cloud_settings *c, const char *name)
{
	return (char **)((char *)c + option_row(name)->offset);
}

/* auth_url names a version, our options do not: they are the same otherwise. */
static void drop_version(char *url)
{
	size_t len = strlen(url);

	while (len > 0 && url[len - 1] == '/')
		len--;
	if (len > 3 && memcmp(url + len - 3, "/v3", 3) == 0)
		len -= 3;
	url[len] = '\0';
}

/* Whether the block says it itself. A project is one thing, by name or by id. */
static bool said_already(struct cloud_settings *c, const char *option)
{
	if (strcmp(option, "project") == 0 || strcmp(option, "project_id") == 0)
		return c->project || c->project_id;
	return *option_field(c, option) != NULL;
}

/* Puts a field into `into`, judged and spelt as the option would be. */
static int take_field(struct cloud_settings *into, const struct field *f, char *value,
	const char *place, char why[WHY_MAX])
{
	struct config_parsed parsed = {0};
	char text[WHY_MAX] = "";
	struct line l;
	int r;

	if (strcmp(f->option, "iam") == 0)
		drop_version(value);
	line_init(&l, text, sizeof(text));
	if (!config_showable(value))
		return because(why, -EINVAL,
			"%s: %s holds a control character or something else that cannot be shown",
			place, f->key);
	r = config_parse(option_row(f->option), value, false, &parsed, &l);
	if (r < 0)
		return because(why, r, "%s: %s %s", place, f->key,
			r == -ENOMEM ? "could not be kept: out of memory" : text);
	*option_field(into, f->option) = parsed.text;
	return 0;
}

/* Copies the next word of *list up to one of `ends`, and moves *list behind it; false at the end. */
static bool next_word(const char **list, const char *ends, char word[WORDS_MAX])
{
	size_t n;

	*list += strspn(*list, ends);
	n = strcspn(*list, ends);
	text_copy(word, MIN(n + 1, (size_t)WORDS_MAX), *list);
	*list += n;
	return n > 0;
}

/* The key in whose absence an option is missing. */
static const char *key_of(const struct cloud_settings *c, const char *option)
{
	if (strcmp(option, "secret") == 0)
		return c->method == AUTH_AKSK         ? "secret_key"
		       : c->method == AUTH_TOKEN_FILE ? "token"
						      : "password";
	if (strcmp(option, "domain") == 0 && c->user_id)
		return "project_domain_name";
	for (size_t i = 0; i < ELEMENTSOF(fields); i++)
		if (strcmp(fields[i].option, option) == 0)
			return fields[i].key;
	return option;
}

static bool has(struct cloud_settings *c, const struct credential *cred, const char *option)
{
	return strcmp(option, "secret") == 0 ? cred->secret != NULL
					     : *option_field(c, option) != NULL;
}

/* Judges a group "a+b|c" of auth_table: one of its alternatives must be whole. An alternative that was begun
 * is the one that is meant, else any would do. */
static int check_group(struct cloud_settings *c, const struct credential *cred, const char *group,
	const char *place, char why[WHY_MAX])
{
	char alternative[WORDS_MAX], option[WORDS_MAX], text[WORDS_MAX];
	struct line l;

	line_init(&l, text, sizeof(text));
	while (next_word(&group, "|", alternative)) {
		const char *rest = alternative;
		bool begun = false, whole = true;

		while (whole && next_word(&rest, "+", option)) {
			whole = has(c, cred, option);
			begun |= whole;
		}
		if (whole)
			return 0;
		if (begun)
			return because(why, -EINVAL, "%s has no %s", place, key_of(c, option));
		line_add(&l, "%s%s", l.len > 0 ? " or " : "", key_of(c, option));
	}
	return because(why, -EINVAL, "%s has no %s", place, text);
}

static int check_complete(struct cloud_settings *c, const struct credential *cred,
	const char *place, char why[WHY_MAX])
{
	char group[WORDS_MAX];
	int r = 0;

	for (const char *list = auth_table[c->method].needs;
		r == 0 && next_word(&list, " ", group);)
		r = check_group(c, cred, group, place, why);
	return r;
}

/* Frees what `filled` has beyond c. */
static void drop_fields(struct cloud_settings *filled, struct cloud_settings *c)
{
	for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
		char **field = option_field(filled, fields[i].option);

		if (*field != *option_field(c, fields[i].option))
			free(*field);
	}
}

static int fill(struct cloud_settings *filled, struct cloud_settings *c, struct cloud_entry *e,
	const char *place, char why[WHY_MAX])
{
	filled->method = e->method;
	for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
		char *value = *(char **)((char *)e + fields[i].offset);
		int r;

		if (!value || said_already(c, fields[i].option) ||
			!(auth_takes(e->method, fields[i].option) ||
				auth_takes(c->auth, fields[i].option)))
			continue;
		r = take_field(filled, &fields[i], value, place, why);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_entry(struct cloud_settings *c, struct credential *ret, char why[WHY_MAX])
{
	_cleanup_(cloud_entry_done) struct cloud_entry e = {0};
	_cleanup_(credential_done) struct credential cred = {0};
	struct cloud_settings filled = *c;
	char place[PLACE_MAX];
	struct line l;
	int r = clouds_yaml_read(c->clouds_file, c->entry, c->region, &e, why);

	if (r < 0)
		return r;
	line_init(&l, place, sizeof(place));
	line_add(&l, "entry \"%s\" of %s", c->entry, e.file);
	cred.secret = e.secret;
	cred.security_token = e.security_token;
	e.secret = e.security_token = NULL;

	r = fill(&filled, c, &e, place, why);
	if (r == 0)
		r = check_complete(&filled, &cred, place, why);
	if (r == 0)
		r = judge(filled.method, &cred, place, place, why);
	if (r == 0)
		r = name_it(&cred, filled.mark, why);
	if (r < 0) {
		drop_fields(&filled, c);
		return r;
	}
	*c = filled;
	*ret = cred;
	cred = (struct credential){0};
	return 0;
}

/* --- any --- */

int credential_read(struct cloud_settings *c, struct credential *ret, char why[400])
{
	_cleanup_(credential_done) struct credential cred = {0};
	char mark[SECRET_MARK];
	int r = 0;

	if (c->auth == AUTH_CLOUDS_YAML)
		return read_entry(c, ret, why);
	if (auth_table[c->auth].secret)
		r = secret_read(c->secret, &cred.secret, why);
	if (r == 0 && c->security_token)
		r = secret_read(c->security_token, &cred.security_token, why);
	if (r == 0)
		r = judge(c->auth, &cred, c->secret, c->security_token, why);
	if (r == 0)
		r = name_it(&cred, mark, why);
	if (r < 0)
		return r;
	c->method = c->auth;
	text_copy(c->mark, sizeof(c->mark), mark);
	*ret = cred;
	cred = (struct credential){0};
	return 0;
}
