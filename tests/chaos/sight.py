"""What AWS holds at the end, read over HTTP with boto3 and by hand; not a line of the product's."""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote

import boto3
import yaml
from botocore.handlers import json_decode_policies

from tests.chaos import places
from tests.chaos.judge import Held
from tests.chaos.kube import Cluster
from tests.chaos.places import CLUSTER, PORTFOLIO, Estate, Place
from tests.fakes.process import FakeAWS

START = "emr-containers:StartJobRun"
ROLE_KEY = "emr-containers:ExecutionRoleArn"


class Sight:
    """Reads as each account's administrator, whom no fault meets (see `keys`)."""

    def __init__(self, fake: FakeAWS, estate: Estate) -> None:
        self._fake, self._estate = fake, estate
        self._credentials = {account: fake.credentials(account) for account in places.ACCOUNTS}
        self.iam = {account: self._client("iam", account) for account in places.ACCOUNTS}
        self.catalog = {
            account: self._client("servicecatalog", account) for account in places.ACCOUNTS
        }
        for client in self.iam.values():
            # Documents as they were sent, to the byte, not as botocore reads them.
            client.meta.events.unregister("after-call.iam", json_decode_policies)

    @property
    def keys(self) -> list[str]:
        return [one["aws_access_key_id"] for one in self._credentials.values()]

    def held(self, foreign: Mapping[Place, Iterable[str]]) -> dict[Place, Held]:
        """Every place. `foreign`: names in it that others are known to have written."""
        return {place: self._held(place, set(foreign[place])) for place in self._estate.places}

    def _held(self, place: Place, foreign: set[str]) -> Held:
        if place.kind == PORTFOLIO:
            return portfolio(self._principals(place), foreign)
        if place.kind == CLUSTER:
            whole = Cluster(self._fake.kubernetes, place.object).read()
            return auth_map(whole.get("data", {}), self._arns())
        return policies(place.object, self.texts(place), foreign)

    def texts(self, place: Place) -> dict[str, str]:
        """Inline policies of a role by name, as they were sent."""
        client, role = self.iam[place.account], place.object.rsplit("/", 1)[-1]
        names = client.list_role_policies(RoleName=role)["PolicyNames"]
        return {
            name: unquote(client.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"])
            for name in names
        }

    def _principals(self, place: Place) -> list[str]:
        pages = self.catalog[place.account].get_paginator("list_principals_for_portfolio")
        return [
            one["PrincipalARN"]
            for page in pages.paginate(PortfolioId=place.object)
            for one in page["Principals"]
        ]

    def _arns(self) -> set[str]:
        return {one.arn for one in self._estate.holders}

    def _client(self, service: str, account: str) -> Any:
        return boto3.client(
            service,
            region_name=places.REGION,
            endpoint_url=self._fake.aws,
            **self._credentials[account],
        )


def portfolio(arns: list[str], foreign: set[str]) -> Held:
    """An association gives one thing: being there. One may be the others' and ours at once."""
    entries: dict[str, list[frozenset[str]]] = {}
    for arn in arns:
        if "/stranger-" not in arn:
            entries.setdefault(arn, []).append(frozenset())
    strangers = {arn: "associated" for arn in arns if arn in foreign or "/stranger-" in arn}
    return Held(entries, strangers)


def policies(role: str, texts: Mapping[str, str], foreign: set[str]) -> Held:
    """What is not of others is the portal's: its statements say which roles jobs may use."""
    entries: list[frozenset[str]] = []
    twice: list[str] = []
    for name, text in texts.items():
        if name in foreign or name.startswith("team-"):
            continue
        given: set[str] = set()
        seen: list[Any] = []
        for statement in json.loads(text)["Statement"]:
            plain = {key: value for key, value in statement.items() if key != "Sid"}
            if plain in seen:
                twice.append(f"{name} says twice {plain}")
            seen.append(plain)
            given |= _startable(statement)
        entries.append(frozenset(given))
    others = {name: text for name, text in texts.items() if name.startswith("team-")}
    return Held({role: entries} if entries else {}, others, twice)


def _startable(statement: Mapping[str, Any]) -> set[str]:
    actions = statement["Action"]
    if statement["Effect"] != "Allow" or START not in ([actions], actions)[type(actions) is list]:
        return set()
    arns = statement["Condition"]["ArnEquals"][ROLE_KEY]
    return {arns} if isinstance(arns, str) else set(arns)


def auth_map(data: Mapping[str, str], ours: set[str]) -> Held:
    """Rows of our people; and each data key's text with the lines of those rows taken out."""
    entries: dict[str, list[frozenset[str]]] = {}
    rest: list[str] = []
    for block in _blocks(data.get("mapRoles", "")):
        row = (yaml.safe_load(block) or [{}])[0] if _is_row(block) else {}
        arn = row.get("rolearn", "")
        if arn in ours:
            entries.setdefault(arn, []).append(frozenset(row["groups"]))
        else:
            rest.append(block)
    others = {name: text for name, text in data.items() if name != "mapRoles"}
    return Held(entries, {**others, "mapRoles": "".join(rest)})


def _blocks(text: str) -> list[str]:
    """Rows with their lines; comments between rows are blocks of their own."""
    blocks: list[str] = []
    for line in text.splitlines(keepends=True):
        if blocks and line.startswith(" "):
            blocks[-1] += line
        else:
            blocks.append(line)
    return blocks


def _is_row(block: str) -> bool:
    return block.startswith("-")
