/* main.c - drs-simulator: options, start, end. */
#include "control.h"
#include "listen.h"
#include "scenario.h"
#include "sim.h"
#include "upstream.h"
#include "verb.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <string.h>

#define EXIT_USAGE  64
#define EXIT_CONFIG 78

struct options {
	const char *scenario, *profile, *log, *iam, *project;
	char host[64];
	uint16_t port, control_port;
};

static void help(FILE *f)
{
	fputs("usage: drs-simulator --scenario FILE [--listen 127.0.0.1:PORT] [--control-port "
	      "PORT]\n"
	      "                     [--profile otc|huawei] [--log FILE] [--iam URL] [--project "
	      "ID]\n"
	      "       drs-simulator --help | --version\n"
	      "\n"
	      "Plays an IAM and a DRS endpoint on one loopback port, as FILE says; port 0 takes "
	      "any\n"
	      "free one. The first line on standard output names the address.\n",
		f);
}

static int read_port(const char *text, uint16_t *ret)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(text, &end, 10);
	if (errno || end == text || *end || v < 0 || v > 65535)
		return -EINVAL;
	*ret = (uint16_t)v;
	return 0;
}

static int read_listen(const char *text, struct options *o)
{
	const char *colon = strrchr(text, ':');

	if (!colon || (size_t)(colon - text) >= sizeof(o->host) || colon == text)
		return -EINVAL;
	/* What is said here must never leave the machine. */
	if (strncmp(text, "127.", 4) != 0)
		return -EINVAL;
	snprintf(o->host, sizeof(o->host), "%.*s", (int)(colon - text), text);
	return read_port(colon + 1, &o->port);
}

/* 0: go on; else the exit status + 1. */
static int read_options(int argc, char **argv, struct options *o)
{
	enum {
		OPT_SCENARIO = 256,
		OPT_LISTEN,
		OPT_CONTROL,
		OPT_PROFILE,
		OPT_LOG,
		OPT_IAM,
		OPT_PROJECT
	};
	static const struct option longs[] = {{"scenario", required_argument, NULL, OPT_SCENARIO},
		{"listen", required_argument, NULL, OPT_LISTEN},
		{"control-port", required_argument, NULL, OPT_CONTROL},
		{"profile", required_argument, NULL, OPT_PROFILE},
		{"log", required_argument, NULL, OPT_LOG},
		{"iam", required_argument, NULL, OPT_IAM},
		{"project", required_argument, NULL, OPT_PROJECT}, {"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'}, {NULL, 0, NULL, 0}};
	int c, profile;

	snprintf(o->host, sizeof(o->host), "127.0.0.1");
	while ((c = getopt_long(argc, argv, "hV", longs, NULL)) != -1) {
		switch (c) {
		case OPT_SCENARIO:
			o->scenario = optarg;
			break;
		case OPT_LISTEN:
			if (read_listen(optarg, o) < 0) {
				fprintf(stderr,
					"drs-simulator: --listen %s: must be 127.x.y.z:PORT\n",
					optarg);
				return EXIT_USAGE + 1;
			}
			break;
		case OPT_CONTROL:
			if (read_port(optarg, &o->control_port) < 0) {
				fprintf(stderr, "drs-simulator: --control-port %s: no port\n",
					optarg);
				return EXIT_USAGE + 1;
			}
			break;
		case OPT_PROFILE:
			if (scenario_profile(optarg, &profile) < 0) {
				fprintf(stderr,
					"drs-simulator: --profile %s: must be otc or huawei\n",
					optarg);
				return EXIT_USAGE + 1;
			}
			o->profile = optarg;
			break;
		case OPT_LOG:
			o->log = optarg;
			break;
		case OPT_IAM:
			o->iam = optarg;
			break;
		case OPT_PROJECT:
			o->project = optarg;
			break;
		case 'h':
			help(stdout);
			return EXIT_SUCCESS + 1;
		case 'V':
			puts("drs-simulator " VERSION);
			return EXIT_SUCCESS + 1;
		default:
			help(stderr);
			return EXIT_USAGE + 1;
		}
	}
	if (optind < argc || !o->scenario) {
		if (optind < argc)
			fprintf(stderr, "drs-simulator: unexpected argument: %s\n", argv[optind]);
		else
			fputs("drs-simulator: --scenario is needed\n", stderr);
		help(stderr);
		return EXIT_USAGE + 1;
	}
	return 0;
}

static void on_signal(evutil_socket_t sig _unused_, short what _unused_, void *arg)
{
	event_base_loopbreak(arg);
}

static int serve(struct sim *s, const struct options *o)
{
	struct event *term, *intr;
	char why[200];
	int r = EXIT_FAILURE;

	/* What libevent restores at the end: a second signal then does not spoil the exit status. */
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	term = evsignal_new(s->base, SIGTERM, on_signal, s->base);
	intr = evsignal_new(s->base, SIGINT, on_signal, s->base);
	if (!term || !intr || event_add(term, NULL) < 0 || event_add(intr, NULL) < 0) {
		fputs("drs-simulator: out of memory\n", stderr);
	} else if (listen_open(s, o->host, o->port, o->control_port, why, sizeof(why)) < 0) {
		fprintf(stderr, "drs-simulator: %s\n", why);
	} else {
		verb_start(s);
		printf("listening on http://%s:%u\ncontrol on http://%s:%u\n", s->host, s->port,
			s->host, s->control_port);
		fflush(stdout);
		r = event_base_dispatch(s->base) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	}
	if (term)
		event_free(term);
	if (intr)
		event_free(intr);
	return r;
}

int main(int argc, char **argv)
{
	_cleanup_(sim_freep) struct sim *s = NULL;
	struct options o = {0};
	char why[500];
	int r = read_options(argc, argv, &o);

	if (r)
		return r - 1;
	s = sim_new();
	if (!s)
		return EXIT_FAILURE;
	if (scenario_load(s, o.scenario, why, sizeof(why)) < 0) {
		fprintf(stderr, "drs-simulator: %s\n", why);
		return EXIT_CONFIG;
	}
	if (o.profile && scenario_profile(o.profile, &s->profile) < 0)
		return EXIT_USAGE;
	if (o.iam && upstream_set(s, o.iam) < 0) {
		fprintf(stderr, "drs-simulator: --iam %s: must be http://127.x.y.z:PORT[/v3]\n",
			o.iam);
		return EXIT_USAGE;
	}
	if (o.project && scenario_rename(s, o.project) < 0) {
		fprintf(stderr, "drs-simulator: --project %s: must be 32 hexadecimal digits\n",
			o.project);
		return EXIT_USAGE;
	}
	if (o.log) {
		s->log_file = fopen(o.log, "ae");
		if (!s->log_file) {
			fprintf(stderr, "drs-simulator: %s: %s\n", o.log, strerror(errno));
			return EXIT_FAILURE;
		}
	}
	signal(SIGPIPE, SIG_IGN);
	s->base = event_base_new();
	if (!s->base)
		return EXIT_FAILURE;
	return serve(s, &o);
}
