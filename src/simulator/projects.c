/* projects.c - which projects there are, and which of them a caller may use. */
#include "projects.h"
#include "body.h"
#include "caller.h"
#include "iam.h"

#include <event2/keyvalq_struct.h>
#include <string.h>
#include <strings.h>

static struct json_object *project_json(const struct project *p)
{
	struct json_object *o = json_object_new_object(), *links = json_object_new_object();
	char domain[33], self[120];

	caller_id_of("domain", p->domain, domain);
	snprintf(self, sizeof(self), "https://iam.example.com/v3/projects/%s", p->id);
	body_add(o, "id", p->id);
	body_add(o, "name", p->name);
	body_add(o, "domain_id", domain);
	body_add(o, "parent_id", domain);
	json_object_object_add(o, "enabled", json_object_new_boolean(p->enabled));
	json_object_object_add(o, "is_domain", json_object_new_boolean(false));
	body_add(o, "description", p->description ? p->description : "");
	body_add(links, "self", self);
	json_object_object_add(o, "links", links);
	return o;
}

/* The page parameters: both or none, per_page 1..5000. False if they are wrong. */
static bool read_page(struct evkeyvalq *q, int64_t *ret_page, int64_t *ret_per)
{
	const char *page = evhttp_find_header(q, "page"), *per = evhttp_find_header(q, "per_page");
	char *end_page, *end_per;

	*ret_page = 1;
	*ret_per = INT64_MAX;
	if (!page && !per)
		return true;
	if (!page || !per)
		return false;
	*ret_page = strtoll(page, &end_page, 10);
	*ret_per = strtoll(per, &end_per, 10);
	return *page && !*end_page && *per && !*end_per && *ret_page >= 1 && *ret_per >= 1 &&
	       *ret_per <= 5000;
}

/* Takes list. */
static void answer_list(
	struct request *r, struct answer *a, struct json_object *list, const char *self)
{
	struct json_object *body = json_object_new_object(), *links = json_object_new_object();

	json_object_object_add(body, "projects", list);
	body_add(links, "self", self);
	json_object_object_add(links, "previous", NULL);
	json_object_object_add(links, "next", NULL);
	json_object_object_add(body, "links", links);
	r->executed = true;
	answer_json(a, 200, body);
}

void projects_all(struct request *r, struct answer *a)
{
	struct json_object *list;
	struct evkeyvalq q = {0};
	struct project *p;
	int64_t page, per, at = 0;
	const char *name, *domain, *parent, *enabled;

	if (!iam_admits(r, a))
		return;
	if (r->query && evhttp_parse_query_str(r->query, &q) < 0) {
		answer_keystone(a, 400, "The query is invalid.");
		return;
	}
	if (r->query && !read_page(&q, &page, &per)) {
		answer_keystone(a, 400, "page and per_page are invalid.");
		evhttp_clear_headers(&q);
		return;
	}
	if (!r->query) {
		page = 1;
		per = INT64_MAX;
	}
	name = r->query ? evhttp_find_header(&q, "name") : NULL;
	domain = r->query ? evhttp_find_header(&q, "domain_id") : NULL;
	parent = r->query ? evhttp_find_header(&q, "parent_id") : NULL;
	enabled = r->query ? evhttp_find_header(&q, "enabled") : NULL;
	list = json_object_new_array();
	TAILQ_FOREACH (p, &r->sim->projects, link) {
		char id[33];

		caller_id_of("domain", p->domain, id);
		if (strcmp(p->domain, caller_domain(&r->caller)) != 0 ||
			(name && strcmp(name, p->name) != 0) ||
			(domain && strcmp(domain, id) != 0) ||
			(parent && strcmp(parent, id) != 0) ||
			(enabled && (strcasecmp(enabled, "true") == 0) != p->enabled))
			continue;
		if (at / per + 1 == page)
			json_object_array_add(list, project_json(p));
		at++;
	}
	if (r->query)
		evhttp_clear_headers(&q);
	answer_list(r, a, list, "https://iam.example.com/v3/projects");
}

void projects_own(struct request *r, struct answer *a)
{
	struct json_object *list;
	struct project *p;

	if (!iam_admits(r, a))
		return;
	list = json_object_new_array();
	TAILQ_FOREACH (p, &r->sim->projects, link)
		if (caller_may_use(&r->caller, p))
			json_object_array_add(list, project_json(p));
	answer_list(r, a, list, "https://iam.example.com/v3/auth/projects");
}
