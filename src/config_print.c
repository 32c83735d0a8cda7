/* config_print.c
 *
 * The effective configuration as precheckd.conf would say it, every option written out. What is printed can
 * be loaded again and means the same; a secret is printed as its place, which is all that settings know.
 */
#include "config.h"

#include "log.h"
#include "span.h"
#include "text.h"

#include <string.h>

/* In the quotes in which config_scan() and libconfuse take the text as it is. */
static void print_quoted(FILE *f, const char *text)
{
	char quote = strstr(text, "${") ? '\'' : '"';

	putc(quote, f);
	for (const char *p = text; *p; p++) {
		if (*p == quote || *p == '\\')
			putc('\\', f);
		putc(*p, f);
	}
	putc(quote, f);
}

static void print_span(FILE *f, int64_t span, bool never)
{
	char text[SPAN_MAX];

	if (never && span < 0)
		fputs("never", f);
	else if (strchr(span_format_exact(text, sizeof(text), span), ' '))
		print_quoted(f, text);
	else
		fputs(text, f);
}

/* The n-th of the option's words; see config_store(). */
static void print_word(FILE *f, const struct config_option *o, const void *field)
{
	int n = *(const int *)field - (o->block[0] == '\0' ? LOG_ERR : 0);
	const char *word = o->words;

	for (; n > 0 && *word; n--)
		word += strcspn(word, " ") + 1;
	fprintf(f, "%.*s", (int)strcspn(word, " "), word);
}

/* `field` is where the option's value lies. */
static void print_value(FILE *f, const struct config_option *o, const void *field)
{
	char moment[TIME_TEXT_MAX];

	switch (o->type) {
	case CONFIG_SPAN:
		print_span(f, *(const int64_t *)field, o->never);
		break;
	case CONFIG_MOMENT:
		print_quoted(f, time_format_utc(moment, sizeof(moment), *(const int64_t *)field));
		break;
	case CONFIG_NUMBER:
		fprintf(f, "%u", *(const unsigned *)field);
		break;
	case CONFIG_BOOL:
		fputs(*(const bool *)field ? "yes" : "no", f);
		break;
	case CONFIG_WORD:
		print_word(f, o, field);
		break;
	case CONFIG_TASK_ID:
		fputs(field, f);
		break;
	case CONFIG_CLOUD:
		print_quoted(f, (*(const struct cloud_settings *const *)field)->name);
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
		print_quoted(f, *(const char *const *)field);
		break;
	}
}

/* False for a text that was not given. */
static bool is_set(const struct config_option *o, const void *field)
{
	switch (o->type) {
	case CONFIG_TEXT:
	case CONFIG_PATH:
	case CONFIG_URL:
	case CONFIG_PROXY:
	case CONFIG_METADATA:
	case CONFIG_LABEL:
	case CONFIG_PROJECT_ID:
	case CONFIG_SECRET:
		return *(const char *const *)field;
	default:
		return true;
	}
}

static bool stands_in(const struct config_option *o, const char *block)
{
	return strcmp(o->block, block) == 0 ||
	       (strcmp(block, "job") == 0 && strcmp(o->block, "defaults") == 0);
}

/* Of a cloud only what its method has: the options of others could not be read again. */
static bool belongs(const struct config_option *o, const char *block, const void *base)
{
	const struct cloud_settings *c = base;

	return stands_in(o, block) && (strcmp(block, "cloud") != 0 || auth_takes(c->auth, o->name));
}

static void print_options(FILE *f, const char *block, const char *indent, const void *base)
{
	int width = 0;

	for (size_t i = 0; i < config_options_size; i++)
		if (belongs(&config_options[i], block, base))
			width = MAX(width, (int)strlen(config_options[i].name));
	for (size_t i = 0; i < config_options_size; i++) {
		const struct config_option *o = &config_options[i];
		const void *field = (const char *)base + o->offset;

		if (!belongs(o, block, base) || !is_set(o, field))
			continue;
		fprintf(f, "%s%-*s = ", indent, width, o->name);
		print_value(f, o, field);
		putc('\n', f);
	}
}

static void print_title(FILE *f, const char *block, const char *title)
{
	fprintf(f, "%s ", block);
	print_quoted(f, title);
	fputs(" {\n", f);
}

static void print_cloud(FILE *f, const struct cloud_settings *c)
{
	putc('\n', f);
	print_title(f, "cloud", c->name);
	print_options(f, "cloud", "\t", c);
	fputs("}\n", f);
}

static void print_job(FILE *f, const struct job_settings *j)
{
	putc('\n', f);
	print_title(f, "job", j->name);
	print_options(f, "job", "\t", j);
	for (size_t i = 0; i < j->n_accepts; i++) {
		putc('\t', f);
		print_title(f, "accept", j->accepts[i].item);
		print_options(f, "accept", "\t\t", &j->accepts[i]);
		fputs("\t}\n", f);
	}
	fputs("}\n", f);
}

void config_print(const struct settings *s, FILE *f)
{
	print_options(f, "", "", s);
	for (size_t i = 0; i < s->n_clouds; i++)
		print_cloud(f, &s->clouds[i]);
	for (size_t i = 0; i < s->n_jobs; i++)
		print_job(f, &s->jobs[i]);
}
