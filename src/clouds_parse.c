/* clouds_parse.c
 *
 * YAML to a tree. Only libyaml's events are used: the tree is ours, so that the secrets in it lie in one piece
 * of locked memory, and so that hostile files end at bounds of ours. Aliases share what they name, merge keys
 * are copied in when a map ends, each copy counted: nothing grows beyond NODES_MAX.
 */
#include "clouds_tree.h"

#include "text.h"

#include <errno.h>
#include <regex.h>
#include <string.h>
#include <yaml.h>

#define WHY_MAX     400
#define NODES_MAX   50000
#define ANCHORS_MAX 500
#define DEPTH_MAX   32

struct anchor {
	struct anchor *next;
	const char *name;
	struct tree_node *node;
};

/* A map or list that is not complete yet. */
struct open {
	struct tree_node *node;
	const struct tree_node *key; /* of a map: the one whose value comes next */
	struct tree_item **end;      /* of a list */
};

/* What is being built. */
struct compose {
	struct tree *tree;
	struct anchor *anchors;
	unsigned n_anchors, n_nodes;
	yaml_parser_t parser;
	regex_t number; /* and all else that PyYAML makes no text of */
	struct open open[DEPTH_MAX];
	unsigned depth, documents;
	char *why;
};

/* --- nodes --- */

static struct tree_node *take_node(struct compose *c, enum tree_kind kind, const yaml_event_t *e)
{
	struct tree_node *node = NULL;

	if (c->n_nodes < NODES_MAX)
		node = tree_take(c->tree, sizeof(*node));
	if (!node)
		return NULL;
	c->n_nodes++;
	node->kind = kind;
	node->line = (unsigned)e->start_mark.line + 1;
	return node;
}

static struct tree_item *take_item(
	struct compose *c, const struct tree_node *key, const struct tree_node *value)
{
	struct tree_item *item = NULL;

	if (c->n_nodes < NODES_MAX)
		item = tree_take(c->tree, sizeof(*item));
	if (!item)
		return NULL;
	c->n_nodes++;
	item->key = key;
	item->value = value;
	return item;
}

/* --- values --- */

static int fail(const struct compose *c, const yaml_event_t *e, const char *text)
{
	return tree_refuse(c->why, -EINVAL, "%s:%u: %s", c->tree->path,
		(unsigned)e->start_mark.line + 1, text);
}

static int fail_large(const struct compose *c, const yaml_event_t *e)
{
	return fail(c, e, "more values, aliases and merged keys than a clouds.yaml ever has");
}

/* The rules of YAML 1.1 as PyYAML has them, except for those numbers whose text is kept. */
static const char number_pattern[] =
	"^([-+]?0b[01_]+|[-+]?0[0-7_]+|[-+]?(0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|"
	"[-+]?[1-9][0-9_]*(:[0-5]?[0-9])+|"
	"[-+]?[0-9][0-9_]*\\.[0-9_]*([eE][-+][0-9]+)?|\\.[0-9][0-9_]*([eE][-+][0-9]+)?|"
	"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+\\.[0-9_]*|[-+]?\\.(inf|Inf|INF)|\\.(nan|NaN|NAN)|"
	"[0-9]{4}-[0-9]{2}-[0-9]{2}|"
	"[0-9]{4}-[0-9][0-9]?-[0-9][0-9]?([Tt]|[ \t]+)[0-9][0-9]?:[0-9]{2}:[0-9]{2}(\\.[0-9]*)?"
	"([ \t]*(Z|[-+][0-9][0-9]?(:[0-9]{2})?))?|=|<<)$";

static bool is_one_of(const char *text, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(text, words[i]) == 0)
			return true;
	return false;
}

static bool is_plain_number(const char *text)
{
	const char *digits = text + (*text == '-');

	if (*digits == '0')
		return strcmp(text, "0") == 0;
	return *digits != '\0' && digits[strspn(digits, "0123456789")] == '\0';
}

static enum tree_kind kind_of_plain(const struct compose *c, const char *text)
{
	static const char *const nothing[] = {"", "~", "null", "Null", "NULL"};
	static const char *const truth[] = {"yes", "Yes", "YES", "no", "No", "NO", "true", "True",
		"TRUE", "false", "False", "FALSE", "on", "On", "ON", "off", "Off", "OFF"};

	if (is_one_of(text, nothing, ELEMENTSOF(nothing)))
		return TREE_NULL;
	if (is_one_of(text, truth, ELEMENTSOF(truth)))
		return TREE_BOOL;
	if (is_plain_number(text))
		return TREE_NUMBER;
	return regexec(&c->number, text, 0, NULL, 0) == 0 ? TREE_OTHER : TREE_TEXT;
}

static int make_scalar(struct compose *c, const yaml_event_t *e, struct tree_node **ret)
{
	static const char str[] = YAML_STR_TAG;
	const char *tag = (const char *)e->data.scalar.tag;
	struct tree_node *node = take_node(c, TREE_TEXT, e);

	if (!node)
		return fail_large(c, e);
	if (tag && !e->data.scalar.plain_implicit && strcmp(tag, str) != 0)
		return fail(c, e, "a tag that nothing is known of");
	node->len = e->data.scalar.length;
	node->text = tree_take_text(c->tree, e->data.scalar.value, node->len);
	if (!node->text)
		return fail_large(c, e);
	if (e->data.scalar.plain_implicit)
		node->kind = kind_of_plain(c, node->text);
	*ret = node;
	return 0;
}

/* --- structure --- */

static int add_anchor(
	struct compose *c, const yaml_event_t *e, const yaml_char_t *name, struct tree_node *node)
{
	struct anchor *a;

	if (!name)
		return 0;
	for (a = c->anchors; a; a = a->next)
		if (strcmp(a->name, (const char *)name) == 0)
			return fail(c, e, "an anchor of this name is there already");
	a = ++c->n_anchors <= ANCHORS_MAX ? tree_take(c->tree, sizeof(*a)) : NULL;
	if (!a)
		return fail(c, e, "more anchors than a clouds.yaml ever has");
	a->name = tree_take_text(c->tree, name, strlen((const char *)name));
	if (!a->name)
		return fail_large(c, e);
	a->node = node;
	a->next = c->anchors;
	c->anchors = a;
	return 0;
}

static int find_anchor(struct compose *c, const yaml_event_t *e, struct tree_node **ret)
{
	const char *name = (const char *)e->data.alias.anchor;

	for (const struct anchor *a = c->anchors; a; a = a->next) {
		if (strcmp(a->name, name) != 0)
			continue;
		for (unsigned i = 0; i < c->depth; i++)
			if (c->open[i].node == a->node)
				return fail(c, e, "an alias inside of what it stands for");
		*ret = a->node;
		return 0;
	}
	return fail(c, e, "an alias without an anchor");
}

/* Puts a value where the parser is. */
static int add(struct compose *c, const yaml_event_t *e, const struct tree_node *node)
{
	struct open *o = c->depth > 0 ? &c->open[c->depth - 1] : NULL;
	struct tree_item *item;

	if (!o) {
		c->tree->root = node;
		return 0;
	}
	if (o->node->kind == TREE_MAP && !o->key) {
		o->key = node;
		return 0;
	}
	item = take_item(c, o->key, node);
	if (!item)
		return fail_large(c, e);
	if (o->node->kind == TREE_MAP) {
		item->next = o->node->items;
		o->node->items = item;
	} else {
		*o->end = item;
		o->end = &item->next;
	}
	o->key = NULL;
	return 0;
}

static int begin(struct compose *c, const yaml_event_t *e, enum tree_kind kind,
	const yaml_char_t *anchor, const yaml_char_t *tag)
{
	const char *known = kind == TREE_MAP ? YAML_MAP_TAG : YAML_SEQ_TAG;
	struct tree_node *node;
	int r;

	if (c->depth == DEPTH_MAX)
		return fail(c, e, "nested deeper than a clouds.yaml ever is");
	if (tag && strcmp((const char *)tag, known) != 0)
		return fail(c, e, "a tag that nothing is known of");
	node = take_node(c, kind, e);
	if (!node)
		return fail_large(c, e);
	r = add_anchor(c, e, anchor, node);
	if (r == 0)
		r = add(c, e, node);
	if (r < 0)
		return r;
	c->open[c->depth++] = (struct open){.node = node, .end = &node->items};
	return 0;
}

/* Appends copies of the items of `from`, which is complete, where *end is. */
static int merge(struct compose *c, const yaml_event_t *e, const struct tree_node *from,
	struct tree_item ***end)
{
	if (from->kind != TREE_MAP)
		return fail(c, e, "a merge key << of something that is no map");
	for (const struct tree_item *i = from->items; i; i = i->next) {
		struct tree_item *copy = take_item(c, i->key, i->value);

		if (!copy)
			return fail_large(c, e);
		**end = copy;
		*end = &copy->next;
	}
	return 0;
}

/* Closes a map or list. In a map, what merge keys bring goes behind its own, so that its own counts. */
static int end(struct compose *c, const yaml_event_t *e)
{
	struct tree_node *node = c->open[--c->depth].node;
	struct tree_item **tail = &node->items, *merges = NULL, **last = &merges;
	int r = 0;

	if (node->kind != TREE_MAP)
		return 0;
	while (*tail) {
		struct tree_item *i = *tail;

		if (i->key->kind == TREE_OTHER && strcmp(i->key->text, "<<") == 0) {
			*tail = i->next;
			i->next = NULL;
			*last = i;
			last = &i->next;
		} else {
			tail = &i->next;
		}
	}
	for (; r == 0 && merges; merges = merges->next) {
		const struct tree_node *from = merges->value;

		if (from->kind != TREE_LIST)
			r = merge(c, e, from, &tail);
		for (const struct tree_item *i = from->kind == TREE_LIST ? from->items : NULL;
			r == 0 && i; i = i->next)
			r = merge(c, e, i->value, &tail);
	}
	return r;
}

static int take_event(struct compose *c, const yaml_event_t *e)
{
	struct tree_node *node = NULL;
	int r;

	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (++c->documents > 1)
			return fail(c, e, "a second document, where one is expected");
		return 0;
	case YAML_ALIAS_EVENT:
		r = find_anchor(c, e, &node);
		return r < 0 ? r : add(c, e, node);
	case YAML_SCALAR_EVENT:
		r = make_scalar(c, e, &node);
		if (r == 0)
			r = add_anchor(c, e, e->data.scalar.anchor, node);
		return r < 0 ? r : add(c, e, node);
	case YAML_SEQUENCE_START_EVENT:
		return begin(
			c, e, TREE_LIST, e->data.sequence_start.anchor, e->data.sequence_start.tag);
	case YAML_MAPPING_START_EVENT:
		return begin(
			c, e, TREE_MAP, e->data.mapping_start.anchor, e->data.mapping_start.tag);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return end(c, e);
	default:
		return 0;
	}
}

/* --- libyaml --- */

static int fail_parser(const struct compose *c)
{
	const yaml_parser_t *p = &c->parser;
	size_t line = MAX(p->problem_mark.line, p->context_mark.line);

	if (p->error == YAML_MEMORY_ERROR)
		return tree_refuse(c->why, -ENOMEM, "%s: out of memory", c->tree->path);
	if (p->error == YAML_READER_ERROR)
		line = p->mark.line;
	return tree_refuse(c->why, -EINVAL, "%s:%zu: this is not YAML: %s", c->tree->path, line + 1,
		p->problem ? p->problem : "unknown trouble");
}

static void wipe_event(yaml_event_t *e)
{
	if (e->type == YAML_SCALAR_EVENT)
		explicit_bzero(e->data.scalar.value, e->data.scalar.length);
	yaml_event_delete(e);
}

/* The parser has read ahead: bytes in both its buffers, and tokens that became no event. */
static void wipe_parser(yaml_parser_t *p)
{
	for (yaml_token_t *t = p->tokens.head; t < p->tokens.tail; t++)
		if (t->type == YAML_SCALAR_TOKEN)
			explicit_bzero(t->data.scalar.value, t->data.scalar.length);
	explicit_bzero(p->raw_buffer.start, (size_t)(p->raw_buffer.end - p->raw_buffer.start));
	explicit_bzero(p->buffer.start, (size_t)(p->buffer.end - p->buffer.start));
	yaml_parser_delete(p);
}

static int compose(struct compose *c)
{
	bool more = true;
	int r = 0;

	while (r == 0 && more) {
		yaml_event_t e;

		if (!yaml_parser_parse(&c->parser, &e))
			return fail_parser(c);
		r = take_event(c, &e);
		more = e.type != YAML_STREAM_END_EVENT;
		wipe_event(&e);
	}
	return r;
}

int tree_parse(struct tree *t, const char *text, size_t len, char why[400])
{
	struct compose c = {.tree = t, .why = why};
	int r;

	if (regcomp(&c.number, number_pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return tree_refuse(why, -ENOMEM, "%s: out of memory", t->path);
	if (!yaml_parser_initialize(&c.parser)) {
		regfree(&c.number);
		return tree_refuse(why, -ENOMEM, "%s: out of memory", t->path);
	}
	yaml_parser_set_input_string(&c.parser, (const unsigned char *)text, len);
	r = compose(&c);
	wipe_parser(&c.parser);
	regfree(&c.number);
	return r;
}
