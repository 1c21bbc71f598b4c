"""Whether a file fits together: with itself, and with what the database already says.

All of it reads only, and every finding carries its line.
"""

from collections.abc import Callable, Iterator

from accounts import arns
from accounts.arns import PrincipalType
from accounts.models import PRESENT, Sharing
from policies.access.catalogue import difference
from policies.access.catalogue.document import Document, Entry
from policies.access.catalogue.outlook import Outlook, look
from policies.access.catalogue.problems import Problem, guess
from policies.access.catalogue.schema import SECTIONS
from policies.access.catalogue.shapes import Values
from policies.access.catalogue.state import Section, State


def check(document: Document, state: State) -> list[Problem]:
    """Everything that does not fit; empty when the file may be applied."""
    view = look(document, state)
    problems = list(_references(view))
    for entry in document:
        if entry.section.name in _CHECKS and not entry.is_ended:
            problems += _CHECKS[entry.section.name](entry, view)
    return problems


def _references(view: Outlook) -> Iterator[Problem]:
    for one in view.document.references:
        known, name = view.sections[one.section], SECTIONS[one.section].one
        if one.key not in known:
            yield Problem(
                one.mark,
                f"There is no {name} “{one.key}” in this file or in the database."
                + guess(one.key, known),
                f"Add it under “{one.section}” or correct the name.",
            )
        elif one.present and known[one.key]["state"] not in PRESENT:
            yield Problem(
                one.mark,
                f"“{one.key}” does not work here now ({known[one.key]['state']}).",
                "Name somebody who does.",
            )


def _account(entry: Entry, view: Outlook) -> Iterator[Problem]:
    for name in ("write_role", "read_role"):
        if entry.values.get(name):
            yield from _in_account(entry, name, entry.values[name], entry.key, view)


def _role(entry: Entry, view: Outlook) -> Iterator[Problem]:
    arn = entry.values["arn"]
    yield from _in_account(entry, "arn", arn, entry.values["account"], view)
    for other in view.having("roles", "arn", arn):
        if other != entry.key:
            what = f"This ARN is also that of the role “{other}”."
            yield entry.wrong("arn", what, "Keep one short name for each role.")


def _in_account(entry: Entry, path: str, arn: str, number: str, view: Outlook) -> Iterator[Problem]:
    parsed = arns.parse(arn)
    if parsed.account != number:
        what = f"“{path}” is in account {parsed.account}, not in {number}."
        yield entry.wrong(path, what, "Correct the ARN or the account.")
        return
    partition = view.get("accounts", number).get("partition", parsed.partition)
    if parsed.partition != partition:
        what = f"“{path}” begins with arn:{parsed.partition}, but the account is in {partition}."
        yield entry.wrong(path, what, "Correct the ARN or the account’s partition.")


def _studio(entry: Entry, view: Outlook) -> Iterator[Problem]:
    one = view.get("studios", entry.key)
    for name in (each for each in one if each.endswith("_role_arn")):
        if one[name]:
            yield from _in_account(entry, name, one[name], one["account"], view)
    if (one["auth_mode"] == "SSO") != bool(one["user_role_arn"]):
        what = f"A Studio in mode {one['auth_mode']} and “user_role_arn” do not go together."
        yield entry.wrong("auth_mode", what, "Identity Center Studios, and only they, have one.")


def _workspace(entry: Entry, view: Outlook) -> Iterator[Problem]:
    one = view.get("workspaces", entry.key)
    name = "cross_account_role_arn"
    yield from _in_account(entry, name, one[name], one["account"], view)


def _cluster(entry: Entry, view: Outlook) -> Iterator[Problem]:
    one = view.get("clusters", entry.key)
    for name in ("kubeconfig", "context"):
        if one["access"] == "kubeconfig" and not one[name]:
            what = f"A cluster reached by a kubeconfig file needs “{name}”."
            yield entry.wrong("access", what, "Add it, or write “access: eks”.")
        elif one["access"] == "eks" and one[name]:
            what = f"A cluster reached through EKS takes no “{name}”."
            yield entry.wrong(name, what, "Remove it, or write “access: kubeconfig”.")


def _person(entry: Entry, view: Outlook) -> Iterator[Problem]:
    number = entry.values.get("employee_number")
    before = difference.before_of(entry, view.state)
    if before is None and number is None:
        yield entry.wrong("", "A new person needs “employee_number”.", "Add it.")
    for email in view.having("people", "employee_number", number) if number else ():
        if email != entry.key:
            what = f"The employee number “{number}” is that of {email}."
            yield entry.wrong("employee_number", what, "Correct one of the two.")
    if before is not None and number not in (None, before["employee_number"]):
        what = f"The employee number of {entry.key} is “{before['employee_number']}”."
        yield entry.wrong(
            "employee_number", what, "An employee number is never changed; write the old one."
        )
    if _circle(entry.key, view.sections["people"]):
        what = f"{entry.key} would be their own manager’s manager."
        yield entry.wrong("manager", what, "Break the circle.")


def _circle(email: str, people: Section) -> bool:
    """Whether the chain of managers comes back. Being one’s own manager is no circle."""
    above, seen = people[email]["manager"], set()
    if above == email:
        return False
    while above in people and above not in seen:
        if above == email:
            return True
        seen.add(above)
        above = people[above]["manager"]
    return False


def _principal(entry: Entry, view: Outlook) -> Iterator[Problem]:
    parsed, kind = arns.principal(entry.key)
    if parsed.account and not view.get("accounts", parsed.account):
        what = f"The AWS account {parsed.account} is not in this file or in the database."
        yield entry.wrong("arn", what, "Add it under “accounts”.")
    elif parsed.account:
        yield from _in_account(entry, "arn", entry.key, parsed.account, view)
    if entry.key not in view.state["principals"]:
        yield from _new_principal(entry, kind, view.get("principals", entry.key))
    yield from _username(entry, view)


def _new_principal(entry: Entry, kind: PrincipalType, one: Values) -> Iterator[Problem]:
    sharing, holding = one["sharing"], one["person"] is not None
    if kind is PrincipalType.SSO_ROLE and "sharing" not in entry.values:
        what = "An Identity Center role is usually shared by everybody with that permission set."
        yield entry.wrong("arn", what, "Say “sharing: shared” (or personal, if you know it is).")
    elif (kind is PrincipalType.SERVICE_LINKED_ROLE) != (sharing == Sharing.AWS_MANAGED):
        what = f"“sharing: {sharing}” does not go with this ARN ({kind.label})."
        yield entry.wrong(
            "sharing", what, "Service-linked roles, and only they, are “aws_managed”."
        )
    elif sharing == Sharing.PERSONAL and holding == (one["service"] is not None):
        what = "A personal AWS identity belongs to one person or to one service."
        yield entry.wrong("", what, "Write either “person” or “service”.")
    elif sharing == Sharing.PERSONAL and one["holders"]:
        what = "A personal AWS identity has no list of holders."
        yield entry.wrong("holders", what, "Remove it, or write “sharing: shared”.")
    elif sharing != Sharing.PERSONAL and holding:
        what = f"An AWS identity that is {sharing} belongs to no one person."
        yield entry.wrong("person", what, "Name “holders” and an “owner” instead.")


def _username(entry: Entry, view: Outlook) -> Iterator[Problem]:
    """Two people under one Kubernetes user name would be one user to the cluster."""
    mine = view.get("principals", entry.key)
    name = (mine["eks_user"] or {}).get("username", "")
    if not entry.values.get("eks_user") or "{{" in name:
        return
    for arn in view.having("principals", "eks_user.username", name):
        other = view.get("principals", arn)
        if (other["person"], other["service"]) != (mine["person"], mine["service"]):
            what = f"The Kubernetes user name “{name}” is already that of {arn}."
            yield entry.wrong("eks_user.username", what, "Choose one nobody else has.")


# kind → the key whose place is its home, and the keys whose places must be in the same account.
# "job submitter and execution role must be in the same account": EMR on EKS guide.
_HOMES = {
    "execution_roles": ("virtual_cluster", ("roles",)),
    "cross_account_s3": ("bucket", ("role",)),
    "snapshot_repository": ("domain", ("role", "bucket")),
}


def _entitlement(entry: Entry, view: Outlook) -> Iterator[Problem]:
    config = entry.values["config"]
    home, others = _HOMES.get(entry.values["kind"], ("", ()))
    number = _account_of(home, config[home], view) if home else None
    for name in others:
        for path, slug in _each(f"config.{name}", config[name]):
            account = _account_of(name, slug, view)
            if account and number and account != number:
                one, place = SECTIONS[_section(name)].one, SECTIONS[_section(home)].one
                what = f"The {one} “{slug}” is in account {account}, the {place} in {number}."
                yield entry.wrong(path, what, f"Name one of the {place}’s account.")


def _section(name: str) -> str:
    """The section that a key of a configuration names: one entry or several of it."""
    return name if name in SECTIONS else f"{name}s"


def _account_of(name: str, slug: str, view: Outlook) -> str | None:
    return view.get(_section(name), slug).get("account")


def _each(path: str, value: str | list[str]) -> list[tuple[str, str]]:
    if isinstance(value, str):
        return [(path, value)]
    return [(f"{path}.{index}", one) for index, one in enumerate(value)]


_CHECKS: dict[str, Callable[[Entry, Outlook], Iterator[Problem]]] = {
    "accounts": _account,
    "roles": _role,
    "studios": _studio,
    "workspaces": _workspace,
    "clusters": _cluster,
    "people": _person,
    "principals": _principal,
    "entitlements": _entitlement,
}
