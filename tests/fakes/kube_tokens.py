"""EKS tokens made by hand, with botocore alone, to test whoever checks them or sends them."""

import base64
import re

from botocore.credentials import Credentials
from botocore.hooks import HierarchicalEmitter
from botocore.model import ServiceId
from botocore.signers import RequestSigner

ACCESS_KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET = "of-nobody"
PREFIX = "k8s-aws-v1."


def eks_token(
    cluster: str, *, access_key: str = ACCESS_KEY, secret: str = SECRET, session: str | None = None
) -> str:
    """What `aws eks get-token` prints: a presigned GetCallerIdentity that names the cluster."""
    credentials = Credentials(access_key, secret, session)
    events = HierarchicalEmitter()
    signer = RequestSigner(ServiceId("sts"), "eu-west-1", "sts", "v4", credentials, events)
    request = {
        "method": "GET",
        "url": "https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15",
        "body": {},
        "headers": {"x-k8s-aws-id": cluster},
        "context": {},
    }
    return packed(signer.generate_presigned_url(request, "", expires_in=60))


def packed(url: str) -> str:
    return PREFIX + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def altered(token: str, pattern: str, replacement: str) -> str:
    """The token of the same URL with one part changed; the change has to hit something."""
    text = token.removeprefix(PREFIX)
    url = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    changed, hits = re.subn(pattern, replacement, url)
    assert hits == 1, url
    return packed(changed)
