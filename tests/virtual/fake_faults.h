/* fake_faults.h - what goes wrong with a call as a whole. */
#pragma once

#include "fake_drs.h"

/* How long an answer takes, at most `room` ms. */
int64_t fault_delay(struct fake *f, int64_t room);

/* Logins, ailments, tokens, blips and bad requests. True: the reply is made, nothing else happens. */
bool fault_whole(struct fake *f, struct flight *fl, int64_t give_up);

/* Now and then DRS refuses the whole call by the code of one task in it, without entries. */
bool fault_one_for_all(struct fake *f, struct flight *fl, const enum outcome *entries);

/* Executed, but the answer never comes. */
void fault_lose(struct fake *f, struct flight *fl, int64_t give_up);
