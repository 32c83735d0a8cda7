/* store_load.c - what earlier processes knew.
 *
 * A record that makes no sense is left out instead of guessed at: its job then counts as new and is told again,
 * which is the lesser evil. */
#include "store_inner.h"

#include "json.h"
#include "report_json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void cloud_done(struct cloud_record *r)
{
	free(r->iam);
	free(r->drs);
	free(r->user);
	free(r->domain);
	free(r->project);
}

void store_memory_done(struct store_memory *m)
{
	for (size_t i = 0; i < m->n_jobs; i++)
		job_record_done(&m->jobs[i]);
	for (size_t i = 0; i < m->n_clouds; i++)
		cloud_done(&m->clouds[i]);
	free(m->jobs);
	free(m->clouds);
	*m = (struct store_memory){0};
}

/* Room for one more element, zeroed. */
static void *grow(void **array, size_t n, size_t size)
{
	size_t room = n < 16 ? 16 : n;
	void *grown = *array;

	/* powers of two are where the room ends */
	if (n == 0 || (n >= 16 && (n & (n - 1)) == 0)) {
		grown = reallocarray(*array, n == 0 ? room : 2 * n, size);
		if (!grown)
			return NULL;
		*array = grown;
	}
	return memset((char *)grown + n * size, 0, size);
}

static int load_report(struct store *s, int64_t id, struct report **ret)
{
	sqlite3_stmt *st = s->statements[REPORT_GET];
	const char *body;
	int rc;

	if (!id)
		return 0;
	sqlite3_bind_int64(st, 1, id);
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW) {
		body = row_text(st, 0);
		rc = body ? report_from_json(body, (size_t)sqlite3_column_bytes(st, 0), ret)
			  : -EBADMSG;
		rc = rc == -EINVAL ? -EBADMSG : rc;
	} else if (rc == SQLITE_DONE) {
		rc = -EBADMSG;
	}
	sqlite3_reset(st);
	return rc;
}

static int load_job(struct store *s, sqlite3_stmt *st, struct job_record *r)
{
	int64_t id = sqlite3_column_int64(st, 0), report = sqlite3_column_int64(st, 2),
		told = sqlite3_column_int64(st, 3);
	const char *cloud = row_text(st, 1);
	struct known_job *k;
	int rc = row_read(st, 4, job_columns, n_job_columns, r);

	if (rc == 0)
		rc = load_report(s, report, &r->report);
	if (rc == 0 && told == report)
		r->told_report = r->report ? report_ref(r->report) : NULL;
	else if (rc == 0)
		rc = load_report(s, told, &r->told_report);
	if (rc != 0)
		return rc;
	k = store_known(s, r->drs, r->task);
	if (!k || (cloud && store_set_string(&k->cloud, cloud) < 0))
		return -ENOMEM;
	k->found = true;
	k->id = id;
	k->report.id = report;
	k->report.hash = r->report ? report_hash(r->report) : 0;
	k->told.id = told;
	k->told.hash = r->told_report ? report_hash(r->told_report) : 0;
	return 0;
}

static int load_jobs(struct store *s, struct store_memory *m)
{
	sqlite3_stmt *st = s->statements[JOB_ALL];
	void *jobs = NULL;
	int rc;

	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct job_record *r = grow(&jobs, m->n_jobs, sizeof(*r));

		m->jobs = jobs;
		rc = r ? load_job(s, st, r) : -ENOMEM;
		if (rc == 0) {
			m->n_jobs++;
			continue;
		}
		if (r)
			job_record_done(r);
		if (rc != -EBADMSG)
			break;
		m->unreadable++;
	}
	sqlite3_reset(st);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int load_clouds(struct store *s, struct store_memory *m)
{
	sqlite3_stmt *st = s->statements[CLOUD_ALL];
	void *clouds = NULL;
	int rc;

	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct cloud_record *r = grow(&clouds, m->n_clouds, sizeof(*r));

		m->clouds = clouds;
		rc = r ? row_read(st, 1, cloud_columns, n_cloud_columns, r) : -ENOMEM;
		if (rc == 0) {
			m->n_clouds++;
			continue;
		}
		if (r)
			cloud_done(r);
		if (rc != -EBADMSG)
			break;
		m->unreadable++;
	}
	sqlite3_reset(st);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int load_memory(struct store *s, struct store_memory *ret)
{
	sqlite3_stmt *st = s->statements[NUMBERS_GET];
	struct store_memory m = {0};
	int rc = sqlite3_step(st);

	if (rc == SQLITE_ROW) {
		s->top_run = s->written_run = (uint64_t)sqlite3_column_int64(st, 0);
		s->top_news = s->written_news = (uint64_t)sqlite3_column_int64(st, 1);
		rc = SQLITE_OK;
	} else if (rc == SQLITE_DONE) {
		rc = SQLITE_CORRUPT;
	}
	sqlite3_reset(st);
	if (rc == SQLITE_OK)
		rc = load_jobs(s, &m);
	if (rc == SQLITE_OK)
		rc = load_clouds(s, &m);
	if (rc != SQLITE_OK) {
		store_memory_done(&m);
		return rc;
	}
	m.next_run = s->top_run + 1;
	m.next_news = s->top_news + 1;
	*ret = m;
	return SQLITE_OK;
}

/* --- news not told --- */

/* The fields as an array of strings that live as long as the document. */
static int parse_fields(const char *text, struct json **ret_root, const char ***ret, size_t *ret_n)
{
	_cleanup_(json_freep) struct json *root = NULL;
	_cleanup_free_ char *wrapped = NULL;
	_cleanup_free_ const char **fields = NULL;
	const struct json *array;
	size_t n;
	int len = asprintf(&wrapped, "{\"fields\":%s}", text), r;

	if (len < 0) {
		wrapped = NULL;
		return -ENOMEM;
	}
	r = json_parse(wrapped, (size_t)len, &root);
	if (r < 0)
		return r;
	array = json_get_array(root, "fields");
	n = json_count(array);
	fields = calloc(n + 1, sizeof(char *));
	if (!fields)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		fields[i] = json_string_at(array, i);
		if (!fields[i] || !strchr(fields[i], '='))
			return -EINVAL;
	}
	*ret_root = root;
	root = NULL;
	*ret = fields;
	fields = NULL;
	*ret_n = n;
	return 0;
}

/* Hands it out; *ret_more is what `each` said. Fields that make no sense are left out: the line is told all the
 * same. */
static int hand_out(struct stored_news *n, const char *text,
	bool (*each)(void *arg, const struct stored_news *n), void *arg, bool *ret_more)
{
	_cleanup_(json_freep) struct json *root = NULL;
	_cleanup_free_ const char **fields = NULL;

	if (parse_fields(text, &root, &fields, &n->n_fields) == -ENOMEM)
		return -ENOMEM;
	n->fields = fields;
	*ret_more = each(arg, n);
	return 0;
}

static int hand_out_row(sqlite3_stmt *st, bool (*each)(void *arg, const struct stored_news *n),
	void *arg, bool *ret_more)
{
	const char *texts[6];
	struct stored_news n = {
		.id = (uint64_t)sqlite3_column_int64(st, 0),
		.wall = sqlite3_column_int64(st, 1),
		.priority = sqlite3_column_int(st, 2),
	};

	for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
		texts[i] = row_text(st, 3 + (int)i);
		if (!texts[i])
			texts[i] = "";
	}
	n.event = texts[0];
	n.message = texts[1];
	n.cloud = texts[2];
	n.job = texts[3];
	n.task = texts[4];
	return hand_out(&n, texts[5], each, arg, ret_more);
}

static int hand_out_pending(const struct pending_news *p,
	bool (*each)(void *arg, const struct stored_news *n), void *arg, bool *ret_more)
{
	struct stored_news n = {
		.id = p->id,
		.wall = p->wall,
		.priority = p->event->priority,
		.event = p->event->name,
		.message = p->message,
		.cloud = p->cloud,
		.job = p->job,
		.task = p->task,
	};

	return hand_out(&n, p->fields, each, arg, ret_more);
}

/* Told, as far as this process knows; the disk does not know it yet. */
static bool marked(const struct store *s, uint64_t id)
{
	for (size_t i = 0; i < s->n_told; i++)
		if (id >= s->told[i].first && id <= s->told[i].last)
			return true;
	return false;
}

static int untold_rows(struct store *s, uint64_t after,
	bool (*each)(void *arg, const struct stored_news *n), void *arg, bool *more)
{
	sqlite3_stmt *st = s->statements[NEWS_UNTOLD];
	int rc = SQLITE_ROW;

	/* a query for each: `each` may take its time, and a read transaction would hold up the checkpoint */
	while (*more && rc == SQLITE_ROW) {
		sqlite3_bind_int64(st, 1, (int64_t)after);
		rc = sqlite3_step(st);
		if (rc == SQLITE_ROW) {
			int r = 0;

			after = (uint64_t)sqlite3_column_int64(st, 0);
			if (!marked(s, after))
				r = hand_out_row(st, each, arg, more);
			rc = r < 0 ? r : rc;
		}
		sqlite3_reset(st);
	}
	return rc == SQLITE_ROW ? SQLITE_DONE : rc;
}

int store_untold(struct store *s, uint64_t after,
	bool (*each)(void *arg, const struct stored_news *n), void *arg, char why[STORE_WHY])
{
	const struct pending_news *p;
	bool more = true;
	int rc = untold_rows(s, after, each, arg, &more), r = 0;

	*why = '\0';
	STAILQ_FOREACH (p, &s->news, link)
		if (more && r == 0 && !p->told && p->id > after)
			r = hand_out_pending(p, each, arg, &more);
	if (rc == SQLITE_DONE && r == 0)
		return 0;
	return store_say(
		s->path, "can't read", store_errno(s->db, rc == SQLITE_DONE ? r : rc), why);
}
