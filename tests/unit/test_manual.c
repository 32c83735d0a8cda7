/* test_manual.c - precheckd(8) names every event with its priority and MESSAGE_ID, and no other. */
#include "news.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "log.h"
#include "macro.h"

/* The lines "ID" of the manual follow a line ".It Cm NAME , No PRIORITY", a hyphen written as "\-". */
static char *read_manual(void)
{
	FILE *f = fopen("man/precheckd.8", "re");
	char *text = NULL;
	size_t n = 0;

	assert_non_null(f);
	assert_true(getdelim(&text, &n, '\0', f) > 0);
	fclose(f);
	return text;
}

static void test_each_event_is_explained(void **state _unused_)
{
	_cleanup_free_ char *manual = read_manual();

	for (size_t i = 0; i < event_table_size; i++) {
		const struct event_row *e = &event_table[i];
		char name[80] = "", wanted[200];

		for (const char *c = e->name; *c; c++)
			snprintf(name + strlen(name), sizeof(name) - strlen(name), "%s%c",
				*c == '-' ? "\\" : "", *c);
		snprintf(wanted, sizeof(wanted), ".It Cm %s , No %s\n.Li %s\n", name,
			log_level_name(e->priority), e->message_id);
		if (!strstr(manual, wanted))
			fail_msg("man/precheckd.8 lacks:\n%s", wanted);
	}
}

static void test_no_event_is_made_up(void **state _unused_)
{
	_cleanup_free_ char *manual = read_manual();
	size_t found = 0;

	for (const char *p = manual; (p = strstr(p, "\n.Li ")); p++)
		found++;
	assert_int_equal(found, event_table_size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_event_is_explained),
		cmocka_unit_test(test_no_event_is_made_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
