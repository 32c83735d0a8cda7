/* config_check.h - inside config: blocks of texts to settings, every value and reference judged. */
#pragma once

#include "config_file.h"
#include "text.h"

/* Judges all blocks and says all errors and warnings. 0: *ret has one reference, and is only to be used
 * unless in->failed; -ENOMEM. */
int config_check(struct config_input *in, struct settings **ret) _must_check_;

/* Says an error (or warning) of block b, whose kind and name go before the text. */
void config_say_of(struct config_input *in, bool error, const struct config_block *b, unsigned line,
	const char *fmt, ...) _printf_(5, 6);

/* Judges the accept blocks that stand in b, a job or defaults, and says what is wrong. `shared` are n_shared
 * accepts that hold as well, unless one of b is for the same item and reason. *ret, all of them in order, is
 * for settings_free_accepts(). -ENOMEM. */
int config_accepts(struct config_input *in, const struct config_block *b,
	const struct accept *shared, size_t n_shared, struct accept **ret,
	size_t *ret_n) _must_check_;

/* Judges a cloud block, whose own values are judged and stored already, by what its way to log in needs and
 * takes, and says what is wrong or looks so. -ENOMEM. */
int config_cloud(struct config_input *in, const struct config_block *b,
	const struct cloud_settings *cloud) _must_check_;

/* True if a text can go to journals and tables as it is. */
bool config_showable(const char *text);

/* One value, converted. */
struct config_parsed {
	int64_t span;   /* CONFIG_SPAN: ms, -1 never */
	int64_t moment; /* CONFIG_MOMENT: wall ms */
	unsigned number;
	bool yes;
	int word;   /* CONFIG_WORD: its place in the list */
	char *text; /* all others: normalised, malloc'ed */
};

/* 0; -EINVAL with one clause added to why ("is below the least, 5min"), which never repeats a secret;
 * -ENOMEM. */
int config_parse(const struct config_option *o, const char *text, bool short_times,
	struct config_parsed *ret, struct line *why) _must_check_;

/* Puts a parsed value where the option's field is in the struct at base; takes its text. */
void config_store(const struct config_option *o, void *base, struct config_parsed *v);
