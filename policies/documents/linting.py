"""A public linter's word on identity policies: unknown actions, keys that an action does not
have, actions that together give more than each. Pure; its table of AWS's actions is large, so
that it is loaded only when somebody asks.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from policies.documents import iam

WIDE = "RESOURCE_STAR"
# What hands out rights or credentials is told, but of two the ceiling knows when they are harmless.
_POWERS = {"PERMISSIONS_MANAGEMENT_ACTIONS", "CREDENTIALS_EXPOSURE"}
_LEFT_TO_CEILING = {"iam:passrole", "sts:assumerole"}


@dataclass(frozen=True)
class Finding:
    """`issue`: the linter's own name of it. `about`: what it found, in English."""

    issue: str
    about: str


def findings(statements: Sequence[iam.Statement]) -> list[Finding]:
    """Everything it has to say about one policy of these statements, without what is harmless."""
    import parliament

    policy = parliament.analyze_policy_string(
        json.dumps(iam.document(statements)), include_community_auditors=True
    )
    found = [Finding(one.issue, _about(one)) for one in policy.findings]
    told = [one for one in found if one.about or one.issue not in _POWERS]
    return sorted(told, key=lambda one: (one.issue, one.about))


def _about(finding: Any) -> str:
    """The linter tells actions, or one place in the text, or words of its own."""
    where = finding.location if isinstance(finding.location, dict) else {}
    actions = where.get("actions")
    if actions is not None:
        harmless = _LEFT_TO_CEILING if finding.issue in _POWERS else ()
        return ", ".join(one for one in actions if one not in harmless)
    if isinstance(finding.detail, list):
        return ", ".join(one["action"] if isinstance(one, dict) else one for one in finding.detail)
    return str(finding.detail or where.get("string") or finding.title)
