/* store_row.c - records as rows: which field is kept in which column, in one table for writing and reading.
 *
 * A new field of a record is one line here and one ALTER TABLE in a new step of store_schema.c. Enumerations are
 * kept by name: their numbers may change between versions, and people read the tables. */
#include "store_inner.h"

#include "text.h"

#include <errno.h>
#include <string.h>

#define FIELD(type, record, field)                                                                 \
#field, type, offsetof(struct record, field), sizeof(((struct record *)NULL)->field)
#define JOB(type, field)                                                                           \
	{                                                                                          \
		FIELD(COLUMN_##type, job_record, field)                                            \
	}
#define JOB_AS(name, type, field)                                                                  \
	{                                                                                          \
		name, COLUMN_##type, offsetof(struct job_record, field),                           \
			sizeof(((struct job_record *)NULL)->field)                                 \
	}
#define CLOUD(type, field)                                                                         \
	{                                                                                          \
		FIELD(COLUMN_##type, cloud_record, field)                                          \
	}

const struct column job_columns[] = {
	JOB(STRING, drs),
	JOB(CHARS, task),
	JOB(STRING, name),
	JOB(CHARS, status),
	JOB(INT64, status_since),
	JOB(BOOL, seen),
	JOB(BOOL, gone),
	JOB_AS("refusal", OUTCOME, refusal.outcome),
	JOB_AS("refusal_code", CHARS, refusal.code),
	JOB_AS("refusal_text", CHARS, refusal.text),
	JOB_AS("refusal_since", INT64, refusal.since),
	JOB(UINT64, report_run),
	JOB(INT64, reported),
	JOB(INT64, confirmed),
	JOB_AS("run", RUN_STATE, run.state),
	JOB_AS("run_number", UINT64, run.number),
	JOB_AS("run_submitted", INT64, run.submitted),
	JOB_AS("run_fresh", BOOL, run.fresh),
	JOB_AS("run_overdue", BOOL, run.overdue),
	JOB_AS("run_slow", BOOL, run.slow),
	JOB_AS("run_have_baseline", BOOL, run.have_baseline),
	JOB_AS("run_baseline", UINT64, run.baseline),
	JOB(INT64, due),
	JOB(VERDICT, told),
	JOB(INT64, told_since),
	JOB(CHARS, told_status),
	JOB(CHARS, told_code),
	JOB(BOOL, told_stale),
	JOB(UINT64, last_news),
	JOB(UNSIGNED, reminded),
	JOB(UNSIGNED, history),
	JOB(BOOL, flapping),
	JOB(INT64, typical),
	JOB(UNSIGNED, measured),
	JOB(UNSIGNED, slowed),
	JOB(INT64, created),
	JOB(BOOL, aging_told),
};
const size_t n_job_columns = ELEMENTSOF(job_columns);

const struct column cloud_columns[] = {
	CLOUD(STRING, iam),
	CLOUD(STRING, drs),
	CLOUD(STRING, user),
	CLOUD(STRING, domain),
	CLOUD(STRING, project),
	CLOUD(TROUBLE, trouble),
	CLOUD(INT64, trouble_since),
	CLOUD(CALL_KIND, trouble_call),
	CLOUD(INT64, throttled_since),
	CLOUD(UNSIGNED, pace),
	CLOUD(INT64, hold),
	CLOUD(INT64, login_hold),
	CLOUD(INT64, summarised),
	CLOUD(CHARS, refused_mark),
	CLOUD(CHARS, trouble_code),
	CLOUD(CHARS, trouble_text),
};
const size_t n_cloud_columns = ELEMENTSOF(cloud_columns);

/* --- enumerations by name --- */

static const char *run_state_name(unsigned state)
{
	static const char *const names[] = {
		[RUN_NONE] = "none",
		[RUN_UNSURE] = "unsure",
		[RUN_GOING] = "going",
		[RUN_FOREIGN] = "foreign",
	};

	return state < ELEMENTSOF(names) ? names[state] : "none";
}

static const char *enum_name(enum column_type type, unsigned value)
{
	switch (type) {
	case COLUMN_OUTCOME:
		return outcome_name((enum outcome)value);
	case COLUMN_VERDICT:
		return verdict_name((enum verdict)value);
	case COLUMN_RUN_STATE:
		return run_state_name(value);
	case COLUMN_CALL_KIND:
		return call_kind_name((enum call_kind)value);
	case COLUMN_TROUBLE:
		return trouble_name((enum trouble)value);
	default:
		return "";
	}
}

static unsigned enum_end(enum column_type type)
{
	static const unsigned ends[_COLUMN_TYPE_MAX] = {
		[COLUMN_OUTCOME] = _OUTCOME_MAX,
		[COLUMN_VERDICT] = _VERDICT_MAX,
		[COLUMN_RUN_STATE] = RUN_FOREIGN + 1,
		[COLUMN_CALL_KIND] = _CALL_KIND_MAX,
		[COLUMN_TROUBLE] = _TROUBLE_MAX,
	};

	return ends[type];
}

static int enum_value(enum column_type type, const char *name, unsigned *ret)
{
	for (unsigned i = 0; name && i < enum_end(type); i++)
		if (strcmp(name, enum_name(type, i)) == 0) {
			*ret = i;
			return 0;
		}
	return -EBADMSG;
}

/* --- writing --- */

int row_bind(
	sqlite3_stmt *st, int first, const struct column *columns, size_t n, const void *record)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; rc == SQLITE_OK && i < n; i++) {
		const struct column *c = &columns[i];
		const char *field = (const char *)record + c->offset;
		int at = first + (int)i;

		switch (c->type) {
		case COLUMN_STRING:
			rc = sqlite3_bind_text(st, at, *(char *const *)field, -1, SQLITE_STATIC);
			break;
		case COLUMN_CHARS:
			rc = sqlite3_bind_text(st, at, field, -1, SQLITE_STATIC);
			break;
		case COLUMN_INT64:
		case COLUMN_UINT64: /* the same 64 bits */
			rc = sqlite3_bind_int64(st, at, *(const int64_t *)field);
			break;
		case COLUMN_BOOL:
			rc = sqlite3_bind_int(st, at, *(const bool *)field);
			break;
		case COLUMN_UNSIGNED:
			rc = sqlite3_bind_int64(st, at, *(const unsigned *)field);
			break;
		default:
			rc = sqlite3_bind_text(st, at, enum_name(c->type, *(const unsigned *)field),
				-1, SQLITE_STATIC);
			break;
		}
	}
	return rc;
}

/* --- reading --- */

const char *row_text(sqlite3_stmt *st, int column)
{
	const char *text;

	if (sqlite3_column_type(st, column) != SQLITE_TEXT)
		return NULL;
	text = (const char *)sqlite3_column_text(st, column);
	return text && strlen(text) == (size_t)sqlite3_column_bytes(st, column) ? text : NULL;
}

static int read_text(sqlite3_stmt *st, int at, const struct column *c, char *field)
{
	const char *text = row_text(st, at);

	if (!text)
		return -EBADMSG;
	if (c->type == COLUMN_CHARS)
		return text_copy(field, c->size, text) ? 0 : -EBADMSG;
	*(char **)field = strdup(text);
	return *(char **)field ? 0 : -ENOMEM;
}

int row_read(sqlite3_stmt *st, int first, const struct column *columns, size_t n, void *record)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct column *c = &columns[i];
		char *field = (char *)record + c->offset;
		int at = first + (int)i;
		bool integer = sqlite3_column_type(st, at) == SQLITE_INTEGER;
		int64_t number = sqlite3_column_int64(st, at);

		switch (c->type) {
		case COLUMN_STRING:
		case COLUMN_CHARS:
			r = read_text(st, at, c, field);
			break;
		case COLUMN_INT64:
		case COLUMN_UINT64:
			*(int64_t *)field = number;
			r = integer ? 0 : -EBADMSG;
			break;
		case COLUMN_BOOL:
			*(bool *)field = number != 0;
			r = integer && number >= 0 && number <= 1 ? 0 : -EBADMSG;
			break;
		case COLUMN_UNSIGNED:
			*(unsigned *)field = (unsigned)number;
			r = integer && number >= 0 && number <= UINT32_MAX ? 0 : -EBADMSG;
			break;
		default:
			r = enum_value(c->type, row_text(st, at), (unsigned *)field);
			break;
		}
	}
	return r;
}

/* --- has a report changed? --- */

static uint64_t mix(uint64_t h, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)bytes[i]) * 0x100000001b3u;
	return h;
}

static uint64_t mix_text(uint64_t h, const char *s)
{
	return s ? mix(h, s, strlen(s) + 1) : mix(h, "\xff", 1); /* no text has 0xff in it */
}

static uint64_t mix_number(uint64_t h, uint64_t n)
{
	for (int i = 0; i < 8; i++, n >>= 8)
		h = (h ^ (n & 0xff)) * 0x100000001b3u;
	return h;
}

uint64_t report_hash(const struct report *r)
{
	uint64_t h = 0xcbf29ce484222325u;

	h = mix_number(h, (uint64_t)r->process);
	h = mix_number(h, (uint64_t)r->rate);
	h = mix_number(h, (uint64_t)r->result);
	h = mix_number(h, r->pending);
	h = mix_number(h, r->fingerprint);
	for (size_t i = 0; i < r->n; i++) {
		const struct item *item = &r->items[i];

		h = mix_text(h, item->name);
		h = mix_number(h, item->result);
		h = mix_text(h, item->said);
		h = mix_text(h, item->group);
		h = mix_text(h, item->reason);
		h = mix_text(h, item->message);
		h = mix_text(h, item->parts);
		h = mix_number(h, item->checked);
		h = mix_number(h, (uint64_t)item->since);
		h = mix_number(h, item->runs);
	}
	return h ? h : 1;
}
