/* token.c - the shelf of passes.
 *
 * The heart knows logins by number only; tokens and keys are kept here and go to the transport alone.
 * A few per cloud are kept because calls that are still to be made may name a login that has been renewed. */
#include "token.h"

#include <errno.h>
#include <string.h>
#include <sys/queue.h>

struct token {
	TAILQ_ENTRY(token) link; /* shelf->tokens, oldest first */
	char *cloud;
	uint64_t login;
	struct pass *pass;
};

struct pass *pass_free(struct pass *p)
{
	if (!p)
		return NULL;
	secret_free(p->token);
	secret_free(p->key);
	secret_free(p->security_token);
	free(p->access);
	free(p);
	return NULL;
}

struct token_shelf {
	TAILQ_HEAD(, token) tokens;
};

int token_shelf_new(struct token_shelf **ret)
{
	struct token_shelf *s = malloc(sizeof(*s));

	if (!s)
		return -ENOMEM;
	TAILQ_INIT(&s->tokens);
	*ret = s;
	return 0;
}

static void token_drop(struct token_shelf *s, struct token *t)
{
	TAILQ_REMOVE(&s->tokens, t, link);
	pass_free(t->pass);
	free(t->cloud);
	free(t);
}

struct token_shelf *token_shelf_free(struct token_shelf *s)
{
	struct token *t;

	if (!s)
		return NULL;
	while ((t = TAILQ_FIRST(&s->tokens)))
		token_drop(s, t);
	free(s);
	return NULL;
}

static bool filled(const struct secret *s)
{
	return s && secret_len(s) > 0;
}

int token_put(struct token_shelf *s, const char *cloud, uint64_t login, struct pass *pass)
{
	struct token *t, *oldest = NULL;
	unsigned n = 0;

	if (login == 0 || !(filled(pass->token) || (filled(pass->key) && pass->access)))
		return -EINVAL;
	if (token_get(s, login))
		return -EEXIST;
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->cloud = strdup(cloud);
	if (!t->cloud) {
		free(t);
		return -ENOMEM;
	}
	t->login = login;
	t->pass = pass;
	TAILQ_INSERT_TAIL(&s->tokens, t, link);

	TAILQ_FOREACH (t, &s->tokens, link)
		if (strcmp(t->cloud, cloud) == 0) {
			n++;
			oldest = oldest ? oldest : t;
		}
	if (n > TOKENS_PER_CLOUD)
		token_drop(s, oldest);
	return 0;
}

const struct pass *token_get(const struct token_shelf *s, uint64_t login)
{
	const struct token *t;

	TAILQ_FOREACH (t, &s->tokens, link)
		if (t->login == login)
			return t->pass;
	return NULL;
}
