"""A bucket's policy: statements of ours beside everybody else's.

PutBucketPolicy replaces the whole document and has no compare-and-set, so it is read again right
before it is written: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html
"""

import json
from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from policies.documents import iam, shared
from policies.outcomes import Outcome
from policies.plan import Change, Reading
from policies.providers import statements
from policies.providers.protocol import Basis, Clients, Load, Part, Place
from policies.providers.statements import (
    basis as basis,
)
from policies.providers.statements import (
    clears as clears,
)
from policies.providers.statements import (
    desired as desired,
)
from policies.providers.statements import (
    holds as holds,
)
from policies.providers.statements import (
    key_of as key_of,
)
from policies.providers.statements import (
    keys_of as keys_of,
)
from policies.providers.statements import (
    untouchable as untouchable,
)
from policies.providers.statements import (
    writes as writes,
)

READS = ("s3:GetBucketPolicy",)
WRITES = ("s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy")
WHOLE_KEY = True
LENGTH = 20_480  # bytes of a bucket policy, fixed


def read(clients: Clients, place: Place) -> Reading:
    try:
        policy = clients.call("s3", "get_bucket_policy", **_bucket(place))["Policy"]
    except Outcome as error:
        if error.code == "NoSuchBucketPolicy":
            return statements.reading({}, place)
        if error.code == "NoSuchBucket":
            return Reading({}, missing=error.message)
        raise
    return statements.reading(json.loads(policy), place)


def _bucket(place: Place) -> dict[str, str]:
    """The owner is always sent: a bucket of the same name may be somebody else's by now."""
    return {"Bucket": place.object, "ExpectedBucketOwner": place.account}


def quotas(clients: Clients, place: Place) -> Mapping[str, int]:
    return {}


def load(basis: Basis, place: Place, parts: Sequence[Part]) -> list[Load]:
    used = statements.length(basis, place, parts)
    return [Load(_("policy of this bucket"), used, LENGTH, _("characters"))]


def problems(reading: Reading, place: Place, parts: Sequence[Part]) -> list[str]:
    return statements.dangling(reading)


def say(place: Place, change: Change) -> str:
    words = (
        _("bucket %(bucket)s is closed to %(who)s")
        if change.after is None
        else _("bucket %(bucket)s is opened to %(who)s")
    )
    who = shared.named(change.after or change.before or "")
    return words % {"bucket": place.object, "who": who}


def apply(
    clients: Clients,
    place: Place,
    reading: Reading,
    changes: Sequence[Change],
    parts: Sequence[Part],
) -> None:
    found = read(clients, place)
    document = statements.checked(found, reading, changes, place)
    if document["Statement"]:
        clients.call("s3", "put_bucket_policy", **_bucket(place), Policy=iam.raw(document))
    else:
        clients.call("s3", "delete_bucket_policy", **_bucket(place))
