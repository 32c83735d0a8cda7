/* clouds_entry.c
 *
 * An entry of clouds.yaml out of its layers: secure.yaml laid over clouds.yaml, both over the profile of a
 * vendor, and a region's own values over all.
 */
#include "clouds_entry.h"

#include "text.h"

#include <errno.h>
#include <string.h>

#define WHY_MAX    400
#define PASSED_MAX 200
#define LIST_MAX   200

/* What openstacksdk knows of this vendor without any file. */
static const char otc_profile[] =
	"public-clouds: {otc: {auth: {auth_url: 'https://iam.{region_name}.otc.t-systems.com/v3'},"
	" regions: [eu-de, eu-nl]}}";

/* --- complaints --- */

int entry_refuse(const struct reading *r, int error, const char *fmt, ...)
{
	struct line line;
	va_list ap;

	line_init(&line, r->why, WHY_MAX);
	line_add(&line, "entry \"%s\" of %s ", r->entry, r->file);
	va_start(ap, fmt);
	line_vadd(&line, fmt, ap);
	va_end(ap);
	return error;
}

int entry_refuse_memory(const struct reading *r)
{
	return entry_refuse(r, -ENOMEM, "could not be read: out of memory");
}

const char *entry_shown(char buf[ENTRY_KEY_MAX], const struct tree_node *n)
{
	return text_escape(buf, ENTRY_KEY_MAX, n->text, n->len);
}

/* --- looking --- */

static void add_layer(struct layers *l, const struct tree_node *map, const struct tree *tree)
{
	if (map && map->kind != TREE_NULL)
		l->layer[l->n++] = (struct layer){map, tree};
}

struct found entry_look(const struct layers *l, const char *key)
{
	struct found f = {0};

	for (size_t i = 0; !f.node && i < l->n; i++)
		f = (struct found){tree_get(l->layer[i].map, key), l->layer[i].tree};
	return f;
}

bool entry_given(const struct found *f)
{
	return f->node && f->node->kind != TREE_NULL &&
	       (f->node->kind != TREE_TEXT || f->node->len > 0);
}

struct found entry_find(const struct reading *r, const char *keys, char key[ENTRY_KEY_MAX])
{
	struct found f = {0};

	for (const char *p = keys; !entry_given(&f) && *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");

		text_copy(key, MIN(n + 1, (size_t)ENTRY_KEY_MAX), p);
		p += n;
		f = entry_look(&r->auth, key);
		if (!entry_given(&f))
			f = entry_look(&r->all, key);
	}
	if (!entry_given(&f)) {
		f.node = NULL;
		text_copy(key, MIN(strcspn(keys, " ") + 1, (size_t)ENTRY_KEY_MAX), keys);
	}
	return f;
}

int entry_check_text(const struct reading *r, const struct found *f, const char *key)
{
	const struct tree_node *n = f->node;
	const char *path = f->tree->path;

	switch (n->kind) {
	case TREE_MAP:
	case TREE_LIST:
		return entry_refuse(
			r, -EINVAL, "has a %s that is no text (%s:%u)", key, path, n->line);
	case TREE_BOOL:
	case TREE_OTHER:
		return entry_refuse(r, -EINVAL,
			"has a %s without quotes that YAML takes for a %s (%s:%u); put it into "
			"quotes",
			key, n->kind == TREE_BOOL ? "yes or no" : "number or date", path, n->line);
	default:
		break;
	}
	for (size_t i = 0; i < n->len; i++)
		if ((unsigned char)n->text[i] < 0x20 || n->text[i] == 0x7f)
			return entry_refuse(r, -EINVAL,
				"has a %s with a control character or a second line (%s:%u)", key,
				path, n->line);
	return 0;
}

/* --- the entry --- */

/* The map below `key` of a file; NULL if it has none. */
static int map_below(const struct reading *r, const struct tree *t, const char *key,
	const struct tree_node **ret)
{
	const struct tree_node *n = NULL;

	if (t && t->root && t->root->kind != TREE_NULL) {
		n = tree_get_exactly(t->root, key);
		if (t->root->kind != TREE_MAP ||
			(n && n->kind != TREE_MAP && n->kind != TREE_NULL)) {
			return tree_refuse(r->why, -EINVAL, "%s:%u: %s is no map of names", t->path,
				n ? n->line : t->root->line, n ? key : "the file");
		}
	}
	*ret = n && n->kind == TREE_MAP ? n : NULL;
	return 0;
}

/* Adds the names of the entries that `but` does not have. */
static void add_names(struct line *l, const struct tree_node *map, const struct tree_node *but)
{
	char name[ENTRY_KEY_MAX];

	for (const struct tree_item *i = map ? map->items : NULL; i && !l->cut; i = i->next)
		if (i->key->kind == TREE_TEXT && tree_get_exactly(map, i->key->text) == i->value &&
			!tree_get_exactly(but, i->key->text))
			line_add(l, "%s\"%s\"", l->len > 0 ? ", " : "", entry_shown(name, i->key));
}

static int refuse_unknown(
	const struct reading *r, const struct tree_node *clouds, const struct tree_node *secure)
{
	char names[LIST_MAX];
	struct line line;

	line_init(&line, names, sizeof(names));
	add_names(&line, clouds, NULL);
	add_names(&line, secure, clouds);
	return tree_refuse(r->why, -ENOENT, "there is no entry \"%s\" in %s, only: %s", r->entry,
		r->file, *names ? names : "none at all");
}

/* An entry or a region's values, and its block `auth`. */
static int add_entry(struct reading *r, const struct tree_node *map, const struct tree *t)
{
	const struct tree_node *auth = tree_get(map, "auth");

	if (map && map->kind != TREE_MAP && map->kind != TREE_NULL)
		return entry_refuse(r, -EINVAL, "is not a map of keys (%s:%u)", t->path, map->line);
	if (auth && auth->kind != TREE_MAP && auth->kind != TREE_NULL)
		return entry_refuse(r, -EINVAL, "has an auth that is not a map of keys (%s:%u)",
			t->path, auth->line);
	add_layer(&r->all, map, t);
	add_layer(&r->auth, auth, t);
	return 0;
}

/* --- profile and region --- */

/* The map of the profile that the entry refers to; NULL: none, or one that nothing is known of. */
static int find_profile(struct reading *r, const char *beside, const struct tree_node **ret)
{
	struct found f = entry_look(&r->own, "profile");
	const struct tree_node *clouds = NULL;
	char name[ENTRY_KEY_MAX], passed[PASSED_MAX];
	int e;

	if (!f.node)
		f = entry_look(&r->own, "cloud");
	if (!entry_given(&f))
		return 0;
	e = entry_check_text(r, &f, "profile");
	if (e < 0)
		return e;
	if (strstr(f.node->text, "://"))
		return entry_refuse(r, -EINVAL, "has the profile %s; from a URL nothing is fetched",
			entry_shown(name, f.node));
	e = clouds_find("clouds-public", NULL, beside, true, passed, &r->vendor, r->why);
	if (e < 0 && e != -ENOENT)
		return e;
	if (e == 0) {
		e = map_below(r, r->vendor, "public-clouds", &clouds);
		if (e < 0)
			return e;
		*ret = tree_get_exactly(clouds, f.node->text);
		if (*ret)
			return 0;
		r->vendor = tree_free(r->vendor);
	}
	r->vendor = tree_new("the built-in profiles");
	if (!r->vendor)
		return entry_refuse_memory(r);
	e = tree_parse(r->vendor, otc_profile, strlen(otc_profile), r->why);
	if (e == 0)
		*ret = tree_get_exactly(tree_get(r->vendor->root, "public-clouds"), f.node->text);
	return e;
}

/* The regions that there are to choose from, as they are walked through. */
struct choice {
	const char *wanted; /* NULL: the first one */
	const char *name;   /* the one; NULL: none yet */
	const struct tree_node *values;
	char names[LIST_MAX];
	struct line said;
};

static void offer(struct choice *c, const char *name, const struct tree_node *values)
{
	char text[ENTRY_KEY_MAX];

	line_add(&c->said, "%s%s", c->said.len > 0 ? ", " : "",
		text_escape(text, sizeof(text), name, strlen(name)));
	if (c->name || (c->wanted && strcmp(c->wanted, name) != 0))
		return;
	c->name = name;
	c->values = values;
}

/* {name: eu-de, values: {...}} */
static int offer_map(
	const struct reading *r, const struct tree_node *n, const struct tree *t, struct choice *c)
{
	const struct tree_node *name = tree_get_exactly(n, "name");

	for (const struct tree_item *i = n->items; i; i = i->next)
		if (strcmp(i->key->text ? i->key->text : "", "name") != 0 &&
			strcmp(i->key->text ? i->key->text : "", "values") != 0)
			name = NULL;
	if (!name || name->kind == TREE_NULL)
		return entry_refuse(r, -EINVAL,
			"has a region that is not just a name and values (%s:%u)", t->path,
			n->line);
	if (entry_check_text(r, &(struct found){name, t}, "region's name") < 0)
		return -EINVAL;
	offer(c, name->text, tree_get_exactly(n, "values"));
	return 0;
}

static int offer_list(const struct reading *r, const struct found *f, struct choice *c)
{
	int e = 0;

	for (const struct tree_item *i = f->node->items; e == 0 && i; i = i->next) {
		const struct found item = {i->value, f->tree};

		if (i->value->kind == TREE_MAP) {
			e = offer_map(r, i->value, f->tree, c);
			continue;
		}
		e = entry_check_text(r, &item, "region");
		if (e == 0 && entry_given(&item))
			offer(c, i->value->text, NULL);
	}
	return e;
}

/* "eu-de,eu-nl", the older way to write a list. */
static int offer_names(struct reading *r, const struct found *f, struct choice *c)
{
	struct tree *t = r->secure ? r->secure : r->clouds;
	int e = entry_check_text(r, f, "region_name");

	if (e < 0)
		return e;
	for (const char *p = f->node->text;; p++) {
		size_t n = strcspn(p, ",");
		const char *name = tree_take_text(t, p, n);

		if (!name)
			return entry_refuse_memory(r);
		offer(c, name, NULL);
		p += n;
		if (*p == '\0')
			return 0;
	}
}

/* Adds the values of the one that is wanted, or else of the first, before all others. */
static int choose_region(struct reading *r, const char *wanted, const struct tree_node *profile)
{
	struct found list = entry_look(&r->own, "regions"),
		     name = entry_look(&r->own, "region_name");
	const struct layers vendor = {1, {{profile, r->vendor}}};
	struct choice c = {.wanted = wanted};
	int e = 0;

	line_init(&c.said, c.names, sizeof(c.names));
	if (!entry_given(&list) && !entry_given(&name)) {
		list = entry_look(&vendor, "regions");
		name = entry_look(&vendor, "region_name");
	}
	if (entry_given(&list) && list.node->kind != TREE_LIST)
		return entry_refuse(r, -EINVAL, "has regions that are no list (%s:%u)",
			list.tree->path, list.node->line);
	if (entry_given(&list))
		e = offer_list(r, &list, &c);
	else if (entry_given(&name) && name.node->kind == TREE_LIST)
		e = offer_list(r, &name, &c);
	else if (entry_given(&name))
		e = offer_names(r, &name, &c);
	if (e < 0)
		return e;
	if (wanted && !c.name && c.said.len > 0)
		return entry_refuse(r, -EINVAL, "has no region %s, only: %s", wanted, c.names);
	r->region = c.name ? c.name : wanted ? wanted : "";
	return add_entry(r, c.values, list.node ? list.tree : name.tree);
}

/* Reads the files. With `file`, its directory is the only place for secrets. */
static int read_files(struct reading *r, const char *file, const char *beside)
{
	char passed[PASSED_MAX];
	int e;

	if (file)
		e = tree_read(file, &r->clouds, r->why);
	else
		e = clouds_find("clouds", "OS_CLIENT_CONFIG_FILE", NULL, true, r->passed,
			&r->clouds, r->why);
	if (e < 0 && (file || e != -ENOENT))
		return e;
	e = clouds_find(
		"secure", "OS_CLIENT_SECURE_FILE", beside, !file, passed, &r->secure, r->why);
	if (e < 0 && e != -ENOENT)
		return e;
	if (*r->passed == '\0')
		text_copy(r->passed, sizeof(r->passed), passed);
	if (r->clouds || r->secure) {
		r->file = r->clouds ? r->clouds->path : r->secure->path;
		return 0;
	}
	return tree_refuse(r->why, -ENOENT,
		"there is no clouds.yaml that OS_CLIENT_CONFIG_FILE names, nor one in %s%s%s",
		"the working directory, ~/.config/openstack or /etc/openstack",
		*r->passed ? "; " : "", r->passed);
}

static int find_entry(struct reading *r)
{
	const struct tree_node *clouds = NULL, *secure = NULL, *upper, *lower;
	int e = map_below(r, r->clouds, "clouds", &clouds);

	if (e == 0)
		e = map_below(r, r->secure, "clouds", &secure);
	if (e < 0)
		return e;
	upper = tree_get_exactly(secure, r->entry);
	lower = tree_get_exactly(clouds, r->entry);
	if (!upper && !lower)
		return refuse_unknown(r, clouds, secure);
	if (!lower)
		r->file = r->secure->path;
	add_layer(&r->own, upper, r->secure);
	add_layer(&r->own, lower, r->clouds);
	return r->own.n > 0 ? 0 : entry_refuse(r, -EINVAL, "is empty");
}

int entry_open(struct reading *r, const char *file, const char *region)
{
	const char *slash = file ? strrchr(file, '/') : NULL;
	const struct tree_node *profile = NULL;
	_cleanup_free_ char *beside = NULL;
	int e;

	if (slash && !(beside = strndup(file, (size_t)(slash - file) + (slash == file))))
		return entry_refuse_memory(r);
	e = read_files(r, file, beside);
	if (e == 0)
		e = find_entry(r);
	if (e == 0)
		e = find_profile(r, beside, &profile);
	if (e == 0)
		e = choose_region(r, region, profile);
	for (size_t i = 0; e == 0 && i < r->own.n; i++)
		e = add_entry(r, r->own.layer[i].map, r->own.layer[i].tree);
	if (e == 0)
		e = add_entry(r, profile, r->vendor);
	return e;
}

void entry_close(struct reading *r)
{
	tree_free(r->clouds);
	tree_free(r->secure);
	tree_free(r->vendor);
}
