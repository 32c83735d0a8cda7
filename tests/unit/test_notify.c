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
	char said[2048];
};

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
	*state = m;
	return 0;
}

static int tear_down(void **state)
{
	struct manager *m = *state;

	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
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
		void (*say)(void);
		const char *text;
	} table[] = {
		{notify_ready, "READY=1"},
		{notify_stopping, "STOPPING=1"},
		{notify_watchdog, "WATCHDOG=1"},
	};

	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		table[i].say();
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

	notify_reloading();
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
		notify_status("%s", table[i].in);
		assert_string_equal(heard(*state), table[i].out);
	}
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	notify_status("%s", longer);
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
	unsetenv("NOTIFY_SOCKET");
	notify_ready();
	notify_status("%s", "x");
	assert_int_equal(recv(((struct manager *)*state)->fd, (char[8]){0}, 8, MSG_DONTWAIT), -1);
	setenv("NOTIFY_SOCKET", "/nonexistent/socket", 1);
	notify_ready();
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
