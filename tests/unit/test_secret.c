/* test_secret.c - secrets: where they are read from, what is refused, what is left of them. */
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/test-secret.XXXXXX";

static int setup(void **state)
{
	(void)state;
	return mkdtemp(dir) && chdir(dir) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return chdir("/") == 0 && rmdir(dir) == 0 ? 0 : -1;
}

static void put(const char *name, const char *bytes, size_t len, mode_t mode)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(name, mode), 0);
}

static void test_values(void **state)
{
	struct secret *a = NULL, *b = NULL, *c = NULL;
	char mark[SECRET_MARK];

	(void)state;
	assert_int_equal(secret_new("abc", 3, &a), 0);
	assert_int_equal(secret_new("abc", 3, &b), 0);
	assert_int_equal(secret_new("a\0c", 3, &c), 0);
	assert_int_equal(secret_len(a), 3);
	assert_string_equal(secret_bytes(a), "abc");
	assert_memory_equal(secret_bytes(c), "a\0c", 4);
	assert_true(secret_equal(a, b));
	assert_false(secret_equal(a, c));
	assert_false(secret_equal(a, NULL));
	assert_false(secret_equal(NULL, a));
	assert_true(secret_equal(NULL, NULL));
	secret_mark(a, mark);
	assert_string_equal(mark, "ba7816bf"); /* SHA-256 of "abc" */
	a = secret_free(a);
	assert_null(a);
	secret_free(b);
	assert_int_equal(secret_new("ab", 2, &b), 0);
	assert_false(secret_equal(b, c));
	secret_free(b);
	secret_free(c);
	assert_int_equal(secret_new(NULL, 0, &a), 0);
	assert_string_equal(secret_bytes(a), "");
	secret_mark(a, mark);
	assert_string_equal(mark, "e3b0c442");
	secret_free(a);
	assert_null(secret_free(NULL));
}

static void test_sizes(void **state)
{
	char *big = malloc(SECRET_MAX + 1);
	struct secret *s = NULL;

	(void)state;
	memset(big, 'q', SECRET_MAX + 1);
	assert_int_equal(secret_new(big, SECRET_MAX + 1, &s), -E2BIG);
	assert_null(s);
	for (size_t len = SECRET_MAX - 64; len <= SECRET_MAX; len++) {
		assert_int_equal(secret_new(big, len, &s), 0);
		assert_int_equal(strlen(secret_bytes(s)), len);
		s = secret_free(s);
	}
	free(big);
}

/* "dd" (not dumped) is among the VmFlags of the mapping that holds addr. */
static void test_not_dumped(void **state)
{
	struct secret *s = NULL;
	bool inside = false, dont_dump = false;
	char line[512];
	FILE *f;

	(void)state;
	assert_int_equal(secret_new("abc", 3, &s), 0);
	f = fopen("/proc/self/smaps", "r");
	if (!f)
		skip();
	while (fgets(line, sizeof(line), f)) {
		unsigned long from, to, addr = (unsigned long)(uintptr_t)s;

		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			inside = from <= addr && addr < to;
		else if (inside && strncmp(line, "VmFlags:", 8) == 0)
			dont_dump = strstr(line, " dd") != NULL;
	}
	fclose(f);
	secret_free(s);
	assert_true(dont_dump);
}

static void test_place_syntax(void **state)
{
	static const struct {
		const char *place;
		bool good;
	} table[] = {
		{"credential:otc", true},
		{"credential:otc.password", true},
		{"credential:..x", true},
		{"file:/etc/precheckd/otc", true},
		{"env:OTC_PASSWORD", true},
		{"env:_x9", true},
		{"", false},
		{"hunter2", false},
		{"credential:", false},
		{"credential:a/hunter2", false},
		{"credential:.", false},
		{"credential:..", false},
		{"credentials:otc", false},
		{"Credential:otc", false},
		{"file:", false},
		{"file:hunter2", false},
		{"file:../hunter2", false},
		{"env:", false},
		{"env:9hunter2", false},
		{"env:hunter2=", false},
		{"env:hunter2 x", false},
		{" env:hunter2", false},
		{"pass:hunter2", false},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		char why[200] = "unset";
		struct secret *s = NULL;

		if (secret_place_check(table[i].place, why) != (table[i].good ? 0 : -EINVAL))
			fail_msg("'%s'", table[i].place);
		if (table[i].good)
			continue;
		assert_null(strstr(why, "hunter2"));
		assert_string_not_equal(why, "unset");
		assert_int_equal(secret_read(table[i].place, &s, why), -EINVAL);
		assert_null(s);
	}
}

static void test_content(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		int r;
		const char *secret, *why;
	} table[] = {
		{"hunter2", 7, 0, "hunter2", NULL},
		{"hunter2\n", 8, 0, "hunter2", NULL},
		{"hunter2 \n", 9, 0, "hunter2 ", NULL},
		{"p\xc3\xa4ss", 5, 0, "p\xc3\xa4ss", NULL},
		{"", 0, -EINVAL, NULL, "is empty"},
		{"\n", 1, -EINVAL, NULL, "is empty"},
		{"hunter2\n\n", 9, -EINVAL, NULL, "one line"},
		{"hunter2\r\n", 9, -EINVAL, NULL, "control character"},
		{"hunter2\nxxx", 11, -EINVAL, NULL, "second line"},
		{"hunter2\0", 8, -EINVAL, NULL, "control character"},
		{"hun\0ter2", 8, -EINVAL, NULL, "control character"},
		{"hunter2\t", 8, -EINVAL, NULL, "control character"},
		{"hunter2\x7f", 8, -EINVAL, NULL, "control character"},
		{"hunter2\xff", 8, -EINVAL, NULL, "UTF-8"},
	};
	char place[PATH_MAX];

	(void)state;
	snprintf(place, sizeof(place), "file:%s/s", dir);
	for (size_t i = 0; i < ELEMENTSOF(table); i++) {
		struct secret *s = NULL;
		char why[200] = "";
		int r;

		put("s", table[i].bytes, table[i].len, 0600);
		r = secret_read(place, &s, why);
		if (r != table[i].r)
			fail_msg("row %zu: %d %s", i, r, why);
		if (r == 0)
			assert_string_equal(secret_bytes(s), table[i].secret);
		else {
			assert_null(s);
			assert_null(strstr(why, "hunter2"));
			assert_non_null(strstr(why, table[i].why));
			assert_non_null(strstr(why, place));
		}
		secret_free(s);
	}
	unlink("s");
}

static void test_file_modes(void **state)
{
	char place[PATH_MAX], why[200];
	struct secret *s = NULL;

	(void)state;
	snprintf(place, sizeof(place), "file:%s/s", dir);
	put("s", "hunter2", 7, 0600);
	for (unsigned bit = 0; bit < 6; bit++) {
		assert_int_equal(chmod("s", 0600 | 1U << bit), 0);
		assert_int_equal(secret_read(place, &s, why), -EACCES);
		assert_non_null(strstr(why, "open to others"));
	}
	assert_int_equal(chmod("s", 0400), 0);
	assert_int_equal(secret_read(place, &s, why), 0);
	s = secret_free(s);
	/* Judged by the file that was opened, so a link is none. */
	assert_int_equal(symlink("s", "link"), 0);
	snprintf(place, sizeof(place), "file:%s/link", dir);
	assert_int_equal(secret_read(place, &s, why), -EACCES);
	assert_non_null(strstr(why, "symbolic link"));
	unlink("link");
	unlink("s");
	assert_null(s);
}

static void test_file_kinds(void **state)
{
	char place[PATH_MAX], why[200];
	struct secret *s = NULL;

	(void)state;
	snprintf(place, sizeof(place), "file:%s/none", dir);
	assert_int_equal(secret_read(place, &s, why), -ENOENT);
	snprintf(place, sizeof(place), "file:%s", dir);
	assert_int_equal(secret_read(place, &s, why), -EACCES);
	assert_non_null(strstr(why, "not a regular file"));
	/* A pipe without a writer must not make us wait. */
	assert_int_equal(mkfifo("pipe", 0600), 0);
	snprintf(place, sizeof(place), "file:%s/pipe", dir);
	assert_int_equal(secret_read(place, &s, why), -EACCES);
	unlink("pipe");
	put("s", "x", 1, 0600);
	snprintf(place, sizeof(place), "file:%s/s/s", dir);
	assert_int_equal(secret_read(place, &s, why), -ENOENT);
	unlink("s");
	assert_null(s);
}

static void test_file_sizes(void **state)
{
	char *big = malloc(SECRET_MAX + 2), place[PATH_MAX], why[200];
	struct secret *s = NULL;

	(void)state;
	memset(big, 'q', SECRET_MAX + 1);
	snprintf(place, sizeof(place), "file:%s/s", dir);
	put("s", big, SECRET_MAX, 0600);
	assert_int_equal(secret_read(place, &s, why), 0);
	assert_int_equal(secret_len(s), SECRET_MAX);
	s = secret_free(s);
	put("s", big, SECRET_MAX + 1, 0600);
	assert_int_equal(secret_read(place, &s, why), -EINVAL);
	assert_non_null(strstr(why, "larger"));
	big[SECRET_MAX] = '\n';
	put("s", big, SECRET_MAX + 1, 0600);
	assert_int_equal(secret_read(place, &s, why), 0);
	assert_int_equal(secret_len(s), SECRET_MAX);
	secret_free(s);
	unlink("s");
	free(big);
}

static void test_credential(void **state)
{
	struct secret *s = NULL;
	char why[200];

	(void)state;
	unsetenv("CREDENTIALS_DIRECTORY");
	assert_int_equal(secret_read("credential:otc", &s, why), -ENOENT);
	assert_non_null(strstr(why, "LoadCredential="));
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	assert_int_equal(secret_read("credential:otc", &s, why), -ENOENT);
	/* systemd gives the file to another user by an access list, which shows as group bits. */
	put("otc", "hunter2\n", 8, 0440);
	assert_int_equal(secret_read("credential:otc", &s, why), 0);
	assert_string_equal(secret_bytes(s), "hunter2");
	secret_free(s);
	unlink("otc");
	unsetenv("CREDENTIALS_DIRECTORY");
}

static void test_variable(void **state)
{
	char *big = malloc(SECRET_MAX + 3), why[200];
	struct secret *s = NULL;

	(void)state;
	unsetenv("TEST_SECRET");
	assert_int_equal(secret_read("env:TEST_SECRET", &s, why), -ENOENT);
	setenv("TEST_SECRET", "", 1);
	assert_int_equal(secret_read("env:TEST_SECRET", &s, why), -EINVAL);
	setenv("TEST_SECRET", "hunter2", 1);
	assert_int_equal(secret_read("env:TEST_SECRET", &s, why), 0);
	assert_string_equal(secret_bytes(s), "hunter2");
	s = secret_free(s);
	memset(big, 'q', SECRET_MAX + 2);
	big[SECRET_MAX + 2] = '\0';
	setenv("TEST_SECRET", big, 1);
	assert_int_equal(secret_read("env:TEST_SECRET", &s, why), -EINVAL);
	unsetenv("TEST_SECRET");
	assert_null(s);
	free(big);
}

static void test_long_place(void **state)
{
	char place[1000] = "file:/", why[200];
	struct secret *s = NULL;

	(void)state;
	memset(place + 6, 'x', sizeof(place) - 7);
	place[sizeof(place) - 1] = '\0';
	assert_true(secret_read(place, &s, why) < 0);
	assert_true(strlen(why) < sizeof(why));
	assert_null(s);
}

static unsigned open_fds(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void test_no_leak(void **state)
{
	char place[PATH_MAX], why[200];
	struct secret *s = NULL;
	unsigned before;

	(void)state;
	snprintf(place, sizeof(place), "file:%s/s", dir);
	put("s", "a\nb", 3, 0600);
	before = open_fds();
	for (int i = 0; i < 100; i++) {
		assert_int_equal(secret_read(place, &s, why), -EINVAL);
		assert_int_equal(chmod("s", 0644), 0);
		assert_int_equal(secret_read(place, &s, why), -EACCES);
		assert_int_equal(chmod("s", 0600), 0);
	}
	assert_int_equal(open_fds(), before);
	unlink("s");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_not_dumped),
		cmocka_unit_test(test_place_syntax),
		cmocka_unit_test(test_content),
		cmocka_unit_test(test_file_modes),
		cmocka_unit_test(test_file_kinds),
		cmocka_unit_test(test_file_sizes),
		cmocka_unit_test(test_credential),
		cmocka_unit_test(test_variable),
		cmocka_unit_test(test_long_place),
		cmocka_unit_test(test_no_leak),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
