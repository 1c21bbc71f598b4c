"""What one person may not change alone, even as a fact, because access rests on it.

Once two administrators exist, nobody edits their own facts, who decides for them, owners of
what exists, addresses that passwords are reset through, or what an entitlement points at.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from accounts.actors import Actor
from accounts.models import Holder, Person, PersonState, Principal
from policies.access.catalogue.difference import Action, Change
from policies.access.catalogue.problems import Problem
from policies.access.catalogue.schema import SECTIONS
from policies.models import Entitlement, Grant, Proposal, VirtualCluster

# The configuration keys by which an entitlement points at an entry of a section.
_POINTS = {
    "portfolios": ("portfolio",),
    "clusters": ("cluster",),
    "virtual_clusters": ("virtual_cluster", "virtual_clusters"),
    "roles": ("roles", "role"),
    "studios": ("studio",),
    "buckets": ("bucket",),
    "workspaces": ("workspace",),
    "domains": ("domain",),
}
# What people call it, and how EKS itself moves on: all else says what it is that is pointed at.
_FREE = {"name", "purpose", "auth_mode"}


@dataclass(frozen=True)
class Guard:
    """`alone`: one person may still decide alone, because no two administrators exist yet."""

    by: Actor
    alone: bool
    named: frozenset[tuple[str, str]]
    deciders: frozenset[str]

    @property
    def me(self) -> str:
        return self.by.person.email if self.by.person else ""


def check(changes: list[Change], *, by: Actor, alone: bool) -> list[Problem]:
    """Problems of the facts among `changes`; rules have their own guard, the second person."""
    guard = Guard(by, alone, _named(), _deciders(by.person))
    return [
        problem
        for change in changes
        if not change.subject and change.action is Action.CHANGE
        for problem in _GUARDS[change.section](change, guard)
    ]


def _named() -> frozenset[tuple[str, str]]:
    """(configuration key, slug) of everything an entitlement points at, or is proposed to."""
    waiting = Proposal.objects.filter(subject="entitlement", state=Proposal.State.OPEN)
    proposed = [
        (rule or {}).get("config") or {} for rule in waiting.values_list("after", flat=True)
    ]
    found = set()
    for config in [*Entitlement.objects.offered().values_list("config", flat=True), *proposed]:
        for name, value in config.items():
            found |= {(name, str(one)) for one in (value if isinstance(value, list) else [value])}
    # Through a virtual cluster an entitlement points at the cluster it is in, too.
    through = {slug for name, slug in found if name.startswith("virtual_cluster")}
    homes = VirtualCluster.objects.filter(slug__in=through).exclude(cluster="")
    return frozenset(found | {("cluster", one.cluster) for one in homes})


def _deciders(me: Person | None) -> frozenset[str]:
    """Addresses on the way from me, and from whoever I share an identity with, to the top.

    Who puts somebody of their own into that way has their own requests decided by them.
    """
    held = Holder.objects.filter(person=me, until_at__isnull=True)
    sharing = Holder.objects.filter(principal__in=held.values("principal"), until_at__isnull=True)
    waiting = [one.person for one in sharing.select_related("person")]
    waiting += [me.manager] if me is not None and me.manager is not None else []
    found: set[str] = set()
    while waiting:
        person = waiting.pop()
        if person.email not in found:
            found.add(person.email)
            waiting += [person.manager] if person.manager is not None else []
    return frozenset(found)


def _account(change: Change, guard: Guard) -> Iterator[Problem]:
    if "partition" in change.fields and not guard.alone:
        yield change.entry.wrong(
            "partition", "The partition of an account never changes.", "Write the old one."
        )


def _place(change: Change, guard: Guard) -> Iterator[Problem]:
    words = _POINTS[change.section]
    if guard.alone or not {(word, change.key) for word in words} & guard.named:
        return
    for name, (before, _after) in change.fields.items():
        # What was never said can be said for the first time; nothing rests on it yet.
        if name not in _FREE and before not in (None, ""):
            yield change.entry.wrong(
                name,
                f"An entitlement points at the {change.title}, so its “{name}” stays.",
                "Add it under a new short name, and propose that the entitlement points there.",
            )


def _person(change: Change, guard: Guard) -> Iterator[Problem]:
    entry = change.entry
    if not guard.alone and guard.me in {change.key, change.before["email"]}:
        yield entry.wrong(
            "", "Nobody changes facts about themselves.", "Let another administrator apply this."
        )
    if not guard.alone and "email" in change.fields:
        what = f"The address of this person is {change.before['email']}: it is how they sign in."
        yield entry.wrong("email", what, "Let the HR system change it.")
    if not guard.alone and change.before["email"] in guard.deciders:
        for name in [one for one in ("manager", "state") if one in change.fields]:
            what = f"This person, or whoever comes after, decides for you: “{name}” stays."
            yield entry.wrong(name, what, "Let another administrator apply this.")
    before, after = change.before["state"], change.after["state"]
    if after == PersonState.JOINING and after != before:
        yield entry.wrong("state", "This person has joined already.", "Write “state: working”.")


def _service(change: Change, guard: Guard) -> Iterator[Problem]:
    if "owners" in change.fields and not guard.alone:
        yield _owner(change, "owners")


def _owner(change: Change, name: str) -> Problem:
    what = f"The “{name}” of the {change.title} decide about it, so nobody changes them alone."
    return change.entry.wrong(
        name, what, "Leave them as they are; a proposal for them comes with a later version."
    )


def _principal(change: Change, guard: Guard) -> Iterator[Problem]:
    entry, fields = change.entry, change.fields
    for name in ("person", "service", "sharing"):
        if name in fields:
            what = f"Whose an AWS identity is never changes (“{name}” was {fields[name][0]})."
            yield entry.wrong(name, what, "Register another AWS identity.")
    if guard.alone:
        return
    if "owner" in fields:
        yield _owner(change, "owner")
    before, after = (set(one or ()) for one in fields.get("holders", ((), ())))
    if guard.me in before ^ after:
        what = "Nobody makes themselves a holder of a shared AWS identity, or ceases to be one."
        yield entry.wrong("holders", what, "Let another administrator apply this.")
    if guard.me and guard.me == change.before["person"]:
        yield entry.wrong(
            "", "This AWS identity is your own.", "Let another administrator apply this."
        )


def _username(change: Change, guard: Guard) -> Iterator[Problem]:
    yield from _principal(change, guard)
    before, _after = change.fields.get("eks_user", (None, None))
    living = Grant.objects.filter(
        principal=Principal.objects.get(arn=change.key),
        released_at__isnull=True,
        entitlement__kind="aws_auth",
    )
    if before and living.exists():
        what = f"Kubernetes access stands under the user name “{before['username']}”."
        yield change.entry.wrong("eks_user.username", what, "End that access first.")


_GUARDS: dict[str, Callable[[Change, Guard], Iterator[Problem]]] = {
    **dict.fromkeys(SECTIONS, _place),
    "accounts": _account,
    "people": _person,
    "services": _service,
    "principals": _username,
}
