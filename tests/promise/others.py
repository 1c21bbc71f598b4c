"""What other people do to AWS behind our back: their own things, and ours."""

import json
import re
from collections.abc import Callable
from typing import Any

from tests import factories as f
from tests.promise import oracle, truth
from tests.promise.ledger import Ledger
from tests.promise.scene import Scene
from tests.world import PORTFOLIO

_EVES = re.compile(r"(?:# note .*\n)?- rolearn: .*/eve.*\n(?:  .*\n)*")
DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
}


class Others:
    """Every edit tells the ledger at once, so that it has an author."""

    def __init__(self, scene: Scene, ledger: Ledger) -> None:
        self.scene, self.ledger = scene, ledger
        self.written = 0

    def drift(self, who: str, way: str) -> None:
        """They take or change what is ours."""
        if way == "dissociate":
            self.dissociate(self.scene.roles[who].arn)
        elif way == "delete":
            self.delete_policy(who, self.our_policy())
        elif way == "alter" and self.stands(who):
            self.put_policy(who, self.our_policy(), "iam:*")
        elif way.endswith("row"):
            self.change_row(who, way)

    def change_their_own(self, who: str, what: str) -> None:
        arn = f"arn:aws:iam::{f.ACCOUNT}:role"
        {
            "associate": lambda: self.associate(f"{arn}/nodes"),
            "dissociate": lambda: self.dissociate(f"{arn}/bob"),
            "associate ours": lambda: self.associate(self.scene.roles[who].arn),
            "put": lambda: self.put_policy(who, "team-own", "s3:GetObject"),
            "put again": lambda: self.put_policy(who, "team-own", "s3:*"),
            "delete": lambda: self.delete_policy(who, "team-own"),
            "row": lambda: self.row_by_hand(who),
        }[what]()

    def associate(self, arn: str) -> None:
        self._portfolio("associate_principal_with_portfolio", arn, PrincipalType="IAM")

    def dissociate(self, arn: str) -> None:
        if f"IAM:{arn}" in {key[2] for key in self.ledger.now.held}:
            self._portfolio("disassociate_principal_from_portfolio", arn, PrincipalType="IAM")

    def _portfolio(self, operation: str, arn: str, **more: Any) -> None:
        client = self.scene.world.client("servicecatalog")
        with self._by_hand():
            getattr(client, operation)(PortfolioId=PORTFOLIO, PrincipalARN=arn, **more)

    def put_policy(self, role: str, name: str, action: str) -> None:
        document = json.loads(json.dumps(DOCUMENT).replace("s3:GetObject", action))
        with self._by_hand():
            self.scene.world.client("iam").put_role_policy(
                RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document)
            )

    def delete_policy(self, role: str, name: str) -> None:
        iam = self.scene.world.client("iam")
        with self._by_hand():
            if name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
                iam.delete_role_policy(RoleName=role, PolicyName=name)

    def our_policy(self) -> str:
        return f"gatehouse-{self.scene.installation}"

    def stands(self, name: str) -> bool:
        """Whether our policy stands on one of our people's roles."""
        arn = self.scene.roles[name].arn
        return oracle.key("execution_roles", arn, self.scene.installation) in self.ledger.now.held

    def edit_map(self, way: str) -> None:
        self._set_map(self._edited(way))

    def edit_under_a_write(self, way: str, work: Callable[[], None]) -> None:
        """The same, by the server itself, right before it looks at `work`'s write."""
        self.ledger.look()
        data = self._edited(way)
        self.scene.kube_fault(kind="foreign_write", data=data)
        work()
        self.scene.world._kube("DELETE", "/_fake/faults")
        auth = truth.read(self.scene.fake).auth
        if all(auth.get(name) == text for name, text in data.items()):
            self.ledger.edited()

    def _edited(self, way: str) -> dict[str, str]:
        """Their own rows and comments, at the end, at the start, in between, in other sections."""
        self.written += 1
        text = self.ledger.now.auth.get("mapRoles", "")
        row = self._row(f"eve{self.written}")
        if way == "append":
            data = {"mapRoles": f"{text}# note {self.written}\n{row}"}
        elif way == "first":
            data = {"mapRoles": f"# note {self.written}, on top\n{row}{text}"}
        elif way == "comment":
            data = {"mapRoles": text.replace("not touch", f"not touch ({self.written})", 1)}
        elif way == "drop":
            data = {
                "mapRoles": re.sub(r"(?:# note .*\n)?- rolearn: .*/eve.*\n(?:  .*\n)*", "", text)
            }
        else:
            data = {"mapUsers": f"# {self.written}\n- userarn: arn:aws:iam::{f.ACCOUNT}:user/x\n"}
        return data

    def _row(self, name: str) -> str:
        arn = f"arn:aws:iam::{f.ACCOUNT}:role/{name}"
        return f"- rolearn: {arn}\n  username: '{name}' # by hand\n  groups: [viewers]\n"

    def row_by_hand(self, name: str) -> None:
        """A row of their own for one of our people, where none stands."""
        key = oracle.key("aws_auth", self.scene.roles[name].arn, "")
        if key not in self.ledger.now.held:
            text = self.ledger.now.auth.get("mapRoles", "")
            self._set_map({"mapRoles": text + self._row(name).replace(f"'{name}'", "by-hand")})

    def change_row(self, name: str, way: str) -> None:
        """Our row is taken out, or given another user name."""
        text = self.ledger.now.auth.get("mapRoles", "")
        row = self._block(text, name)
        if row:
            user = oracle.username(self.scene.roles[name].arn)
            new = "" if way == "remove row" else row.replace(f'"{user}"', f'"{user}-x"')
            self._set_map({"mapRoles": text.replace(row, new)})

    def mend(self) -> None:
        """A cluster administrator takes out the rows that the portal may not change."""
        for key in self.ledger.rows_to_mend():
            text = self.ledger.now.auth.get("mapRoles", "")
            row = self._block(text, key.rsplit("/", 1)[-1])
            self._set_map({"mapRoles": text.replace(row, "")})

    def _block(self, text: str, name: str) -> str:
        arn = f"arn:aws:iam::{f.ACCOUNT}:role/{name}"
        found = re.search(
            rf'^- "?rolearn"?: "?{re.escape(arn)}"?\n(?:^  .*\n)*', text, re.MULTILINE
        )
        return found.group() if found else ""

    def _set_map(self, data: dict[str, str]) -> None:
        with self._by_hand():
            self.scene.world.set_auth_map(data)

    def _by_hand(self) -> "_ByHand":
        return _ByHand(self.scene, self.ledger)


class _ByHand:
    """What happened before is ours; what happens inside is theirs, and meets no fault of ours."""

    def __init__(self, scene: Scene, ledger: Ledger) -> None:
        self.scene, self.ledger = scene, ledger
        self.faults: list[dict[str, Any]] = []

    def __enter__(self) -> None:
        self.ledger.look()
        standing = self.scene.fake.get("/_fake/faults")["faults"]
        self.faults = [one for one in standing if one["kind"] != "stale"]
        self.scene.fake.delete("/_fake/faults")
        for one in standing:
            if one["kind"] == "stale":
                self._again(one)

    def __exit__(self, kind: Any, *_more: object) -> None:
        if kind is None:
            self.ledger.edited()
        for one in self.faults:
            self._again(one)

    def _again(self, fault: dict[str, Any]) -> None:
        self.scene.fault(**{name: value for name, value in fault.items() if name != "id"})
