/* store.c - what is to be written.
 *
 * Everything saved goes into memory first and to the disk with the commit: so there is one path, whether the
 * disk takes it at once or an hour later, and a failed transaction needs no undoing. */
#include "store_inner.h"

#include "json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* --- what is known --- */

struct known_job *store_known(struct store *s, const char *drs, const char *task)
{
	_cleanup_free_ char *key = NULL;
	struct known_job *k = NULL;
	int len = asprintf(&key, "%s\n%s", drs, task);

	if (len < 0) {
		key = NULL;
		return NULL;
	}
	HASH_FIND(hh, s->jobs, key, (size_t)len, k);
	if (k)
		return k;
	k = calloc(1, sizeof(*k) + (size_t)len + 1);
	if (!k)
		return NULL;
	memcpy(k->key, key, (size_t)len + 1);
	HASH_ADD(hh, s->jobs, key, (size_t)len, k);
	return k;
}

void store_forget(struct store *s, const char *drs, const char *task)
{
	struct known_job *k = store_known(s, drs, task);

	if (k) {
		k->found = false;
		k->id = 0;
		free(k->cloud);
		k->cloud = NULL;
	}
}

int store_set_string(char **dst, const char *src)
{
	char *copy;

	if (*dst && strcmp(*dst, src) == 0)
		return 0;
	copy = strdup(src);
	if (!copy)
		return -ENOMEM;
	free(*dst);
	*dst = copy;
	return 0;
}

/* --- saving: into memory --- */

int store_save_job(struct store *s, const struct job_record *r)
{
	struct job_record copy;
	struct known_job *k = store_known(s, r->drs, r->task);

	if (!k || job_record_copy(&copy, r) < 0)
		return -ENOMEM;
	if (k->dirty)
		job_record_done(&k->rec);
	else
		TAILQ_INSERT_TAIL(&s->dirty_jobs, k, link);
	k->dirty = true;
	k->rec = copy;
	s->top_run = MAX(s->top_run, MAX(r->run.number, r->report_run));
	s->top_news = MAX(s->top_news, r->last_news);
	return 0;
}

static void cloud_done(struct cloud_record *r)
{
	free(r->iam);
	free(r->drs);
	free(r->user);
	free(r->domain);
	free(r->project);
	*r = (struct cloud_record){0};
}

static int cloud_copy(struct cloud_record *dst, const struct cloud_record *src)
{
	*dst = *src;
	dst->iam = strdup(src->iam);
	dst->drs = strdup(src->drs);
	dst->user = strdup(src->user);
	dst->domain = strdup(src->domain);
	dst->project = strdup(src->project);
	if (dst->iam && dst->drs && dst->user && dst->domain && dst->project)
		return 0;
	cloud_done(dst);
	return -ENOMEM;
}

static bool same_cloud(const struct cloud_record *a, const struct cloud_record *b)
{
	return strcmp(a->iam, b->iam) == 0 && strcmp(a->drs, b->drs) == 0 &&
	       strcmp(a->user, b->user) == 0 && strcmp(a->domain, b->domain) == 0 &&
	       strcmp(a->project, b->project) == 0;
}

int store_save_cloud(struct store *s, const struct cloud_record *r)
{
	struct known_cloud *k;
	struct cloud_record copy;

	if (cloud_copy(&copy, r) < 0)
		return -ENOMEM;
	TAILQ_FOREACH (k, &s->dirty_clouds, link)
		if (same_cloud(&k->rec, r)) {
			cloud_done(&k->rec);
			k->rec = copy;
			return 0;
		}
	k = calloc(1, sizeof(*k));
	if (!k) {
		cloud_done(&copy);
		return -ENOMEM;
	}
	k->rec = copy;
	TAILQ_INSERT_TAIL(&s->dirty_clouds, k, link);
	return 0;
}

static void drop_run(struct store *s)
{
	struct pending_run *p = STAILQ_FIRST(&s->runs);

	STAILQ_REMOVE_HEAD(&s->runs, link);
	s->n_runs--;
	report_unref(p->report);
	free(p);
}

/* Counts, and nothing else, decide whether a run has been seen to pass. */
static enum verdict verdict_by_report(const struct report *r)
{
	switch (report_grade(r)) {
	case GRADE_FAILED:
		return VERDICT_FAILED;
	case GRADE_ALARMED:
		return VERDICT_ALARMED;
	case GRADE_PASSED:
		break;
	}
	return VERDICT_PASSED;
}

int store_save_run(struct store *s, const struct run_record *r, enum verdict verdict)
{
	struct known_job *k = store_known(s, r->drs, r->task);
	struct pending_run *p;

	if (!k)
		return -ENOMEM;
	if (!k->dirty && k->id == 0)
		return -ENOENT;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->rec = *r;
	p->rec.drs = p->rec.task = NULL;
	p->job = k;
	if (r->report) {
		p->report = report_ref((struct report *)r->report);
		p->verdict = verdict != VERDICT_UNKNOWN ? verdict : verdict_by_report(r->report);
	}
	STAILQ_INSERT_TAIL(&s->runs, p, link);
	s->top_run = MAX(s->top_run, r->number);
	if (++s->n_runs > STORE_PENDING) {
		drop_run(s);
		s->dropped++;
	}
	return 0;
}

static void free_news(struct pending_news *p)
{
	free(p->cloud);
	free(p->drs);
	free(p->job);
	free(p->task);
	free(p->message);
	free(p->fields);
	free(p);
}

static void drop_news(struct store *s, struct pending_news *p)
{
	STAILQ_REMOVE(&s->news, p, pending_news, link);
	s->n_news--;
	free_news(p);
}

/* What was told is history; what was not is the only trace of what happened. */
static void make_room_for_news(struct store *s)
{
	struct pending_news *p;

	STAILQ_FOREACH (p, &s->news, link)
		if (p->told)
			break;
	if (p)
		s->dropped++;
	else
		s->lost++;
	drop_news(s, p ? p : STAILQ_FIRST(&s->news));
}

struct field_sink {
	struct json_writer w;
	char *message;
};

static void add_field(void *arg, const char *field, size_t len _unused_)
{
	static const char lead[] = "MESSAGE=";
	struct field_sink *sink = arg;

	json_put_string(&sink->w, NULL, field);
	if (!sink->message && strncmp(field, lead, sizeof(lead) - 1) == 0)
		sink->message = strdup(field + sizeof(lead) - 1);
}

static int fill_news(struct pending_news *p, const struct news *n, store_fields *fields)
{
	struct field_sink sink = {0};
	int r;

	p->id = n->id;
	p->wall = n->wall;
	p->event = news_event(n);
	p->cloud = strdup(n->cloud);
	p->drs = strdup(n->drs);
	p->job = strdup(n->job ? n->job : "");
	p->task = strdup(n->task ? n->task : "");
	json_open(&sink.w, NULL, '[');
	fields(n, false, add_field, &sink);
	json_close(&sink.w, ']');
	p->message = sink.message;
	r = json_take(&sink.w, &p->fields, NULL);
	return r == 0 && p->cloud && p->drs && p->job && p->task && p->message ? 0 : -ENOMEM;
}

int store_save_news(struct store *s, const struct news *n, store_fields *fields)
{
	struct pending_news *p;

	if (n->kind == NEWS_STATE)
		return -EINVAL;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	if (fill_news(p, n, fields) < 0) {
		free_news(p);
		return -ENOMEM;
	}
	/* a job's row says to which cloud it belongs: its record does not know */
	if (n->job) {
		struct known_job *k = store_known(s, n->drs, n->task);

		if (!k || store_set_string(&k->cloud, n->cloud) < 0) {
			free_news(p);
			return -ENOMEM;
		}
	}
	STAILQ_INSERT_TAIL(&s->news, p, link);
	s->top_news = MAX(s->top_news, n->id);
	if (++s->n_news > STORE_PENDING)
		make_room_for_news(s);
	return 0;
}

void store_told(struct store *s, uint64_t id)
{
	store_told_all(s, id, id);
}

void store_told_all(struct store *s, uint64_t first, uint64_t last)
{
	struct told_ids *before = s->n_told > 0 ? &s->told[s->n_told - 1] : NULL;
	struct pending_news *p;

	STAILQ_FOREACH (p, &s->news, link)
		if (p->id >= first && p->id <= last)
			p->told = true;
	if (before && before->last + 1 == first) {
		before->last = last;
		return;
	}
	/* a mark that is lost lets the news be told again, and no more */
	if (s->n_told == STORE_PENDING)
		memmove(s->told, s->told + 1, --s->n_told * sizeof(s->told[0]));
	s->told[s->n_told++] = (struct told_ids){first, last};
}

/* What was written needs no place in memory. */
void store_forget_pending(struct store *s)
{
	struct known_cloud *c;
	struct known_job *k;

	while ((k = TAILQ_FIRST(&s->dirty_jobs))) {
		TAILQ_REMOVE(&s->dirty_jobs, k, link);
		job_record_done(&k->rec);
		k->dirty = false;
	}
	while ((c = TAILQ_FIRST(&s->dirty_clouds))) {
		TAILQ_REMOVE(&s->dirty_clouds, c, link);
		cloud_done(&c->rec);
		free(c);
	}
	while (!STAILQ_EMPTY(&s->runs))
		drop_run(s);
	while (!STAILQ_EMPTY(&s->news))
		drop_news(s, STAILQ_FIRST(&s->news));
	s->n_told = 0;
}

bool store_behind(const struct store *s)
{
	return s->behind;
}

uint64_t store_dropped(const struct store *s)
{
	return s->dropped;
}

uint64_t store_lost(const struct store *s)
{
	return s->lost;
}

void store_keep_runs(struct store *s, unsigned keep_runs)
{
	s->keep_runs = keep_runs;
}

struct store *store_close(struct store *s)
{
	struct known_job *k, *next;

	if (!s)
		return NULL;
	store_forget_pending(s);
	HASH_ITER (hh, s->jobs, k, next) {
		HASH_DEL(s->jobs, k);
		free(k->cloud);
		free(k);
	}
	for (int i = 0; i < _STATEMENT_MAX; i++)
		sqlite3_finalize(s->statements[i]);
	sqlite3_close(s->db);
	free(s->path);
	free(s);
	return NULL;
}
