/* test_datagram.c - real sockets: what is taken, who is not there, who does not read, who came back. */
#include "datagram.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[128], path[160];

static int set_up(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "%.80s/test-datagram.XXXXXX",
		getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(dir);
}

static int listen_at(const char *where)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct datagram d;

	assert_int_equal(datagram_init(&d, where), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&d.name, d.name_len), 0);
	return fd;
}

static int send_text(struct datagram *d, const char *text)
{
	struct iovec parts[] = {{.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)},
		{.iov_base = (void *)(uintptr_t) "!", .iov_len = 1}};

	return datagram_send(d, parts, ELEMENTSOF(parts));
}

static const char *heard(int fd)
{
	static char text[100];
	ssize_t n = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static void test_names(void **state)
{
	static const char *const bad[] = {"", "/", "@", "relative", "vsock:2:1"};
	char longest[200];
	struct datagram d;

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(bad); i++)
		assert_int_equal(datagram_init(&d, bad[i]), -EINVAL);
	memset(longest, 'x', sizeof(longest));
	longest[0] = '/';
	longest[108] = '\0';
	assert_int_equal(datagram_init(&d, longest), -EINVAL);
	longest[107] = '\0';
	assert_int_equal(datagram_init(&d, longest), 0);
	assert_int_equal(d.fd, -1);
}

static void test_abstract(void **state)
{
	char name[64];
	struct datagram d;
	int fd;

	(void)state;
	snprintf(name, sizeof(name), "@test-datagram-%d", (int)getpid());
	fd = listen_at(name);
	assert_int_equal(datagram_init(&d, name), 0);
	assert_int_equal(send_text(&d, "hello"), 0);
	assert_string_equal(heard(fd), "hello!");
	datagram_close(&d);
	close(fd);
	assert_int_equal(send_text(&d, "hello"), -ECONNREFUSED);
}

static void test_comes_goes_and_comes_back(void **state)
{
	struct datagram d;
	int fd;

	(void)state;
	assert_int_equal(datagram_init(&d, path), 0);
	assert_int_equal(send_text(&d, "0"), -ENOENT);
	fd = listen_at(path);
	assert_int_equal(send_text(&d, "1"), 0);
	assert_string_equal(heard(fd), "1!");
	close(fd);
	assert_int_equal(send_text(&d, "2"), -ECONNREFUSED);
	assert_int_equal(d.fd, -1);
	unlink(path);
	assert_int_equal(send_text(&d, "3"), -ENOENT);
	fd = listen_at(path);
	assert_int_equal(send_text(&d, "4"), 0);
	/* replaced between two datagrams */
	close(fd);
	unlink(path);
	fd = listen_at(path);
	assert_int_equal(send_text(&d, "5"), 0);
	assert_string_equal(heard(fd), "5!");
	datagram_close(&d);
	close(fd);
}

static void test_does_not_read(void **state)
{
	struct pollfd p = {.events = POLLOUT};
	struct datagram d;
	unsigned held = 0;
	int fd = listen_at(path);

	(void)state;
	assert_int_equal(datagram_init(&d, path), 0);
	while (send_text(&d, "x") == 0)
		held++;
	assert_int_equal(send_text(&d, "y"), -EAGAIN);
	p.fd = d.fd;
	assert_true(d.fd >= 0);
	assert_int_equal(poll(&p, 1, 0), 0);
	while (held-- > 0)
		assert_string_equal(heard(fd), "x!");
	assert_int_equal(poll(&p, 1, 0), 1); /* which an event loop sees */
	assert_int_equal(send_text(&d, "z"), 0);
	assert_string_equal(heard(fd), "z!"); /* and nothing of y */
	datagram_close(&d);
	close(fd);
}

static void test_too_long(void **state)
{
	static char bytes[4 << 20];
	struct iovec part = {.iov_base = bytes, .iov_len = sizeof(bytes)};
	struct datagram d;
	int fd = listen_at(path);

	(void)state;
	assert_int_equal(datagram_init(&d, path), 0);
	assert_int_equal(send_text(&d, "1"), 0);
	assert_int_equal(datagram_send(&d, &part, 1), -EMSGSIZE);
	assert_true(d.fd >= 0); /* no fault of the connection */
	assert_int_equal(send_text(&d, "2"), 0);
	datagram_close(&d);
	close(fd);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_names),
		TEST(test_abstract),
		TEST(test_comes_goes_and_comes_back),
		TEST(test_does_not_read),
		TEST(test_too_long),
	};

	return cmocka_run_group_tests_name("datagram: now or not at all", tests, NULL, NULL);
}
