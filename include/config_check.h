/* config_check.h - inside config: blocks of texts to settings, every value and reference judged. */
#pragma once

#include "config_file.h"
#include "text.h"

/* Judges all blocks and says all errors and warnings. 0: *ret has one reference, and is only to be used
 * unless in->failed; -ENOMEM. */
int config_check(struct config_input *in, struct settings **ret) _must_check_;

/* One value, converted. */
struct config_parsed {
	int64_t span; /* CONFIG_SPAN: ms, -1 never */
	unsigned number;
	bool yes;
	int word;   /* CONFIG_WORD: its place in the list */
	char *text; /* all others: normalised, malloc'ed */
};

/* 0; -EINVAL with one clause added to why ("is below the least, 5min"), which never repeats a secret;
 * -ENOMEM. */
int config_parse(const struct config_option *o, const char *text, bool short_times,
	struct config_parsed *ret, struct line *why) _must_check_;
