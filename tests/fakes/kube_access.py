"""Who may do what at the strict ConfigMap server: tokens, client certificates, one small Role.

The portal's Role is the least one: get, update and patch of `aws-auth` in kube-system, no more.
An EKS token is checked as kubernetes-sigs/aws-iam-authenticator does (pkg/token/token.go), with
STS's part, the signature over `x-k8s-aws-id`, done here for access keys whose secret is known.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit

from tests.fakes.kube_rbac import PREFIX as ACCOUNT
from tests.fakes.kube_rbac import Rbac
from tests.fakes.kube_status import forbidden, unauthorized

PREFIX = "k8s-aws-v1."
LONGEST = 4096
YOUNGEST, OLDEST = timedelta(minutes=-5), timedelta(minutes=15)
HOST = re.compile(r"sts\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?")
PARAMETERS = {"action", "version", "x-amz-algorithm", "x-amz-credential", "x-amz-date"} | {
    f"x-amz-{name}"
    for name in ("expires", "security-token", "signature", "signedheaders", "user-agent")
}
STATIC = {"portal": "portal", "service-account": "portal", "viewer": "viewer", "admin": "admin"}
PORTAL_VERBS = {"get", "update", "patch"}
AWS_AUTH = ("kube-system", "aws-auth")


def user_of(
    authorization: str,
    certificate_name: str,
    cluster: str,
    secrets: Mapping[str, str],
    tokens: Mapping[str, str],
) -> str:
    """portal, viewer, admin or a service account of `tokens`; raises Refusal 401."""
    scheme, _, token = authorization.partition(" ")
    if not authorization and certificate_name in STATIC:
        return STATIC[certificate_name]
    if scheme != "Bearer":
        raise unauthorized()
    if token.startswith(PREFIX):
        _check_eks(token, cluster, secrets)
        return "portal"
    known = {**STATIC, **tokens}
    if token not in known:
        raise unauthorized()
    return known[token]


def allow(
    user: str, verb: str, kind: str, namespace: str, name: str = "", *, rbac: Rbac | None = None
) -> None:
    """Raises Refusal 403 unless the user's Role has the verb."""
    granted = verb in PORTAL_VERBS and kind == "configmaps" and (namespace, name) == AWS_AUTH
    made = rbac is not None and rbac.may(user, verb, kind, namespace, name)
    if user != "admin" and not (user == "portal" and granted) and not made:
        own = user.startswith(ACCOUNT)
        account = user if own else f"{ACCOUNT}{namespace}:{user}"
        raise forbidden(account, verb, kind, namespace, name)


def _check_eks(token: str, cluster: str, secrets: Mapping[str, str]) -> None:
    try:
        text = token.removeprefix(PREFIX)
        padded = text + "=" * (-len(text) % 4)
        url = urlsplit(base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii"))
    except (binascii.Error, ValueError):
        raise unauthorized() from None
    pairs = [(key.lower(), value) for key, value in parse_qsl(url.query, keep_blank_values=True)]
    query = dict(pairs)
    host = HOST.fullmatch(url.netloc)
    if len(token) > LONGEST or "=" in text or len(pairs) != len(query) or host is None:
        raise unauthorized()
    if not (_right_form(url, query) and _young(query)):
        raise unauthorized()
    access_key = query["x-amz-credential"].split("/")[0]
    if access_key in secrets:
        signature = _signature(url, query, cluster, secrets[access_key])
        if not hmac.compare_digest(signature, query["x-amz-signature"]):
            raise unauthorized()


def _right_form(url: SplitResult, query: Mapping[str, str]) -> bool:
    needed = PARAMETERS - {"x-amz-security-token", "x-amz-user-agent"}
    signed = query.get("x-amz-signedheaders", "").split(";")
    scope = query.get("x-amz-credential", "").split("/")
    return (
        (url.scheme, url.path, url.fragment) == ("https", "/", "")
        and needed <= query.keys() <= PARAMETERS
        and query["action"] == "GetCallerIdentity"
        and {"host", "x-k8s-aws-id"} <= set(signed)
        and len(scope) == 5
        and scope[2:] == [url.netloc.split(".")[1], "sts", "aws4_request"]
    )


def _young(query: Mapping[str, str]) -> bool:
    try:
        made = datetime.strptime(query["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        life = int(query["x-amz-expires"])
    except ValueError:
        return False
    return 0 <= life <= 900 and YOUNGEST <= datetime.now(UTC) - made <= OLDEST


def _signature(url: SplitResult, query: Mapping[str, str], cluster: str, secret: str) -> str:
    """Signature Version 4 of the presigned URL, had it been made for `cluster`."""
    pairs = sorted(
        (quote(key, safe="-_.~"), quote(value, safe="-_.~"))
        for key, value in parse_qsl(url.query, keep_blank_values=True)
        if key.lower() != "x-amz-signature"
    )
    headers = {"host": url.netloc, "x-k8s-aws-id": cluster}
    names = query["x-amz-signedheaders"].split(";")
    canonical = "\n".join(
        [
            "GET",
            "/",
            "&".join(f"{key}={value}" for key, value in pairs),
            *[f"{name}:{headers.get(name, '')}" for name in names],
            "",
            ";".join(names),
            hashlib.sha256(b"").hexdigest(),
        ]
    )
    scope = query["x-amz-credential"].split("/")[1:]
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", query["x-amz-date"], "/".join(scope), digest])
    key = f"AWS4{secret}".encode()
    for part in scope:
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, text.encode(), "sha256").hexdigest()
