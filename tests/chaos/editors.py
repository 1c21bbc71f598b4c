"""Others who write in the same places all the time, with their own credentials.

Each keeps a journal of what must be there at the end, to the byte, whatever the portal does.
"""

import json
import threading
from collections import Counter
from random import Random
from typing import Any

from tests.chaos import places
from tests.chaos.kube import Cluster, Stale
from tests.chaos.places import Estate, Place

BLOCK = """# {note}
- rolearn: {arn}
  username: '{name}'   # {note}
  groups: ["viewers",{space}"{group}"]
"""
MOST_BLOCKS = 12
MOST_POLICIES = 5


class Editor(threading.Thread):
    """Writes something of its own every `pause` seconds until halted."""

    def __init__(self, name: str, estate: Estate, *, pause: float, seed: int) -> None:
        super().__init__(name=name, daemon=True)
        self._estate, self._pause, self._dice = estate, pause, Random(seed)
        self.halt = threading.Event()
        self.counts: Counter[str] = Counter()
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            while not self.halt.wait(self._pause * self._dice.uniform(0.3, 1.7)):
                self._edit()
        except BaseException as error:
            self.error = error

    def _edit(self) -> None:
        raise NotImplementedError


class Portfolios(Editor):
    """Gives strangers access to portfolios, and takes it again. `journal`: who must be there."""

    def __init__(self, estate: Estate, clients: dict[str, Any], **rest: Any) -> None:
        super().__init__("portfolio editor", estate, **rest)
        self._clients = clients
        self.journal = {place: estate.found(place) for place in estate.portfolios}

    def _edit(self) -> None:
        place = self._dice.choice(self._estate.portfolios)
        arn = self._dice.choice(places.strangers(place.account))
        given = arn in self.journal[place]
        client = self._clients[place.account]
        operation = "disassociate_principal_from_portfolio" if given else None
        call = getattr(client, operation or "associate_principal_with_portfolio")
        call(PortfolioId=place.object, PrincipalARN=arn, PrincipalType="IAM")
        self.journal[place] ^= {arn}
        self.counts["associations"] += 1


class Policies(Editor):
    """Puts and deletes inline policies of others on roles. `journal`: their texts by name."""

    def __init__(self, estate: Estate, clients: dict[str, Any], **rest: Any) -> None:
        super().__init__("policy editor", estate, **rest)
        self._clients = clients
        self.journal: dict[Place, dict[str, str]] = {place: {} for place in estate.policies}

    def _edit(self) -> None:
        place = self._dice.choice(self._estate.policies)
        client, role = self._clients[place.account], place.object.rsplit("/", 1)[-1]
        name, mine = f"team-{self._dice.randrange(MOST_POLICIES)}", self.journal[place]
        if name in mine and self._dice.random() < 0.5:
            client.delete_role_policy(RoleName=role, PolicyName=name)
            del mine[name]
        else:
            text = self._text()
            client.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=text)
            mine[name] = text
        self.counts["inline policies"] += 1

    def _text(self) -> str:
        """Valid, and spelled as no program would: every blank has to come through."""
        statement = {
            "Resource": "*",
            "Effect": "Allow",
            "Action": ["s3:GetObject", f"s3:Get{self._dice.randrange(10**6)}"],
        }
        document = {"Statement": [statement], "Version": "2012-10-17"}
        return json.dumps(document, indent=self._dice.choice([None, 1, 3]))


class Maps(Editor):
    """Adds, changes and removes rows of `aws-auth`, each with a comment, by compare-and-swap.

    `journal`: the blocks that must be there, in their order.
    """

    def __init__(self, estate: Estate, server: str, **rest: Any) -> None:
        super().__init__("map editor", estate, **rest)
        self._clusters = {place: Cluster(server, place.object) for place in estate.clusters}
        self.journal: dict[Place, list[str]] = {place: [] for place in estate.clusters}

    def expected(self, place: Place) -> dict[str, str]:
        """The map's data, were the portal's rows taken out."""
        head = places.HEAD.format(account=place.account)
        return {"mapRoles": head + "".join(self.journal[place]), "mapAccounts": "[]\n"}

    def _edit(self) -> None:
        place = self._dice.choice(self._estate.clusters)
        blocks = self.journal[place]
        old = self._dice.choice(blocks) if blocks and self._dice.random() < 0.6 else ""
        new = "" if old and (len(blocks) > MOST_BLOCKS or self._dice.random() < 0.4) else None
        if new is None:
            new = self._block(place)
        while not self._swap(place, old, new):
            self.counts["map edits begun anew"] += 1
        if not old:
            blocks.append(new)
        else:
            where = blocks.index(old)
            blocks[where : where + 1] = [new] if new else []
        self.counts["map edits"] += 1

    def _swap(self, place: Place, old: str, new: str) -> bool:
        whole = self._clusters[place].read()
        text = whole["data"]["mapRoles"]
        if text.count(old) != 1 and old:
            raise AssertionError(f"{place.object}: a block of ours is not there once: {old}")
        whole["data"]["mapRoles"] = text.replace(old, new) if old else text + new
        try:
            self._clusters[place].write(whole)
        except Stale:
            return False
        return True

    def _block(self, place: Place) -> str:
        number = self._dice.randrange(10**6)
        name = f"by-hand-{number}"
        return BLOCK.format(
            note=f"{self._dice.choice(['Ann', 'Zoë', '대리'])} {number}",
            arn=places.role_arn(place.account, name),
            name=name,
            space=" " * self._dice.randint(0, 3),
            group=self._dice.choice(places.GROUPS),
        )
