/* test_notify.c - the messages to the service manager, read from a socket in its place. */
#include "notify.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

struct manager {
	int fd;
	struct notify *notify;
	unsigned woken;
	char said[2048];
};

static void wake(void *arg)
{
	struct manager *m = arg;

	m->woken++;
}

static int set_up(void **state)
{
	struct manager *m = calloc(1, sizeof(*m));
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	socklen_t len = sizeof(sa_family_t); /* the kernel gives an abstract name */

	assert_non_null(m);
	m->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(m->fd, (struct sockaddr *)&name, len), 0);
	len = sizeof(name);
	assert_int_equal(getsockname(m->fd, (struct sockaddr *)&name, &len), 0);
	name.sun_path[0] = '@';
	name.sun_path[len - sizeof(sa_family_t)] = '\0';
	setenv("NOTIFY_SOCKET", name.sun_path, 1);
	assert_int_equal(notify_new(wake, m, &m->notify), 0);
	*state = m;
	return 0;
}

static int tear_down(void **state)
{
	struct manager *m = *state;

	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	assert_null(notify_free(m->notify));
	close(m->fd);
	free(m);
	return 0;
}

static const char *heard(struct manager *m)
{
	ssize_t n = recv(m->fd, m->said, sizeof(m->said) - 1, MSG_DONTWAIT);

	assert_true(n >= 0);
	m->said[n] = '\0';
	return m->said;
}

static void test_words(void **state)
{
	const struct {
		void (*say)(struct notify *);
		const char *text;
	} table[] = {
		{notify_ready, "READY=1"},
		{notify_stopping, "STOPPING=1"},
		{notify_watchdog, "WATCHDOG=1"},
	};
	struct manager *m = *state;

	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		table[i].say(m->notify);
		assert_string_equal(heard(*state), table[i].text);
	}
}

static uint64_t monotonic_usec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void test_reloading(void **state)
{
	uint64_t before = monotonic_usec(), said = 0;
	const char *text;

	notify_reloading(((struct manager *)*state)->notify);
	text = heard(*state); /* both in one message */
	assert_int_equal(sscanf(text, "RELOADING=1\nMONOTONIC_USEC=%" SCNu64, &said), 1);
	assert_true(said >= before && said <= monotonic_usec());
}

static void test_status(void **state)
{
	const struct {
		const char *in, *out;
	} table[] = {
		{"12 jobs, 2 failed", "STATUS=12 jobs, 2 failed"},
		{"a\nMAINPID=1\rb\tc\x7f", "STATUS=a MAINPID=1 b c "},
		{"K\xc3\xb6ln 100 %", "STATUS=K\xc3\xb6ln 100 %"},
		{"bad \xff", "STATUS=bad \\xff"},
		{"c1 \xc2\x85.", "STATUS=c1 \\u{0085}."},
	};
	char longer[1000], *text;

	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		notify_status(((struct manager *)*state)->notify, "%s", table[i].in);
		assert_string_equal(heard(*state), table[i].out);
	}
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	notify_status(((struct manager *)*state)->notify, "%s", longer);
	text = (char *)heard(*state);
	assert_int_equal(strlen(text), strlen("STATUS=") + 512);
	assert_string_equal(text + strlen(text) - 3, "...");
}

static void test_watchdog_interval(void **state _unused_)
{
	char me[32];

	assert_int_equal(notify_watchdog_interval(), -1);
	setenv("WATCHDOG_USEC", "90000000", 1);
	assert_int_equal(notify_watchdog_interval(), 30000);
	snprintf(me, sizeof(me), "%d", (int)getpid());
	setenv("WATCHDOG_PID", me, 1);
	assert_int_equal(notify_watchdog_interval(), 30000);
	setenv("WATCHDOG_PID", "1", 1); /* meant for another process */
	assert_int_equal(notify_watchdog_interval(), -1);
	unsetenv("WATCHDOG_PID");
	setenv("WATCHDOG_USEC", "1000", 1); /* never a busy loop */
	assert_int_equal(notify_watchdog_interval(), 1);
	setenv("WATCHDOG_USEC", "nonsense", 1);
	assert_int_equal(notify_watchdog_interval(), -1);
}

static void test_nobody_listens(void **state)
{
	static const char *const nobody[] = {NULL, "/nonexistent/socket", "nonsense", "", "@"};
	struct notify *n;

	for (size_t i = 0; i < ELEMENTSOF(nobody); i++) {
		if (nobody[i])
			setenv("NOTIFY_SOCKET", nobody[i], 1);
		else
			unsetenv("NOTIFY_SOCKET");
		assert_int_equal(notify_new(wake, *state, &n), 0);
		notify_ready(n);
		notify_status(n, "%s", "x");
		assert_int_equal(notify_flush(n), 0);
		notify_free(n);
	}
	notify_ready(NULL);
	assert_int_equal(notify_flush(NULL), 0);
	assert_int_equal(((struct manager *)*state)->woken, 0);
	assert_int_equal(recv(((struct manager *)*state)->fd, (char[8]){0}, 8, MSG_DONTWAIT), -1);
}

/* Until its queue is full; how many it held. */
static unsigned fill(struct manager *m)
{
	unsigned n = 0;

	while (m->woken == 0) {
		notify_watchdog(m->notify);
		assert_true(++n < 5000);
	}
	return n - 1;
}

static void test_a_manager_that_does_not_read(void **state)
{
	struct manager *m = *state;
	uint64_t before, said = 0;
	unsigned held = fill(m);

	notify_ready(m->notify);
	notify_status(m->notify, "old");
	notify_reloading(m->notify);
	notify_ready(m->notify);
	before = monotonic_usec();
	notify_reloading(m->notify); /* the readiness that still waits is no longer true */
	notify_status(m->notify, "new");
	assert_int_equal(m->woken, 1); /* and not each time */
	assert_true(notify_flush(m->notify) > 0);
	notify_ready(m->notify);
	for (unsigned i = 0; i < held; i++)
		assert_string_equal(heard(m), "WATCHDOG=1");
	assert_int_equal(notify_flush(m->notify), 0);
	assert_int_equal(sscanf(heard(m), "RELOADING=1\nMONOTONIC_USEC=%" SCNu64, &said), 1);
	assert_true(said >= before);
	assert_string_equal(heard(m), "STATUS=new");
	assert_string_equal(heard(m), "READY=1");
	assert_string_equal(heard(m), "WATCHDOG=1"); /* the one that was not taken */
	assert_int_equal(recv(m->fd, m->said, sizeof(m->said), MSG_DONTWAIT), -1);
	notify_stopping(m->notify);
	assert_string_equal(heard(m), "STOPPING=1");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_words),
		TEST(test_reloading),
		TEST(test_status),
		TEST(test_watchdog_interval),
		TEST(test_nobody_listens),
		TEST(test_a_manager_that_does_not_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
