"""SDK-HMAC-SHA256 in Python, written from the services' documentation: both forms, and any mistake in them."""

import hashlib
import hmac
import time
import urllib.parse


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def quote(text):
    return urllib.parse.quote(text, safe="-._~")


def canonical(method, path, headers, names, body):
    """path with its query, percent-encoded as it is sent."""
    path, _, query = path.partition("?")
    pairs = sorted((quote(k), quote(v)) for k, v in urllib.parse.parse_qsl(query.replace("+", "%2B"),
                                                                         keep_blank_values=True))
    given = {k.lower(): v.strip() for k, v in headers.items()}
    segments = [quote(urllib.parse.unquote(s)) for s in path.split("/")]
    uri = "/".join(segments)
    lines = [method, uri if uri.endswith("/") else uri + "/", "&".join(f"{k}={v}" for k, v in pairs)]
    lines += [f"{n}:{given[n]}" for n in names]
    return "\n".join(lines + ["", ";".join(names), hashlib.sha256(body).hexdigest()])


def sign(access, secret, method, path, headers, body=b"", form="access", at=None, names=None, scope="//",
         date=None, unsigned=()):
    """The headers and those of the signature. `at`: seconds since 1970; `scope`: "region/service" with slashes
    around; `names`: those to sign instead of all but `unsigned`."""
    date = date or time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() if at is None else at))
    out = dict(headers, **{"X-Sdk-Date": date})
    if names is None:
        names = sorted(k.lower() for k in out if k.lower() not in unsigned)
    text = canonical(method, path, out, names, body)
    digest = hashlib.sha256(text.encode()).hexdigest()
    if form == "access":
        key, who = secret.encode(), f"Access={access}"
        to_sign = f"SDK-HMAC-SHA256\n{date}\n{digest}"
    else:
        region, service = scope.strip("/").split("/") if scope.strip("/") else ("", "")
        key = mac(mac(mac(mac(("SDK" + secret).encode(), date[:8]), region), service), "sdk_request")
        scope = f"{date[:8]}/{region}/{service}/sdk_request"
        who = f"Credential={access}/{scope}"
        to_sign = f"SDK-HMAC-SHA256\n{date}\n{scope}\n{digest}"
    out["Authorization"] = (f"SDK-HMAC-SHA256 {who}, SignedHeaders={';'.join(names)}, "
                            f"Signature={mac(key, to_sign).hex()}")
    return out
