/* config.c
 *
 * The option table, and the way from a path to settings: read all files into blocks, judge the blocks, hand
 * out settings only when nothing was wrong. The configuration in force is never touched by a load.
 */
#include "config.h"

#include "config_check.h"
#include "config_file.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

/* A row for a field of one of the structures; jobs have fields for the rows of defaults. */
#define ROW(in, of, field, kind)                                                                   \
	.block = (in), .name = #field, .type = CONFIG_##kind, .offset = offsetof(struct of, field)
#define TOP(field, kind)    ROW("", settings, field, kind)
#define CLOUD(field, kind)  ROW("cloud", cloud_settings, field, kind)
#define JOB(field, kind)    ROW("defaults", job_settings, field, kind)
#define ACCEPT(field, kind) ROW("accept", accept, field, kind)

/* config_print() and the manual follow this order. */
const struct config_option config_options[] = {
	{TOP(state_dir, PATH), .by_default = "/var/lib/precheckd",
		.meaning =
			"where state and lock are kept; $STATE_DIRECTORY goes before the default"},
	{TOP(log_level, WORD), .by_default = "info", .words = "err warning notice info debug",
		.meaning = "the most talkative level that is written"},
	{TOP(summary, SPAN), .by_default = "1d", .least = "1h", .most = "30d", .never = true,
		.bent = true, .meaning = "how often each cloud is summed up in one line"},
	{TOP(keep_runs, NUMBER), .by_default = "20", .least = "0", .most = "1000",
		.meaning = "full reports kept for each job"},
	{TOP(keep_for, SPAN), .by_default = "400d", .least = "7d", .most = "10y", .bent = true,
		.meaning = "how long history is kept"},
	{TOP(short_times, BOOL), .by_default = "no",
		.meaning = "lifts the lower bounds of all times to 10ms, for tests and "
			   "demonstrations"},

	{CLOUD(iam, URL), .meaning = "IAM endpoint, without /v3"},
	{CLOUD(drs, URL), .needed = true, .meaning = "DRS endpoint, without /v3"},
	{CLOUD(project, TEXT), .meaning = "name of the project"},
	{CLOUD(project_id, PROJECT_ID), .meaning = "id of the project"},
	/* Before the options that belong to some methods only: their defaults depend on it. */
	{CLOUD(auth, WORD), .by_default = "password",
		.words = "password aksk ecs-agency assume-role token-file clouds-yaml",
		.meaning = "how to log in"},
	{CLOUD(user, TEXT), .meaning = "name of the IAM user"},
	{CLOUD(domain, TEXT), .meaning = "the user's domain, also called account"},
	{CLOUD(user_id, TEXT), .meaning = "id of the IAM user"},
	{CLOUD(access_key, LABEL), .meaning = "the access key's id, AK"},
	{CLOUD(secret, SECRET), .meaning = "where the password, secret key or token is kept"},
	{CLOUD(security_token, SECRET),
		.meaning = "where the security token of a temporary access key is kept"},
	{CLOUD(signature, WORD), .by_default = "access", .words = "access credential",
		.meaning = "the form in which a signature names its key"},
	{CLOUD(region, LABEL),
		.meaning = "region in a signature of the form 'credential', or of a clouds.yaml"},
	{CLOUD(agency, TEXT), .meaning = "name of the agency whose rights are taken on"},
	{CLOUD(agency_domain, TEXT), .meaning = "the domain that the agency belongs to"},
	{CLOUD(metadata, METADATA), .by_default = "http://169.254.169.254",
		.meaning = "the metadata service of the ECS that precheckd runs on"},
	{CLOUD(entry, TEXT), .meaning = "name of the entry in clouds.yaml"},
	{CLOUD(clouds_file, PATH), .meaning = "the clouds.yaml; default: the usual places"},
	{CLOUD(ca_file, PATH),
		.meaning = "certificates of an authority trusted besides the system's"},
	{CLOUD(proxy, PROXY), .meaning = "HTTP proxy on the way to IAM and DRS"},
	{CLOUD(pace, NUMBER), .by_default = "30", .least = "1", .most = "600",
		.meaning = "calls a minute, logins not counted"},
	{CLOUD(connections, NUMBER), .by_default = "4", .least = "1", .most = "64",
		.meaning = "connections at once"},
	{CLOUD(max_runs, NUMBER), .by_default = "20", .least = "1", .most = "1000",
		.meaning = "pre-checks at once"},
	{CLOUD(timeout, SPAN), .by_default = "30s", .least = "1s", .most = "5min", .bent = true,
		.meaning = "for one call, all in"},
	{CLOUD(backoff_max, SPAN), .by_default = "10min", .least = "10s", .most = "1h",
		.bent = true, .meaning = "longest pause between tries while a cloud is in trouble"},

	{JOB(cloud, CLOUD), .meaning = "name of the cloud block that the task belongs to"},
	{.block = "job",
		.name = "id",
		.type = CONFIG_TASK_ID,
		.needed = true,
		.offset = offsetof(struct job_settings, task),
		.meaning = "id of the DRS task"},
	{JOB(check, BOOL), .by_default = "yes",
		.meaning = "whether to start pre-checks; no: only read status and last result"},
	{JOB(interval, SPAN), .by_default = "30min", .least = "5min", .most = "7d", .bent = true,
		.meaning = "from one pre-check to the next"},
	{JOB(first_poll, SPAN), .by_default = "20s", .least = "1s", .most = "10min", .bent = true,
		.meaning = "from starting a pre-check to the first look at its result"},
	{JOB(settle, SPAN), .by_default = "1min", .least = "1s", .most = "1h", .bent = true,
		.meaning =
			"how long an old result may still be shown after a pre-check was started"},
	{JOB(poll, SPAN), .by_default = "10s", .least = "1s", .most = "10min", .bent = true,
		.meaning = "between looks at a result; doubles up to 1min"},
	{JOB(run_limit, SPAN), .by_default = "30min", .least = "1min", .most = "1d", .bent = true,
		.meaning = "when a running pre-check is told as overdue"},
	{JOB(stale_after, SPAN), .least = "5min", .most = "30d", .bent = true,
		.meaning = "when a verdict that nothing confirms is told as stale; default: twice "
			   "the interval"},
	{JOB(remind, SPAN), .by_default = "1d", .least = "1h", .most = "30d", .never = true,
		.bent = true, .meaning = "how often a verdict that stays bad is told again"},

	{ACCEPT(until, MOMENT), .needed = true,
		.meaning = "the last day on which it holds, or the moment of its end"},
	{ACCEPT(reason, TEXT), .needed = true, .meaning = "why the alarm does no harm"},
	{ACCEPT(by, TEXT), .needed = true, .meaning = "who answers for it"},
	{ACCEPT(failed_reason, TEXT),
		.meaning = "accept it for this reason of DRS only; default: for any"},
};
const size_t config_options_size = ELEMENTSOF(config_options);

/* Like "*.conf" of a shell: no hidden files, no backups of editors and package managers. */
static int is_conf(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return e->d_name[0] != '.' && len > 5 && strcmp(e->d_name + len - 5, ".conf") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static char *join(const char *dir, size_t dir_len, const char *name)
{
	size_t n = dir_len + strlen(name) + 2;
	char *path = malloc(n);

	if (path)
		snprintf(path, n, "%.*s/%s", (int)dir_len, dir, name);
	return path;
}

/* Reads jobs.d beside path; that it is absent is fine. */
static int read_extra(struct config_input *in, const char *path)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *dir = NULL;
	struct dirent **names;
	int n, r = 0;

	dir = slash ? join(path, (size_t)(slash - path), "jobs.d") : strdup("jobs.d");
	if (!dir)
		return -ENOMEM;
	n = scandir(dir, &names, is_conf, by_name);
	if (n < 0) {
		if (errno == ENOMEM)
			return -ENOMEM;
		if (errno != ENOENT) {
			in->syntax = true;
			config_complain(in, true, dir, 0, "cannot be read: %s", strerror(errno));
		}
		return 0;
	}
	for (int i = 0; i < n; i++) {
		if (r != -ENOMEM) {
			_cleanup_free_ char *file = join(dir, strlen(dir), names[i]->d_name);

			r = file ? config_file_read(in, file, true) : -ENOMEM;
		}
		free(names[i]);
	}
	free(names);
	return r == -ENOMEM ? r : 0;
}

int config_load(const char *path, config_say *say, void *arg, struct settings **ret)
{
	_cleanup_(settings_unrefp) struct settings *s = NULL;
	struct config_input in;
	int r;

	config_input_init(&in, say, arg);
	r = config_file_read(&in, path, false);
	if (r == 0)
		r = read_extra(&in, path);
	if (r == 0)
		r = config_check(&in, &s);
	if (r == 0 && in.failed)
		r = -EINVAL;
	config_input_done(&in);
	if (r == 0) {
		*ret = s;
		s = NULL;
	}
	return r;
}
