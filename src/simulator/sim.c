/* sim.c - the simulated cloud as a whole: its beginning, its end, its clock, and who is in it. */
#include "sim.h"
#include "fault.h"
#include "issue.h"
#include "key.h"
#include "listen.h"
#include "record.h"
#include "scenario.h"
#include "task.h"
#include "upstream.h"
#include "verb.h"
#include "wire.h"

#include <string.h>
#include <time.h>

const char *const kind_words[] = {"any", "login", "projects", "validate", "keys", "status",
	"submit", "result", "detail", "metadata", "iam", "drs", "other", NULL};

static int64_t clock_ms(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t sim_now(const struct sim *s)
{
	return clock_ms(CLOCK_MONOTONIC) - s->start;
}

int64_t sim_wall(const struct sim *s)
{
	return clock_ms(CLOCK_REALTIME) + s->clock_offset;
}

void sim_time_text(int64_t wall, char *ret, size_t n)
{
	time_t sec = (time_t)(wall / 1000);
	struct tm tm;
	char text[24];

	gmtime_r(&sec, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(ret, n, "%s.%06dZ", text, (int)(wall % 1000) * 1000);
}

struct sim *sim_new(void)
{
	struct sim *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	TAILQ_INIT(&s->users);
	TAILQ_INIT(&s->agencies);
	TAILQ_INIT(&s->keys);
	TAILQ_INIT(&s->projects);
	TAILQ_INIT(&s->token_list);
	TAILQ_INIT(&s->faults);
	TAILQ_INIT(&s->planned);
	TAILQ_INIT(&s->inquiries);
	TAILQ_INIT(&s->waiters);
	TAILQ_INIT(&s->deliveries);
	s->placeholder = -1;
	s->start = clock_ms(CLOCK_MONOTONIC);
	s->wall_start = clock_ms(CLOCK_REALTIME);
	s->log = json_object_new_array();
	return s;
}

struct sim *sim_free(struct sim *s)
{
	if (!s)
		return NULL;
	/* What waits for another Keystone lets go of its request while that still exists. */
	upstream_forget(s);
	/* Connections go first: their requests may still be waited for or owed an answer. */
	listen_close(s);
	record_forget(s);
	wire_forget(s);
	verb_forget(s);
	fault_clear(s);
	issue_forget(s);
	key_forget(s);
	scenario_forget(s);
	json_object_put(s->log);
	if (s->log_file)
		fclose(s->log_file);
	/* Events go before their base. */
	if (s->base)
		event_base_free(s->base);
	free(s);
	return NULL;
}

struct project *sim_project(struct sim *s, const char *id)
{
	struct project *p;

	TAILQ_FOREACH (p, &s->projects, link)
		if (strcmp(p->id, id) == 0)
			return p;
	return NULL;
}

struct project *sim_project_named(struct sim *s, const char *name, const char *domain)
{
	struct project *p;

	TAILQ_FOREACH (p, &s->projects, link)
		if (strcmp(p->name, name) == 0 && strcmp(p->domain, domain) == 0)
			return p;
	return NULL;
}

struct task *sim_task(struct sim *s, const char *id, struct project **ret_project)
{
	struct project *p;
	struct task *t;

	TAILQ_FOREACH (p, &s->projects, link)
		TAILQ_FOREACH (t, &p->tasks, link)
			if (strcmp(t->id, id) == 0) {
				if (ret_project)
					*ret_project = p;
				return t;
			}
	return NULL;
}
