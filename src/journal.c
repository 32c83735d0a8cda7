/* journal.c - one journal entry per piece of news.
 *
 * The fields are an interface that people filter by: their names are constants, and whatever DRS said goes
 * into values only. The entry is kept small enough for one datagram, so that journald never needs to be handed
 * a file. */
#include "journal.h"

#include "datagram.h"
#include "journal_wire.h"
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TEXT_ROOM    2048
#define FIELDS_MAX   (32 + 6 * JOURNAL_ITEMS_MAX)
#define ENTRY_FRAMES (FIELDS_MAX + 64) /* a line break each, and DRS_REPEATED */

struct sink {
	void (*add)(void *arg, const char *field, size_t len);
	void *arg;
	size_t total;
};

static void add_text(struct sink *s, const char *name, const char *value)
{
	char field[JOURNAL_FIELD_MAX + 1];
	size_t lead;

	if (!value || !*value)
		return;
	lead = (size_t)snprintf(field, sizeof(field), "%s=", name);
	text_flatten(field + lead, sizeof(field) - lead, value, strlen(value));
	lead += strlen(field + lead);
	if (s->total + lead > JOURNAL_ENTRY_MAX)
		return;
	s->total += lead;
	s->add(s->arg, field, lead);
}

static void add_number(struct sink *s, const char *name, uint64_t value)
{
	char text[32];

	if (value == 0)
		return;
	snprintf(text, sizeof(text), "%" PRIu64, value);
	add_text(s, name, text);
}

static void add_time(struct sink *s, const char *name, int64_t wall)
{
	char text[TIME_TEXT_MAX];

	if (wall > 0)
		add_text(s, name, time_format_utc(text, sizeof(text), wall));
}

static void add_job(struct sink *s, const struct news *n)
{
	add_text(s, "DRS_JOB", n->job);
	add_text(s, "DRS_TASK_ID", n->task);
	add_number(s, "DRS_RUN_ID", n->run);
	add_text(s, "DRS_VERDICT", verdict_name(n->verdict));
	if (!n->first)
		add_text(s, "DRS_PREVIOUS_VERDICT", verdict_name(n->previous));
	add_text(s, "DRS_STALE", n->stale ? "1" : "0");
	add_time(s, "DRS_SINCE", n->since);
	add_text(s, "DRS_TASK_STATUS", n->status);
}

static const char *error_code(const struct news *n)
{
	if (*n->code)
		return n->code;
	return n->job && n->refusal && n->refusal->outcome != OUTCOME_OK ? n->refusal->code : "";
}

static void add_detail(struct sink *s, const struct item *item)
{
	char text[JOURNAL_DETAIL_MAX + 1];
	struct line l;

	line_init(&l, text, sizeof(text));
	line_add(&l, "%s %s", item->name,
		item->result == ITEM_OTHER && item->said ? item->said
							 : item_result_name(item->result));
	if (item->reason)
		line_add(&l, " %s", item->reason);
	if (item->message)
		line_add(&l, ": %s", item->message);
	add_text(s, "DRS_ITEM_DETAIL", text);
}

/* One pass over the changes per field: the names of all kinds go first, the bulky details last. */
static void add_names(
	struct sink *s, const char *name, unsigned kinds, const struct change *changes, size_t n)
{
	unsigned listed = 0;

	for (size_t i = 0; i < n && listed < JOURNAL_ITEMS_MAX; i++)
		if (kinds & 1U << changes[i].kind) {
			const struct item *item = changes[i].item ? changes[i].item
								  : changes[i].before;

			add_text(s, name, item->name);
			listed++;
		}
}

static void add_items(struct sink *s, const struct news *n)
{
	static const struct {
		const char *name;
		unsigned kinds;
	} table[] = {
		{"DRS_ITEM_NEW", 1U << CHANGE_NEW},
		{"DRS_ITEM_FIXED", 1U << CHANGE_FIXED},
		{"DRS_ITEM_STILL", 1U << CHANGE_STILL | 1U << CHANGE_CHANGED},
		{"DRS_ITEM_CHANGED", 1U << CHANGE_CHANGED},
		{"DRS_ITEM_UNCHECKED", 1U << CHANGE_UNCHECKED},
	};
	_cleanup_free_ struct change *changes = NULL;
	size_t count = 0;
	unsigned details = 0;

	/* Without memory the entry goes without its items: its line still says what happened. */
	if (!n->report || report_compare(n->previous_report, n->report, &changes, &count) < 0)
		return;
	for (size_t i = 0; i < ELEMENTSOF(table); i++)
		add_names(s, table[i].name, table[i].kinds, changes, count);
	for (size_t i = 0; i < count && details < JOURNAL_ITEMS_MAX; i++)
		if (changes[i].item && changes[i].item->checked && item_bad(changes[i].item)) {
			add_detail(s, changes[i].item);
			details++;
		}
}

void journal_fields(const struct news *n, bool repeated,
	void (*add)(void *arg, const char *field, size_t len), void *arg)
{
	const struct event_row *event = news_event(n);
	struct sink s = {.add = add, .arg = arg};
	char text[TEXT_ROOM];

	add_text(&s, "MESSAGE", news_text(n, text, sizeof(text)));
	add_text(&s, "MESSAGE_ID", event->message_id);
	snprintf(text, sizeof(text), "%d", event->priority);
	add_text(&s, "PRIORITY", text);
	add_text(&s, "SYSLOG_IDENTIFIER", "precheckd");
	add_text(&s, "DRS_EVENT", event->name);
	add_number(&s, "DRS_TRANSITION_ID", n->id);
	if (repeated)
		add_text(&s, "DRS_REPEATED", "1");
	add_number(&s, "DRS_FIRST_TRANSITION_ID", n->first_id);
	add_number(&s, "DRS_LAST_TRANSITION_ID", n->last_id);
	add_text(&s, "DRS_CLOUD", n->cloud);
	add_text(&s, "DRS_PROJECT_ID", n->project_id);
	if (n->job)
		add_job(&s, n);
	else
		add_time(&s, "DRS_SINCE", n->trouble_since);
	add_text(&s, "DRS_ERROR_CODE", error_code(n));
	add_text(&s, "DRS_REQUEST_ID", n->request_id);
	if (n->job)
		add_items(&s, n);
}

/* ---- telling ---- */

struct journal {
	enum log_target target;
	struct datagram socket;
};

int journal_new(enum log_target target, const char *socket, struct journal **ret)
{
	struct journal *j;

	if (target != LOG_TARGET_JOURNAL && target != LOG_TARGET_SYSLOG &&
		target != LOG_TARGET_STDERR)
		return -EINVAL;
	j = calloc(1, sizeof(*j));
	if (!j)
		return -ENOMEM;
	j->target = target;
	if (datagram_init(&j->socket, socket) < 0) {
		free(j);
		return -EINVAL;
	}
	*ret = j;
	return 0;
}

struct journal *journal_free(struct journal *j)
{
	if (!j)
		return NULL;
	datagram_close(&j->socket);
	free(j);
	return NULL;
}

/* The fields as far as `room` goes; what says who and what comes first. */
static size_t make_entry(
	char *entry, size_t room, const char *const *fields, size_t n, bool repeated)
{
	static const char mark[] = "DRS_REPEATED=1";
	size_t used = 0;

	if (repeated)
		used = journal_wire_add(entry, room, used, mark, sizeof(mark) - 1);
	for (size_t i = 0; i < n; i++)
		used = journal_wire_add(entry, room, used, fields[i], strlen(fields[i]));
	return used;
}

int journal_tell(struct journal *j, int priority, const char *message, const char *const *fields,
	size_t n, bool repeated)
{
	char entry[JOURNAL_ENTRY_MAX + ENTRY_FRAMES], line[TEXT_ROOM + 16], level[16];
	const char *const bare[] = {line, level, "SYSLOG_IDENTIFIER=precheckd"};
	size_t room = sizeof(entry);
	int r;

	if (j->target != LOG_TARGET_JOURNAL)
		return log_tell(priority, message);
	if (n == 0) { /* the store's fields are spoilt: the line is told all the same */
		snprintf(line, sizeof(line), "MESSAGE=%.*s", TEXT_ROOM, message);
		snprintf(level, sizeof(level), "PRIORITY=%d", priority);
		fields = bare;
		n = ELEMENTSOF(bare);
	}
	do {
		struct iovec part = {.iov_base = entry};

		part.iov_len = make_entry(entry, room, fields, n, repeated);
		r = datagram_send(&j->socket, &part, 1);
		room /= 2; /* where buffers are that small, items go before the news does */
	} while (r == -EMSGSIZE && room > TEXT_ROOM);
	return r;
}

int journal_descriptor(const struct journal *j)
{
	return j->target == LOG_TARGET_JOURNAL ? j->socket.fd : -1;
}
