"""The questions as data: one YAML file per entitlement, `cases/*.yaml`.

    entitlement: jobs            # its slug in the catalogue of tests/factories.py
    terms: {roles: [sales]}      # what is asked of it
    asks:
      - {as: role/people/ana, may: emr-containers:StartJobRun, at: "arn:…", with: {key: value}}
      - {as: role/people/ana, may_not: …, at: …, why: another execution role}

`as` is a role or user of ACCOUNT, `{Service: name}`, or `{Federated: ARN}`. `{account}`,
`{region}`, `{issuer}` and `{external}` are filled in. Every `may` must be denied before the grant,
allowed while it stands, and denied after its end; every `may_not` denied all the time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.evaluator.decide import Asked

HERE = Path(__file__).parent / "cases"


@dataclass(frozen=True)
class Ask:
    asked: Asked
    may: bool
    why: str


@dataclass(frozen=True)
class Case:
    entitlement: str
    terms: Mapping[str, Any]
    rows: tuple[Mapping[str, Any], ...]

    def asks(self, facts: Mapping[str, str]) -> list[Ask]:
        return [ask(row, facts) for row in self.rows]


def files(folder: Path = HERE) -> list[Path]:
    return sorted(folder.glob("*.yaml"))


def read(path: Path) -> Case:
    told = yaml.safe_load(path.read_text())
    return Case(told["entitlement"], told.get("terms", {}), tuple(told["asks"]))


def ask(row: Mapping[str, Any], facts: Mapping[str, str]) -> Ask:
    told = _filled(row, facts)
    action = told.get("may") or told["may_not"]
    who = told["as"]
    if isinstance(who, str):
        who = {"AWS": who if who.startswith("arn:") else f"arn:aws:iam::{facts['account']}:{who}"}
    asked = Asked(who, action, told["at"], told.get("with", {}), told.get("owner", ""))
    return Ask(asked, "may" in told, str(told.get("why", action)))


def _filled(value: Any, facts: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {_filled(key, facts): _filled(one, facts) for key, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, facts) for one in value]
    if isinstance(value, str):
        for name, text in facts.items():
            value = value.replace("{" + name + "}", text)
    return value
