/* metadata.h - the ECS metadata service: temporary keys of the agency that the machine stands for. */
#pragma once

#include "call.h"
#include "exchange.h"
#include "macro.h"
#include "secret.h"
#include "token.h"

/* URL of the keys; of the ticket that newer services want to see first (a PUT). -ENOMEM. */
int metadata_keys_url(const struct cloud_settings *cloud, char **ret) _must_check_;
int metadata_ticket_url(const struct cloud_settings *cloud, char **ret) _must_check_;

#define METADATA_TICKET_LIFE "X-Metadata-Token-Ttl-Seconds" /* header of the PUT, seconds */
#define METADATA_TICKET      "X-Metadata-Token"             /* header of the GET */

/* The ticket is the answer's body. 0; -EINVAL if the answer is none; -ENOMEM. */
int metadata_ticket(const struct exchange *x, struct secret **ret) _must_check_;

/* What the answer with the keys means; life is what is left at `wall` (ms). On OUTCOME_OK *ret_pass has them,
 * else it is NULL. -ENOMEM only. */
int metadata_reply(const struct call *call, const struct exchange *x, int64_t wall,
	struct reply **ret, struct pass **ret_pass) _must_check_;
