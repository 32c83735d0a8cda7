/* news_kit.h - news made by hand, and what must hold for every sentence: one line, valid UTF-8, balanced
 * quotes, no doubled punctuation, no "1 jobs". */
#pragma once

#include "news.h"

#include "catalogue.h"
#include "text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include <cmocka.h>

#define KIT static __attribute__((unused))
#define NOW INT64_C(1795575600000) /* 2026-11-25 03:00:00 UTC */

KIT struct refusal refusal;

/* Items as "NAME=R[:REASON[:MESSAGE]]|..."; R is P, O, A or F. */
KIT struct report *make(int rate, const char *items)
{
	char buf[2048], *rest = buf, *word;
	struct report *r;

	assert_int_equal(report_new(&r), 0);
	r->process = 100;
	r->rate = rate;
	assert_true(text_copy(buf, sizeof(buf), items));
	while ((word = strsep(&rest, "|")) && *word) {
		struct item item = {.checked = true, .name = strsep(&word, "=")};
		char c = *strsep(&word, ":");

		item.result = c == 'P'   ? ITEM_PASSED
			      : c == 'O' ? ITEM_OTHER
			      : c == 'A' ? ITEM_ALARM
					 : ITEM_FAILED;
		item.said = c == 'O' ? (char *)"SKIPPED" : NULL;
		item.reason = strsep(&word, ":");
		item.message = strsep(&word, ":");
		item.parts = word;
		assert_int_equal(report_add(r, &item), 0);
	}
	report_seal(r);
	return r;
}

/* Takes the reports. */
KIT void give(struct news *n, struct report *before, struct report *now)
{
	report_unref(n->report);
	report_unref(n->previous_report);
	assert_int_equal(report_carry(now, before, NOW), 0);
	n->previous_report = before;
	n->report = now;
}

KIT struct news *job_news(enum verdict previous, enum verdict verdict)
{
	struct news *n = calloc(1, sizeof(*n));

	*n = (struct news){
		.kind = NEWS_JOB,
		.wall = NOW,
		.cloud = "prod",
		.drs = "https://drs.example",
		.iam = "https://iam.example",
		.user = "watcher",
		.domain = "OTC01",
		.project = "eu-de_shop",
		.project_id = "",
		.job = "orders",
		.task = "5f0e9d8c-1a2b-4c3d-8e9f-00a1b2cjb101",
		.verdict = verdict,
		.previous = previous,
		.since = NOW - HOURS(2),
		.previous_since = NOW - HOURS(26),
		.status = "CONFIGURATION",
		.previous_status = "",
		.old_task = "5f0e9d8c-1a2b-4c3d-8e9f-00a1b2cjb102",
		.old_drs = "https://old.example",
		.confirmed = NOW - MINUTES(95),
		.run = 12,
		.run_limit = MINUTES(30),
		.run_age = MINUTES(31),
		.next_try = -1,
	};
	return n;
}

KIT struct news *cloud_news(enum news_kind kind, enum trouble trouble)
{
	struct news *n = job_news(VERDICT_UNKNOWN, VERDICT_UNKNOWN);

	n->kind = kind;
	n->job = n->task = NULL;
	n->run = 0;
	n->status = NULL;
	n->previous_status = NULL;
	n->trouble = trouble;
	n->call = CALL_STATUS;
	n->trouble_since = NOW - MINUTES(200);
	n->jobs = 25;
	n->pace = 15;
	n->pace_wanted = 30;
	n->next_try = SECONDS(40);
	n->life = HOURS(24);
	n->login = 1;
	n->reachable = MINUTES(70);
	n->skew = MINUTES(5);
	return n;
}

KIT struct news *refused_news(enum outcome outcome, const char *code, const char *text)
{
	struct news *n = job_news(VERDICT_PASSED, VERDICT_REFUSED);

	refusal = (struct refusal){.outcome = outcome, .since = NOW};
	text_copy(refusal.code, sizeof(refusal.code), code);
	text_copy(refusal.text, sizeof(refusal.text), text);
	text_copy(n->code, sizeof(n->code), code);
	text_copy(n->text, sizeof(n->text), text);
	n->refusal = &refusal;
	return n;
}

/* What holds for every text, whatever it is about. */
KIT void assert_readable(const char *s)
{
	size_t len = strlen(s), quotes = 0;
	int depth = 0;

	assert_in_range(len, 10, 2047);
	assert_true(text_utf8_valid(s, len));
	for (size_t i = 0; i < len; i++) {
		assert_true((unsigned char)s[i] >= 0x20 && s[i] != 0x7f);
		quotes += s[i] == '"';
		depth += s[i] == '(' ? 1 : s[i] == ')' ? -1 : 0;
		assert_true(depth >= 0);
	}
	if (len < 2044) {
		assert_int_equal(quotes % 2, 0);
		assert_int_equal(depth, 0);
	}
	for (const char *const *bad = (const char *const[]){"  ", ";;", ": ;", ":;", "::", ",,",
		     ", ;", "; ;", " ;", " ,", "()", "( ", " )", "(;", ". .", "%", "(null)",
		     "1 jobs", "1 calls", ": :", ";\"", "\"\"", NULL};
		*bad; bad++)
		if (strstr(s, *bad))
			fail_msg("\"%s\" in: %s", *bad, s);
	for (size_t i = 0; i + 1 < len; i++) /* a space after each of them */
		if ((s[i] == ';' || s[i] == ',') && s[i + 1] != ' ')
			fail_msg("no space at \"%s\" in: %s", s + i, s);
	assert_null(strchr(":;, ", s[len - 1]));
}

/* Takes the news. */
KIT void expect(struct news *n, const char *event, const char *golden)
{
	char buf[2048];

	assert_ptr_equal(news_text(n, buf, sizeof(buf)), buf);
	assert_string_equal(buf, golden);
	assert_string_equal(news_event(n)->name, event);
	assert_readable(buf);
	news_free(n);
}
