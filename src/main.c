/* main.c - the command line. */
#include "check_login.h"
#include "config.h"
#include "daemon.h"
#include "http.h"
#include "log.h"
#include "reload.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define RUNTIME_DIR     "/run/precheckd"
#define RELOAD_PATIENCE SECONDS(10)

#ifndef CONFIG_FILE
#define CONFIG_FILE "/etc/precheckd/precheckd.conf"
#endif

enum {
	OPT_CHECK = 256,
	OPT_PRINT,
	OPT_LOGIN,
	OPT_RELOAD,
	OPT_ONCE,
	OPT_LEVEL,
	OPT_TARGET,
	OPT_VERSION
};

/* One table: getopt's, the help text's, and what the test holds the manual page against. */
static const struct {
	const char *name, *arg;
	int key;
	const char *help;
} options[] = {
	{"config", "FILE", 'c', "read FILE instead of " CONFIG_FILE},
	{"check-config", NULL, OPT_CHECK,
		"say whether the configuration is good; exit 0, or 1 if not"},
	{"print-config", NULL, OPT_PRINT,
		"print the effective configuration, secrets as their places"},
	{"check-login", NULL, OPT_LOGIN,
		"log in to every cloud once, ask DRS once, and say what came of it"},
	{"reload", "PID", OPT_RELOAD, "make that precheckd reload, and say what came of it"},
	{"once", NULL, OPT_ONCE, "check every job once, tell, and exit by the verdicts"},
	{"log-level", "LEVEL", OPT_LEVEL, "err, warning, notice, info or debug"},
	{"log-target", "TARGET", OPT_TARGET, "journal, syslog, stderr or auto"},
	{"version", NULL, OPT_VERSION, "print the version and exit"},
	{"help", NULL, 'h', "print this and exit"},
};

static void usage(FILE *f)
{
	fputs("Usage: precheckd [OPTION]...\n"
	      "Keeps the pre-checks of DRS tasks current, and tells in the journal what "
	      "changed.\n\n",
		f);
	for (size_t i = 0; i < ELEMENTSOF(options); i++) {
		char left[40], letter[8] = "    ";

		if (options[i].key < 256)
			snprintf(letter, sizeof(letter), "-%c, ", options[i].key);
		snprintf(left, sizeof(left), "%s--%s%s%s", letter, options[i].name,
			options[i].arg ? " " : "", options[i].arg ? options[i].arg : "");
		fprintf(f, "  %-24s %s\n", left, options[i].help);
	}
	fputs("\nSignals: HUP reloads, USR1 checks every job now, USR2 tells the state of every "
	      "job.\n"
	      "Exit status of --once: 0 all passed, 1 alarms only, 2 any failed, 3 anything else.\n"
	      "See precheckd(8) and precheckd.conf(5).\n",
		f);
}

static int wrong_usage(const char *what, const char *word)
{
	fprintf(stderr, "precheckd: %s '%s'; see precheckd --help\n", what, word);
	return EXIT_USAGE;
}

/* A descriptor 0, 1 or 2 that is closed would be given to a socket, and be written to as stderr. */
static void open_standard_streams(void)
{
	int fd = open("/dev/null", O_RDWR);

	while (fd >= 0 && fd <= STDERR_FILENO)
		fd = dup(fd);
	if (fd > STDERR_FILENO)
		close(fd);
}

/* Passwords and tokens are never written to a core file, nor read by another process of the same user. */
static void guard_memory(void)
{
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	prctl(PR_SET_DUMPABLE, 0);
}

static void say(void *arg, bool error, const char *text)
{
	unsigned *errors = arg;

	*errors += error;
	fprintf(stderr, "%s%s\n", error ? "" : "warning: ", text);
}

static int show_config(const char *path, bool print)
{
	_cleanup_(settings_unrefp) struct settings *s = NULL;
	unsigned errors = 0;
	int r = config_load(path, say, &errors, &s);

	if (r < 0) {
		if (errors == 0)
			fprintf(stderr, "precheckd: %s: %s\n", path, strerror(-r));
		else
			fprintf(stderr, "%s: not good: %u error%s\n", path, errors,
				errors == 1 ? "" : "s");
		return EXIT_FAILURE;
	}
	if (print)
		config_print(s, stdout);
	else
		printf("%s: good: %zu job%s in %zu cloud%s\n", path, s->n_jobs,
			s->n_jobs == 1 ? "" : "s", s->n_clouds, s->n_clouds == 1 ? "" : "s");
	if (fflush(stdout) != 0) {
		fprintf(stderr, "precheckd: can't write: %s\n", strerror(errno));
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}

/* The unit's way to reload: a signal alone could not say that the configuration is bad. */
static int ask_reload(const char *word)
{
	char dir[PATH_MAX], *end = NULL;
	long pid;

	errno = 0;
	pid = strtol(word, &end, 10);
	if (errno != 0 || *end || end == word || pid < 1 || pid > INT_MAX)
		return wrong_usage("no such process id:", word);
	return reload_ask(
		reload_dir(dir, sizeof(dir)) ? dir : RUNTIME_DIR, (pid_t)pid, RELOAD_PATIENCE);
}

int main(int argc, char **argv)
{
	struct daemon_options o = {.config = CONFIG_FILE, .log_level = -1};
	struct option table[ELEMENTSOF(options) + 1] = {0};
	bool check = false, print = false, login = false;
	const char *reload = NULL;
	char version[80];
	int key;

	open_standard_streams();
	guard_memory();
	for (size_t i = 0; i < ELEMENTSOF(options); i++)
		table[i] = (struct option){.name = options[i].name,
			.has_arg = options[i].arg ? required_argument : no_argument,
			.val = options[i].key};
	opterr = 0;
	while ((key = getopt_long(argc, argv, ":c:h", table, NULL)) != -1)
		switch (key) {
		case 'c':
			o.config = optarg;
			break;
		case OPT_CHECK:
			check = true;
			break;
		case OPT_PRINT:
			print = true;
			break;
		case OPT_LOGIN:
			login = true;
			break;
		case OPT_RELOAD:
			reload = optarg;
			break;
		case OPT_ONCE:
			o.once = true;
			break;
		case OPT_LEVEL:
			if (log_level_parse(optarg, &o.log_level) < 0)
				return wrong_usage("no such log level:", optarg);
			break;
		case OPT_TARGET:
			if (log_target_parse(optarg, &o.target) < 0)
				return wrong_usage("no such log target:", optarg);
			break;
		case OPT_VERSION:
			printf("precheckd %s (%s)\n", VERSION,
				http_version(version, sizeof(version)));
			return EXIT_SUCCESS;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS;
		case ':':
			return wrong_usage("a value is missing after", argv[optind - 1]);
		default:
			return wrong_usage("no such option:", argv[optind - 1]);
		}
	if (optind < argc)
		return wrong_usage("unexpected argument", argv[optind]);
	if (check || print)
		return show_config(o.config, print);
	if (reload)
		return ask_reload(reload);
	if (login)
		return check_login_run(o.config);
	o.target = log_open(o.target, "precheckd");
	return daemon_run(&o);
}
