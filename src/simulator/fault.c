/* fault.c - everything that can go wrong on the way: faults for the next calls, services that are down.
 *
 * A fault either answers in the service's place, or lets the service do its work and then damages the
 * answer. Which of the two it does by itself can be turned round with "execute". */
#include "fault.h"
#include "code.h"

#include <errno.h>
#include <string.h>

enum act {
	ACT_ANSWER,     /* status, body or text, headers */
	ACT_CODE,       /* a whole-call error code */
	ACT_KEYSTONE,   /* {"error":{...}} with status and message */
	ACT_HTML,       /* status, default 503 */
	ACT_EMPTY,      /* status, default 200, no body */
	ACT_REDIRECT,   /* status, default 302, location */
	ACT_THROTTLE,   /* 429, retry_after */
	ACT_RESULTS400, /* 400 with a results body */
	ACT_RESET,      /* connection reset before anything is done */
	ACT_CLOSE,      /* the same with a clean end */
	ACT_HANG,       /* no answer for `for` */
	ACT_LOST,       /* done, then reset */
	ACT_CUT,        /* done, half of the body */
	ACT_DRIP,       /* done, a few bytes at a time */
	ACT_DELAY,      /* done, answered after `for` */
	ACT_BIG,        /* done, body of more than `size` bytes */
	ACT_NUL,        /* done, \u0000 inside texts */
	ACT_DEEP,       /* done, an array nested `depth` deep */
	ACT_STATUS,     /* done, another HTTP status */
	ACT_ENTRY,      /* entries with an error, or `failed` without a code */
	ACT_MISSING,    /* done, entries left out */
	ACT_DUPLICATE,  /* done, entries twice */
	ACT_EXTRA,      /* done, entries of ids that nobody asked for */
	ACT_COUNT,      /* done, another count */
	ACT_NULL,       /* done, results: null */
};

static const char *const act_words[] = {"answer", "code", "keystone", "html", "empty", "redirect",
	"throttle", "results400", "reset", "close", "hang", "lost", "cut", "drip", "delay", "big",
	"nul", "deep", "status", "entry", "missing", "duplicate", "extra", "count", "null", NULL};

#define F(key, kind, words)                                                                        \
	{                                                                                          \
#key, kind, offsetof(struct fault, key), words                                     \
	}

static const struct field fields[] = {
	F(kind, FIELD_WORD, kind_words),
	{"do", FIELD_WORD, offsetof(struct fault, act), act_words},
	F(count, FIELD_NUMBER, NULL),
	F(after, FIELD_NUMBER, NULL),
	F(task, FIELD_TEXT, NULL),
	F(status, FIELD_NUMBER, NULL),
	F(code, FIELD_TEXT, NULL),
	F(message, FIELD_TEXT, NULL),
	F(body, FIELD_JSON, NULL),
	F(text, FIELD_TEXT, NULL),
	F(type, FIELD_TEXT, NULL),
	F(headers, FIELD_JSON, NULL),
	F(retry_after, FIELD_NUMBER, NULL),
	F(location, FIELD_TEXT, NULL),
	{"for", FIELD_SPAN, offsetof(struct fault, wait), NULL},
	F(interval, FIELD_SPAN, NULL),
	F(chunk, FIELD_NUMBER, NULL),
	F(size, FIELD_NUMBER, NULL),
	F(depth, FIELD_NUMBER, NULL),
	F(value, FIELD_NUMBER, NULL),
	F(execute, FIELD_BOOL, NULL),
};

int fault_check(struct json_object *o, const char *path, struct problem *p)
{
	static const struct {
		const char *act, *key;
	} needs[] = {{"code", "code"}, {"redirect", "location"}, {"status", "status"}};
	struct json_object *v;
	int r = field_check(o, fields, ELEMENTSOF(fields), path, p);

	if (r < 0)
		return r;
	if (!json_object_object_get_ex(o, "do", NULL))
		return problem_set(p, path, "do", "is missing");
	if (json_object_object_get_ex(o, "count", &v) && json_object_get_int64(v) < 1 &&
		json_object_get_int64(v) != -1)
		return problem_set(p, path, "count", "must be at least 1, or -1 for every call");
	if (json_object_object_get_ex(o, "status", &v) &&
		(json_object_get_int64(v) < 100 || json_object_get_int64(v) > 599))
		return problem_set(p, path, "status", "must be 100 to 599");
	if (json_object_object_get_ex(o, "headers", &v)) {
		if (!json_object_is_type(v, json_type_object))
			return problem_set(p, path, "headers", "must be an object");
		json_object_object_foreach(v, key, text)
		{
			if (!json_object_is_type(text, json_type_string))
				return problem_set(p, path, key, "must be a text");
		}
	}
	json_object_object_get_ex(o, "do", &v);
	for (size_t i = 0; i < ELEMENTSOF(needs); i++)
		if (strcmp(json_object_get_string(v), needs[i].act) == 0 &&
			!json_object_object_get(o, needs[i].key))
			return problem_set(p, path, needs[i].key, "is missing");
	return 0;
}

int fault_add(struct sim *s, struct json_object *o, const char *path, struct problem *p)
{
	struct json_object *v;
	struct fault *f;
	int r = fault_check(o, path, p);

	if (r < 0)
		return r;
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->count = 1;
	f->retry_after = -1;
	f->interval = 100;
	f->chunk = 16;
	f->size = INT64_C(1536) * 1024;
	f->depth = 100;
	f->value = 99;
	if (json_object_object_get_ex(o, "do", &v)) {
		/* From "lost" on in the list of acts the service does its work first. */
		for (int i = ACT_LOST; act_words[i]; i++)
			if (strcmp(act_words[i], json_object_get_string(v)) == 0)
				f->execute = true;
	}
	r = field_read(o, fields, ELEMENTSOF(fields), f, path, p);
	if (r < 0) {
		fault_done(f);
		free(f);
		return r;
	}
	TAILQ_INSERT_TAIL(&s->faults, f, link);
	return 0;
}

static void remove_fault(struct sim *s, struct fault *f)
{
	TAILQ_REMOVE(&s->faults, f, link);
	fault_done(f);
	free(f);
}

void fault_clear(struct sim *s)
{
	while (!TAILQ_EMPTY(&s->faults))
		remove_fault(s, TAILQ_FIRST(&s->faults));
}

void fault_done(struct fault *f)
{
	field_free(fields, ELEMENTSOF(fields), f);
}

const char *fault_name(const struct fault *f)
{
	return act_words[f->act];
}

struct json_object *fault_state(const struct sim *s)
{
	struct json_object *list = json_object_new_array();
	struct fault *f;

	TAILQ_FOREACH (f, &s->faults, link) {
		struct json_object *o = json_object_new_object();

		json_object_object_add(o, "do", json_object_new_string(act_words[f->act]));
		json_object_object_add(o, "kind", json_object_new_string(kind_words[f->kind]));
		json_object_object_add(o, "count", json_object_new_int64(f->count));
		json_object_array_add(list, o);
	}
	return list;
}

static bool kind_fits(int want, enum kind is)
{
	bool drs = is >= KIND_STATUS && is <= KIND_DETAIL;

	if (want == KIND_IAM)
		return is >= KIND_LOGIN && is <= KIND_KEYS;
	return want == KIND_ANY || want == (int)is || (want == KIND_DRS && drs);
}

static bool names(const struct request *r, const char *task)
{
	for (size_t i = 0; r->tasks && i < json_object_array_length(r->tasks); i++)
		if (strcmp(json_object_get_string(json_object_array_get_idx(r->tasks, i)), task) ==
			0)
			return true;
	return false;
}

/* A copy whose texts are its own; json by reference. */
static void copy_fault(const struct fault *f, struct fault *ret)
{
	*ret = *f;
	for (size_t i = 0; i < ELEMENTSOF(fields); i++) {
		void *at = (char *)ret + fields[i].offset;

		if (fields[i].type == FIELD_TEXT && *(char **)at)
			*(char **)at = strdup(*(char **)at);
		else if (fields[i].type == FIELD_JSON)
			json_object_get(*(struct json_object **)at);
	}
}

bool fault_take(struct request *r, struct fault *ret)
{
	struct fault *f, *next;

	for (f = TAILQ_FIRST(&r->sim->faults); f; f = next) {
		next = TAILQ_NEXT(f, link);
		if (!kind_fits(f->kind, r->kind) || (f->task && !names(r, f->task)))
			continue;
		if (f->after > 0) {
			f->after--;
			continue;
		}
		copy_fault(f, ret);
		if (f->count > 0 && --f->count == 0)
			remove_fault(r->sim, f);
		return true;
	}
	return false;
}

bool fault_executes(const struct fault *f)
{
	return f->execute;
}

bool fault_entry(
	const struct fault *f, const char *task, const char **ret_code, const char **ret_message)
{
	if (f->act != ACT_ENTRY || (f->task && strcmp(f->task, task) != 0))
		return false;
	*ret_code = f->code ? f->code : "";
	*ret_message = f->message ? f->message : f->code ? code_text(f->code, false) : NULL;
	return true;
}

static void add(struct json_object *o, const char *key, const char *text)
{
	json_object_object_add(o, key, json_object_new_string(text));
}

/* Shape E: each id of the request with the same code. */
static void results400(const struct fault *f, struct request *r, struct answer *a)
{
	struct json_object *list = json_object_new_array(), *o = json_object_new_object();
	const char *code = f->code ? f->code : "DRS.M05004";
	size_t n = r->tasks ? json_object_array_length(r->tasks) : 0;

	for (size_t i = 0; i < n; i++) {
		struct json_object *e = json_object_new_object();

		json_object_object_add(e, r->kind == KIND_RESULT ? "precheck_id" : "id",
			json_object_get(json_object_array_get_idx(r->tasks, i)));
		add(e, "error_code", code);
		add(e, "error_msg", f->message ? f->message : code_text(code, r->zh));
		json_object_array_add(list, e);
	}
	json_object_object_add(o, "count", json_object_new_int64((int64_t)n));
	json_object_object_add(o, "results", list);
	answer_json(a, f->status ? (int)f->status : 400, o);
}

static void throttle(const struct fault *f, struct request *r, struct answer *a)
{
	bool iam = r->kind >= KIND_LOGIN && r->kind <= KIND_KEYS;

	answer_error(a, r, f->status ? (int)f->status : 429,
		f->code ? f->code
		: iam   ? "IAM.0012"
			: "APIGW.0308",
		f->message);
	if (f->retry_after >= 0) {
		char text[24];

		snprintf(text, sizeof(text), "%lld", (long long)f->retry_after);
		answer_header(a, "Retry-After", text);
	}
}

static void add_headers(const struct fault *f, struct answer *a)
{
	if (!f->headers)
		return;
	json_object_object_foreach(f->headers, key, v)
	{
		answer_header(a, key, json_object_get_string(v));
	}
}

static int status_or(const struct fault *f, int preset)
{
	return f->status ? (int)f->status : preset;
}

/* The body or text of an act that answers verbatim. */
static void verbatim(const struct fault *f, struct answer *a)
{
	struct json_object *copy = NULL;

	if (f->body && json_object_deep_copy(f->body, &copy, NULL) == 0)
		answer_json(a, status_or(f, 200), copy);
	else
		answer_text(a, status_or(f, 200), f->type, strdup(f->text ? f->text : ""));
	a->type = NULL;
	if (f->type)
		answer_header(a, "Content-Type", f->type);
}

void fault_answer(const struct fault *f, struct request *r, struct answer *a)
{
	switch ((enum act)f->act) {
	case ACT_ANSWER:
		verbatim(f, a);
		break;
	case ACT_CODE:
		answer_error(a, r, (int)f->status, f->code, f->message);
		break;
	case ACT_KEYSTONE:
		answer_keystone(a, status_or(f, 401),
			f->message ? f->message
				   : "The request you have made requires authentication.");
		break;
	case ACT_HTML:
		answer_html(a, status_or(f, 503));
		break;
	case ACT_EMPTY:
		answer_text(a, status_or(f, 200), NULL, NULL);
		break;
	case ACT_REDIRECT:
		answer_text(a, status_or(f, 302), NULL, NULL);
		answer_header(a, "Location", f->location);
		break;
	case ACT_THROTTLE:
		throttle(f, r, a);
		break;
	case ACT_RESULTS400:
		results400(f, r, a);
		break;
	case ACT_RESET:
	case ACT_LOST:
		a->deliver = DELIVER_RESET;
		break;
	case ACT_CLOSE:
		a->deliver = DELIVER_CLOSE;
		break;
	case ACT_HANG:
		a->deliver = DELIVER_HANG;
		a->wait = f->wait;
		break;
	case ACT_CUT:
	case ACT_DRIP:
	case ACT_DELAY:
	case ACT_BIG:
	case ACT_NUL:
	case ACT_DEEP:
	case ACT_STATUS:
	case ACT_ENTRY:
	case ACT_MISSING:
	case ACT_DUPLICATE:
	case ACT_EXTRA:
	case ACT_COUNT:
	case ACT_NULL:
		/* They damage an answer; without one there is nothing left but silence. */
		answer_text(a, status_or(f, 200), NULL, NULL);
		break;
	}
	add_headers(f, a);
	if (f->wait && a->deliver == DELIVER_PLAIN)
		a->wait = f->wait;
}

static struct json_object *results_of(const struct answer *a)
{
	struct json_object *v;

	return a->json && json_object_object_get_ex(a->json, "results", &v) &&
			       json_object_is_type(v, json_type_array)
		       ? v
		       : NULL;
}

/* True if the entry is of the fault's task, or the fault means every task. */
static bool means(const struct fault *f, struct json_object *entry)
{
	struct json_object *v;

	if (!f->task)
		return true;
	return (json_object_object_get_ex(entry, "id", &v) ||
		       json_object_object_get_ex(entry, "precheck_id", &v)) &&
	       strcmp(json_object_get_string(v), f->task) == 0;
}

/* Replaces the results by a list in which each entry that is meant occurs `times` times. */
static void multiply(const struct fault *f, struct answer *a, int times)
{
	struct json_object *old = results_of(a), *list;

	if (!old)
		return;
	list = json_object_new_array();
	for (size_t i = 0; i < json_object_array_length(old); i++) {
		struct json_object *e = json_object_array_get_idx(old, i);

		for (int k = 0; k < (means(f, e) ? times : 1); k++)
			json_object_array_add(list, json_object_get(e));
	}
	json_object_object_add(
		a->json, "count", json_object_new_int64((int64_t)json_object_array_length(list)));
	json_object_object_add(a->json, "results", list);
}

static void add_extra(const struct fault *f, struct request *r, struct answer *a)
{
	struct json_object *list = results_of(a), *e;
	const char *id = f->text ? f->text : "ffffffff-0000-4000-8000-0000000jb101";

	if (!list)
		return;
	e = json_object_new_object();
	add(e, r->kind == KIND_RESULT ? "precheck_id" : "id", id);
	switch (r->kind) {
	case KIND_SUBMIT:
		add(e, "status", "success");
		add(e, "precheck_id", id);
		break;
	case KIND_RESULT:
		json_object_object_add(e, "result", json_object_new_boolean(true));
		add(e, "process", "100%");
		add(e, "total_passed_rate", "100%");
		json_object_object_add(e, "precheck_result", json_object_new_array());
		break;
	default:
		add(e, "status", "CONFIGURATION");
		break;
	}
	json_object_array_add(list, e);
	json_object_object_add(
		a->json, "count", json_object_new_int64((int64_t)json_object_array_length(list)));
}

/* Appends a NUL and more to the text at key; nothing if there is no text. */
static void append_nul(struct json_object *o, const char *key)
{
	static const char tail[4] = {'\0', 'n', 'u', 'l'};
	struct json_object *v;
	char text[200];
	size_t len;

	if (!json_object_object_get_ex(o, key, &v) || !json_object_is_type(v, json_type_string))
		return;
	len = MIN((size_t)json_object_get_string_len(v), sizeof(text) - sizeof(tail));
	memcpy(text, json_object_get_string(v), len);
	memcpy(text + len, tail, sizeof(tail));
	json_object_object_add(o, key, json_object_new_string_len(text, (int)(len + sizeof(tail))));
}

/* \u0000 inside the texts that a client is likely to copy. */
static void add_nul(struct answer *a)
{
	struct json_object *list = results_of(a), *items;
	size_t n = list ? json_object_array_length(list) : 0;

	for (size_t i = 0; i < n; i++) {
		struct json_object *e = NULL;

		/* Items belong to the script: damage a copy. */
		if (json_object_deep_copy(json_object_array_get_idx(list, i), &e, NULL) < 0)
			continue;
		json_object_array_put_idx(list, i, e);
		append_nul(e, "status");
		append_nul(e, "error_msg");
		append_nul(e, "name");
		append_nul(e, "create_time");
		if (!json_object_object_get_ex(e, "precheck_result", &items))
			continue;
		for (size_t k = 0; k < json_object_array_length(items); k++) {
			struct json_object *it = json_object_array_get_idx(items, k);

			append_nul(it, "item");
			append_nul(it, "failed_reason");
			json_object_object_add(
				it, "raw_error_msg", json_object_new_string_len("nul\0hidden", 10));
		}
	}
	if (a->json)
		json_object_object_add(
			a->json, "note", json_object_new_string_len("nul\0hidden", 10));
}

static void add_deep(const struct fault *f, struct answer *a)
{
	struct json_object *v = json_object_new_array();

	for (int64_t i = 1; i < f->depth; i++) {
		struct json_object *outer = json_object_new_array();

		json_object_array_add(outer, v);
		v = outer;
	}
	if (a->json)
		json_object_object_add(a->json, "extra", v);
	else
		json_object_put(v);
}

static void add_padding(const struct fault *f, struct answer *a)
{
	size_t n = (size_t)MAX(f->size, 1);
	char *text = malloc(n);

	if (text && a->json) {
		memset(text, 'x', n);
		json_object_object_add(
			a->json, "padding", json_object_new_string_len(text, (int)n));
	}
	free(text);
}

void fault_spoil(const struct fault *f, struct request *r, struct answer *a)
{
	switch ((enum act)f->act) {
	case ACT_LOST:
		a->deliver = DELIVER_RESET;
		a->wait = f->wait;
		break;
	case ACT_CUT:
		a->deliver = DELIVER_CUT;
		a->wait = f->wait;
		break;
	case ACT_DRIP:
		a->deliver = DELIVER_DRIP;
		a->interval = f->interval;
		a->chunk = f->chunk;
		break;
	case ACT_DELAY:
		a->wait = f->wait;
		break;
	case ACT_BIG:
		add_padding(f, a);
		break;
	case ACT_NUL:
		add_nul(a);
		break;
	case ACT_DEEP:
		add_deep(f, a);
		break;
	case ACT_STATUS:
		a->status = (int)f->status;
		break;
	case ACT_ENTRY:
		break; /* the service has done it */
	case ACT_MISSING:
		multiply(f, a, 0);
		break;
	case ACT_DUPLICATE:
		multiply(f, a, 2);
		break;
	case ACT_EXTRA:
		add_extra(f, r, a);
		break;
	case ACT_COUNT:
		if (results_of(a))
			json_object_object_add(a->json, "count", json_object_new_int64(f->value));
		break;
	case ACT_NULL:
		if (results_of(a))
			json_object_object_add(a->json, "results", NULL);
		break;
	case ACT_ANSWER:
	case ACT_CODE:
	case ACT_KEYSTONE:
	case ACT_HTML:
	case ACT_EMPTY:
	case ACT_REDIRECT:
	case ACT_THROTTLE:
	case ACT_RESULTS400:
	case ACT_RESET:
	case ACT_CLOSE:
	case ACT_HANG:
		/* Carried out because "execute" says so, then answered in the fault's own way. */
		fault_answer(f, r, a);
		return;
	}
	add_headers(f, a);
}

bool fault_down(struct request *r, struct answer *a)
{
	bool iam = r->kind >= KIND_LOGIN && r->kind <= KIND_KEYS;
	int what[] = {DOWN_ALL, iam ? DOWN_IAM : DOWN_DRS};

	for (size_t i = 0; i < (r->kind == KIND_METADATA ? 1 : ELEMENTSOF(what)); i++) {
		if (sim_now(r->sim) >= r->sim->down_until[what[i]])
			continue;
		if (r->sim->down_mode[what[i]] == DOWN_HTML)
			answer_html(a, 503);
		else
			a->deliver = DELIVER_RESET;
		return true;
	}
	return false;
}
