/* scenario.c - the scenario file: read once, strictly, before anything listens. */
#include "scenario.h"
#include "backoff.h"
#include "caller.h"
#include "fault.h"
#include "iam.h"
#include "key.h"
#include "task.h"
#include "verb.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

static const char *const profile_words[] = {"otc", "huawei", NULL};
static const char *const shape_words[] = {"entry", "call", "results400", NULL};
static const char *const never_words[] = {"error", "absent", "zero", "plain", NULL};
static const char *const overlap_words[] = {"replace", "keep", "busy", "state", NULL};
static const char *const deleted_words[] = {"error", "status", NULL};
static const char *const answer_words[] = {
	"gateway-0307", "gateway-0301", "drs-m00100", "keystone-403", NULL};
static const char *const style_words[] = {"keystone", "code", NULL};
static const char *const closing_words[] = {"no", "told", "silent", NULL};
static const char *const accepts_words[] = {"both", "access", "credential", NULL};
static const char *const metadata_words[] = {"none", "v1", "v2", NULL};
static const char *const role_words[] = {"full", "readonly", "none", NULL};

#define F(type, key, kind, words)                                                                  \
	{                                                                                          \
#key, kind, offsetof(struct type, key), words                                      \
	}

static const struct field default_fields[] = {
	F(defaults, shuffle, FIELD_BOOL, NULL),
	F(defaults, empty_first, FIELD_BOOL, NULL),
	F(defaults, page_of_5, FIELD_BOOL, NULL),
	F(defaults, early_result, FIELD_BOOL, NULL),
	F(defaults, duration, FIELD_SPAN, NULL),
	F(defaults, stale, FIELD_SPAN, NULL),
	F(defaults, linger, FIELD_SPAN, NULL),
	F(defaults, latency, FIELD_SPAN, NULL),
	F(defaults, max_jobs, FIELD_NUMBER, NULL),
	F(defaults, max_jobs_code, FIELD_TEXT, NULL),
	F(defaults, unknown_code, FIELD_TEXT, NULL),
	F(defaults, page_key, FIELD_TEXT, NULL),
	{"refusal_shape", FIELD_WORD, offsetof(struct defaults, shape), shape_words},
	{"never_checked", FIELD_WORD, offsetof(struct defaults, never), never_words},
	F(defaults, overlap, FIELD_WORD, overlap_words),
	F(defaults, deleted, FIELD_WORD, deleted_words),
	F(defaults, close, FIELD_WORD, closing_words),
	F(defaults, large_header, FIELD_NUMBER, NULL),
};

static const struct field token_fields[] = {
	F(token_rules, life, FIELD_SPAN, NULL),
	F(token_rules, size, FIELD_NUMBER, NULL),
	F(token_rules, catalog, FIELD_NUMBER, NULL),
	F(token_rules, header, FIELD_TEXT, NULL),
	F(token_rules, answer, FIELD_WORD, answer_words),
	F(token_rules, style, FIELD_WORD, style_words),
	F(token_rules, wrong_region, FIELD_BOOL, NULL),
	F(token_rules, unknown_project, FIELD_NUMBER, NULL),
};

static const struct field lockout_fields[] = {
	F(lockout, tries, FIELD_NUMBER, NULL),
	F(lockout, window, FIELD_SPAN, NULL),
	F(lockout, lock, FIELD_SPAN, NULL),
};

static const struct field signing_fields[] = {
	F(signing, accepts, FIELD_WORD, accepts_words),
	F(signing, tries, FIELD_NUMBER, NULL),
	F(signing, lock, FIELD_SPAN, NULL),
	F(signing, skew, FIELD_SPAN, NULL),
};

static const struct field metadata_fields[] = {
	F(metadata, mode, FIELD_WORD, metadata_words),
	F(metadata, user, FIELD_TEXT, NULL),
	F(metadata, agency, FIELD_TEXT, NULL),
	F(metadata, life, FIELD_SPAN, NULL),
	F(metadata, renew, FIELD_SPAN, NULL),
};

static const struct field clock_fields[] = {
	{"offset", FIELD_OFFSET, offsetof(struct sim, clock_offset), NULL},
};

static const struct field agency_fields[] = {
	F(agency, id, FIELD_TEXT, NULL),
	F(agency, name, FIELD_TEXT, NULL),
	F(agency, domain, FIELD_TEXT, NULL),
	F(agency, role, FIELD_WORD, role_words),
	F(agency, projects, FIELD_JSON, NULL),
	F(agency, users, FIELD_JSON, NULL),
};

static const struct field project_fields[] = {
	F(project, id, FIELD_TEXT, NULL),
	F(project, name, FIELD_TEXT, NULL),
	F(project, domain, FIELD_TEXT, NULL),
	F(project, description, FIELD_TEXT, NULL),
	F(project, enabled, FIELD_BOOL, NULL),
	{"tasks", FIELD_JSON, offsetof(struct project, tasks_json), NULL},
};

static const struct field user_fields[] = {
	F(user, id, FIELD_TEXT, NULL),
	F(user, name, FIELD_TEXT, NULL),
	F(user, password, FIELD_TEXT, NULL),
	F(user, domain, FIELD_TEXT, NULL),
	F(user, enabled, FIELD_BOOL, NULL),
	F(user, console_only, FIELD_BOOL, NULL),
	F(user, role, FIELD_WORD, role_words),
	F(user, projects, FIELD_JSON, NULL),
	{"keys", FIELD_JSON, offsetof(struct user, keys_json), NULL},
};

struct top {
	int profile;
	int64_t seed;
	char *region;
	struct json_object *defaults, *tokens, *lockout, *users, *projects, *events, *faults;
	struct json_object *signing, *metadata, *clock, *agencies;
};

static const struct field top_fields[] = {
	F(top, profile, FIELD_WORD, profile_words),
	F(top, seed, FIELD_NUMBER, NULL),
	F(top, region, FIELD_TEXT, NULL),
	F(top, defaults, FIELD_JSON, NULL),
	F(top, tokens, FIELD_JSON, NULL),
	F(top, lockout, FIELD_JSON, NULL),
	F(top, users, FIELD_JSON, NULL),
	F(top, projects, FIELD_JSON, NULL),
	F(top, events, FIELD_JSON, NULL),
	F(top, faults, FIELD_JSON, NULL),
	F(top, signing, FIELD_JSON, NULL),
	F(top, metadata, FIELD_JSON, NULL),
	F(top, clock, FIELD_JSON, NULL),
	F(top, agencies, FIELD_JSON, NULL),
};

int scenario_profile(const char *name, int *ret)
{
	for (int i = 0; profile_words[i]; i++)
		if (strcmp(profile_words[i], name) == 0) {
			*ret = i;
			return 0;
		}
	return -EINVAL;
}

static int number_within(struct json_object *o, const char *key, int64_t min, int64_t max,
	const char *path, struct problem *p)
{
	struct json_object *v;

	if (!json_object_object_get_ex(o, key, &v))
		return 0;
	if (json_object_get_int64(v) < min || json_object_get_int64(v) > max)
		return problem_set(
			p, path, key, "must be %lld to %lld", (long long)min, (long long)max);
	return 0;
}

int scenario_tokens(struct sim *s, struct json_object *o, const char *path, struct problem *p)
{
	int r = field_check(o, token_fields, ELEMENTSOF(token_fields), path, p);
	struct json_object *v;

	if (r >= 0)
		r = number_within(o, "size", 64, 131072, path, p);
	if (r >= 0)
		r = number_within(o, "catalog", 0, 1048576, path, p);
	if (r >= 0)
		r = number_within(o, "unknown_project", 400, 599, path, p);
	if (r >= 0 && json_object_object_get_ex(o, "header", &v) &&
		(!v || strcasecmp(json_object_get_string(v), "X-Subject-Token") != 0))
		r = problem_set(p, path, "header", "must be X-Subject-Token in any letter case");
	if (r < 0 || !s)
		return r;
	return field_read(o, token_fields, ELEMENTSOF(token_fields), &s->tokens, path, p);
}

int scenario_defaults(struct sim *s, struct json_object *o, const char *path, struct problem *p)
{
	int r = field_check(o, default_fields, ELEMENTSOF(default_fields), path, p);
	static const char *const texts[] = {"max_jobs_code", "unknown_code", "page_key"};
	struct json_object *v;

	for (size_t i = 0; r >= 0 && i < ELEMENTSOF(texts); i++)
		if (json_object_object_get_ex(o, texts[i], &v) && !v)
			r = problem_set(p, path, texts[i], "must be a text");
	if (r >= 0 && json_object_object_get_ex(o, "large_header", &v) &&
		json_object_get_int64(v) != 431 && json_object_get_int64(v) != 494)
		r = problem_set(p, path, "large_header", "must be 431 or 494");
	if (r < 0 || !s)
		return r;
	return field_read(o, default_fields, ELEMENTSOF(default_fields), &s->defaults, path, p);
}

int scenario_signing(struct sim *s, struct json_object *o, const char *path, struct problem *p)
{
	int r = field_check(o, signing_fields, ELEMENTSOF(signing_fields), path, p);

	if (r >= 0)
		r = number_within(o, "tries", 0, 1000, path, p);
	if (r < 0 || !s)
		return r;
	return field_read(o, signing_fields, ELEMENTSOF(signing_fields), &s->signing, path, p);
}

int scenario_metadata(struct sim *s, struct json_object *o, const char *path, struct problem *p)
{
	int r = field_check(o, metadata_fields, ELEMENTSOF(metadata_fields), path, p);
	struct metadata m = {0};
	bool user, agency;

	if (r < 0 || !s)
		return r;
	/* What it will be is looked at before anything changes. */
	m.mode = s->metadata.mode;
	r = field_read(o, metadata_fields, ELEMENTSOF(metadata_fields), &m, path, p);
	user = json_object_object_get_ex(o, "user", NULL) ? m.user : s->metadata.user;
	agency = json_object_object_get_ex(o, "agency", NULL) ? m.agency : s->metadata.agency;
	if (r >= 0 && m.user && !iam_user(s, m.user, NULL))
		r = problem_set(p, path, "user", "no such user");
	if (r >= 0 && m.agency && !caller_agency(s, m.agency, NULL))
		r = problem_set(p, path, "agency", "no such agency");
	if (r >= 0 && m.mode != METADATA_NONE && user == agency)
		r = problem_set(p, path, NULL, "needs user or agency");
	field_free(metadata_fields, ELEMENTSOF(metadata_fields), &m);
	return r < 0 ? r
		     : field_read(o, metadata_fields, ELEMENTSOF(metadata_fields), &s->metadata,
			       path, p);
}

int scenario_clock(struct sim *s, struct json_object *o, const char *path, struct problem *p)
{
	if (!s)
		return field_check(o, clock_fields, ELEMENTSOF(clock_fields), path, p);
	return field_read(o, clock_fields, ELEMENTSOF(clock_fields), s, path, p);
}

static int set_text(char **at, const char *text)
{
	if (*at)
		return 0;
	*at = strdup(text);
	return *at ? 0 : -ENOMEM;
}

static int presets(struct sim *s)
{
	s->defaults = (struct defaults){.shuffle = true,
		.empty_first = true,
		.page_of_5 = true,
		.duration = 3000,
		.stale = 1000,
		.max_jobs = -1,
		.large_header = 494};
	s->tokens = (struct token_rules){.life = HOURS(24),
		.size = 2048,
		.catalog = INT64_C(18) * 1024,
		.unknown_project = 401};
	s->lockout = (struct lockout){.tries = 5, .window = MINUTES(15), .lock = MINUTES(15)};
	s->signing = (struct signing){.tries = 5, .lock = MINUTES(5), .skew = MINUTES(15)};
	s->metadata = (struct metadata){.life = HOURS(1), .renew = MINUTES(10)};
	if (set_text(&s->defaults.max_jobs_code, "DRS.M00202") < 0 ||
		set_text(&s->defaults.unknown_code, "DRS.M05003") < 0 ||
		set_text(&s->defaults.page_key, "page_req") < 0 ||
		set_text(&s->tokens.header, "X-Subject-Token") < 0)
		return -ENOMEM;
	return 0;
}

static bool hex32(const char *id)
{
	return strlen(id) == 32 && strspn(id, "0123456789abcdef") == 32;
}

int scenario_rename(struct sim *s, const char *id)
{
	struct project *first = TAILQ_FIRST(&s->projects), *taken = sim_project(s, id);
	char *copy;

	if (!hex32(id) || (taken && taken != first))
		return -EINVAL;
	copy = strdup(id);
	if (!copy)
		return -ENOMEM;
	free(first->id);
	first->id = copy;
	return 0;
}

static int add_tasks(struct sim *s, struct project *pr, const char *path, struct problem *p)
{
	char at[100];
	size_t n;

	if (!pr->tasks_json)
		return 0;
	if (!json_object_is_type(pr->tasks_json, json_type_array))
		return problem_set(p, path, "tasks", "must be an array");
	n = json_object_array_length(pr->tasks_json);
	for (size_t i = 0; i < n; i++) {
		struct task *t = task_new();
		int r;

		if (!t)
			return -ENOMEM;
		snprintf(at, sizeof(at), "%s.tasks[%zu]", path, i);
		r = task_read(t, json_object_array_get_idx(pr->tasks_json, i), at, p);
		if (r >= 0 && !t->id)
			r = problem_set(p, at, "id", "is missing");
		if (r >= 0 && sim_task(s, t->id, NULL))
			r = problem_set(p, at, "id", "%s occurs twice", t->id);
		if (r < 0) {
			task_free(t);
			return r;
		}
		TAILQ_INSERT_TAIL(&pr->tasks, t, link);
	}
	return 0;
}

static int add_project(struct sim *s, struct json_object *o, const char *path, struct problem *p)
{
	struct project *pr = calloc(1, sizeof(*pr));
	int r;

	if (!pr)
		return -ENOMEM;
	TAILQ_INIT(&pr->tasks);
	pr->enabled = true;
	r = field_read(o, project_fields, ELEMENTSOF(project_fields), pr, path, p);
	if (r >= 0 && (!pr->id || !hex32(pr->id)))
		r = problem_set(p, path, "id", "must be 32 hexadecimal digits in lower case");
	if (r >= 0 && sim_project(s, pr->id))
		r = problem_set(p, path, "id", "%s occurs twice", pr->id);
	if (r >= 0)
		r = set_text(&pr->name, s->region);
	if (r >= 0)
		r = set_text(&pr->domain, "example");
	if (r < 0) {
		field_free(project_fields, ELEMENTSOF(project_fields), pr);
		free(pr);
		return r;
	}
	TAILQ_INSERT_TAIL(&s->projects, pr, link);
	return add_tasks(s, pr, path, p);
}

/* That list, if there is one, is an array of texts. */
static int check_texts(
	struct json_object *list, const char *path, const char *key, struct problem *p)
{
	bool good = !list || json_object_is_type(list, json_type_array);

	for (size_t i = 0; good && list && i < json_object_array_length(list); i++)
		good = json_object_is_type(json_object_array_get_idx(list, i), json_type_string);
	return good ? 0 : problem_set(p, path, key, "must be an array of names or ids");
}

static int add_agency(struct sim *s, struct json_object *o, const char *path, struct problem *p)
{
	struct agency *g = calloc(1, sizeof(*g));
	char text[300], id[33];
	int r;

	if (!g)
		return -ENOMEM;
	r = field_read(o, agency_fields, ELEMENTSOF(agency_fields), g, path, p);
	if (r >= 0 && (!g->name || !*g->name))
		r = problem_set(p, path, "name", "is missing");
	if (r >= 0)
		r = check_texts(g->projects, path, "projects", p);
	if (r >= 0)
		r = check_texts(g->users, path, "users", p);
	if (r >= 0)
		r = set_text(&g->domain, "example");
	if (r >= 0) {
		snprintf(text, sizeof(text), "%s/%s", g->domain, g->name);
		caller_id_of("agency", text, id);
		r = set_text(&g->id, id);
	}
	if (r < 0) {
		field_free(agency_fields, ELEMENTSOF(agency_fields), g);
		free(g);
		return r;
	}
	TAILQ_INSERT_TAIL(&s->agencies, g, link);
	return 0;
}

static int add_keys(struct sim *s, const struct user *u, const char *path, struct problem *p)
{
	char at[120];

	if (!u->keys_json)
		return 0;
	if (!json_object_is_type(u->keys_json, json_type_array))
		return problem_set(p, path, "keys", "must be an array");
	for (size_t i = 0; i < json_object_array_length(u->keys_json); i++) {
		int r;

		snprintf(at, sizeof(at), "%s.keys[%zu]", path, i);
		r = key_add(s, u, json_object_array_get_idx(u->keys_json, i), at, p);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_user(struct sim *s, struct json_object *o, const char *path, struct problem *p)
{
	struct user *u = calloc(1, sizeof(*u));
	char id[33];
	int r;

	if (!u)
		return -ENOMEM;
	u->enabled = true;
	r = field_read(o, user_fields, ELEMENTSOF(user_fields), u, path, p);
	if (r >= 0 && (!u->name || !*u->name))
		r = problem_set(p, path, "name", "is missing");
	if (r >= 0 && (!u->password || !*u->password))
		r = problem_set(p, path, "password", "is missing");
	if (r >= 0)
		r = check_texts(u->projects, path, "projects", p);
	if (r >= 0)
		r = set_text(&u->domain, "example");
	if (r >= 0 && u->name) {
		uint64_t h = hash_bytes(u->name, strlen(u->name));

		snprintf(id, sizeof(id), "%016llx%016llx", (unsigned long long)h,
			(unsigned long long)hash_bytes(u->domain, strlen(u->domain)));
		r = set_text(&u->id, id);
	}
	if (r < 0) {
		field_free(user_fields, ELEMENTSOF(user_fields), u);
		free(u);
		return r;
	}
	TAILQ_INSERT_TAIL(&s->users, u, link);
	return add_keys(s, u, path, p);
}

static int add_event(struct sim *s, struct json_object *o, const char *path, struct problem *p)
{
	return verb_plan(s, o, false, path, p);
}

/* Calls add for every element of the array at key. */
static int each(struct sim *s, struct json_object *list, const char *key,
	int (*add)(struct sim *, struct json_object *, const char *, struct problem *),
	struct problem *p)
{
	char at[100];

	if (!list)
		return 0;
	if (!json_object_is_type(list, json_type_array))
		return problem_set(p, "", key, "must be an array");
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		int r;

		snprintf(at, sizeof(at), "%s[%zu]", key, i);
		r = add(s, json_object_array_get_idx(list, i), at, p);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_top(struct sim *s, struct json_object *root, struct problem *p)
{
	struct top top = {.seed = 1};
	int r = field_read(root, top_fields, ELEMENTSOF(top_fields), &top, "", p);

	if (r < 0)
		goto out;
	s->profile = top.profile;
	s->seed = s->random = (uint64_t)top.seed;
	s->region = top.region;
	top.region = NULL;
	r = set_text(&s->region, "eu-de");
	if (r >= 0 && top.defaults)
		r = scenario_defaults(s, top.defaults, "defaults", p);
	if (r >= 0 && top.tokens)
		r = scenario_tokens(s, top.tokens, "tokens", p);
	if (r >= 0 && top.lockout) {
		r = field_read(top.lockout, lockout_fields, ELEMENTSOF(lockout_fields), &s->lockout,
			"lockout", p);
		if (r >= 0)
			r = number_within(top.lockout, "tries", 0, 16, "lockout", p);
	}
	if (r >= 0 && top.signing)
		r = scenario_signing(s, top.signing, "signing", p);
	if (r >= 0 && top.clock)
		r = scenario_clock(s, top.clock, "clock", p);
	if (r >= 0)
		r = each(s, top.users, "users", add_user, p);
	if (r >= 0)
		r = each(s, top.agencies, "agencies", add_agency, p);
	if (r >= 0 && top.metadata)
		r = scenario_metadata(s, top.metadata, "metadata", p);
	if (r >= 0)
		r = each(s, top.projects, "projects", add_project, p);
	if (r >= 0)
		r = each(s, top.faults, "faults", fault_add, p);
	if (r >= 0)
		r = each(s, top.events, "events", add_event, p);
	if (r >= 0 && TAILQ_EMPTY(&s->projects))
		r = problem_set(p, "", "projects", "at least one project is needed");
	if (r >= 0 && TAILQ_EMPTY(&s->users))
		r = problem_set(p, "", "users", "at least one user is needed");
out:
	field_free(top_fields, ELEMENTSOF(top_fields), &top);
	return r;
}

static char *read_file(const char *file, size_t *ret_len)
{
	FILE *f = fopen(file, "re");
	char *text = NULL;
	size_t len = 0, size = 0;

	if (!f)
		return NULL;
	for (;;) {
		size_t n;

		if (len + 4096 > size) {
			char *more = realloc(text, size = size * 2 + 8192);

			if (!more)
				break;
			text = more;
		}
		n = fread(text + len, 1, 4096, f);
		len += n;
		if (n == 0)
			break;
	}
	if (ferror(f) || !text) {
		/* A directory opens but cannot be read. */
		int e = errno;

		fclose(f);
		free(text);
		errno = e ? e : EIO;
		return NULL;
	}
	fclose(f);
	text[len] = '\0';
	*ret_len = len;
	return text;
}

int scenario_load(struct sim *s, const char *file, char *why, size_t n)
{
	struct json_object *root = NULL;
	struct problem p = {0};
	struct json_tokener *tok;
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r;

	text = read_file(file, &len);
	if (!text) {
		r = errno ? -errno : -ENOMEM;
		snprintf(why, n, "%s: %s", file, strerror(-r));
		return r;
	}
	tok = json_tokener_new_ex(64);
	if (!tok) {
		snprintf(why, n, "%s: out of memory", file);
		return -ENOMEM;
	}
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	/* The final NUL makes an unfinished document an error of its own. */
	root = json_tokener_parse_ex(tok, text, (int)len + 1);
	if (json_tokener_get_error(tok) != json_tokener_success) {
		size_t at = MIN(json_tokener_get_parse_end(tok), len), line = 1, column = 1;

		for (size_t i = 0; i < at; i++) {
			column = text[i] == '\n' ? 1 : column + 1;
			line += text[i] == '\n';
		}
		snprintf(why, n, "%s:%zu:%zu: %s", file, line, column,
			json_tokener_error_desc(json_tokener_get_error(tok)));
		json_tokener_free(tok);
		return -EINVAL;
	}
	json_tokener_free(tok);
	r = presets(s);
	if (r >= 0)
		r = read_top(s, root, &p);
	if (r == -EINVAL)
		snprintf(why, n, "%s: %s: %s", file, *p.path ? p.path : "scenario", p.text);
	else if (r < 0)
		snprintf(why, n, "%s: %s", file, strerror(-r));
	json_object_put(root);
	return r;
}

void scenario_forget(struct sim *s)
{
	struct project *pr;
	struct user *u;
	struct agency *g;
	struct task *t;

	while ((g = TAILQ_FIRST(&s->agencies))) {
		TAILQ_REMOVE(&s->agencies, g, link);
		field_free(agency_fields, ELEMENTSOF(agency_fields), g);
		free(g);
	}
	while ((pr = TAILQ_FIRST(&s->projects))) {
		while ((t = TAILQ_FIRST(&pr->tasks))) {
			TAILQ_REMOVE(&pr->tasks, t, link);
			task_free(t);
		}
		TAILQ_REMOVE(&s->projects, pr, link);
		field_free(project_fields, ELEMENTSOF(project_fields), pr);
		free(pr);
	}
	while ((u = TAILQ_FIRST(&s->users))) {
		TAILQ_REMOVE(&s->users, u, link);
		field_free(user_fields, ELEMENTSOF(user_fields), u);
		free(u);
	}
	field_free(default_fields, ELEMENTSOF(default_fields), &s->defaults);
	field_free(token_fields, ELEMENTSOF(token_fields), &s->tokens);
	field_free(metadata_fields, ELEMENTSOF(metadata_fields), &s->metadata);
	free(s->region);
}
