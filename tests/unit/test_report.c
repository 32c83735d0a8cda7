/* test_report.c - reports: what counts as finished, how it is graded, and every kind of change. */
#include "report.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define WALL 1000000

static enum item_result result_of(char c)
{
	switch (c) {
	case 'P':
		return ITEM_PASSED;
	case 'E':
		return ITEM_PENDING;
	case 'O':
		return ITEM_OTHER;
	case 'A':
		return ITEM_ALARM;
	default:
		assert_int_equal(c, 'F');
		return ITEM_FAILED;
	}
}

/* A sealed report of items written as "NAME=R[:REASON[:WORD]] ..."; R is P, E (empty), O, A or
 * F. */
static struct report *make(int process, int rate, int result, const char *items)
{
	char buf[128], *rest = buf, *word;
	struct report *r;

	assert_int_equal(report_new(&r), 0);
	r->process = process;
	r->rate = rate;
	r->result = result;
	assert_true(strlen(items) < sizeof(buf));
	memcpy(buf, items, strlen(items) + 1);
	while ((word = strsep(&rest, " ")) && *word) {
		struct item item = {.checked = true, .name = strsep(&word, "=")};

		item.result = result_of(*strsep(&word, ":"));
		item.reason = strsep(&word, ":");
		item.said = strsep(&word, ":");
		assert_int_equal(report_add(r, &item), 0);
	}
	memset(buf, 'x', sizeof(buf)); /* strings must have been copied */
	report_seal(r);
	return r;
}

static void test_new(void **state)
{
	struct report *r;

	(void)state;
	assert_int_equal(report_new(&r), 0);
	assert_int_equal(r->refs, 1);
	assert_int_equal(r->process, -1);
	assert_int_equal(r->rate, -1);
	assert_int_equal(r->result, -1);
	assert_int_equal(r->n, 0);
	assert_false(r->pending);
	assert_ptr_equal(report_ref(r), r);
	assert_int_equal(r->refs, 2);
	assert_null(report_unref(r));
	assert_int_equal(r->refs, 1);
	assert_null(report_unref(r));
	assert_null(report_unref(NULL));
	assert_null(report_ref(NULL));
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(item_result_name(ITEM_PASSED), "PASSED");
	assert_string_equal(item_result_name(ITEM_PENDING), "");
	assert_string_equal(item_result_name(ITEM_OTHER), "OTHER");
	assert_string_equal(item_result_name(ITEM_ALARM), "ALARM");
	assert_string_equal(item_result_name(ITEM_FAILED), "FAILED");
}

static void test_add_copies(void **state)
{
	struct report *r;
	struct item item = {
		.name = (char *)"a",
		.result = ITEM_OTHER,
		.said = (char *)"SKIPPED",
		.group = (char *)"network",
		.reason = (char *)"R",
		.message = (char *)"m",
		.parts = (char *)"p1, p2",
		.checked = false,
		.since = 77,
		.runs = 3,
	};

	(void)state;
	assert_int_equal(report_new(&r), 0);
	assert_int_equal(report_add(r, &item), 0);
	item = (struct item){.name = (char *)"b",
		.said = (char *)"",
		.group = (char *)"",
		.reason = (char *)"",
		.message = (char *)"",
		.parts = (char *)""};
	assert_int_equal(report_add(r, &item), 0);
	report_seal(r);
	assert_string_equal(r->items[0].said, "SKIPPED");
	assert_string_equal(r->items[0].group, "network");
	assert_string_equal(r->items[0].reason, "R");
	assert_string_equal(r->items[0].message, "m");
	assert_string_equal(r->items[0].parts, "p1, p2");
	assert_false(r->items[0].checked);
	assert_int_equal(r->items[0].since, 77);
	assert_int_equal(r->items[0].runs, 3);
	assert_null(r->items[1].said);
	assert_null(r->items[1].group);
	assert_null(r->items[1].reason);
	assert_null(r->items[1].message);
	assert_null(r->items[1].parts);
	report_unref(r);
}

/* What is finished, and with which grade. */
static void test_finished(void **state)
{
	static const struct {
		const char *why;
		int process, rate, result;
		const char *items;
		bool finished;
		enum grade grade;
		bool unexplained;
	} rows[] = {
		{"all passed", 100, 100, 1, "a=P b=P", true, GRADE_PASSED, false},
		{"no process", -1, 100, 1, "a=P", false, GRADE_PASSED, false},
		{"99 %", 99, 100, 1, "a=P", false, GRADE_PASSED, false},
		{"pending", 100, 100, 1, "a=P b=E", false, GRADE_PASSED, false},
		{"nothing to judge by", 100, -1, -1, "", false, GRADE_PASSED, false},
		{"a rate is enough", 100, 100, -1, "", true, GRADE_PASSED, false},
		{"a result is enough", 100, -1, 1, "", true, GRADE_PASSED, false},
		{"items are enough", 100, -1, -1, "a=P", true, GRADE_PASSED, false},
		{"alarm", 100, 100, 1, "a=A b=P", true, GRADE_ALARMED, false},
		{"unknown word", 100, 100, 1, "a=O::SKIPPED", true, GRADE_ALARMED, false},
		{"failed", 100, 50, 0, "a=F b=P", true, GRADE_FAILED, false},
		{"failed item, result true", 100, 100, 1, "a=F", true, GRADE_FAILED, false},
		{"failed and alarm", 100, 100, 1, "a=A b=F", true, GRADE_FAILED, false},
		{"result false, no bad item", 100, 100, 0, "a=P", true, GRADE_FAILED, true},
		{"result false, alarm", 100, 100, 0, "a=A", true, GRADE_FAILED, true},
		{"rate 99, no bad item", 100, 99, 1, "a=P", true, GRADE_FAILED, true},
		{"rate 0", 100, 0, -1, "a=P", true, GRADE_FAILED, true},
		{"result false alone", 100, -1, 0, "", true, GRADE_FAILED, true},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		struct report *r = make(
			rows[i].process, rows[i].rate, rows[i].result, rows[i].items);

		if (report_finished(r) != rows[i].finished || report_grade(r) != rows[i].grade ||
			report_unexplained(r) != rows[i].unexplained)
			fail_msg("%s", rows[i].why);
		report_unref(r);
	}
}

/* A carried item alone is nothing to judge by, and never makes a verdict. */
static void test_carried_does_not_count(void **state)
{
	struct report *last = make(100, 50, 0, "a=F");
	struct report *now = make(100, 100, 1, "b=P");
	struct report *none = make(100, -1, -1, "");

	(void)state;
	assert_int_equal(report_carry(now, last, WALL), 0);
	assert_int_equal(now->n, 2);
	assert_int_equal(report_grade(now), GRADE_PASSED);
	assert_int_equal(report_carry(none, last, WALL), 0);
	assert_false(report_finished(none));
	report_unref(last);
	report_unref(now);
	report_unref(none);
}

static void test_doubles(void **state)
{
	static const struct {
		const char *items;
		enum item_result result;
		const char *reason;
		bool pending;
	} rows[] = {
		{"a=P a=F:R", ITEM_FAILED, "R", false},
		{"a=F:R a=P", ITEM_FAILED, "R", false},
		{"a=A:X a=F:R a=P", ITEM_FAILED, "R", false},
		{"a=A:X a=O:R", ITEM_ALARM, "X", false},
		{"a=E a=F:R", ITEM_FAILED, "R", true},
		{"a=F:S a=F:R", ITEM_FAILED, "R", false},
		{"a=F:R a=F:S", ITEM_FAILED, "R", false},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		struct report *r = make(100, 100, 1, rows[i].items);
		const struct item *item = report_item(r, "a");

		assert_int_equal(r->n, 1);
		assert_non_null(item);
		assert_int_equal(item->result, rows[i].result);
		assert_string_equal(item->reason, rows[i].reason);
		assert_int_equal(r->pending, rows[i].pending);
		report_unref(r);
	}
}

static void test_many_sorted(void **state)
{
	struct report *r;
	char name[16];

	(void)state;
	assert_int_equal(report_new(&r), 0);
	for (unsigned i = 0; i < 3000; i++) {
		struct item item = {.name = name, .checked = true};

		snprintf(name, sizeof(name), "i%u", (i * 7919u) % 1000u);
		assert_int_equal(report_add(r, &item), 0);
	}
	report_seal(r);
	assert_int_equal(r->n, 1000);
	for (size_t i = 1; i < r->n; i++)
		assert_true(strcmp(r->items[i - 1].name, r->items[i].name) < 0);
	assert_non_null(report_item(r, "i0"));
	assert_non_null(report_item(r, "i999"));
	assert_null(report_item(r, "i1000"));
	assert_null(report_item(NULL, "i0"));
	report_unref(r);
}

static void test_fingerprint(void **state)
{
	struct report *a = make(-1, -1, -1, ""), *b = make(-1, -1, -1, "");

	(void)state;
	assert_int_equal(a->fingerprint, b->fingerprint);
	b->process = 40;
	assert_int_equal(a->fingerprint, b->fingerprint);
	report_mix(a, "ab", 2);
	report_mix(a, "c", 1);
	report_mix(b, "a", 1);
	report_mix(b, "bc", 2);
	assert_int_not_equal(a->fingerprint, b->fingerprint);
	uint64_t before = a->fingerprint;

	report_mix(a, "", 0);
	assert_int_not_equal(a->fingerprint, before);
	report_unref(a);
	report_unref(b);
}

/* since and runs over a chain of reports: fresh, unbroken, unchecked in between, fixed, broken
 * again. */
static void test_since(void **state)
{
	static const struct {
		const char *items;
		int64_t since;
		unsigned runs;
		bool checked;
	} chain[] = {
		{"a=P", 0, 0, true},
		{"a=A:R", 2, 1, true},
		{"a=A:R", 2, 2, true},
		{"a=F:S", 2, 3, true},
		{"b=P", 2, 3, false}, /* left out: carried, not counted as a run */
		{"b=P", 2, 3, false}, /* and again */
		{"a=F:S", 2, 4, true},
		{"a=P", 0, 0, true},
		{"a=F:S", 9, 1, true},
	};
	struct report *last = NULL;

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(chain); i++) {
		struct report *r = make(100, -1, -1, chain[i].items);
		const struct item *item;

		assert_int_equal(report_carry(r, last, (int64_t)i + 1), 0);
		item = report_item(r, "a");
		assert_non_null(item);
		assert_int_equal(item->since, chain[i].since);
		assert_int_equal(item->runs, chain[i].runs);
		assert_int_equal(item->checked, chain[i].checked);
		report_unref(last);
		last = r;
	}
	report_unref(last);
}

/* Passed items of the last report are not carried. */
static void test_carry_only_bad(void **state)
{
	struct report *last = make(100, -1, -1, "a=P c=A:R d=O::HM z=F:R");
	struct report *now = make(100, -1, -1, "b=P y=P");

	(void)state;
	assert_int_equal(report_carry(now, last, WALL), 0);
	assert_int_equal(now->n, 5);
	assert_null(report_item(now, "a"));
	assert_false(report_item(now, "c")->checked);
	assert_string_equal(report_item(now, "c")->reason, "R");
	assert_string_equal(report_item(now, "d")->said, "HM");
	assert_int_equal(report_item(now, "z")->result, ITEM_FAILED);
	assert_true(report_item(now, "b")->checked);
	report_unref(last);
	report_unref(now);
}

struct expected {
	const char *name;
	enum change_kind kind;
	bool news;
};

static void test_compare(void **state)
{
	static const struct {
		const char *why;
		bool have_last;
		const char *last, *now;
		struct expected want[7];
	} rows[] = {
		{"first report, all well", false, "", "a=P", {{0}}},
		{"first report, bad", false, "", "a=P b=F:R", {{"b", CHANGE_NEW, true}}},
		{"nothing", true, "a=P", "a=P", {{0}}},
		{"passed item gone", true, "a=P", "b=P", {{0}}},
		{"new", true, "a=P", "a=F:R", {{"a", CHANGE_NEW, true}}},
		{"new alarm", true, "a=P", "a=A:R", {{"a", CHANGE_NEW, true}}},
		{"new item", true, "a=P", "a=P b=O::X", {{"b", CHANGE_NEW, true}}},
		{"worsened", true, "a=A:R", "a=F:R", {{"a", CHANGE_NEW, true}}},
		{"eased", true, "a=F:R", "a=A:R", {{"a", CHANGE_CHANGED, true}}},
		{"other reason", true, "a=F:R", "a=F:S", {{"a", CHANGE_CHANGED, true}}},
		{"a reason at last", true, "a=F", "a=F:S", {{"a", CHANGE_CHANGED, true}}},
		{"reason gone", true, "a=F:R", "a=F", {{"a", CHANGE_CHANGED, true}}},
		{"other word", true, "a=O::X", "a=O::Y", {{"a", CHANGE_CHANGED, true}}},
		{"word to alarm", true, "a=O:R:X", "a=A:R", {{"a", CHANGE_CHANGED, true}}},
		{"word to failed", true, "a=O:R:X", "a=F:R", {{"a", CHANGE_NEW, true}}},
		{"still", true, "a=F:R", "a=F:R", {{"a", CHANGE_STILL, false}}},
		{"fixed", true, "a=F:R", "a=P", {{"a", CHANGE_FIXED, true}}},
		{"alarm fixed", true, "a=A", "a=P", {{"a", CHANGE_FIXED, true}}},
		{"absent is not fixed", true, "a=F:R", "b=P", {{"a", CHANGE_UNCHECKED, true}}},
		{"pending is not fixed", true, "a=F:R", "a=E", {{"a", CHANGE_UNCHECKED, true}}},
		{"order", true, "m=F:R n=A:R s=A:R u=F:R w=F", "m=P n=A:S s=A:R b=A a=A",
			{{"a", CHANGE_NEW, true}, {"b", CHANGE_NEW, true},
				{"n", CHANGE_CHANGED, true}, {"s", CHANGE_STILL, false},
				{"u", CHANGE_UNCHECKED, true}, {"w", CHANGE_UNCHECKED, true},
				{"m", CHANGE_FIXED, true}}},
		{"failed before alarm", true, "x=A y=F", "a=A b=F x=P y=P",
			{{"b", CHANGE_NEW, true}, {"a", CHANGE_NEW, true},
				{"y", CHANGE_FIXED, true}, {"x", CHANGE_FIXED, true}}},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		struct report *last = NULL, *now = make(100, -1, -1, rows[i].now);
		struct change *changes = (struct change *)1;
		size_t n = 99, want = 0;

		if (rows[i].have_last) {
			last = make(100, -1, -1, rows[i].last);
			assert_int_equal(report_carry(last, NULL, 1), 0);
		}
		assert_int_equal(report_carry(now, last, 2), 0);
		assert_int_equal(report_compare(last, now, &changes, &n), 0);
		while (want < 7 && rows[i].want[want].name)
			want++;
		if (n != want)
			fail_msg("%s: %zu changes, not %zu", rows[i].why, n, want);
		if (n == 0)
			assert_null(changes);
		for (size_t k = 0; k < want; k++) {
			const struct expected *w = &rows[i].want[k];

			if (strcmp(changes[k].item->name, w->name) != 0 ||
				changes[k].kind != w->kind || changes[k].news != w->news)
				fail_msg("%s: change %zu is %s, kind %d", rows[i].why, k,
					changes[k].item->name, (int)changes[k].kind);
			assert_ptr_equal(changes[k].item, report_item(now, w->name));
			assert_ptr_equal(changes[k].before, report_item(last, w->name));
		}
		free(changes);
		report_unref(last);
		report_unref(now);
	}
}

/* Told once that it is not checked; then silence; PASSED at last means fixed. */
static void test_unchecked_chain(void **state)
{
	static const struct {
		const char *items;
		enum change_kind kind;
		bool news;
	} chain[] = {
		{"a=F:R", CHANGE_NEW, true},
		{"b=P", CHANGE_UNCHECKED, true},
		{"b=P", CHANGE_UNCHECKED, false},
		{"a=F:R", CHANGE_STILL, false},
		{"b=P", CHANGE_UNCHECKED, true},
		{"a=P", CHANGE_FIXED, true},
	};
	struct report *last = NULL;

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(chain); i++) {
		struct report *r = make(100, -1, -1, chain[i].items);
		struct change *changes;
		size_t n;

		assert_int_equal(report_carry(r, last, (int64_t)i + 1), 0);
		assert_int_equal(report_compare(last, r, &changes, &n), 0);
		assert_int_equal(n, 1);
		assert_int_equal(changes[0].kind, chain[i].kind);
		assert_int_equal(changes[0].news, chain[i].news);
		free(changes);
		report_unref(last);
		last = r;
	}
	report_unref(last);
}

/* Even if nobody carried, a bad item never slips away. */
static void test_compare_without_carry(void **state)
{
	struct report *last = make(100, -1, -1, "a=F:R p=P");
	struct report *now = make(100, -1, -1, "b=P");
	struct change *changes;
	size_t n;

	(void)state;
	assert_int_equal(report_compare(last, now, &changes, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(changes[0].kind, CHANGE_UNCHECKED);
	assert_true(changes[0].news);
	assert_null(changes[0].item);
	assert_string_equal(changes[0].before->name, "a");
	free(changes);
	report_unref(last);
	report_unref(now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_add_copies),
		cmocka_unit_test(test_finished),
		cmocka_unit_test(test_carried_does_not_count),
		cmocka_unit_test(test_doubles),
		cmocka_unit_test(test_many_sorted),
		cmocka_unit_test(test_fingerprint),
		cmocka_unit_test(test_since),
		cmocka_unit_test(test_carry_only_bad),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_unchecked_chain),
		cmocka_unit_test(test_compare_without_carry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
