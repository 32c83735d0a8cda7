/* virtual.c - tells stories of the heart and a cloud in virtual time, and judges them.
 *
 * virtual [--jobs N] [--days D] [--seed S] [--seeds COUNT] [--verbose]
 * Each seed is one story and one test; that every sort of trouble really occurred is another. */
#include "world.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Jobs times days of all stories, from which on every sort of trouble has to have occurred. */
#define ENOUGH 8000

static unsigned count_up(const char *what, uint64_t n, bool wanted, unsigned *failed)
{
	printf("%12llu %s%s\n", (unsigned long long)n, what,
		n == 0 && wanted ? "  <- never happened" : "");
	*failed += n == 0 && wanted;
	return n > 0 && wanted;
}

/* In a short story not everything need happen; `wanted`: it was long enough. */
static unsigned report_totals(const struct totals *t, bool wanted, unsigned *failed)
{
	const struct {
		const char *what;
		uint64_t n;
	} rows[] = {
		{"calls", t->fake.calls},
		{"runs of ours", t->fake.runs},
		{"runs of others", t->fake.foreign},
		{"slow runs", t->fake.slow},
		{"stuck runs", t->fake.stuck},
		{"reports counted", t->judge.counted},
		{"outages of all sorts", t->world.outages},
		{"tokens that ended early or expired", t->fake.expired},
		{"revocations", t->fake.revoked},
		{"calls whose token was not taken", t->fake.token_refusals},
		{"replaced credentials", t->world.credentials},
		{"calls throttled", t->fake.throttled},
		{"logins of a locked user", t->fake.locked},
		{"answers lost", t->fake.lost},
		{"submits taken, though the answer was lost", t->fake.executed_lost},
		{"late answers", t->fake.late},
		{"entries missing", t->fake.missing},
		{"calls refused for one culprit", t->fake.bad_requests},
		{"calls refused by one task's code", t->fake.whole_refusals},
		{"answers \"gone\"", t->fake.gone},
		{"answers \"busy\"", t->fake.busy},
		{"tasks deleted", t->world.deleted},
		{"tasks started", t->world.started},
		{"tasks ailing for a while", t->world.traits},
		{"reloads", t->world.reloads},
		{"clouds with another user", t->world.renames},
		{"restarts", t->world.restarts},
		{"deaths in mid-submit", t->world.mid_submit},
		{"checks asked for", t->world.check_now},
		{"states asked for", t->world.states},
		{"submits repeated after settle", t->judge.resubmits},
		{"news of a job's verdict", t->judge.job_news},
		{"news of adopted runs", t->judge.adopted},
		{"news of overdue runs", t->judge.overdue},
		{"news of lost runs", t->judge.lost},
		{"news of staleness", t->judge.stale},
		{"news of flapping", t->judge.flapping},
		{"news of steadiness", t->judge.steady},
		{"reminders", t->judge.reminders},
		{"news of slow runs", t->judge.slow},
		{"news of aging tasks", t->judge.aging},
		{"accepts ended", t->judge.accepts_ended},
		{"accepts by reload", t->judge.accepts_reloaded},
		{"summaries", t->judge.summaries},
		{"news of clouds", t->judge.cloud_news},
		{"of these: down", t->judge.down},
		{"of these: up", t->judge.up},
	};
	unsigned passed = 0;

	for (size_t i = 0; i < ELEMENTSOF(rows); i++)
		passed += count_up(rows[i].what, rows[i].n, wanted, failed);
	printf("%12llu ticks, %llu events drained, %llu effects\n",
		(unsigned long long)t->world.ticks, (unsigned long long)t->world.drains,
		(unsigned long long)t->world.effects);
	return passed;
}

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static bool parse(int argc, char **argv, struct story *s, uint64_t *seeds)
{
	static const struct option options[] = {
		{"jobs", required_argument, NULL, 'j'},
		{"days", required_argument, NULL, 'd'},
		{"seed", required_argument, NULL, 's'},
		{"seeds", required_argument, NULL, 'n'},
		{"verbose", no_argument, NULL, 'v'},
		{NULL, 0, NULL, 0},
	};
	int o;

	while ((o = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (o == 'j')
			s->jobs = strtoul(optarg, NULL, 10);
		else if (o == 'd')
			s->days = (int)strtol(optarg, NULL, 10);
		else if (o == 's')
			s->seed = strtoull(optarg, NULL, 10);
		else if (o == 'n')
			*seeds = strtoull(optarg, NULL, 10);
		else if (o == 'v')
			s->verbose = true;
		else
			return false;
	}
	return optind == argc && s->jobs > 0 && s->jobs < 10000 && s->days > 0 && *seeds > 0;
}

int main(int argc, char **argv)
{
	struct story s = {.seed = 1, .jobs = 1000, .days = 30};
	struct totals totals = {0};
	uint64_t seeds = 1;
	unsigned passed = 0, failed = 0;
	double begin = seconds();

	if (!parse(argc, argv, &s, &seeds)) {
		fputs("usage: virtual [--jobs N] [--days D] [--seed S] [--seeds COUNT] "
		      "[--verbose]\n",
			stderr);
		return 64;
	}
	for (uint64_t i = 0; i < seeds; i++, s.seed++)
		if (world_play(&s, &totals))
			passed++;
		else
			failed++;
	passed += report_totals(&totals, s.jobs * (size_t)s.days * seeds >= ENOUGH, &failed);
	printf("%12.1f s of real time for %llu stories of %zu jobs and %d days\n",
		seconds() - begin, (unsigned long long)seeds, s.jobs, s.days);
	printf("%u passed, %u failed\n", passed, failed);
	return failed ? 1 : 0;
}
