/* test_news_form.c - the form of all news: the table of events, and sentences that hold together for every
 * combination of kind, verdict, trouble and remote text, whatever their length. */
#include "news_kit.h"

static void test_event_table(void **state)
{
	(void)state;
	assert_int_equal(event_table_size, 36);
	for (size_t i = 0; i < event_table_size; i++) {
		const struct event_row *row = &event_table[i];

		assert_non_null(row->name);
		assert_int_equal(strlen(row->message_id), 32);
		assert_int_equal(strspn(row->message_id, "0123456789abcdef"), 32);
		assert_in_range(row->priority, LOG_ERR, LOG_INFO);
		for (size_t k = 0; k < i; k++) {
			assert_string_not_equal(row->message_id, event_table[k].message_id);
			assert_string_not_equal(row->name, event_table[k].name);
		}
	}
}

static void test_priorities(void **state)
{
	static const struct {
		const char *name;
		int priority;
	} rows[] = {{"failed", LOG_ERR}, {"failed-items", LOG_ERR}, {"refused", LOG_WARNING},
		{"alarmed", LOG_WARNING}, {"stale", LOG_WARNING}, {"passed", LOG_NOTICE},
		{"started", LOG_NOTICE}, {"ended", LOG_NOTICE}, {"cloud-down", LOG_ERR},
		{"cloud-up", LOG_NOTICE}, {"login", LOG_INFO}};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
		size_t k = 0;

		while (strcmp(event_table[k].name, rows[i].name) != 0)
			assert_true(++k < event_table_size);
		assert_int_equal(event_table[k].priority, rows[i].priority);
	}
}

static void check_text(const struct news *n)
{
	char buf[2048];

	assert_readable(news_text(n, buf, sizeof(buf)));
	assert_non_null(news_event(n));
	for (size_t size = 8; size < 300; size += 7) { /* any room: cut, never torn */
		news_text(n, buf, size);
		assert_true(strlen(buf) < size);
		assert_true(text_utf8_valid(buf, strlen(buf)));
	}
}

/* Every kind, verdict, refusal and trouble, with and without code, text and reports, with one job or more. */
static void test_every_combination_is_readable(void **state)
{
	static const char *const codes[] = {"", "DRS.M00303", "DRS.M99999", "APIGW.0301"};
	static const char *const texts[] = {
		"", "a text; with \"quotes\"", "\xc3\xa4\xc3\xb6\xe4\xb8\xad"};

	(void)state;
	for (unsigned i = 0; i < _NEWS_KIND_MAX * ELEMENTSOF(codes) * ELEMENTSOF(texts); i++) {
		enum news_kind kind = i % _NEWS_KIND_MAX;
		const char *code = codes[i / _NEWS_KIND_MAX % ELEMENTSOF(codes)];
		const char *text = texts[i / _NEWS_KIND_MAX / ELEMENTSOF(codes)];

		for (unsigned v = 0; v < _VERDICT_MAX * _VERDICT_MAX; v++) {
			enum verdict verdict = v / _VERDICT_MAX;
			struct news *n = refused_news(OUTCOME_REFUSED, code, text);

			if (kind >= NEWS_CLOUD_DOWN) {
				news_free(n);
				break;
			}
			n->kind = kind;
			n->previous = v % _VERDICT_MAX;
			n->verdict = verdict;
			refusal.outcome = 1 + v % (_OUTCOME_MAX - 1);
			if (verdict >= VERDICT_PASSED && verdict <= VERDICT_FAILED)
				give(n, make(-1, "a=F:R1|b=A:R2:it has \"quotes\""),
					make(-1, verdict == VERDICT_PASSED ? "a=P|b=P"
						 : verdict == VERDICT_ALARMED
							 ? "a=P|b=A:R2|c=A::m \"q\""
							 : "a=F:R9|b=P|c=A"));
			if (verdict == VERDICT_STARTED)
				n->status = "PAUSING";
			check_text(n);
			news_free(n);
		}
		for (unsigned t = 0; t < _TROUBLE_MAX * 3 * _AUTH_METHOD_MAX; t++) {
			struct news *n = cloud_news(kind, t / 3 % _TROUBLE_MAX);

			if (kind < NEWS_STATE) {
				news_free(n);
				break;
			}
			n->jobs = t % 3;
			n->call = t % _CALL_KIND_MAX;
			n->method = t / 3 / _TROUBLE_MAX;
			if (t % 2) { /* what is not configured is not there */
				n->iam = n->domain = n->project = NULL;
				n->user = "";
			}
			n->life = t % 2 ? INT64_MAX : HOURS(1);
			n->skew = t % 5 == 0 ? 0 : t % 2 ? HOURS(1) : -MINUTES(2);
			text_copy(n->code, sizeof(n->code), code);
			text_copy(n->text, sizeof(n->text), text);
			check_text(n);
			news_free(n);
		}
	}
}

/* Every cause and remedy of the catalogue, where a reader will meet it. */
static void test_the_catalogue_reads_well(void **state)
{
	(void)state;
	assert_true(catalogue_size > 50);
	for (size_t i = 0; i < catalogue_size; i++) {
		const struct catalogue_entry *e = &catalogue_table[i];
		struct news *n;
		char buf[2048];

		if (e->kind == CATALOGUE_CODE) {
			n = refused_news(OUTCOME_REFUSED, e->name, "said");
		} else {
			char items[512];

			n = job_news(VERDICT_PASSED, VERDICT_FAILED);
			snprintf(items, sizeof(items), "%s=F:%s",
				e->kind == CATALOGUE_ITEM ? e->name : "someItem",
				e->kind == CATALOGUE_ITEM ? "" : e->name);
			give(n, NULL, make(-1, items));
		}
		check_text(n);
		news_text(n, buf, sizeof(buf));
		if (!strstr(buf, e->cause) || !strstr(buf, e->remedy))
			fail_msg("%s is not explained in: %s", e->name, buf);
		news_free(n);
	}
}

static void test_long_texts_are_cut(void **state)
{
	struct news *n = job_news(VERDICT_PASSED, VERDICT_FAILED);
	char name[600], message[ITEM_MESSAGE_MAX], items[2048], buf[2048];
	size_t len;

	(void)state;
	/* three-byte characters, so that most cuts would tear one */
	for (size_t i = 0; i < 3 * 190; i += 3)
		memcpy(name + i, "\xe4\xb8\xad", 4);
	for (size_t i = 0; i < 3 * 170; i += 3)
		memcpy(message + i, "\xe4\xb8\xad", 4);
	snprintf(items, sizeof(items), "a%s=F:R1:%s", name, message);
	give(n, NULL, make(-1, items));
	n->job = name;
	n->cloud = name;
	n->status = name;
	news_text(n, buf, sizeof(buf));
	len = strlen(buf);
	assert_true(text_utf8_valid(buf, len));
	assert_in_range(len, 1700, 2047);
	n->task = name;
	n->drs = name;
	{
		char items2[4096];
		struct report *r;

		assert_int_equal(report_new(&r), 0);
		r->process = 100;
		for (int i = 0; i < 9; i++) {
			struct item item = {.checked = true, .result = ITEM_FAILED, .name = items2};

			snprintf(items2, sizeof(items2), "%d%s", i, name);
			assert_int_equal(report_add(r, &item), 0);
		}
		report_seal(r);
		give(n, NULL, r);
	}
	news_text(n, buf, sizeof(buf));
	len = strlen(buf);
	assert_in_range(len, 2040, 2047);
	assert_string_equal(buf + len - 3, "...");
	assert_true(text_utf8_valid(buf, len));
	news_free(n);

	/* a remote text in the middle is cut on a character, and its quotes are closed */
	n = refused_news(OUTCOME_REFUSED, "DRS.M99999", "");
	text_copy(refusal.text, sizeof(refusal.text), message);
	news_text(n, buf, sizeof(buf));
	assert_readable(buf);
	assert_non_null(strstr(buf, "...\"; to do: "));
	news_free(n);
}

static void test_names(void **state)
{
	(void)state;
	for (int t = -1; t <= _TROUBLE_MAX; t++)
		assert_true(*trouble_name((enum trouble)t));
	assert_string_equal(trouble_name(TROUBLE_LOGIN), "login refused");
	assert_null(news_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_event_table),
		cmocka_unit_test(test_priorities),
		cmocka_unit_test(test_every_combination_is_readable),
		cmocka_unit_test(test_the_catalogue_reads_well),
		cmocka_unit_test(test_long_texts_are_cut),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("news: the form of all that is told", tests, NULL, NULL);
}
