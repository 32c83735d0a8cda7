/* config_file.c
 *
 * One file, read into blocks of texts with their lines. Only this file calls libconfuse. Its arrays are made
 * from the option table, every option as a string: ranges and references are judged later, all of them, while
 * libconfuse stops at its first complaint.
 *
 * libconfuse's callbacks carry no argument. The way back to our reader is an option of type long whose
 * default is the reader's address; its name is a control character, which config_scan() lets nobody type.
 * Blocks are taken over in the validate callback and removed from libconfuse at once: so each is the only
 * one there, libconfuse's quadratic search for titles has nothing to search, and a title that comes twice is
 * ours to judge, with both places.
 */
#include "config_file.h"

#include "config_scan.h"
#include "text.h"

#include <confuse.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX (16 * 1024 * 1024)
#define READER   "\001"

const char *const config_kind_names[_KIND_MAX] = {
	[KIND_TOP] = "",
	[KIND_CLOUD] = "cloud",
	[KIND_DEFAULTS] = "defaults",
	[KIND_JOB] = "job",
	[KIND_ACCEPT] = "accept",
};

struct reader {
	struct config_input *in;
	const char *file;
	bool extra;
	struct scan scan;
	unsigned lines;                   /* in the file; at its end libconfuse is one further */
	size_t ended;                     /* blocks that ended so far */
	struct config_block *top;         /* the file's own options */
	struct config_block *open;        /* the block being read; NULL: none yet */
	struct config_block *inner;       /* the accept block in it; NULL: none yet */
	const struct config_option *last; /* the option read last, and its line */
	unsigned last_line;
	bool told; /* an error of this file was said */
	int r;     /* -ENOMEM */
};

void config_input_init(struct config_input *in, config_say *say, void *arg)
{
	*in = (struct config_input){.say = say, .arg = arg};
	STAILQ_INIT(&in->blocks);
	STAILQ_INIT(&in->files);
}

static struct config_block *block_free(struct config_block *b)
{
	if (!b)
		return NULL;
	for (size_t i = 0; b->values && i < config_options_size; i++)
		free(b->values[i].text);
	while (!STAILQ_EMPTY(&b->accepts)) {
		struct config_block *inner = STAILQ_FIRST(&b->accepts);

		STAILQ_REMOVE_HEAD(&b->accepts, next);
		block_free(inner);
	}
	free(b->values);
	free(b->title);
	free(b);
	return NULL;
}

void config_input_done(struct config_input *in)
{
	while (!STAILQ_EMPTY(&in->blocks)) {
		struct config_block *b = STAILQ_FIRST(&in->blocks);

		STAILQ_REMOVE_HEAD(&in->blocks, next);
		block_free(b);
	}
	while (!STAILQ_EMPTY(&in->files)) {
		struct config_name *name = STAILQ_FIRST(&in->files);

		STAILQ_REMOVE_HEAD(&in->files, next);
		free(name);
	}
}

void config_complain(
	struct config_input *in, bool error, const char *file, unsigned line, const char *fmt, ...)
{
	char text[1024], shown[1024];
	struct line l;
	va_list ap;

	line_init(&l, text, sizeof(text));
	line_add(&l, "%s:", file);
	if (line > 0)
		line_add(&l, "%u:", line);
	line_add(&l, " ");
	va_start(ap, fmt);
	line_vadd(&l, fmt, ap);
	va_end(ap);
	in->failed |= error;
	in->say(in->arg, error, text_flatten(shown, sizeof(shown), text, l.len));
}

int config_row(enum config_kind kind, const char *name)
{
	for (size_t i = 0; i < config_options_size; i++) {
		const struct config_option *o = &config_options[i];
		bool here = strcmp(o->block, config_kind_names[kind]) == 0 ||
			    (kind == KIND_JOB && strcmp(o->block, "defaults") == 0);

		if (here && strcmp(o->name, name) == 0)
			return (int)i;
	}
	return -1;
}

/* Edits between two words: insert, remove, replace, swap neighbours. Long ones are not worth it. */
static unsigned distance(const char *a, const char *b)
{
	enum {
		ROOM = 48
	};
	unsigned rows[3][ROOM + 1], *before = rows[0], *last = rows[1], *now = rows[2], *spare;
	size_t n = strlen(a), m = strlen(b);

	if (n > ROOM || m > ROOM)
		return ROOM;
	for (size_t j = 0; j <= m; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		now[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			unsigned best = last[j - 1] + (a[i - 1] != b[j - 1]);

			best = MIN(best, MIN(last[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				best = MIN(best, before[j - 2] + 1);
			now[j] = best;
		}
		spare = before;
		before = last;
		last = now;
		now = spare;
	}
	return last[m];
}

const char *config_suggest(const char *name, const char *const *names, size_t n)
{
	/* A third of the letters may be wrong; more is another word. */
	unsigned best = (unsigned)MAX(strlen(name) / 3, (size_t)1) + 1;
	const char *found = NULL;

	for (size_t i = 0; i < n; i++) {
		unsigned d = distance(name, names[i]);

		if (d < best) {
			best = d;
			found = names[i];
		}
	}
	return found;
}

static enum config_kind kind_of(const char *name)
{
	for (size_t k = KIND_CLOUD; k < _KIND_MAX; k++)
		if (strcmp(name, config_kind_names[k]) == 0)
			return (enum config_kind)k;
	return KIND_TOP;
}

static struct reader *reader_of(cfg_t *cfg)
{
	return (struct reader *)(intptr_t)cfg_getint(cfg, READER);
}

static struct config_block *block_new(struct reader *r, enum config_kind kind, const char *title)
{
	struct config_block *b = calloc(1, sizeof(*b));

	if (b) {
		b->kind = kind;
		b->file = r->file;
		b->extra = r->extra;
		STAILQ_INIT(&b->accepts);
		b->values = calloc(config_options_size, sizeof(*b->values));
		b->title = title ? strdup(title) : NULL;
	}
	if (!b || !b->values || (title && !b->title)) {
		r->r = -ENOMEM;
		return block_free(b);
	}
	return b;
}

/* Where the block that libconfuse is in is gathered; it is made by whatever is read of it first. NULL: no
 * memory. */
static struct config_block *gather(struct reader *r, enum config_kind kind, const char *title)
{
	struct config_block **place = kind == KIND_TOP      ? &r->top
				      : kind == KIND_ACCEPT ? &r->inner
							    : &r->open;

	if (!*place)
		*place = block_new(r, kind, title);
	return *place;
}

static int on_value(cfg_t *cfg, cfg_opt_t *opt)
{
	struct reader *r = reader_of(cfg);
	enum config_kind kind = kind_of(cfg_name(cfg));
	int row = config_row(kind, cfg_opt_name(opt));
	struct config_block *b = gather(r, kind, cfg_title(cfg));
	struct config_value *v;

	if (!b)
		return -1;
	r->last = &config_options[row];
	r->last_line = (unsigned)cfg->line;
	v = &b->values[row];
	if (v->text) {
		config_complain(r->in, true, r->file, r->last_line,
			"option '%s' stands here for the second time, "
			"the first is on line %u",
			r->last->name, v->line);
		return 0;
	}
	v->text = strdup(cfg_opt_getnstr(opt, 0));
	v->line = r->last_line;
	if (!v->text)
		r->r = -ENOMEM;
	return v->text ? 0 : -1;
}

static int on_block(cfg_t *cfg, cfg_opt_t *opt)
{
	struct reader *r = reader_of(cfg);
	enum config_kind kind = kind_of(cfg_opt_name(opt));
	unsigned last = cfg_opt_size(opt) - 1;
	struct config_block *b = gather(r, kind, cfg_title(cfg_opt_getnsec(opt, last)));
	struct config_block *parent = NULL;

	if (kind == KIND_ACCEPT)
		parent = gather(r, kind_of(cfg_name(cfg)), cfg_title(cfg));
	if (!b || (kind == KIND_ACCEPT && !parent))
		return -1;
	r->last = NULL;
	b->line = r->ended < r->scan.n_begins ? r->scan.begins[r->ended] : (unsigned)cfg->line;
	r->ended++;
	b->parent = parent;
	STAILQ_INSERT_TAIL(parent ? &parent->accepts : &r->in->blocks, b, next);
	*(parent ? &r->inner : &r->open) = NULL;
	cfg_opt_rmnsec(opt, last);
	return 0;
}

/* Words that people know from elsewhere, or from another version. */
static const struct {
	const char *name, *text;
} foreign_words[] = {
	{"include", "there is no include(), the files jobs.d/*.conf are read by themselves"},
	{"insecure", "TLS is always verified; to trust another authority, name it by ca_file"},
	{"password",
		"a password does not stand here; its place does: secret = \"credential:NAME\""},
	{"secret_key",
		"a secret key does not stand here; its place does: secret = \"credential:NAME\""},
	{"token", "a token does not stand here; its place does: secret = \"file:PATH\""},
	{"auth_url", "what others call auth_url is iam here, without /v3"},
	{"username", "what others call username is user here"},
	{"project_name", "what others call project_name is project here"},
	{"user_domain_name", "what others call user_domain_name is domain here"},
	{"domain_name", "what others call domain_name is domain here"},
	{"access_key_id", "what others call access_key_id is access_key here"},
	{"secret_access_key", "a secret key does not stand here; its place does: secret = "
			      "\"credential:NAME\""},
};

/* True if blocks of a kind stand in those of another, or at the top. */
static bool stands_in(enum config_kind kind, enum config_kind outer)
{
	return kind == KIND_ACCEPT ? outer == KIND_JOB || outer == KIND_DEFAULTS
				   : outer == KIND_TOP;
}

/* Writes where an unknown option would belong, or what was probably meant. */
static void add_hint(struct line *l, enum config_kind kind, const char *name)
{
	const char *names[64];
	const char *meant;
	size_t n = 0;

	if (strcmp(name, config_kind_names[KIND_ACCEPT]) == 0 && kind != KIND_ACCEPT) {
		line_add(l, "; it belongs into a job or defaults block");
		return;
	}
	if (kind != KIND_TOP && kind_of(name) != KIND_TOP) {
		line_add(l, "; blocks do not stand in blocks, is a '}' missing before it?");
		return;
	}
	for (size_t k = 0; k < _KIND_MAX; k++)
		if (config_row((enum config_kind)k, name) >= 0) {
			line_add(l,
				k == KIND_TOP ? "; it stands at the top, outside of all blocks%s"
				: k == KIND_ACCEPT ? "; it belongs into an %s block"
						   : "; it belongs into a %s block",
				config_kind_names[k]);
			return;
		}
	for (size_t i = 0; i < config_options_size && n < ELEMENTSOF(names); i++)
		if (config_row(kind, config_options[i].name) == (int)i)
			names[n++] = config_options[i].name;
	for (size_t k = KIND_CLOUD; k < _KIND_MAX && n < ELEMENTSOF(names); k++)
		if (stands_in((enum config_kind)k, kind))
			names[n++] = config_kind_names[k];
	meant = config_suggest(name, names, n);
	if (meant)
		line_add(l, "; did you mean '%s'?", meant);
}

static void unknown_option(struct reader *r, cfg_t *cfg, const char *name)
{
	enum config_kind kind = kind_of(cfg_name(cfg));
	unsigned line = (unsigned)cfg->line;
	char text[500], shown[100];
	struct line l;

	/* The commonest cause, and its text may be a half of a password: it is not repeated. */
	if (r->last && r->last_line == line) {
		config_complain(r->in, true, r->file, line,
			"unexpected text behind the value of '%s'; a value with spaces needs "
			"quotes",
			r->last->name);
		return;
	}
	for (size_t i = 0; i < ELEMENTSOF(foreign_words); i++)
		if (strcmp(name, foreign_words[i].name) == 0) {
			config_complain(r->in, true, r->file, line, "%s", foreign_words[i].text);
			return;
		}
	line_init(&l, text, sizeof(text));
	line_add(&l, "unknown option '%s'", text_escape(shown, sizeof(shown), name, strlen(name)));
	if (kind != KIND_TOP)
		line_add(&l, " in %s", config_kind_names[kind]);
	if (kind != KIND_TOP && cfg_title(cfg))
		line_add(&l, " \"%s\"",
			text_escape(shown, sizeof(shown), cfg_title(cfg), strlen(cfg_title(cfg))));
	add_hint(&l, kind, name);
	config_complain(r->in, true, r->file, line, "%s", text);
}

static _printf_(2, 0) void on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	struct reader *r = reader_of(cfg);
	char text[300];
	struct line l;

	r->told = true;
	if (strcmp(fmt, "no such option '%s'") == 0) {
		unknown_option(r, cfg, va_arg(ap, const char *));
		return;
	}
	line_init(&l, text, sizeof(text));
	line_vadd(&l, fmt, ap);
	config_complain(r->in, true, r->file, MIN((unsigned)cfg->line, r->lines), "%s", text);
}

/* libconfuse's options for a kind of block, from the table, and the blocks that stand in it. */
static void fill_options(struct reader *r, enum config_kind kind, cfg_opt_t *all[_KIND_MAX])
{
	cfg_opt_t *opts = all[kind];
	size_t n = 0;

	for (size_t i = 0; i < config_options_size; i++)
		if (config_row(kind, config_options[i].name) == (int)i) {
			opts[n] = (cfg_opt_t)CFG_STR(config_options[i].name, NULL, CFGF_NODEFAULT);
			opts[n++].validcb = on_value;
		}
	for (size_t k = KIND_CLOUD; k < _KIND_MAX; k++)
		if (stands_in((enum config_kind)k, kind)) {
			opts[n] = (cfg_opt_t)CFG_SEC(config_kind_names[k], all[k],
				CFGF_MULTI | (k == KIND_DEFAULTS ? CFGF_NONE : CFGF_TITLE));
			opts[n++].validcb = on_block;
		}
	opts[n++] = (cfg_opt_t)CFG_INT(READER, (long)(intptr_t)r, CFGF_NONE);
	opts[n] = (cfg_opt_t)CFG_END();
}

static int parse_text(struct reader *r, char *text, size_t len)
{
	/* For all rows and kinds of blocks, the reader and the end. */
	size_t room = config_options_size + _KIND_MAX + 2;
	cfg_opt_t *opts[_KIND_MAX] = {0};
	cfg_t *cfg = NULL;
	FILE *f = NULL;
	int rc = -ENOMEM;

	for (size_t k = 0; k < _KIND_MAX; k++) {
		opts[k] = calloc(room, sizeof(cfg_opt_t));
		if (!opts[k])
			goto out;
	}
	for (size_t k = 0; k < _KIND_MAX; k++)
		fill_options(r, (enum config_kind)k, opts);
	cfg = cfg_init(opts[KIND_TOP], CFGF_NONE);
	f = fmemopen(text, len, "r");
	if (!cfg || !f)
		goto out;
	cfg_set_error_function(cfg, on_error);
	errno = 0;
	rc = cfg_parse_fp(cfg, f) == CFG_SUCCESS ? 0 : -EINVAL;
	if (r->r < 0 || (rc < 0 && !r->told && errno == ENOMEM))
		rc = -ENOMEM;
	else if (rc < 0 && !r->told) /* the one thing that libconfuse refuses without a word */
		config_complain(
			r->in, true, r->file, (unsigned)cfg->line, "an option without a name");
out:
	if (f)
		fclose(f);
	if (cfg)
		cfg_free(cfg);
	for (size_t k = 0; k < _KIND_MAX; k++)
		free(opts[k]);
	return rc;
}

/* The whole file; it ends with a line break, and a NUL stands behind. */
static int read_text(const char *path, char **ret, size_t *ret_len)
{
	size_t len = 0, room = 65536;
	char *text = malloc(room);
	int fd, r = 0;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		r = -errno;
		free(text);
		return r;
	}
	while (text) {
		ssize_t n = read(fd, text + len, room - len - 2);
		char *more;

		if (n < 0 && errno == EINTR)
			continue;
		r = n < 0 ? -errno : 0;
		if (n <= 0)
			break;
		len += (size_t)n;
		if (len > FILE_MAX) {
			r = -EFBIG;
			break;
		}
		if (room - len > 4096)
			continue;
		room *= 2;
		more = realloc(text, room);
		if (!more)
			r = -ENOMEM;
		if (!more)
			break;
		text = more;
	}
	close(fd);
	if (!text)
		r = -ENOMEM;
	if (r < 0) {
		free(text);
		return r;
	}
	if (len == 0 || text[len - 1] != '\n')
		text[len++] = '\n';
	text[len] = '\0';
	*ret = text;
	*ret_len = len;
	return 0;
}

int config_file_read(struct config_input *in, const char *path, bool extra)
{
	struct config_name *name = malloc(sizeof(*name) + strlen(path) + 1);
	struct reader reader = {.in = in, .extra = extra};
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r;

	if (!name)
		return -ENOMEM;
	memcpy(name->path, path, strlen(path) + 1);
	STAILQ_INSERT_TAIL(&in->files, name, next);
	reader.file = name->path;
	r = read_text(path, &text, &len);
	if (r < 0) {
		in->syntax = true;
		config_complain(in, true, path, 0, "cannot be read: %s", strerror(-r));
		return r;
	}
	for (size_t i = 0; i < len; i++)
		reader.lines += text[i] == '\n';
	reader.top = block_new(&reader, KIND_TOP, NULL);
	if (!reader.top)
		return -ENOMEM;
	STAILQ_INSERT_TAIL(&in->blocks, reader.top, next);
	r = config_scan(text, len, &reader.scan);
	if (r == 0 && reader.scan.why[0]) {
		in->syntax = true;
		config_complain(in, true, path, reader.scan.line, "%s", reader.scan.why);
	} else if (r == 0)
		r = parse_text(&reader, text, len);
	if (r == -EINVAL) {
		in->syntax = true;
		r = 0;
	}
	block_free(reader.open);
	block_free(reader.inner);
	free(reader.scan.begins);
	return r;
}
