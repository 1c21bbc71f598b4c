"""Grants that are decided before any worker wakes.

People, identities and approved requests are made row by row in bulk, as asking and deciding would
have left them; the grants, their deliveries and the targets' generations by the product's own
`access.grants.make`, all in one transaction. No preview is asked for: quotas are not what is
measured here. For the scan (100,000 grants) `settled` makes all rows in bulk, as a pass of two
agreeing looks would have left them; `tests/bench/test_bench.py` holds both to the verbs' rows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from accounts.actors import system
from accounts.arns import PrincipalType
from accounts.models import Person, Principal, Sharing
from policies import clients
from policies.access import grants
from policies.models import (
    Delivery,
    Entitlement,
    Grant,
    Item,
    Key,
    Phase,
    Request,
    Seen,
    Target,
    TargetKind,
)
from policies.plan import digest
from policies.providers import PROVIDERS, places
from tests import factories as f

SLUGS = {
    TargetKind.PORTFOLIO_PRINCIPALS: "templates",
    TargetKind.PRINCIPAL_POLICY: "jobs",
    TargetKind.CLUSTER_AUTH_MAP: "kubernetes",
}
DAYS = 30
_numbers = count(1)


@dataclass(frozen=True)
class Want:
    """One grant to be: the role that gets it, and where."""

    kind: TargetKind
    account: str
    object: str
    role: str
    number: int = 0

    @property
    def arn(self) -> str:
        return f"arn:aws:iam::{self.account}:role/{self.role}"

    @property
    def part(self) -> dict[str, Any]:
        """The delivery as the kind would place it."""
        region = "" if self.kind == TargetKind.PRINCIPAL_POLICY else f.REGION
        where = {"kind": str(self.kind), "account": self.account, "region": region}
        return {**where, "object": self.object, "body": self._body()}

    def _body(self) -> dict[str, str]:
        if self.kind == TargetKind.PORTFOLIO_PRINCIPALS:
            return {"arn": self.arn, "type": "IAM"}
        if self.kind == TargetKind.CLUSTER_AUTH_MAP:
            return {"arn": self.arn, "username": self.role, "group": "emr-users"}
        jobs = f"arn:aws:emr-containers:{f.REGION}:{self.account}:/virtualclusters/0b0qvauoy3ch1n"
        return {
            "statement": "emr_eks_jobs",
            "virtual_cluster": jobs,
            "execution_role": f"arn:aws:iam::{self.account}:role/exec-{self.number:04}",
        }


def decide(wants: Sequence[Want]) -> list[Grant]:
    """Grants for all of `wants`, committed at once; nobody has worked on them yet."""
    return make(approved(wants))


def make(items: Sequence[Item]) -> list[Grant]:
    """The last step of deciding, for all items in one transaction."""
    with transaction.atomic():
        return [grants.make(item, by=system(), now=f.now()) for item in items]


def identify(account: str) -> None:
    """Identities and grants get the unique ids that AWS has now for the roles of `account`."""
    found = clients.reading(account, "").pages("iam", "list_roles", "Roles")
    ids = {one["Arn"]: one["RoleId"] for one in found}
    rows = list(Principal.objects.filter(account=account, arn__in=ids))
    for row in rows:
        row.unique_id = ids[row.arn]
    Principal.objects.bulk_update(rows, ["unique_id"], 500)
    theirs = Principal.objects.filter(pk=OuterRef("principal")).values("unique_id")[:1]
    Grant.objects.filter(principal__in=rows).update(principal_unique_id=Subquery(theirs))
    clients.forget_sessions()  # what is counted begins without any


def settled(wants: Sequence[Want]) -> list[Target]:
    """The same, long since seen in AWS: rows only, and AWS is taken to hold them already."""
    now = timezone.now()
    items = approved(wants)
    made = Grant.objects.bulk_create([_grant(item, now) for item in items], 2000)
    spots = {(w.kind, w.account, w.part["region"], w.object) for w in wants}
    targets = Target.objects.bulk_create(
        Target(
            kind=kind,
            account=account,
            region=region,
            object=name,
            generation=1,
            applied_generation=1,
            settled_generation=1,
            phase=Phase.SETTLED,
            settled_at=now,
            written_at=now,
            window_until=now,
        )
        for kind, account, region, name in sorted(spots)
    )
    by_object = {one.object: one for one in targets}
    deliveries = Delivery.objects.bulk_create(
        [
            Delivery(
                grant=grant,
                target=by_object[want.object],
                part=want.part["body"],
                state=Delivery.State.SEEN,
                seen_at=now,
            )
            for grant, want in zip(made, wants, strict=True)
        ],
        2000,
    )
    Seen.objects.bulk_create([Seen(delivery=one, from_at=now) for one in deliveries], 2000)
    for target in targets:
        parts = [one.part for one in deliveries if one.target_id == target.pk]
        Key.objects.bulk_create(_keys(target, parts))
    return targets


def _keys(target: Target, parts: list[dict[str, Any]]) -> Iterable[Key]:
    wanted = PROVIDERS[target.kind].desired(places.of(target), parts)
    made, now = Key.Origin.MADE, timezone.now()
    return [
        Key(target=target, key=key, origin=made, text=text, window_until=now, seen=True)
        for key, text in wanted.items()
    ]


def approved(wants: Sequence[Want]) -> list[Item]:
    """An approved request with one item for each; its holder and their identity."""
    principals = _principals(wants)
    offered = {
        one.slug: one for one in Entitlement.objects.select_related("approval_policy", "owner")
    }
    requests = Request.objects.bulk_create(
        [
            Request(
                person=principals[want.arn].person,
                asked_by=principals[want.arn].person,
                reason="measured",
                days=DAYS,
                state=Request.State.APPROVED,
                closed_at=f.now(),
                correlation=f"bench-{next(_numbers)}",
            )
            for want in wants
        ],
        2000,
    )
    return Item.objects.bulk_create(
        [
            _item(request, want, principals[want.arn], offered[SLUGS[want.kind]])
            for request, want in zip(requests, wants, strict=True)
        ],
        2000,
    )


def _item(request: Request, want: Want, principal: Principal, offered: Entitlement) -> Item:
    return Item(
        request=request,
        entitlement=offered,
        entitlement_version=offered.version,
        principal=principal,
        parts=[want.part],
        sentence=f"{principal.name} may use {want.object}.",
        effect=digest(want.part),
        preview={"lines": [], "load": [], "fits": True, "problems": []},
        preview_at=f.now(),
    )


def _principals(wants: Sequence[Want]) -> dict[str, Principal]:
    """Each role is one person's."""
    arns = sorted({want.arn for want in wants})
    accounts = {want.arn: want.account for want in wants}
    known = {
        one.arn: one for one in Principal.objects.filter(arn__in=arns).select_related("person")
    }
    new = [arn for arn in arns if arn not in known]
    people = Person.objects.bulk_create([_person() for _arn in new], 2000)
    made = Principal.objects.bulk_create(
        [
            Principal(
                arn=arn,
                unique_id=f"AROA{digest(arn)[:17].upper()}",
                type=PrincipalType.IAM_ROLE,
                sharing=Sharing.PERSONAL,
                account=accounts[arn],
                person=person,
                confirmed_at=f.now(),
            )
            for arn, person in zip(new, people, strict=True)
        ],
        2000,
    )
    return known | {one.arn: one for one in made}


def _person() -> Person:
    number = next(_numbers)
    return Person(
        email=f"bench-{number}@example.com",
        name=f"Person {number}",
        employee_number=f"B{number:07}",
        password="!",
    )


def _grant(item: Item, now: Any) -> Grant:
    principal = item.principal
    assert principal is not None
    return Grant(
        item=item,
        person=item.request.person,
        principal=principal,
        principal_unique_id=principal.unique_id,
        entitlement=item.entitlement,
        entitlement_version=item.entitlement_version,
        parts=item.parts,
        sentence=item.sentence,
        effect=item.effect,
        approved_at=now,
        starts_at=now,
        ends_at=f.later(DAYS),
        started_at=now,
        seen_at=now,
        correlation=item.request.correlation,
    )
