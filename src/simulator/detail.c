/* detail.c - what batch-detail shows of a task: much more than a client asks for, as the real one does.
 *
 * Both endpoints carry a database password of which the service's documentation says nothing but that
 * it may be there. It is a canary: a client that keeps or logs it is found by grep. */
#include "detail.h"

#define CANARY_DB_PASSWORD "canary-Passw0rd-db-77"

static void add(struct json_object *o, const char *key, const char *text)
{
	/* Nothing promises any of the fields: what the scenario does not say is left out. */
	if (text)
		json_object_object_add(o, key, json_object_new_string(text));
}

static void add_bool(struct json_object *o, const char *key, bool v)
{
	json_object_object_add(o, key, json_object_new_boolean(v));
}

static void add_number(struct json_object *o, const char *key, int64_t v)
{
	json_object_object_add(o, key, json_object_new_int64(v));
}

/* Times are texts here, in milliseconds since 1970. */
static void add_time(struct json_object *o, const char *key, int64_t ms)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)MAX(ms, (int64_t)0));
	add(o, key, text);
}

static struct json_object *endpoint(const char *ip, const char *instance, const char *region)
{
	struct json_object *o = json_object_new_object();

	add(o, "db_type", "mysql");
	add(o, "ip", ip);
	add_number(o, "db_port", 3306);
	add(o, "db_user", "replication");
	add(o, "db_password", CANARY_DB_PASSWORD);
	add(o, "inst_id", instance);
	add(o, "region", region);
	return o;
}

static struct json_object *replication_instance(void)
{
	struct json_object *o = json_object_new_object();

	add(o, "engine_type", "mysql");
	add(o, "ip", "192.0.2.30");
	add(o, "status", "active");
	/* Documented as a number; a text wherever it was seen. */
	add(o, "start_time", "0");
	add_number(o, "volume_size", 100);
	return o;
}

struct json_object *detail_entry(const struct sim *s, const struct task *t)
{
	struct json_object *e = json_object_new_object();
	int64_t created = s->wall_start - t->created;
	bool huawei = s->profile == PROFILE_HUAWEI;

	add(e, "name", t->name);
	add(e, "description", "");
	add_time(e, "create_time", created);
	add_time(e, "update_time", created);
	add(e, "task_type", t->task_type);
	add(e, "db_use_type", t->db_use_type);
	add(e, "job_direction", t->direction);
	add_bool(e, "multi_write", t->parent);
	add_bool(e, "need_restart", false);
	add_bool(e, "is_target_readonly", false);
	json_object_object_add(e, "source_endpoint", endpoint("192.0.2.10", NULL, NULL));
	json_object_object_add(
		e, "target_endpoint", endpoint("192.0.2.20", t->instance, s->region));
	json_object_object_add(e, "inst_info", replication_instance());
	/* The clouds do not agree on the types of these. */
	if (huawei) {
		add(e, "original_job_direction", t->direction);
		add_bool(e, "ssl_link", false);
		add_number(e, "node_num", 0);
	} else {
		add(e, "ssl_link", "false");
		add(e, "node_num", "0");
	}
	return e;
}
