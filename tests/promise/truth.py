"""What AWS truly holds at this moment, as one flat mapping, read without a line of the product.

Texts are made comparable by sorting, nothing else: {(where, key): text}. `auth` is the whole data
of aws-auth, for comparing others' bytes.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

import yaml

from tests import factories as f
from tests.fakes.process import FakeAWS

PORTFOLIO, POLICY, MAP = "portfolio_principals", "principal_policy", "cluster_auth_map"
Key = tuple[str, str, str]  # kind of target, its object, key in it: as events name them
_OUR_ROW = re.compile(r'^- "rolearn": "[^"]*"\n(?:^  .*\n)*', re.MULTILINE)


@dataclass(frozen=True)
class Truth:
    """One moment of AWS."""

    held: dict[Key, Any]
    auth: dict[str, str]

    def changed(self, later: "Truth") -> dict[Key, tuple[Any, Any]]:
        """{key: (before, after)} of everything that differs; None is absent."""
        return {
            key: (self.held.get(key), later.held.get(key))
            for key in self.held.keys() | later.held.keys()
            if self.held.get(key) != later.held.get(key)
        }


def read(fake: FakeAWS) -> Truth:
    accounts = fake.get("/_fake/holds?format=json")["accounts"]
    account = next(one for one in accounts if one["id"] == f.ACCOUNT)
    held: dict[Key, Any] = {}
    for portfolio in account["portfolios"]:
        for one in portfolio["principals"]:
            held[PORTFOLIO, portfolio["id"], f"{one['type']}:{one['arn']}"] = "associated"
    for role in account["roles"]:
        for name, document in role["inline_policies"].items():
            held[POLICY, role["arn"], name] = sorted_text(document)
    auth: dict[str, str] = {}
    for cluster in account["clusters"]:
        auth = dict(cluster["aws_auth"])
        held |= {(MAP, cluster["name"], key): text for key, text in _rows(auth).items()}
    return Truth(held, auth)


def sorted_text(value: Any) -> str:
    """JSON in which, as in policies, neither lists' order counts nor a list around one string."""

    def tidy(one: Any) -> Any:
        if isinstance(one, dict):
            bare = {
                key: one[key] for key in ("Action", "Resource") if isinstance(one.get(key), str)
            }
            return {key: tidy([one[key]] if key in bare else one[key]) for key in one}
        if isinstance(one, list):
            return sorted((tidy(inside) for inside in one), key=json.dumps)
        return one

    return json.dumps(tidy(value), sort_keys=True)


def same_text(told: str | None) -> str | None:
    """A text as an event tells it, comparable with a held one."""
    return told if told is None or not told.startswith("{") else sorted_text(json.loads(told))


def _rows(auth: dict[str, str]) -> dict[str, str]:
    """The last row of an ARN wins, as the authenticator has it."""
    rows = yaml.safe_load(auth.get("mapRoles", "")) or []
    return {
        f"role:{row['rolearn'].lower()}": sorted_text(
            {"username": row.get("username", ""), "groups": row.get("groups", [])}
        )
        for row in rows
    }


def others_bytes(text: str) -> str:
    """A section without the rows in our own way of writing (every scalar in quotes)."""
    return _OUR_ROW.sub("", text)
