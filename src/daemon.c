/* daemon.c - the roof: feeds the heart with time, replies and signals, and acts on what it hands out. */
#include "daemon.h"

#include "clock.h"
#include "config.h"
#include "courier.h"
#include "http.h"
#include "keep.h"
#include "lock.h"
#include "notify.h"
#include "reload.h"
#include "span.h"
#include "text.h"
#include "vault.h"

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	ON_TERM,
	ON_INT,
	ON_HUP,
	ON_USR1,
	ON_USR2,
	_ON_MAX
};

/* libevent's timers stand still while the machine sleeps: no wait is longer than this, so that what fell due
 * meanwhile, and a token that ended, are noticed soon after. */
#define WAIT_MAX   MINUTES(1)

#define LOOK_EVERY 5 /* seconds: whether somebody has renewed the token in a file */

struct daemon {
	const struct daemon_options *options;
	struct event_base *base;
	struct event *signals[_ON_MAX];
	struct event *wake, *status, *watchdog, *look, *flush;
	struct notify *notify;
	struct watch *watch;
	struct courier *courier;
	struct settings *settings;
	struct vault *vault; /* of the clouds in settings */
	int lock;
	bool over; /* --once is through */
	int exit_status;
	struct keep *keep;             /* may be NULL until the start */
	uint64_t first_news;           /* of this process */
	struct reload_outcome reload;  /* of the last one */
	char first_error[RELOAD_TEXT]; /* of a load; "" if there was none */
	int64_t taken;                 /* wall: since when the configuration is in force */
};

static struct now now(void)
{
	return (struct now){.mono = clock_mono(), .wall = clock_wall()};
}

static struct timeval timeval_of(int64_t ms)
{
	return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
}

/* --- configuration and secrets --- */

/* Every complaint is logged; who reloads is told the first error. */
static void say(void *arg, bool error, const char *text)
{
	struct daemon *d = arg;

	log_message(error ? LOG_ERR : LOG_WARNING, "%s", text);
	if (error && !*d->first_error)
		text_copy(d->first_error, sizeof(d->first_error), text);
}

static int load(struct daemon *d, struct settings **ret, struct vault **ret_vault)
{
	_cleanup_(settings_unrefp) struct settings *s = NULL;
	int r;

	*d->first_error = '\0';
	r = config_load(d->options->config, say, d, &s);
	if (r == 0)
		r = vault_read(s, say, d, ret_vault);
	if (r < 0)
		return r;
	*ret = s;
	s = NULL;
	return 0;
}

/* Only where there is a token in a file. */
static void look_regularly(struct daemon *d)
{
	if (!vault_watches(d->settings))
		event_del(d->look);
	else if (event_add(d->look, &(struct timeval){.tv_sec = LOOK_EVERY}) < 0)
		log_err("can't set the timer that looks for new tokens");
}

static void take_settings(struct daemon *d, struct settings *s, struct vault *vault)
{
	vault_free(d->vault);
	settings_unref(d->settings);
	d->settings = s;
	d->vault = vault;
	d->taken = now().wall;
	look_regularly(d);
	log_set_level(d->options->log_level >= 0 ? d->options->log_level : s->log_level);
}

/* --- effects --- */

static void send_call(void *arg, const struct call *call)
{
	struct daemon *d = arg;
	size_t i = (size_t)(call->cloud - d->settings->clouds);

	if (call->kind == CALL_LOGIN)
		(void)vault_look(d->vault, d->settings, i);
	courier_send(d->courier, call, d->settings, vault_get(d->vault, i),
		MAX(call->give_up - now().mono, (int64_t)1));
}

static void arm(struct daemon *d)
{
	int64_t wake = watch_wake(d->watch), wait = WAIT_MAX;

	if (wake != INT64_MAX)
		wait = MIN(MAX(wake - now().mono, (int64_t)0), WAIT_MAX);

	struct timeval tv = timeval_of(wait);

	if (event_add(d->wake, &tv) < 0)
		log_err("can't set the wake-up timer");
}

static void finish_once(struct daemon *d)
{
	struct watch_summary s;

	watch_summarise(d->watch, now(), &s);
	if (s.unfinished > 0)
		return;
	/* what was known before is no news, but who asks once wants to hear it */
	watch_tell_state(d->watch, d->first_news, now());
	keep_act(d->keep, d->watch, send_call, d);
	d->exit_status = daemon_gate(&s);
	log_info(
		"all %u job%s looked at: %u passed, %u alarmed, %u failed, %u refused, %u unknown, "
		"%u started, %u ended; exit status %d",
		s.jobs, s.jobs == 1 ? "" : "s", s.verdicts[VERDICT_PASSED],
		s.verdicts[VERDICT_ALARMED], s.verdicts[VERDICT_FAILED],
		s.verdicts[VERDICT_REFUSED], s.verdicts[VERDICT_UNKNOWN],
		s.verdicts[VERDICT_STARTED], s.verdicts[VERDICT_ENDED], d->exit_status);
	d->over = true;
	event_base_loopbreak(d->base);
}

/* After every event: what the heart hands out, in its order; then the next wake-up. */
static void act(struct daemon *d)
{
	keep_act(d->keep, d->watch, send_call, d);
	arm(d);
	if (!evtimer_pending(d->status, NULL))
		evtimer_add(d->status, &(struct timeval){.tv_usec = 200000});
	if (d->options->once && !d->over)
		finish_once(d);
}

/* --- the status line --- */

static void add_count(struct line *l, unsigned n, const char *word)
{
	if (n > 0)
		line_add(l, "%s%u %s", l->len > 0 ? ", " : "", n, word);
}

static void add_clock(struct line *l, const char *lead, int64_t mono, bool day)
{
	struct now t = now();
	struct tm tm;
	char buf[32];
	time_t when;

	if (mono == INT64_MAX)
		return;
	when = (time_t)((t.wall + (mono - t.mono)) / 1000);
	if (localtime_r(&when, &tm) &&
		strftime(buf, sizeof(buf), day ? "%a %H:%M" : "%H:%M", &tm) > 0)
		line_add(l, "; %s %s", lead, buf);
}

/* "42 jobs: 37 passed, 2 alarmed, 3 failed; next check 14:05; token until Tue 09:12" */
static void on_status(evutil_socket_t fd _unused_, short what _unused_, void *arg)
{
	struct daemon *d = arg;
	struct watch_summary s;
	char counts[300] = "", text[500] = "";
	struct line c, l;

	watch_summarise(d->watch, now(), &s);
	line_init(&c, counts, sizeof(counts));
	for (int v = VERDICT_UNKNOWN + 1; v < _VERDICT_MAX; v++)
		add_count(&c, s.verdicts[v], verdict_name((enum verdict)v));
	add_count(&c, s.verdicts[VERDICT_UNKNOWN], "unknown");
	add_count(&c, s.stale, "stale");
	line_init(&l, text, sizeof(text));
	if (d->reload.failed) /* until one that is good */
		line_add(&l, "%s; ", d->reload.text);
	line_add(&l, "%u job%s%s%s", s.jobs, s.jobs == 1 ? "" : "s", c.len > 0 ? ": " : "", counts);
	if (s.clouds_down > 0)
		line_add(&l, "; %u of %u clouds in trouble", s.clouds_down, s.clouds);
	add_clock(&l, "next check", s.next_due, false);
	add_clock(&l, "token until", s.token_end, true);
	if (keep_blocked(d->keep) > 0)
		add_clock(&l, "news wait for the journal since",
			now().mono - (now().wall - keep_blocked(d->keep)), false);
	notify_status(d->notify, "%s", text);
}

/* --- events --- */

static void on_wake(evutil_socket_t fd _unused_, short what _unused_, void *arg)
{
	struct daemon *d = arg;

	watch_tick(d->watch, now());
	act(d);
}

static void on_look(evutil_socket_t fd _unused_, short what _unused_, void *arg)
{
	struct daemon *d = arg;

	for (size_t i = 0; d->settings && i < d->settings->n_clouds; i++)
		if (vault_look(d->vault, d->settings, i)) {
			log_info("cloud %s: there is a new token in %s",
				d->settings->clouds[i].name, d->settings->clouds[i].secret);
			watch_credential_changed(d->watch, d->settings->clouds[i].name, now());
			act(d);
		}
}

static void on_reply(void *arg, const struct reply *r)
{
	struct daemon *d = arg;

	watch_reply(d->watch, r, now());
	act(d);
}

static void on_watchdog(evutil_socket_t fd _unused_, short what _unused_, void *arg)
{
	struct daemon *d = arg;

	notify_watchdog(d->notify);
}

/* Diagnostics, or messages to the service manager, were not taken at once. */
static void flush_soon(void *arg)
{
	struct daemon *d = arg;

	if (!evtimer_pending(d->flush, NULL))
		event_add(d->flush, &(struct timeval){.tv_usec = 20000});
}

static void on_flush(evutil_socket_t fd _unused_, short what _unused_, void *arg)
{
	struct daemon *d = arg;
	int lines = log_flush(), messages = notify_flush(d->notify);
	struct timeval tv = timeval_of(MAX(lines, messages));

	if (timerisset(&tv))
		event_add(d->flush, &tv);
}

static void on_stop(evutil_socket_t sig, short what _unused_, void *arg)
{
	struct daemon *d = arg;

	log_info("stopping on %s", sig == SIGINT ? "SIGINT" : "SIGTERM");
	notify_stopping(d->notify);
	if (d->options->once)
		d->exit_status = EXIT_UNCLEAR;
	event_base_loopbreak(d->base);
}

/* What --reload prints and the status line says: where the first error is, and what is in force instead. */
static int reload_failed(struct daemon *d, const char *why)
{
	char error[RELOAD_TEXT - 100], at[40] = "before";
	time_t taken = (time_t)(d->taken / 1000), t = (time_t)(now().wall / 1000);
	struct tm then, today;
	struct line l;

	if (localtime_r(&taken, &then) && localtime_r(&t, &today))
		strftime(at, sizeof(at),
			then.tm_yday == today.tm_yday && then.tm_year == today.tm_year
				? "%H:%M"
				: "%Y-%m-%d %H:%M",
			&then);
	line_init(&l, error, sizeof(error));
	line_add(&l, "%s", why);
	line_init(&l, d->reload.text, sizeof(d->reload.text));
	line_add(&l, "reload failed: %s; configuration of %s stays in force", error, at);
	d->reload.failed = true;
	return -EINVAL;
}

static bool as_before(const struct cloud_settings *c, const struct settings *old)
{
	for (size_t i = 0; i < old->n_clouds; i++)
		if (strcmp(old->clouds[i].name, c->name) == 0)
			return strcmp(old->clouds[i].mark, c->mark) == 0;
	return false;
}

/* Who reloads after a change of a password waits for it in vain: credentials are handed over at a start. */
static void say_handed_over(const struct settings *old, const struct settings *s)
{
	unsigned n = 0;

	for (size_t i = 0; i < s->n_clouds; i++) {
		const char *place = s->clouds[i].secret;

		n += place && strncmp(place, "credential:", 11) == 0 &&
		     as_before(&s->clouds[i], old);
	}
	if (n > 0)
		log_info("%u credential%s handed over by systemd %s as before; a new one is sure "
			 "to be seen after a restart only",
			n, n == 1 ? "" : "s", n == 1 ? "is" : "are");
}

static int reload(struct daemon *d)
{
	struct settings *s = NULL;
	struct vault *vault = NULL;
	struct line l;

	if (load(d, &s, &vault) < 0) {
		log_err("reload of %s failed, see above; the configuration in force stays",
			d->options->config);
		return reload_failed(d, *d->first_error ? d->first_error : "out of memory");
	}
	if (strcmp(s->state_dir, d->settings->state_dir) != 0)
		log_warning("state_dir %s takes effect at the next start only; %s stays in use",
			s->state_dir, d->settings->state_dir);
	/* the heart holds its own reference of the old ones until it has let go of them */
	if (watch_configure(d->watch, s, now()) < 0) {
		log_err("reload failed: out of memory; the configuration in force stays");
		vault_free(vault);
		settings_unref(s);
		return reload_failed(d, "out of memory");
	}
	say_handed_over(d->settings, s);
	take_settings(d, s, vault);
	keep_take_settings(d->keep, s);
	courier_reset(d->courier);
	line_init(&l, d->reload.text, sizeof(d->reload.text));
	line_add(&l, "reloaded %s: %zu job%s in %zu cloud%s", d->options->config, s->n_jobs,
		s->n_jobs == 1 ? "" : "s", s->n_clouds, s->n_clouds == 1 ? "" : "s");
	log_info("%s", d->reload.text);
	d->reload.failed = false;
	return 0;
}

/* For --reload. Without a runtime directory nobody can ask. */
static void leave_outcome(struct daemon *d)
{
	char dir[PATH_MAX];
	int r;

	if (!reload_dir(dir, sizeof(dir)))
		return;
	d->reload.pid = getpid();
	r = reload_write(dir, &d->reload);
	if (r < 0)
		log_warning("can't write %s/reload: %s; systemctl reload will not see what came of "
			    "it",
			dir, strerror(-r));
}

/* libevent keeps a SIGHUP that comes in the middle of this, and calls once more. */
static void on_reload(evutil_socket_t sig _unused_, short what _unused_, void *arg)
{
	struct daemon *d = arg;

	notify_reloading(d->notify);
	d->reload.begun = reload_clock();
	d->reload.number++;
	if (reload(d) < 0)
		notify_status(d->notify, "%s", d->reload.text);
	leave_outcome(d);
	act(d);
	notify_ready(d->notify);
}

static void on_check_now(evutil_socket_t sig _unused_, short what _unused_, void *arg)
{
	struct daemon *d = arg;

	log_info("SIGUSR1: every job is checked now that has no run in progress");
	watch_check_now(d->watch, NULL, now());
	act(d);
}

static void on_tell_state(evutil_socket_t sig _unused_, short what _unused_, void *arg)
{
	struct daemon *d = arg;

	watch_tell_state(d->watch, 0, now());
	act(d);
}

/* --- start and end --- */

static int add_signals(struct daemon *d)
{
	static const struct {
		int signal;
		event_callback_fn call;
	} table[_ON_MAX] = {
		[ON_TERM] = {SIGTERM, on_stop},
		[ON_INT] = {SIGINT, on_stop},
		[ON_HUP] = {SIGHUP, on_reload},
		[ON_USR1] = {SIGUSR1, on_check_now},
		[ON_USR2] = {SIGUSR2, on_tell_state},
	};
	sigset_t ours;

	/* libevent gives back what was there before: a second Ctrl-C in the last moments must not kill */
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	sigemptyset(&ours);
	for (int i = 0; i < _ON_MAX; i++) {
		d->signals[i] = evsignal_new(d->base, table[i].signal, table[i].call, d);
		if (!d->signals[i] || event_add(d->signals[i], NULL) < 0)
			return -ENOMEM;
		sigaddset(&ours, table[i].signal);
	}
	signal(SIGPIPE, SIG_IGN);
	/* the mask and ignored signals are inherited: a reload that never comes is hard to find */
	sigprocmask(SIG_UNBLOCK, &ours, NULL);
	return 0;
}

static int start_loop(struct daemon *d)
{
	int64_t feed = notify_watchdog_interval();

	d->base = event_base_new();
	if (!d->base || add_signals(d) < 0)
		return -ENOMEM;
	d->wake = evtimer_new(d->base, on_wake, d);
	d->status = evtimer_new(d->base, on_status, d);
	d->watchdog = event_new(d->base, -1, EV_PERSIST, on_watchdog, d);
	d->look = event_new(d->base, -1, EV_PERSIST, on_look, d);
	d->flush = evtimer_new(d->base, on_flush, d);
	if (!d->wake || !d->status || !d->watchdog || !d->look || !d->flush ||
		notify_new(flush_soon, d, &d->notify) < 0)
		return -ENOMEM;
	log_when_waiting(flush_soon, d);
	if (feed > 0) {
		struct timeval tv = timeval_of(feed);

		event_add(d->watchdog, &tv);
	}
	return courier_new(d->base, on_reply, d, &d->courier);
}

/* A first start, or one that was cut off before it could tell anything. */
static bool nothing_told(const struct store_memory *m)
{
	for (size_t i = 0; i < m->n_jobs; i++)
		if (m->jobs[i].told != VERDICT_UNKNOWN)
			return false;
	return true;
}

/* What earlier processes knew, what they did not get to tell, and then the configuration. */
static int begin(struct daemon *d, struct settings *s)
{
	_cleanup_(store_memory_done) struct store_memory memory = {0};

	if (keep_open(d->base, d->options->target, d->options->once, s, &d->keep, &memory) < 0)
		return EXIT_CONFIG;
	d->first_news = memory.next_news;
	if (watch_new(&d->watch, (uint64_t)now().wall ^ (uint64_t)getpid() << 40, memory.next_run,
		    memory.next_news) < 0 ||
		watch_restore(
			d->watch, memory.jobs, memory.n_jobs, memory.clouds, memory.n_clouds) < 0) {
		log_err("out of memory");
		return EXIT_FAILURE;
	}
	if (nothing_told(&memory) && !d->options->once)
		watch_quiet_start(d->watch);
	if (watch_configure(d->watch, s, now()) < 0) {
		log_err("out of memory");
		return EXIT_FAILURE;
	}
	return 0;
}

static int start(struct daemon *d)
{
	struct settings *s = NULL;
	struct vault *vault = NULL;
	char why[300] = "", version[80];
	int r;

	if (load(d, &s, &vault) < 0)
		return EXIT_CONFIG;
	take_settings(d, s, vault);
	r = lock_take(s->state_dir, &d->lock, why);
	if (r < 0) {
		log_err("%s", *why ? why : strerror(-r));
		return r == -EBUSY ? EXIT_BUSY : EXIT_CONFIG;
	}
	log_info("precheckd %s (%s): %zu job%s in %zu cloud%s, from %s", VERSION,
		http_version(version, sizeof(version)), s->n_jobs, s->n_jobs == 1 ? "" : "s",
		s->n_clouds, s->n_clouds == 1 ? "" : "s", d->options->config);
	return begin(d, s);
}

static void stop(struct daemon *d)
{
	struct event *timers[] = {d->wake, d->status, d->watchdog, d->look, d->flush};
	char dir[PATH_MAX];

	if (d->reload.pid != 0 && reload_dir(dir, sizeof(dir)))
		reload_forget(dir);
	courier_free(d->courier);
	watch_free(d->watch);
	keep_close(d->keep);
	log_when_waiting(NULL, NULL);
	notify_free(d->notify);
	for (size_t i = 0; i < ELEMENTSOF(timers); i++)
		if (timers[i])
			event_free(timers[i]);
	for (int i = 0; i < _ON_MAX; i++)
		if (d->signals[i])
			event_free(d->signals[i]);
	if (d->base)
		event_base_free(d->base);
	vault_free(d->vault);
	settings_unref(d->settings);
	if (d->lock >= 0)
		close(d->lock);
}

int daemon_run(const struct daemon_options *o)
{
	struct daemon d = {.options = o, .lock = -1};
	int status;

	if (o->log_level >= 0)
		log_set_level(o->log_level);
	/* signals first: one that comes before its handler would kill */
	if (start_loop(&d) < 0) {
		log_err("can't set up the event loop: out of memory or descriptors");
		stop(&d);
		return EXIT_FAILURE;
	}
	status = start(&d);
	if (status == 0) {
		if (!o->once)
			leave_outcome(&d);
		notify_ready(d.notify);
		act(&d);
		if (o->once) { /* now, not when it would be due */
			watch_check_now(d.watch, NULL, now());
			act(&d);
		}
		/* a loop that has not begun yet does not know that it was broken off */
		if (!d.over)
			event_base_dispatch(d.base);
		status = d.exit_status;
	}
	stop(&d);
	return status;
}

int daemon_gate(const struct watch_summary *s)
{
	const unsigned *v = s->verdicts;

	if (v[VERDICT_FAILED] > 0)
		return EXIT_FAILED;
	if (v[VERDICT_UNKNOWN] > 0 || v[VERDICT_REFUSED] > 0 || s->stale > 0)
		return EXIT_UNCLEAR;
	if (v[VERDICT_ALARMED] > 0)
		return EXIT_ALARMED;
	return v[VERDICT_PASSED] > 0 ? EXIT_SUCCESS : EXIT_UNCLEAR;
}
