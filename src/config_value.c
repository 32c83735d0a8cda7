/* config_value.c
 *
 * One value at a time: text to number, time, URL. Defaults go this way too. URLs come out in one spelling,
 * so that two names of the same endpoint are noticed as one.
 */
#include "config_check.h"

#include "secret.h"
#include "span.h"
#include "text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define TEXT_MAX      255
#define SHORTEST_SPAN 10 /* ms, with short_times */
#define SHOWN_VALUE   80
#define HOST_CHARS    "abcdefghijklmnopqrstuvwxyz0123456789.-_"
#define HOST_CHARS_V6 "abcdef0123456789:."
#define PORT_MAX      65535
#define METADATA_HOST "169.254.169.254"
#define LABEL_CHARS   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."

/* Adds "= TEXT" as an operator may see it, then the complaint. */
static _printf_(3, 4) int refuse(struct line *why, const char *text, const char *fmt, ...)
{
	char shown[SHOWN_VALUE];
	va_list ap;

	if (text)
		line_add(why, "'%s' ", text_escape(shown, sizeof(shown), text, strlen(text)));
	va_start(ap, fmt);
	line_vadd(why, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static int parse_span(const struct config_option *o, const char *text, bool short_times,
	int64_t *ret, struct line *why)
{
	int64_t span, bound;

	if (o->never && strcmp(text, "never") == 0) {
		*ret = -1;
		return 0;
	}
	if (span_parse(text, &span) < 0)
		return refuse(why, text, "is not a time such as 90s, 30min or 1h 30min%s",
			o->never ? ", nor never" : "");
	if (o->least && span_parse(o->least, &bound) == 0 &&
		span < (short_times && o->bent ? SHORTEST_SPAN : bound))
		return refuse(why, text, "is below the least, %s",
			short_times && o->bent ? "10ms" : o->least);
	if (o->most && span_parse(o->most, &bound) == 0 && span > bound)
		return refuse(why, text, "is above the most, %s", o->most);
	*ret = span;
	return 0;
}

/* A day is meant as it is said, to its end: the last moment of it in the host's zone, whatever the clocks are
 * put to on that day. */
static int parse_moment(const char *text, int64_t *ret, struct line *why)
{
	const char *hours = strchr(text, 'T');
	char midnight[32];
	int64_t wall;
	struct tm tm;
	time_t s;

	if (hours && time_parse_utc(text, &wall) == 0) {
		if (!strpbrk(hours, "Z+-"))
			return refuse(why, text, "is without a zone, Z or one such as +01:00");
		*ret = wall;
		return 0;
	}
	snprintf(midnight, sizeof(midnight), "%sT00:00:00Z", text);
	if (strlen(text) != strlen("YYYY-MM-DD") || time_parse_utc(midnight, &wall) < 0)
		return refuse(why, text,
			"is neither a day such as 2027-01-31 nor a moment such as "
			"2027-01-31T18:00:00Z");
	s = (time_t)(wall / 1000);
	gmtime_r(&s, &tm);
	tm.tm_mday++;
	tm.tm_isdst = -1;
	*ret = (int64_t)mktime(&tm) * 1000;
	return 0;
}

/* Digits only; too large a number is UINT_MAX, which is above every bound. */
static bool take_number(const char *text, unsigned *ret)
{
	uint64_t number = 0;

	if (*text == '\0')
		return false;
	for (; *text >= '0' && *text <= '9'; text++)
		number = MIN(number * 10 + (uint64_t)(*text - '0'), (uint64_t)UINT32_MAX);
	*ret = (unsigned)number;
	return *text == '\0';
}

static int parse_number(
	const struct config_option *o, const char *text, unsigned *ret, struct line *why)
{
	unsigned number, bound;

	if (!take_number(text, &number))
		return refuse(why, text, "is not a whole number");
	if (o->least && take_number(o->least, &bound) && number < bound)
		return refuse(why, text, "is below the least, %s", o->least);
	if (o->most && take_number(o->most, &bound) && number > bound)
		return refuse(why, text, "is above the most, %s", o->most);
	*ret = number;
	return 0;
}

static int parse_bool(const char *text, bool *ret, struct line *why)
{
	static const char *const words[] = {"no", "yes", "false", "true", "off", "on"};

	for (size_t i = 0; i < ELEMENTSOF(words); i++)
		if (strcmp(text, words[i]) == 0) {
			*ret = i % 2 == 1;
			return 0;
		}
	return refuse(why, text, "is neither yes nor no");
}

static int parse_word(const struct config_option *o, const char *text, int *ret, struct line *why)
{
	size_t len = strlen(text);
	int place = 0;

	for (const char *p = o->words; *p; place++) {
		size_t n = strcspn(p, " ");

		if (n == len && memcmp(p, text, n) == 0) {
			*ret = place;
			return 0;
		}
		p += n + (p[n] == ' ');
	}
	return refuse(why, text, "is not known here, only: %s", o->words);
}

static int take_text(const char *text, char **ret, struct line *why)
{
	char *copy;

	if (*text == '\0')
		return refuse(why, NULL, "is empty");
	if (strlen(text) > TEXT_MAX)
		return refuse(why, text, "is longer than %d bytes", TEXT_MAX);
	copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	*ret = copy;
	return 0;
}

/* 127.0.0.0/8, ::1, localhost: the only places where a password may go without TLS. */
static bool is_loopback(const char *host)
{
	struct in6_addr v6;
	struct in_addr v4;

	if (inet_pton(AF_INET, host, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == 127;
	if (inet_pton(AF_INET6, host, &v6) == 1)
		return IN6_IS_ADDR_LOOPBACK(&v6);
	return strcmp(host, "localhost") == 0;
}

/* Moves *p behind the host and copies it, without brackets, in lower case. */
static bool take_host(const char **p, char *host, size_t size)
{
	struct in6_addr v6;
	const char *begin = *p;
	bool brackets = *begin == '[';
	size_t len;

	begin += brackets;
	len = strcspn(begin, brackets ? "]" : ":/");
	if (len == 0 || len >= size || (brackets && begin[len] != ']'))
		return false;
	for (size_t i = 0; i < len; i++)
		host[i] = (char)(begin[i] >= 'A' && begin[i] <= 'Z' ? begin[i] - 'A' + 'a'
								    : begin[i]);
	host[len] = '\0';
	*p = begin + len + brackets;
	if (strspn(host, brackets ? HOST_CHARS_V6 : HOST_CHARS) != len)
		return false;
	return !brackets || inet_pton(AF_INET6, host, &v6) == 1;
}

/* Moves *p behind ":PORT"; 0 if there is none. */
static bool take_port(const char **p, unsigned *ret)
{
	char digits[8];
	size_t len;

	*ret = 0;
	if (**p != ':')
		return true;
	len = strcspn(++*p, "/");
	if (len == 0 || len >= sizeof(digits))
		return false;
	memcpy(digits, *p, len);
	digits[len] = '\0';
	*p += len;
	return take_number(digits, ret) && *ret > 0 && *ret <= PORT_MAX;
}

static bool path_valid(const char *path)
{
	for (const char *p = path; *p; p++)
		if (*p <= 0x20 || *p >= 0x7f || strchr("\"'<>\\^`{|}", *p))
			return false;
	return true;
}

/* Whether that host may be spoken to without TLS. The metadata service is on the ECS's own link, and its one
 * address is all that is known of it. */
static bool may_be_plain(enum config_type type, const char *host)
{
	return type == CONFIG_PROXY || is_loopback(host) ||
	       (type == CONFIG_METADATA && strcmp(host, METADATA_HOST) == 0);
}

static int parse_url(enum config_type type, const char *text, char **ret, struct line *why)
{
	bool tls = strncasecmp(text, "https://", 8) == 0, proxy = type == CONFIG_PROXY;
	char host[TEXT_MAX + 1], shown_port[16] = "";
	const char *p = text + (tls ? 8 : 7);
	size_t path_len;
	unsigned port;
	char *url;

	/* What stands before an '@' may be a password: such a text is not repeated. */
	if (strchr(text, '@'))
		return refuse(why, NULL,
			"holds an '@': user names and passwords do not belong into a URL");
	if (!tls && strncasecmp(text, "http://", 7) != 0)
		return refuse(why, text, "is not a URL that begins with https://");
	if (strpbrk(text, "?#"))
		return refuse(why, text, "has a query or fragment, which does not belong here");
	if (strlen(text) > TEXT_MAX)
		return refuse(why, text, "is longer than %d bytes", TEXT_MAX);
	if (!take_host(&p, host, sizeof(host)))
		return refuse(why, text, "has no valid host name");
	if (!take_port(&p, &port))
		return refuse(why, text, "has no valid port");
	if ((*p != '\0' && *p != '/') || !path_valid(p))
		return refuse(why, text, "has no valid path");
	if (!tls && !may_be_plain(type, host))
		return refuse(why, text, "must be https; http is for %sthis machine itself only",
			type == CONFIG_METADATA ? METADATA_HOST " and " : "");
	for (path_len = strlen(p); path_len > 0 && p[path_len - 1] == '/';)
		path_len--;
	if (proxy && path_len > 0)
		return refuse(why, text, "has a path, which a proxy has not");
	if (path_len >= 3 && memcmp(p + path_len - 3, "/v3", 3) == 0)
		return refuse(why, text, "ends in /v3, leave that out, it is added");
	if (port > 0 && port != (tls ? 443U : 80U))
		snprintf(shown_port, sizeof(shown_port), ":%u", port);
	if (asprintf(&url, strchr(host, ':') ? "%s://[%s]%s%.*s" : "%s://%s%s%.*s",
		    tls ? "https" : "http", host, shown_port, (int)path_len, p) < 0)
		return -ENOMEM;
	*ret = url;
	return 0;
}

static int parse_secret(const char *text, char **ret, struct line *why)
{
	char sentence[200];

	if (secret_place_check(text, sentence) < 0)
		return refuse(why, NULL, "is not usable: %s", sentence);
	return take_text(text, ret, why);
}

static bool project_id_valid(const char *text)
{
	return strlen(text) == 32 && strspn(text, "0123456789abcdef") == 32;
}

int config_parse(const struct config_option *o, const char *text, bool short_times,
	struct config_parsed *ret, struct line *why)
{
	switch (o->type) {
	case CONFIG_SPAN:
		return parse_span(o, text, short_times, &ret->span, why);
	case CONFIG_MOMENT:
		return parse_moment(text, &ret->moment, why);
	case CONFIG_NUMBER:
		return parse_number(o, text, &ret->number, why);
	case CONFIG_BOOL:
		return parse_bool(text, &ret->yes, why);
	case CONFIG_WORD:
		return parse_word(o, text, &ret->word, why);
	case CONFIG_URL:
	case CONFIG_PROXY:
	case CONFIG_METADATA:
		return parse_url(o->type, text, &ret->text, why);
	case CONFIG_SECRET:
		return parse_secret(text, &ret->text, why);
	case CONFIG_PATH:
		if (*text != '/')
			return refuse(why, text, "is not an absolute path");
		break;
	case CONFIG_LABEL: /* not repeated: it may be a secret key in the place of an access key */
		if (text[strspn(text, LABEL_CHARS)] != '\0')
			return refuse(why, NULL,
				"holds other characters than letters, digits, '-', '_' and '.'");
		break;
	case CONFIG_TASK_ID:
		if (!task_id_valid(text))
			return refuse(why, text,
				"is not a task id (8-4-4-4-12 digits and lower case letters)");
		break;
	case CONFIG_PROJECT_ID:
		if (!project_id_valid(text))
			return refuse(why, text,
				"is not a project id (32 digits and letters a to f); a name goes "
				"to 'project'");
		break;
	case CONFIG_TEXT:
	case CONFIG_CLOUD:
	case _CONFIG_TYPE_MAX:
		break;
	}
	return take_text(text, &ret->text, why);
}
