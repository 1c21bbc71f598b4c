"""The tag by which whoever owns a role or user lets Gatehouse change it."""

from collections.abc import Mapping, Sequence

MANAGED = ("gatehouse", "managed")


def is_managed(tags: Sequence[Mapping[str, str]]) -> bool:
    return {"Key": MANAGED[0], "Value": MANAGED[1]} in [dict(tag) for tag in tags]
