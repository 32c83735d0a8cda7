/* sentence_cloud.c - what is told of a cloud itself: its trouble, the end of it, logins, its clock. */
#include "sentence.h"

#include "span.h"

#include <string.h>

static bool signs(const struct news *n)
{
	return auth_table[n->method].signs;
}

/* Where logins are made. */
static const char *login_host(const struct news *n)
{
	return n->iam && n->method != AUTH_ECS_AGENCY ? n->iam : "the ECS metadata service";
}

static const char *project(const struct news *n)
{
	return n->project ? n->project : *n->project_id ? n->project_id : "?";
}

static const char *word(const char *s)
{
	return s && *s ? s : "?";
}

void sentence_who(struct line *l, const struct news *n)
{
	switch (n->method) {
	case AUTH_AKSK:
		line_add(l, "access key %s", word(n->user));
		break;
	case AUTH_ECS_AGENCY:
		line_add(l, "this ECS's agency");
		break;
	case AUTH_ASSUME_ROLE:
		line_add(l, "agency %s of %s", word(n->agency), word(n->agency_domain));
		break;
	case AUTH_TOKEN_FILE:
		line_add(l, "the token in %s", word(n->secret ? n->secret : n->user));
		break;
	case AUTH_PASSWORD:
	case AUTH_CLOUDS_YAML:
	case _AUTH_METHOD_MAX:
		line_add(l, "user %s", word(n->user));
		break;
	}
}

/* IAM says that it is the credential's fault, and not which part of it. */
static void refused_text(struct line *l, const struct news *n)
{
	const char *hint = "IAM does not tell which of user, password, domain or project is wrong";

	line_add(l, "login refused by %s for ", word(n->iam));
	sentence_who(l, n);
	if (n->method == AUTH_ASSUME_ROLE)
		line_add(l, ", assumed by user %s", word(n->user));
	if (n->domain)
		line_add(l, " of domain %s", n->domain);
	line_add(l, ", project %s: ", project(n));
	sentence_code(l, n->code, n->text, "no reason given", NULL);
	if (n->method == AUTH_ASSUME_ROLE)
		hint = "it may be user, password, domain, agency or project, or the user may not "
		       "assume the agency";
	else if (n->method == AUTH_TOKEN_FILE)
		hint = "whoever keeps the file fresh has to write a new token";
	else if (n->method == AUTH_ECS_AGENCY)
		hint = "see what the agency may do, and in which project";
	else if (signs(n))
		hint = "see that access key and secret key belong together, and that the key is "
		       "active";
	if (!refusal_names_project(n->code, n->text))
		line_add(l, "; %s", hint);
}

/* Who it is was clear to IAM, and that is not enough. */
static void denied_login_text(struct line *l, const struct news *n)
{
	char assume[200];
	struct line todo;

	line_init(&todo, assume, sizeof(assume));
	line_add(&todo, "let user %s assume it (Agent Operator)", word(n->user));
	sentence_who(l, n);
	line_add(l, " may not log in to project %s: ", project(n));
	sentence_code(l, n->code, n->text, "no reason given",
		n->method == AUTH_ASSUME_ROLE
			? assume
			: "give the user programmatic access, and a role in this project");
}

static void tokens_text(struct line *l, const struct news *n)
{
	line_add(l, "%s does not take the %s that %s has just %s: ", n->drs,
		signs(n)                       ? "key"
		: n->method == AUTH_TOKEN_FILE ? "token"
					       : "tokens",
		login_host(n), signs(n) || n->method == AUTH_TOKEN_FILE ? "taken" : "given");
	sentence_raw_code(l, n->code, n->text, "no reason given");
	line_add(l, "; to do: see that both are of one region%s",
		signs(n) ? ", or try the other signature" : "");
}

static void login_text(struct line *l, const struct news *n)
{
	bool first = n->login <= 1;

	line_add(l, "cloud %s: ", n->cloud);
	switch (n->method) {
	case AUTH_AKSK:
		line_add(l, "access key %s is taken in project %s", word(n->user), project(n));
		break;
	case AUTH_ECS_AGENCY:
		line_add(l, "temporary keys of this ECS's agency %s for project %s",
			first ? "fetched" : "renewed", project(n));
		break;
	case AUTH_TOKEN_FILE:
		sentence_who(l, n);
		line_add(l, " is good for project %s", project(n));
		break;
	default:
		line_add(l, "%s ", first ? "logged in as" : "token renewed for");
		sentence_who(l, n);
		line_add(l, " in project %s", project(n));
		break;
	}
	if (n->life == INT64_MAX)
		return;
	line_add(l, "; the %s ", signs(n) ? "keys last" : "token lasts");
	sentence_span(l, n->life);
	line_add(l, ", until ");
	sentence_time(l, n->wall + n->life);
}

static void clock_text(struct line *l, const struct news *n)
{
	const char *whose = n->call == CALL_LOGIN ? login_host(n) : n->drs;

	line_add(l, "cloud %s: ", n->cloud);
	if (n->skew == 0) {
		line_add(l, "the clock of this machine agrees with that of %s again", whose);
		return;
	}
	line_add(l, "the clock of this machine is ");
	sentence_span(l, n->skew < 0 ? -n->skew : n->skew);
	line_add(l, " %s that of %s; to do: see that it is synchronised%s",
		n->skew > 0 ? "ahead of" : "behind", whose,
		signs(n) ? " (signatures more than 15 minutes off are refused)" : "");
}

static void add_next_try(struct line *l, const struct news *n)
{
	if (n->trouble == TROUBLE_LOGIN && n->method == AUTH_ECS_AGENCY)
		line_add(l, "; tried again all the same, as its keys change every hour");
	else if (n->trouble == TROUBLE_LOGIN && n->method == AUTH_TOKEN_FILE)
		line_add(l, "; tried again when the file or the configuration changes");
	else if (n->trouble == TROUBLE_LOGIN)
		line_add(l, "; not tried again before the credential or the configuration changes");
	if (n->next_try < 0)
		return;
	line_add(l, "; next try in ");
	sentence_span(l, n->next_try);
}

static void add_blame(struct line *l, const struct news *n)
{
	if (n->trouble == TROUBLE_DENIED && n->call == CALL_SUBMIT)
		line_add(l,
			"; no pre-check is begun meanwhile, only status and last results are read");
	else if (n->jobs == 1)
		line_add(l, "; its job keeps its verdict and goes stale");
	else if (n->jobs > 1)
		line_add(l, "; its %u jobs keep their verdicts and go stale", n->jobs);
}

void sentence_trouble(struct line *l, const struct news *n)
{
	switch (n->trouble) {
	case TROUBLE_THROTTLED:
		line_add(l, "DRS says too frequent (");
		sentence_raw_code(l, n->code, n->text, "HTTP 429");
		line_add(l, "); pace lowered from %u to %u calls a minute, and raised again slowly",
			n->pace_wanted, n->pace);
		return;
	case TROUBLE_LOGIN:
		refused_text(l, n);
		break;
	case TROUBLE_LOCKED:
		sentence_who(l, n);
		line_add(l, " is locked: ");
		sentence_raw_code(l, n->code, n->text, "no reason given");
		line_add(l,
			"; it may be good all the same: too many wrong tries, from anywhere, lock "
			"it for %s",
			signs(n) ? "some minutes" : "15 to 30 minutes as a rule");
		break;
	case TROUBLE_TOKENS:
		tokens_text(l, n);
		break;
	case TROUBLE_IAM:
		line_add(l, "no login, %s is in trouble: ", login_host(n));
		sentence_code(l, n->code, n->text, "no answer", NULL);
		break;
	case TROUBLE_DENIED:
		if (n->call == CALL_LOGIN) {
			denied_login_text(l, n);
			break;
		}
		sentence_who(l, n);
		line_add(
			l, " may not call %s in project %s: ", call_kind_name(n->call), project(n));
		sentence_code(l, n->code, n->text, "no reason given",
			"give the user a DRS role in this project");
		break;
	case TROUBLE_MISCONFIGURED:
		line_add(l, "%s can't be used as configured: ",
			n->call == CALL_LOGIN ? login_host(n) : n->drs);
		sentence_code(l, n->code, n->text, "no reason given",
			n->call == CALL_LOGIN && n->method == AUTH_ECS_AGENCY
				? NULL
				: "check URL, region and project of the cloud");
		break;
	case TROUBLE_UNREACHABLE:
	case TROUBLE_NONE:
	case _TROUBLE_MAX:
		line_add(l, "DRS at %s does not answer as it should: ", n->drs);
		sentence_code(l, n->code, n->text, "no answer", NULL);
		break;
	}
}

static void down_text(struct line *l, const struct news *n)
{
	line_add(l, "cloud %s: ", n->cloud);
	sentence_trouble(l, n);
	if (n->trouble == TROUBLE_THROTTLED)
		return;
	add_blame(l, n);
	add_next_try(l, n);
	if (n->kind == NEWS_STATE) {
		line_add(l, "; so for ");
		sentence_span(l, n->wall - n->trouble_since);
		line_add(l, ", since ");
		sentence_time(l, n->trouble_since);
	}
}

static void up_text(struct line *l, const struct news *n)
{
	line_add(l, "cloud %s: ", n->cloud);
	if (n->trouble == TROUBLE_THROTTLED)
		line_add(l, "pace is back at %u calls a minute after ", n->pace);
	else
		line_add(l, "works again (was %s) after ", trouble_name(n->trouble));
	sentence_span(l, n->wall - n->trouble_since);
	line_add(l, ", since ");
	sentence_time(l, n->trouble_since);
	if (n->trouble == TROUBLE_THROTTLED || n->jobs == 0)
		return;
	if (n->jobs == 1)
		line_add(l, "; its job is caught up with now");
	else
		line_add(l, "; its %u jobs are caught up with now", n->jobs);
}

void sentence_cloud(struct line *l, const struct news *n)
{
	switch (n->kind) {
	case NEWS_CLOUD_UP:
		up_text(l, n);
		break;
	case NEWS_CLOUD_LOGIN:
		login_text(l, n);
		break;
	case NEWS_CLOUD_CLOCK:
		clock_text(l, n);
		break;
	default:
		down_text(l, n);
		break;
	}
}
