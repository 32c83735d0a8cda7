/* config_cloud.c
 *
 * A cloud block as a whole: whether it has what its way to log in needs, and nothing of another one. Credentials
 * of two kinds in one block are how people end up with a refusal that nobody can explain, so a mixture is an
 * error, and what only looks like a mistake is a warning.
 */
#include "config_check.h"

#include "auth.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define WORD_MAX        32
#define ACCESS_KEY_SIZE 20
#define SECRET_KEY_SIZE 40
#define ID_SIZE         32

#define UPPER           "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS          "0123456789"
#define ALNUM           UPPER DIGITS "abcdefghijklmnopqrstuvwxyz"
#define HEX             DIGITS "abcdef"

struct check {
	struct config_input *in;
	const struct config_block *b;
	const struct cloud_settings *cloud;
	const struct auth_row *method;
	bool *told; /* by row: said to be missing */
};

static const struct config_value *value_of(const struct check *c, const char *option)
{
	return &c->b->values[config_row(KIND_CLOUD, option)];
}

static bool given(const struct check *c, const char *option)
{
	return value_of(c, option)->text != NULL;
}

/* Copies the next word of *list, which any of `ends` closes, and moves *list behind it; false at the end of the
 * list. */
static bool next_word(const char **list, const char *ends, char *word, size_t size)
{
	size_t n;

	*list += strspn(*list, ends);
	n = strcspn(*list, ends);
	text_copy(word, MIN(n + 1, size), *list);
	*list += n;
	return n > 0;
}

/* --- what is missing --- */

/* How often an option stands in a list of words. */
static unsigned count_word(const char *list, const char *option)
{
	char word[WORD_MAX];
	unsigned n = 0;

	while (next_word(&list, " |+", word, sizeof(word)))
		n += strcmp(word, option) == 0;
	return n;
}

/* True for one that stands at one place of the row only: that it is given tells which alternative is meant. */
static bool telling(const struct check *c, const char *option)
{
	return count_word(c->method->needs, option) + count_word(c->method->takes, option) == 1;
}

/* The first option given of an alternative "a+b" that tells it from others; false if there is none. */
static bool chosen(const struct check *c, const char *alternative, char *option, size_t size)
{
	while (next_word(&alternative, "+", option, size))
		if (given(c, option) && telling(c, option))
			return true;
	return false;
}

static void add_option(struct line *l, const struct check *c, const char *option)
{
	if (strcmp(option, "secret") == 0 && c->method->secret)
		line_add(l, "%s (where the %s is kept)", option, c->method->secret);
	else
		line_add(l, "%s (%s)", option,
			config_options[config_row(KIND_CLOUD, option)].meaning);
}

/* Says which options of the alternative are missing; `besides`, if not NULL, is the one that is there. */
static void say_missing(struct check *c, const char *alternative, const char *besides)
{
	char option[WORD_MAX], text[400];
	struct line l;

	while (next_word(&alternative, "+", option, sizeof(option))) {
		bool *told = &c->told[config_row(KIND_CLOUD, option)];

		if (given(c, option) || *told)
			continue;
		*told = true;
		line_init(&l, text, sizeof(text));
		add_option(&l, c, option);
		if (besides)
			line_add(&l, " besides %s", besides);
		config_say_of(
			c->in, true, c->b, c->b->line, "auth = %s needs %s", c->method->name, text);
	}
}

/* Says that one of the alternatives of a group is needed. What several groups need is said with the first. */
static void say_choice(struct check *c, const char *group)
{
	char alternative[4 * WORD_MAX], option[WORD_MAX], text[600];
	const char *either = strchr(group, '+') ? ", or " : " or ", *sep = "";
	struct line l;

	line_init(&l, text, sizeof(text));
	for (; next_word(&group, "|", alternative, sizeof(alternative)); sep = either) {
		const char *options = alternative;

		while (next_word(&options, "+", option, sizeof(option))) {
			bool *told = &c->told[config_row(KIND_CLOUD, option)];

			if (*told || given(c, option))
				continue;
			*told = true;
			line_add(&l, "%s", sep);
			add_option(&l, c, option);
			sep = " and ";
		}
	}
	config_say_of(c->in, true, c->b, c->b->line, "auth = %s needs %s", c->method->name, text);
}

/* A group "a+b|c" of which exactly one alternative, or with `optional` at most one, may be given. */
static void check_group(struct check *c, const char *group, bool optional)
{
	char alternative[4 * WORD_MAX], option[WORD_MAX], first[WORD_MAX] = "";
	const char *rest = group;

	if (!strchr(group, '|')) {
		if (!optional)
			say_missing(c, group, NULL);
		return;
	}
	while (next_word(&rest, "|", alternative, sizeof(alternative))) {
		if (!chosen(c, alternative, option, sizeof(option)))
			continue;
		if (*first) {
			config_say_of(c->in, true, c->b, value_of(c, option)->line,
				"'%s' and '%s' are both given, one of them is enough", first,
				option);
			return;
		}
		text_copy(first, sizeof(first), option);
		say_missing(c, alternative, first);
	}
	if (!*first && !optional)
		say_choice(c, group);
}

static void check_needs(struct check *c)
{
	char group[4 * WORD_MAX];

	for (const char *list = c->method->needs; next_word(&list, " ", group, sizeof(group));)
		check_group(c, group, false);
	for (const char *list = c->method->takes; next_word(&list, " ", group, sizeof(group));)
		check_group(c, group, true);
}

/* --- what does not belong there --- */

/* Writes "aksk", "aksk and ecs-agency", "aksk, ecs-agency and clouds-yaml". */
static void add_methods(struct line *l, const char *option)
{
	size_t n = 0, i = 0;

	for (size_t m = 0; m < _AUTH_METHOD_MAX; m++)
		n += auth_takes((enum auth_method)m, option);
	for (size_t m = 0; m < _AUTH_METHOD_MAX; m++)
		if (auth_takes((enum auth_method)m, option)) {
			i++;
			line_add(l, "%s%s",
				i == 1   ? ""
				: i == n ? " and "
					 : ", ",
				auth_table[m].name);
		}
}

static void check_strangers(struct check *c)
{
	char methods[200];
	struct line l;

	for (size_t row = 0; row < config_options_size; row++) {
		const struct config_option *o = &config_options[row];

		if (config_row(KIND_CLOUD, o->name) != (int)row || !c->b->values[row].text ||
			auth_takes(c->cloud->auth, o->name))
			continue;
		line_init(&l, methods, sizeof(methods));
		add_methods(&l, o->name);
		config_say_of(c->in, true, c->b, c->b->values[row].line,
			"%s is not for auth = %s, but for %s", o->name, c->method->name, methods);
	}
}

/* --- what is at the wrong place --- */

static bool is_made_of(const char *text, size_t len, const char *chars)
{
	return text && strlen(text) == len && strspn(text, chars) == len;
}

/* A mixture such as "OTC-EU-DE-00000000001000000001 watch", as forms and tools have it: one of its words is the
 * cloud's own domain or has the shape of one. */
static bool names_domain_too(const char *text, const char *domain)
{
	char word[256];
	unsigned words = 0;
	bool found = false;

	while (next_word(&text, " \t/\\:;,", word, sizeof(word))) {
		words++;
		found |= strncmp(word, "OTC-", 4) == 0 || strncmp(word, "OTC00", 5) == 0;
		found |= domain && strcmp(word, domain) == 0;
	}
	return found && words > 1;
}

static void warn(struct check *c, const char *option, const char *text)
{
	config_say_of(c->in, false, c->b, value_of(c, option)->line, "%s %s", option, text);
}

static void check_places(struct check *c)
{
	const struct cloud_settings *cloud = c->cloud;

	/* Never shown: the other half of the pair may stand at its place. */
	if (is_made_of(cloud->access_key, SECRET_KEY_SIZE, ALNUM))
		config_say_of(c->in, true, c->b, value_of(c, "access_key")->line,
			"access_key looks like a secret key, which must not stand here; its place "
			"does: secret = \"credential:NAME\"");
	if (is_made_of(cloud->user, ACCESS_KEY_SIZE, UPPER DIGITS))
		warn(c, "user", "looks like an access key; to log in with one, use auth = aksk");
	if (is_made_of(cloud->user, ID_SIZE, HEX))
		warn(c, "user", "looks like an id, which goes to user_id");
	if (is_made_of(cloud->project, ID_SIZE, HEX))
		warn(c, "project", "looks like an id, which goes to project_id");
	if (cloud->user && names_domain_too(cloud->user, cloud->domain))
		warn(c, "user",
			"names a domain as well; user is the name alone, and the domain has its "
			"own option");
	if (cloud->domain && names_domain_too(cloud->domain, NULL))
		warn(c, "domain",
			"holds more than one word; domain is the account's name alone, and the "
			"user has its own option");
	if (cloud->auth == AUTH_TOKEN_FILE && cloud->secret &&
		strncmp(cloud->secret, "env:", 4) == 0)
		config_say_of(c->in, true, c->b, value_of(c, "secret")->line,
			"secret is a variable of the environment, which never changes, so that a "
			"token in it only ends; auth = token-file needs file: or credential:");
}

/* --- endpoints --- */

/* Hosts whose first label names the service and whose second one the region. */
static const char *const known_suffixes[] = {
	".otc.t-systems.com",
	".sc.otc.t-systems.com",
	".myhuaweicloud.com",
	".myhuaweicloud.eu",
};

struct endpoint {
	char service[WORD_MAX], region[64]; /* region "": a global one */
};

/* Of a URL as config_parse() leaves it; false if the host is none of the known kind. */
static bool take_endpoint(const char *url, struct endpoint *ret)
{
	const char *host = url ? strstr(url, "://") : NULL;
	struct endpoint e = {0};
	size_t len, suffix = 0;

	if (!host)
		return false;
	host += 3;
	len = strcspn(host, ":/");
	for (size_t i = 0; i < ELEMENTSOF(known_suffixes); i++) {
		size_t n = strlen(known_suffixes[i]);

		if (len > n && n > suffix && memcmp(host + len - n, known_suffixes[i], n) == 0)
			suffix = n;
	}
	if (suffix == 0)
		return false;
	len -= suffix;
	suffix = strcspn(host, ".");
	text_copy(e.service, MIN(suffix + 1, sizeof(e.service)), host);
	if (suffix < len)
		text_copy(e.region, MIN(len - suffix, sizeof(e.region)), host + suffix + 1);
	if (strchr(e.region, '.'))
		return false;
	*ret = e;
	return true;
}

static bool is_iam(const struct endpoint *e)
{
	return strcmp(e->service, "iam") == 0 || strcmp(e->service, "iam-pub") == 0;
}

/* Another version than the one that is added. */
static void check_version(struct check *c, const char *option, const char *url)
{
	const char *path = url ? strchr(url + strlen("https://"), '/') : NULL;
	const char *last = path ? strrchr(path, '/') + 1 : "";
	char text[80];

	if (last[0] != 'v' || last[1] == '\0' || strspn(last + 1, DIGITS ".") != strlen(last + 1))
		return;
	snprintf(text, sizeof(text), "ends in /%.8s, and /v3 will be added behind that", last);
	warn(c, option, text);
}

static void check_endpoints(struct check *c)
{
	struct endpoint iam, drs;
	bool iam_known = take_endpoint(c->cloud->iam, &iam);
	bool drs_known = take_endpoint(c->cloud->drs, &drs);

	check_version(c, "iam", c->cloud->iam);
	check_version(c, "drs", c->cloud->drs);
	if (iam_known && strcmp(iam.service, "drs") == 0)
		warn(c, "iam", "names a host of DRS");
	if (drs_known && is_iam(&drs))
		warn(c, "drs", "names a host of IAM");
	if (!iam_known || !drs_known || !is_iam(&iam) || strcmp(drs.service, "drs") != 0 ||
		!*iam.region || !*drs.region || strcmp(iam.region, drs.region) == 0)
		return;
	config_say_of(c->in, false, c->b, value_of(c, "drs")->line,
		"iam is in region %s, drs in %s; a token of one region is not taken in another",
		iam.region, drs.region);
}

int config_cloud(
	struct config_input *in, const struct config_block *b, const struct cloud_settings *cloud)
{
	_cleanup_free_ bool *told = calloc(config_options_size, sizeof(*told));
	struct check c = {in, b, cloud, &auth_table[cloud->auth], told};
	const char *auth = value_of(&c, "auth")->text;

	if (!told)
		return -ENOMEM;
	/* Of a method that nobody knows nothing can be said. */
	if (!auth || strcmp(auth, c.method->name) == 0) {
		check_strangers(&c);
		check_needs(&c);
	}
	check_places(&c);
	check_endpoints(&c);
	return 0;
}
