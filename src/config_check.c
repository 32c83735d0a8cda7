/* config_check.c
 *
 * From blocks of texts to settings. Everything that is wrong is said, not only the first thing: an operator
 * who fixes a file wants to do it once. A value that is wrong in the defaults block is said there, not once
 * more for each job. Where a file could not be read to its end, references are not judged: what they name
 * may stand in the unread part.
 */
#include "config_check.h"

#include "log.h"
#include "text.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define TITLE_MAX 128

struct check {
	struct config_input *in;
	struct settings *s;
	const struct config_block *top, *defaults; /* top: of the main file; defaults may be NULL */
	bool *defaults_bad;                        /* by row: wrong in defaults, said there */
	struct accept *shared;                     /* those of defaults */
	size_t n_shared;
	int r;
};

static int row_of(enum config_kind kind, const char *name)
{
	int row = config_row(kind, name);

	return row < 0 ? 0 : row;
}

/* Writes `job "shop-db": `, or the bare word for blocks without a title, or nothing at the top; the block
 * around it before. */
static void add_label(struct line *l, const struct config_block *b)
{
	char title[TITLE_MAX + 8];

	if (b->parent)
		add_label(l, b->parent);
	line_add(l, "%s", config_kind_names[b->kind]);
	if (b->title)
		line_add(l, " \"%s\"",
			text_escape(title, sizeof(title), b->title, strlen(b->title)));
	if (b->kind != KIND_TOP)
		line_add(l, ": ");
}

void config_say_of(struct config_input *in, bool error, const struct config_block *b, unsigned line,
	const char *fmt, ...)
{
	char text[1000];
	struct line l;
	va_list ap;

	line_init(&l, text, sizeof(text));
	add_label(&l, b);
	va_start(ap, fmt);
	line_vadd(&l, fmt, ap);
	va_end(ap);
	config_complain(in, error, b->file, line, "%s", text);
}

/* Parses a text given in block b; false if it is wrong (said) or there was no memory. */
static bool parse_given(
	struct check *c, const struct config_block *b, size_t row, struct config_parsed *ret)
{
	const struct config_option *o = &config_options[row];
	char why[400];
	struct line l;
	int r;

	line_init(&l, why, sizeof(why));
	r = config_parse(o, b->values[row].text, c->s->short_times, ret, &l);
	if (r == -ENOMEM)
		c->r = r;
	else if (r < 0)
		config_say_of(c->in, true, b, b->values[row].line, "%s %s", o->name, why);
	return r == 0;
}

/* The value of a row for block b: what stands there, else in defaults, else the table's default. False if
 * there is none that could be used. */
static bool value_of(
	struct check *c, const struct config_block *b, size_t row, struct config_parsed *ret)
{
	const struct config_option *o = &config_options[row];
	char unused[400];
	struct line l;

	if (b && b->values[row].text)
		return parse_given(c, b, row, ret);
	if (c->defaults && strcmp(o->block, "defaults") == 0 && c->defaults->values[row].text) {
		/* Said when the block itself was judged. */
		line_init(&l, unused, sizeof(unused));
		return !c->defaults_bad[row] && config_parse(o, c->defaults->values[row].text,
							c->s->short_times, ret, &l) == 0;
	}
	line_init(&l, unused, sizeof(unused));
	return o->by_default && config_parse(o, o->by_default, c->s->short_times, ret, &l) == 0;
}

void config_store(const struct config_option *o, void *base, struct config_parsed *v)
{
	void *field = (char *)base + o->offset;

	switch (o->type) {
	case CONFIG_SPAN:
		*(int64_t *)field = v->span;
		break;
	case CONFIG_MOMENT:
		*(int64_t *)field = v->moment;
		break;
	case CONFIG_NUMBER:
		*(unsigned *)field = v->number;
		break;
	case CONFIG_BOOL:
		*(bool *)field = v->yes;
		break;
	case CONFIG_WORD: /* both enumerations rise by one in the order of their words */
		*(int *)field = v->word + (o->block[0] == '\0' ? LOG_ERR : 0);
		break;
	case CONFIG_TASK_ID:
		text_copy(field, TASK_ID_SIZE, v->text);
		break;
	case CONFIG_CLOUD: /* a reference: see job_cloud() */
		break;
	case CONFIG_TEXT:
	case CONFIG_PATH:
	case CONFIG_URL:
	case CONFIG_PROXY:
	case CONFIG_METADATA:
	case CONFIG_LABEL:
	case CONFIG_PROJECT_ID:
	case CONFIG_SECRET:
	case _CONFIG_TYPE_MAX:
		*(char **)field = v->text;
		v->text = NULL;
		break;
	}
	free(v->text);
}

/* A default of another way to log in is nothing that this cloud has. */
static bool cloud_takes(const struct cloud_settings *cloud, const char *option)
{
	return auth_takes(cloud->auth, option);
}

/* Fills all fields of a block's object, says what is wrong or missing. False if something is wrong, here or
 * in the defaults. */
static bool fill(struct check *c, const struct config_block *b, enum config_kind kind, void *base)
{
	bool good = true;

	for (size_t row = 0; row < config_options_size; row++) {
		const struct config_option *o = &config_options[row];
		struct config_parsed v = {0};

		if (config_row(kind, o->name) != (int)row)
			continue;
		if (kind == KIND_CLOUD && !b->values[row].text && !cloud_takes(base, o->name))
			continue;
		if (value_of(c, b, row, &v))
			config_store(o, base, &v);
		else if (b->values[row].text || c->defaults_bad[row])
			good = false;
		else if (o->needed)
			config_say_of(c->in, true, b, b->line, "option '%s' is missing (%s)",
				o->name, o->meaning);
	}
	return good;
}

static char *copy(struct check *c, const char *text)
{
	char *copied = strdup(text);

	if (!copied)
		c->r = -ENOMEM;
	return copied;
}

bool config_showable(const char *text)
{
	size_t len = strlen(text), room = len + 1;
	_cleanup_free_ char *shown = malloc(room);

	return shown && strcmp(text_flatten(shown, room, text, len), text) == 0;
}

/* The title of a new cloud or job: it goes to journals, tables and labels as it is. */
static void check_title(struct check *c, const struct config_block *b)
{
	const struct config_block *other;
	size_t len = strlen(b->title);

	if (!config_showable(b->title))
		config_say_of(
			c->in, true, b, b->line, "its name holds characters that cannot be shown");
	if (len == 0 || len > TITLE_MAX)
		config_say_of(c->in, true, b, b->line, "its name has no or more than %d bytes",
			TITLE_MAX);
	STAILQ_FOREACH (other, &c->in->blocks, next) {
		if (other == b)
			return;
		if (other->kind == b->kind && strcmp(other->title, b->title) == 0) {
			config_say_of(c->in, true, b, b->line,
				"a block of this name stands already in %s:%u", other->file,
				other->line);
			return;
		}
	}
}

static void check_cloud(struct check *c, const struct config_block *b, struct cloud_settings *cloud)
{
	bool good;

	check_title(c, b);
	good = fill(c, b, KIND_CLOUD, cloud);
	cloud->method = cloud->auth;
	if (config_cloud(c->in, b, cloud) < 0)
		c->r = -ENOMEM;
	/* Clouds are recognised by these in the store, too: two of one identity would share login, pace and
	 * trouble by chance. */
	for (const struct cloud_settings *o = c->s->clouds; good && o < cloud; o++)
		if (cloud->drs && cloud_settings_same(o, cloud) &&
			strcmp(o->name, cloud->name) != 0)
			config_say_of(c->in, true, b, b->line,
				"the same endpoints, login and project as cloud \"%s\" (%s:%u); "
				"use one block for both",
				o->name, o->file, o->line);
}

static void unknown_cloud(
	struct check *c, const struct config_block *b, unsigned line, const char *name)
{
	char shown[TITLE_MAX + 8];
	const char **names;
	const char *meant = NULL;

	names = calloc(c->s->n_clouds + 1, sizeof(*names));
	if (!names) {
		c->r = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < c->s->n_clouds; i++)
		names[i] = c->s->clouds[i].name;
	meant = config_suggest(name, names, c->s->n_clouds);
	text_escape(shown, sizeof(shown), name, strlen(name));
	if (meant)
		config_say_of(c->in, true, b, line,
			"there is no cloud \"%s\"; did you mean \"%s\"?", shown, meant);
	else
		config_say_of(c->in, true, b, line, "there is no cloud \"%s\"", shown);
	free(names);
}

/* The cloud that a block names, NULL if it names none or a wrong one (said). */
static const struct cloud_settings *named_cloud(
	struct check *c, const struct config_block *b, size_t row)
{
	const struct config_value *v = &b->values[row];
	const struct cloud_settings *cloud = v->text ? settings_cloud(c->s, v->text) : NULL;

	if (v->text && !cloud && !c->in->syntax)
		unknown_cloud(c, b, v->line, v->text);
	return cloud;
}

static void job_cloud(struct check *c, const struct config_block *b, struct job_settings *job)
{
	size_t row = (size_t)row_of(KIND_JOB, "cloud");
	bool by_defaults = c->defaults && c->defaults->values[row].text;

	if (b->values[row].text)
		job->cloud = named_cloud(c, b, row);
	else if (by_defaults)
		job->cloud = settings_cloud(c->s, c->defaults->values[row].text);
	else if (!c->in->syntax)
		config_say_of(c->in, true, b, b->line, "option 'cloud' is missing (%s)",
			config_options[row].meaning);
}

/* What is allowed, but hardly meant. Said of a job only if one of its own options is part of it. */
static void warn_times(struct check *c, const struct config_block *b, const struct job_settings *j)
{
	static const char *const involved[] = {
		"interval", "first_poll", "settle", "poll", "run_limit", "stale_after"};
	unsigned line = 0;

	for (size_t i = 0; i < ELEMENTSOF(involved); i++) {
		const struct config_value *v = &b->values[row_of(KIND_JOB, involved[i])];

		if (v->text && v->line > line)
			line = v->line;
	}
	if (line == 0)
		return;
	if (j->settle >= j->run_limit)
		config_say_of(c->in, false, b, line,
			"run_limit is not above settle, a pre-check may be told as overdue at "
			"once");
	if (j->first_poll >= j->run_limit || j->poll >= j->run_limit)
		config_say_of(c->in, false, b, line,
			"run_limit is not above first_poll and poll, each pre-check will be "
			"told as overdue");
	if (j->interval <= j->settle)
		config_say_of(c->in, false, b, line,
			"interval is not above settle, a new pre-check may be due before the last "
			"one counts");
	if (j->stale_after <= j->interval)
		config_say_of(c->in, false, b, line,
			"stale_after is not above interval, the verdict will be told as stale "
			"between two pre-checks");
}

static void accepts_of(
	struct check *c, const struct config_block *b, struct accept **ret, size_t *ret_n)
{
	if (config_accepts(c->in, b, c->shared, c->n_shared, ret, ret_n) < 0)
		c->r = -ENOMEM;
}

static void check_job(struct check *c, const struct config_block *b, struct job_settings *job)
{
	bool good = fill(c, b, KIND_JOB, job);

	if (job->stale_after == 0)
		job->stale_after = 2 * job->interval;
	check_title(c, b);
	job_cloud(c, b, job);
	if (good)
		warn_times(c, b, job);
	accepts_of(c, b, &job->accepts, &job->n_accepts);
}

static void check_defaults(struct check *c)
{
	struct job_settings job = {0};
	const struct config_block *b = c->defaults;
	size_t cloud_row = (size_t)row_of(KIND_DEFAULTS, "cloud");
	bool good = true;

	for (size_t row = 0; row < config_options_size; row++) {
		struct config_parsed v = {0};

		if (!b->values[row].text)
			continue;
		c->defaults_bad[row] = !parse_given(c, b, row, &v);
		good &= !c->defaults_bad[row];
		free(v.text);
	}
	(void)named_cloud(c, b, cloud_row);
	for (size_t row = 0; row < config_options_size; row++) {
		struct config_parsed v = {0};

		if (strcmp(config_options[row].block, "defaults") == 0 &&
			value_of(c, NULL, row, &v))
			config_store(&config_options[row], &job, &v);
	}
	if (job.stale_after == 0)
		job.stale_after = 2 * job.interval;
	if (good)
		warn_times(c, b, &job);
	accepts_of(c, b, &c->shared, &c->n_shared);
}

static int by_key(const void *pa, const void *pb)
{
	const struct job_settings *a = *(const struct job_settings *const *)pa;
	const struct job_settings *b = *(const struct job_settings *const *)pb;
	int order = strcmp(a->cloud->drs, b->cloud->drs);

	if (order == 0)
		order = strcmp(a->task, b->task);
	return order != 0 ? order : (a < b ? -1 : a > b); /* the array is in the order read */
}

/* One task is watched once: two jobs of one key would take each other's runs for somebody else's. */
static void check_keys(struct check *c)
{
	const struct job_settings **jobs = calloc(c->s->n_jobs + 1, sizeof(*jobs));
	size_t n = 0, first = 0;

	if (!jobs) {
		c->r = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < c->s->n_jobs; i++)
		if (c->s->jobs[i].cloud && c->s->jobs[i].cloud->drs && c->s->jobs[i].task[0])
			jobs[n++] = &c->s->jobs[i];
	qsort(jobs, n, sizeof(*jobs), by_key);
	for (size_t i = 1; i < n; i++) {
		const struct job_settings *a = jobs[first], *b = jobs[i];

		if (strcmp(a->task, b->task) != 0 || strcmp(a->cloud->drs, b->cloud->drs) != 0) {
			first = i;
			continue;
		}
		config_complain(c->in, true, b->file, b->line,
			"job \"%s\": task %s at %s is watched already by job \"%s\" (%s:%u)",
			b->name, b->task, b->cloud->drs, a->name, a->file, a->line);
	}
	free(jobs);
}

/* Sorts out which blocks there are, and says which must not stand where they stand. */
static void survey(struct check *c, size_t *ret_clouds, size_t *ret_jobs)
{
	const struct config_block *b;

	STAILQ_FOREACH (b, &c->in->blocks, next) {
		if (b->kind == KIND_CLOUD)
			++*ret_clouds;
		else if (b->kind == KIND_JOB)
			++*ret_jobs;
		else if (b->kind == KIND_TOP && !b->extra)
			c->top = b;
		else if (b->kind == KIND_DEFAULTS && b->extra)
			config_say_of(c->in, true, b, b->line,
				"this block stands in precheckd.conf only");
		else if (b->kind == KIND_DEFAULTS && c->defaults)
			config_say_of(c->in, true, b, b->line,
				"there is such a block already in %s:%u", c->defaults->file,
				c->defaults->line);
		else if (b->kind == KIND_DEFAULTS)
			c->defaults = b;
		for (size_t row = 0; b->kind == KIND_TOP && b->extra && row < config_options_size;
			row++)
			if (b->values[row].text)
				config_say_of(c->in, true, b, b->values[row].line,
					"option '%s' stands in precheckd.conf only",
					config_options[row].name);
	}
}

/* The reader gives every main file a top block, also an empty one. */
static void check_top(struct check *c)
{
	size_t dir = (size_t)row_of(KIND_TOP, "state_dir"),
	       bent = (size_t)row_of(KIND_TOP, "short_times");
	const char *from_systemd = getenv("STATE_DIRECTORY");
	struct config_parsed v = {0};
	char unused[400];
	struct line l;

	assert(c->top);
	/* First, because all other times are judged by it; fill() says what is wrong with it. */
	line_init(&l, unused, sizeof(unused));
	if (c->top->values[bent].text &&
		config_parse(&config_options[bent], c->top->values[bent].text, false, &v, &l) == 0)
		c->s->short_times = v.yes;
	(void)fill(c, c->top, KIND_TOP, c->s);
	if (c->s->short_times)
		config_say_of(c->in, false, c->top, c->top->values[bent].line,
			"short_times is on: times may be as short as 10ms; never use this with a "
			"real cloud");
	if (!c->top->values[dir].text && from_systemd && *from_systemd == '/') {
		free(c->s->state_dir);
		c->s->state_dir = strndup(from_systemd, strcspn(from_systemd, ":"));
		if (!c->s->state_dir)
			c->r = -ENOMEM;
	}
}

static void warn_idle(struct check *c)
{
	if (c->s->n_jobs == 0 && !c->in->syntax)
		config_complain(
			c->in, false, c->top->file, 0, "there are no jobs, nothing is watched");
	for (size_t i = 0; c->s->n_jobs > 0 && !c->in->syntax && i < c->s->n_clouds; i++) {
		const struct cloud_settings *cloud = &c->s->clouds[i];
		size_t n = 0;

		for (size_t k = 0; k < c->s->n_jobs; k++)
			n += c->s->jobs[k].cloud == cloud;
		if (n == 0 && !c->in->failed)
			config_complain(c->in, false, cloud->file, cloud->line,
				"cloud \"%s\" has no jobs", cloud->name);
	}
}

static int check_all(struct check *c)
{
	struct settings *s = c->s;
	const struct config_block *b;
	size_t n_clouds = 0, n_jobs = 0;

	survey(c, &n_clouds, &n_jobs);
	s->clouds = calloc(n_clouds + 1, sizeof(*s->clouds));
	s->jobs = calloc(n_jobs + 1, sizeof(*s->jobs));
	if (!s->clouds || !s->jobs)
		return -ENOMEM;
	check_top(c);
	STAILQ_FOREACH (b, &c->in->blocks, next)
		if (b->kind == KIND_CLOUD) {
			struct cloud_settings *cloud = &s->clouds[s->n_clouds++];

			cloud->name = copy(c, b->title);
			cloud->file = copy(c, b->file);
			cloud->line = b->line;
			if (c->r < 0)
				return c->r;
			check_cloud(c, b, cloud);
		}
	if (c->defaults)
		check_defaults(c);
	STAILQ_FOREACH (b, &c->in->blocks, next)
		if (b->kind == KIND_JOB) {
			struct job_settings *job = &s->jobs[s->n_jobs++];

			job->name = copy(c, b->title);
			job->file = copy(c, b->file);
			job->line = b->line;
			if (c->r < 0)
				return c->r;
			check_job(c, b, job);
		}
	check_keys(c);
	warn_idle(c);
	return c->r;
}

int config_check(struct config_input *in, struct settings **ret)
{
	_cleanup_(settings_unrefp) struct settings *s = settings_new();
	_cleanup_free_ bool *defaults_bad = calloc(config_options_size, sizeof(*defaults_bad));
	struct check c = {.in = in, .s = s, .defaults_bad = defaults_bad};
	int r;

	if (!s || !defaults_bad)
		return -ENOMEM;
	r = check_all(&c);
	settings_free_accepts(c.shared, c.n_shared);
	if (r < 0)
		return r;
	*ret = s;
	s = NULL;
	return 0;
}
