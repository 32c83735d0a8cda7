/* trouble.c - why an exchange came to nothing, in words for whoever reads the journal at night.
 *
 * Each sentence names the host that did not do its part; where a proxy stands in between, the proxy as long as
 * nothing has got past it. */
#include "trouble.h"
#include "span.h"
#include "text.h"

#include <errno.h>
#include <openssl/x509_vfy.h>
#include <string.h>

static void say_timeout(const struct transfer *t, struct line *l)
{
	char span[SPAN_MAX];
	curl_off_t resolved = 0;

	(void)curl_easy_getinfo(t->easy, CURLINFO_NAMELOOKUP_TIME_T, &resolved);
	/* a millisecond may be gone before it is begun: 1s and not 999ms */
	span_format(
		span, sizeof(span), t->timeout < 100 ? t->timeout : (t->timeout + 50) / 100 * 100);
	if (t->sent && t->head_bytes > 0)
		line_add(l, "answer not complete within %s from %s", span, t->peer);
	else if (t->sent)
		line_add(l, "no answer within %s from %s", span, t->peer);
	else if (resolved == 0)
		line_add(l, "name %s not resolved within %s", t->via ? t->via : t->host, span);
	else /* TCP or TLS: 7.88.1 does not tell which */
		line_add(l, "no connection to %s within %s", t->via ? t->via : t->peer, span);
}

static void say_refused(const struct transfer *t, struct line *l)
{
	const char *whom = t->via ? t->via : t->peer;
	long error = 0;

	(void)curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &error);
	if (error == ECONNREFUSED)
		line_add(l, "connection refused by %s", whom);
	else if (error == ENETUNREACH || error == EHOSTUNREACH)
		line_add(l, "no route to %s", whom);
	else
		line_add(l, "no connection to %s%s%s", whom, error ? ": " : "",
			error ? strerrordesc_np((int)error) : "");
}

static void say_certificate(const struct transfer *t, struct line *l)
{
	long verify = X509_V_OK;

	(void)curl_easy_getinfo(t->easy, CURLINFO_SSL_VERIFYRESULT, &verify);
	line_add(l, "TLS: certificate of %s ", t->peer);
	switch (verify) {
	case X509_V_OK:              /* the chain is good: libcurl itself compares the name, ... */
	case X509_V_ERR_UNSPECIFIED: /* ... 7.88.1 before it asks for this */
		line_add(l, "is for another name");
		break;
	case X509_V_ERR_CERT_HAS_EXPIRED:
		line_add(l, "has expired");
		break;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		line_add(l, "is not yet valid");
		break;
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		line_add(l, "is signed by an unknown CA");
		break;
	default:
		line_add(l, "is not good: %s", X509_verify_cert_error_string(verify));
	}
}

static void say_broken(const struct transfer *t, struct line *l)
{
	long tunnel = 0;

	(void)curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &tunnel);
	if (!t->sent && t->via && tunnel >= 300)
		line_add(l, "proxy %s answered %ld to CONNECT %s%s", t->via, tunnel, t->peer,
			tunnel == 407 ? ": it wants a user and password, which can't be given"
				      : "");
	else if (!t->sent)
		line_add(
			l, "connection closed by %s before the request", t->via ? t->via : t->peer);
	else if (t->head_bytes > 0)
		line_add(l, "answer broken off by %s", t->peer);
	else
		line_add(l, "connection closed by %s before it answered", t->peer);
}

static void say_result(const struct transfer *t, CURLcode result, struct line *l)
{
	char detail[120];

	text_flatten(detail, sizeof(detail), t->error, strlen(t->error));
	switch (result) {
	case CURLE_COULDNT_RESOLVE_HOST:
		line_add(l, "name %s not found", t->host);
		break;
	case CURLE_COULDNT_RESOLVE_PROXY:
		line_add(l, "name of proxy %s not found", t->via);
		break;
	case CURLE_COULDNT_CONNECT:
		say_refused(t, l);
		break;
	case CURLE_OPERATION_TIMEDOUT:
		say_timeout(t, l);
		break;
	case CURLE_PEER_FAILED_VERIFICATION:
		say_certificate(t, l);
		break;
	case CURLE_SSL_CACERT_BADFILE:
		line_add(
			l, "TLS: CA file %s can't be read", t->ca_file ? t->ca_file : "of libcurl");
		break;
	case CURLE_SSL_CONNECT_ERROR:
		if (strcasestr(detail, "protocol version") ||
			strcasestr(detail, "unsupported protocol"))
			line_add(l, "TLS: %s speaks no TLS 1.2 or later", t->peer);
		else
			line_add(l, "TLS: no handshake with %s: %s", t->peer, detail);
		break;
	case CURLE_ABORTED_BY_CALLBACK:
		line_add(l, "connection closed by %s before it answered; not sent again", t->peer);
		break;
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_PARTIAL_FILE:
		say_broken(t, l);
		break;
	case CURLE_OUT_OF_MEMORY: /* 7.88.1 says so of a header above 100 KB */
		line_add(l, "no memory for, or a header too large in, the answer of %s", t->peer);
		break;
	default:
		line_add(l, "%s: %s", t->peer, detail[0] ? detail : curl_easy_strerror(result));
	}
}

char *trouble_say(const struct transfer *t, CURLcode result, char *buf, size_t size)
{
	struct line l;

	line_init(&l, buf, size);
	if (t->fault)
		line_add(&l, "%s %s", t->fault, t->peer);
	else if (result == CURLE_OK) /* seen when a re-used connection fails during an upload */
		line_add(&l, "no HTTP status in the answer of %s", t->peer);
	else
		say_result(t, result, &l);
	return buf;
}
