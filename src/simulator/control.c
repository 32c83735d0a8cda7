/* control.c - /_sim/...: reading the log and the state, waiting for entries, and the verbs. */
#include "control.h"
#include "drs.h"
#include "fault.h"
#include "iam.h"
#include "issue.h"
#include "key.h"
#include "record.h"
#include "task.h"
#include "verb.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/keyvalq_struct.h>
#include <string.h>

bool control_path(const char *path)
{
	return strncmp(path, "/_sim/", 6) == 0;
}

/* Takes o. */
static void reply(struct evhttp_request *http, int status, struct json_object *o)
{
	struct evbuffer *buf = evbuffer_new();

	if (buf)
		evbuffer_add_printf(buf, "%s\n",
			json_object_to_json_string_ext(
				o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	evhttp_add_header(
		evhttp_request_get_output_headers(http), "Content-Type", "application/json");
	evhttp_send_reply(http, status, NULL, buf);
	if (buf)
		evbuffer_free(buf);
	json_object_put(o);
}

static void complain(struct evhttp_request *http, int status, const char *path, const char *text)
{
	struct json_object *o = json_object_new_object();
	char line[400];

	snprintf(line, sizeof(line), "%s%s%s", path, *path ? ": " : "", text);
	json_object_object_add(o, "error", json_object_new_string(line));
	reply(http, status, o);
}

static int64_t query_since(struct evhttp_request *http)
{
	const char *query = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(http)), *v;
	struct evkeyvalq q;
	int64_t since = 0;

	if (!query || evhttp_parse_query_str(query, &q) < 0)
		return 0;
	v = evhttp_find_header(&q, "since");
	if (v)
		since = strtoll(v, NULL, 10);
	evhttp_clear_headers(&q);
	return since;
}

static struct json_object *state(struct sim *s)
{
	struct json_object *o = json_object_new_object(), *projects = json_object_new_array();
	struct json_object *down = json_object_new_object();
	struct project *p;
	struct task *t;

	json_object_object_add(o, "ms", json_object_new_int64(sim_now(s)));
	json_object_object_add(o, "profile",
		json_object_new_string(s->profile == PROFILE_HUAWEI ? "huawei" : "otc"));
	json_object_object_add(o, "port", json_object_new_int(s->port));
	json_object_object_add(o, "listening", json_object_new_boolean(s->bound != NULL));
	json_object_object_add(
		down, "all", json_object_new_boolean(sim_now(s) < s->down_until[DOWN_ALL]));
	json_object_object_add(
		down, "iam", json_object_new_boolean(sim_now(s) < s->down_until[DOWN_IAM]));
	json_object_object_add(
		down, "drs", json_object_new_boolean(sim_now(s) < s->down_until[DOWN_DRS]));
	json_object_object_add(o, "down", down);
	json_object_object_add(o, "logins", json_object_new_int64((int64_t)s->logins));
	json_object_object_add(o, "active", json_object_new_int64(drs_active(s)));
	TAILQ_FOREACH (p, &s->projects, link) {
		struct json_object *po = json_object_new_object(), *tasks = json_object_new_array();

		json_object_object_add(po, "id", json_object_new_string(p->id));
		json_object_object_add(po, "name", json_object_new_string(p->name));
		TAILQ_FOREACH (t, &p->tasks, link)
			json_object_array_add(tasks, task_state(s, t));
		json_object_object_add(po, "tasks", tasks);
		json_object_array_add(projects, po);
	}
	json_object_object_add(o, "projects", projects);
	json_object_object_add(o, "tokens", issue_state(s));
	json_object_object_add(o, "users", iam_state_users(s));
	json_object_object_add(o, "keys", key_state(s));
	json_object_object_add(o, "faults", fault_state(s));
	json_object_object_add(o, "planned", verb_planned(s));
	return o;
}

/* One event or an array of them. */
static int plan_events(struct sim *s, struct json_object *o, struct problem *p)
{
	char at[40];
	int r = 0;

	if (!json_object_is_type(o, json_type_array))
		return verb_plan(s, o, true, "event", p);
	for (size_t i = 0; r >= 0 && i < json_object_array_length(o); i++) {
		snprintf(at, sizeof(at), "event[%zu]", i);
		r = verb_plan(s, json_object_array_get_idx(o, i), true, at, p);
	}
	return r;
}

/* A verb takes one object or an array of them. */
static int apply_each(struct sim *s, const char *verb, struct json_object *o, struct problem *p)
{
	int r = 0;

	if (!json_object_is_type(o, json_type_array))
		return verb_apply(s, verb, o, verb, p);
	for (size_t i = 0; r >= 0 && i < json_object_array_length(o); i++)
		r = verb_apply(s, verb, json_object_array_get_idx(o, i), verb, p);
	return r;
}

static void post(struct sim *s, struct evhttp_request *http, const char *what)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(http);
	struct json_tokener *tok = json_tokener_new_ex(64);
	size_t len = evbuffer_get_length(in);
	struct json_object *o = NULL;
	struct problem p = {0};
	int r;

	if (tok && len > 0)
		o = json_tokener_parse_ex(tok, (const char *)evbuffer_pullup(in, -1), (int)len);
	else if (tok)
		o = json_object_new_object();
	if (tok)
		json_tokener_free(tok);
	if (!o) {
		complain(http, 400, "", "the body is not JSON");
		return;
	}
	r = strcmp(what, "event") == 0 ? plan_events(s, o, &p) : apply_each(s, what, o, &p);
	json_object_put(o);
	if (r == -EINVAL)
		complain(http, 400, p.path, p.text);
	else if (r < 0)
		complain(http, 500, "", strerror(-r));
	else
		reply(http, 200, json_object_new_object());
}

void control_request(struct sim *s, struct evhttp_request *http)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(http);
	const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
	enum evhttp_cmd_type method = evhttp_request_get_command(http);

	if (!path || !control_path(path)) {
		complain(http, 404, "", "only /_sim/ is here");
		return;
	}
	path += 6;
	if (method == EVHTTP_REQ_POST)
		post(s, http, path);
	else if (method != EVHTTP_REQ_GET)
		complain(http, 405, "", "GET or POST");
	else if (strcmp(path, "log") == 0)
		reply(http, 200, record_since(s, query_since(http)));
	else if (strcmp(path, "state") == 0)
		reply(http, 200, state(s));
	else if (strcmp(path, "wait") == 0)
		record_wait(s, http);
	else
		complain(http, 404, "", "unknown control path");
}
