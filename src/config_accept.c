/* config_accept.c
 *
 * Accept blocks: exceptions that somebody signed off. Each must say until when, why and by whom; an exception
 * that nobody remembers is how a pre-check loses its worth. A job's own block for an item replaces the one of
 * the defaults, as options do, so that what is in force for a job is a list in which nothing stands twice.
 */
#include "config_check.h"

#include "catalogue.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define ITEM_NAME_MAX 128
#define ITEM_CHARS    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"
#define FAR_AHEAD     DAYS(2 * 365 + 1)

/* The accept of n that is for the same item and reason, or NULL. */
static const struct accept *same_case(const struct accept *a, size_t n, const struct accept *as)
{
	for (size_t i = 0; i < n; i++) {
		const char *one = a[i].failed_reason, *other = as->failed_reason;

		if (strcmp(a[i].item, as->item) == 0 &&
			(one && other ? strcmp(one, other) == 0 : one == other))
			return &a[i];
	}
	return NULL;
}

/* An item that the catalogue does not have may be a new one of DRS, or a slip of the pen that accepts
 * nothing. */
static int check_item(struct config_input *in, const struct config_block *b)
{
	_cleanup_free_ const char **names = NULL;
	size_t len = strlen(b->title), n = 0;
	const char *meant;

	if (len == 0 || len > ITEM_NAME_MAX || strspn(b->title, ITEM_CHARS) != len) {
		config_say_of(in, true, b, b->line,
			"the name of an item has 1 to %d letters, digits, '_', '.' or '-'",
			ITEM_NAME_MAX);
		return 0;
	}
	if (catalogue_find(CATALOGUE_ITEM, b->title))
		return 0;
	names = calloc(catalogue_size, sizeof(*names));
	if (!names)
		return -ENOMEM;
	for (size_t i = 0; i < catalogue_size; i++)
		if (catalogue_table[i].kind == CATALOGUE_ITEM)
			names[n++] = catalogue_table[i].name;
	meant = config_suggest(b->title, names, n);
	if (meant)
		config_say_of(in, false, b, b->line,
			"no item of this name is known; did you mean '%s'?", meant);
	else
		config_say_of(in, false, b, b->line, "no item of this name is known");
	return 0;
}

static int read_option(
	struct config_input *in, const struct config_block *b, size_t row, struct accept *a)
{
	const struct config_option *o = &config_options[row];
	const struct config_value *given = &b->values[row];
	struct config_parsed v = {0};
	char why[400];
	struct line l;
	int r;

	if (!given->text) {
		if (o->needed)
			config_say_of(in, true, b, b->line, "option '%s' is missing (%s)", o->name,
				o->meaning);
		return 0;
	}
	line_init(&l, why, sizeof(why));
	r = config_parse(o, given->text, false, &v, &l);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		config_say_of(in, true, b, given->line, "%s %s", o->name, why);
	else if (v.text && v.text[strspn(v.text, " ")] == '\0')
		config_say_of(in, true, b, given->line, "%s is blank", o->name);
	else if (v.text && !config_showable(v.text))
		config_say_of(in, true, b, given->line, "%s holds characters that cannot be shown",
			o->name);
	if (r == 0)
		config_store(o, a, &v);
	return 0;
}

static void warn_until(
	struct config_input *in, const struct config_block *b, const struct config_value *given)
{
	const struct config_option *o = &config_options[given - b->values];
	int64_t now = (int64_t)time(NULL) * 1000;
	struct config_parsed v;
	char unused[400];
	struct line l;

	line_init(&l, unused, sizeof(unused));
	if (!given->text || config_parse(o, given->text, false, &v, &l) < 0)
		return;
	if (v.moment <= now)
		config_say_of(in, false, b, given->line, "until '%s' is past, this holds no more",
			given->text);
	else if (v.moment > now + FAR_AHEAD)
		config_say_of(in, false, b, given->line, "until '%s' is more than two years ahead",
			given->text);
}

static int read_accept(struct config_input *in, const struct config_block *b, struct accept *a)
{
	int r = check_item(in, b);

	for (size_t row = 0; r == 0 && row < config_options_size; row++)
		if (config_row(KIND_ACCEPT, config_options[row].name) == (int)row)
			r = read_option(in, b, row, a);
	if (r < 0)
		return r;
	warn_until(in, b, &b->values[config_row(KIND_ACCEPT, "until")]);
	a->line = b->line;
	a->item = strdup(b->title);
	a->file = strdup(b->file);
	return a->item && a->file ? 0 : -ENOMEM;
}

static int copy_text(char **dst, const char *src)
{
	*dst = src ? strdup(src) : NULL;
	return src && !*dst ? -ENOMEM : 0;
}

static int copy_accept(struct accept *dst, const struct accept *src)
{
	dst->until = src->until;
	dst->line = src->line;
	if (copy_text(&dst->item, src->item) < 0 ||
		copy_text(&dst->failed_reason, src->failed_reason) < 0 ||
		copy_text(&dst->reason, src->reason) < 0 || copy_text(&dst->by, src->by) < 0 ||
		copy_text(&dst->file, src->file) < 0)
		return -ENOMEM;
	return 0;
}

int config_accepts(struct config_input *in, const struct config_block *b,
	const struct accept *shared, size_t n_shared, struct accept **ret, size_t *ret_n)
{
	const struct config_block *inner;
	size_t room = n_shared, n = 0, own;
	struct accept *all;
	int r = 0;

	STAILQ_FOREACH (inner, &b->accepts, next)
		room++;
	all = calloc(MAX(room, (size_t)1), sizeof(*all));
	if (!all)
		return -ENOMEM;
	STAILQ_FOREACH (inner, &b->accepts, next) {
		const struct accept *first;

		r = read_accept(in, inner, &all[n]);
		if (r < 0)
			goto fail;
		first = same_case(all, n, &all[n]);
		if (first)
			config_say_of(in, true, inner, inner->line,
				"this is accepted already on line %u", first->line);
		n++;
	}
	own = n;
	for (size_t i = 0; i < n_shared; i++) {
		if (same_case(all, own, &shared[i]))
			continue;
		r = copy_accept(&all[n], &shared[i]);
		if (r < 0)
			goto fail;
		n++;
	}
	*ret = all;
	*ret_n = n;
	return 0;
fail:
	settings_free_accepts(all, n + 1);
	return r;
}
