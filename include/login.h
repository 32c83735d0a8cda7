/* login.h - one login, in as many exchanges as the cloud's way to log in takes. */
#pragma once

#include "call.h"
#include "credential.h"
#include "http.h"
#include "macro.h"
#include "token.h"

struct login;

/* Called once per login_start(), never from inside it, unless the http is freed before. Borrows r, takes pass,
 * which is NULL unless r says OUTCOME_OK. The login is gone afterwards. */
typedef void login_done(void *arg, const struct reply *r, struct pass *pass);

/* Begins the login that `call` stands for; borrows call and what belongs to it until done. The credential is
 * read in here only. budget: ms for all of it. On failure done is not called: as http_send(), sign_make(), or
 * -ENOKEY if there is no secret for it. */
int login_start(struct http *http, const struct call *call, const struct credential *credential,
	int64_t budget, login_done *done, void *arg, struct login **ret) _must_check_;
struct login *login_free(struct login *l); /* once its http is gone; may be NULL; returns NULL */

/* Why something could not be sent, by the error of http_send() and the like. */
const char *login_why_not_sent(int error);
