"""What the workers can do in one AWS account, by trying what is harmless to try."""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from django.utils import timezone

from accounts import arns
from policies import clients
from policies.documents import tags
from policies.management.doctor import installation, simulated, studios
from policies.management.doctor.findings import Finding, State, fail, ok, refused
from policies.models import AwsAccount, Cluster, Target, TargetKind
from policies.outcomes import Kind, Outcome
from policies.providers import PROVIDERS, Place, places
from policies.providers.protocol import Clients

ASSUME = (
    "Let the role's trust admit the workers' own role with the account's external id "
    "(Administration → Accounts shows it), and the workers' role assume it."
)


def findings(account: AwsAccount) -> Iterator[Finding]:
    """Everything about one account; what depends on a role that cannot be had is left out."""
    reader: clients.AccountClients | None = None
    for name in ("read", "write"):
        try:
            got = _role(account, name)
            got.vouch()
        except Outcome as error:
            yield refused(f"{name} role", account.number, error, ASSUME, "GH-353")
            continue
        yield ok(f"{name} role", account.number, "It can be had, and is of this account.")
        yield from _simulated(got, account, name)
        reader = got if name == "read" else reader
    if reader is not None:
        yield from _clock(reader, account)
        yield from _reads(reader, account)
        yield from _identities(reader, account)
        yield from studios.findings(reader, account)


def _role(account: AwsAccount, name: str) -> clients.AccountClients:
    if name == "read":
        return clients.reading(account.number, account.region)
    return clients.writing(account.number, account.region, plan="gatehouse-doctor")


def _clock(reader: Clients, account: AwsAccount) -> Iterator[Finding]:
    answer = reader.call("sts", "get_caller_identity")
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    date = headers.get("date") or headers.get("Date")
    if date:
        at: datetime = parsedate_to_datetime(date).astimezone(UTC)
        yield installation.aws_clock(account.number, at, timezone.now())


def places_in_use(account: AwsAccount) -> list[Place]:
    """One place of each kind that has targets here, and every cluster of the catalogue."""
    found: dict[tuple[str, str], Place] = {}
    for target in Target.objects.filter(account=account.number).order_by("-pk")[:1000]:
        if target.kind in PROVIDERS and target.kind != TargetKind.CLUSTER_AUTH_MAP:
            found.setdefault((target.kind, ""), places.of(target))
    for one in Cluster.objects.filter(account=account):
        key = (TargetKind.CLUSTER_AUTH_MAP.value, f"{one.region}/{one.cluster_name}")
        found[key] = places.place(key[0], account.number, one.region, one.cluster_name)
    return list(found.values())


def _reads(reader: Clients, account: AwsAccount) -> Iterator[Finding]:
    """Each kind of place read as a pass reads it, so that AWS itself names what is missing."""
    for place in places_in_use(account):
        check = "kubernetes" if place.kind == TargetKind.CLUSTER_AUTH_MAP else "read"
        where = f"{place.kind} {place.object}"
        try:
            PROVIDERS[place.kind].read(
                clients.reading(place.account, place.region or account.region), place
            )
        except Outcome as error:
            yield _unread(check, where, error)
        else:
            yield ok(check, where, "It can be read.")


def _unread(check: str, where: str, error: Outcome) -> Finding:
    if check == "kubernetes":
        remedy = (
            "Let the cluster's API be reached from the workers, KUBECONFIG_FOLDER hold the file "
            "that the catalogue names, and the read role read ConfigMaps in kube-system."
        )
        return refused(check, where, error, remedy, "GH-354")
    if error.kind is Kind.DENIED:
        remedy = "Give the read role the action that AWS names."
        return refused(check, where, error, remedy, "GH-105")
    return refused(check, where, error, error.advice.remedy, error.advice.runbook)


def _identities(reader: Clients, account: AwsAccount) -> Iterator[Finding]:
    """Identities with living grants: may the write role touch them?"""
    rows = Target.objects.filter(account=account.number, kind=TargetKind.PRINCIPAL_POLICY)
    for target in rows.filter(deliveries__grant__ended_at__isnull=True).distinct().order_by("pk"):
        try:
            yield _identity(reader, target.object)
        except Outcome as error:
            yield refused("identity", target.object, error, error.advice.remedy, "GH-355")


def _identity(reader: Clients, arn: str) -> Finding:
    name = arn.rpartition("/")[2]
    if arns.principal(arn)[1] is arns.PrincipalType.IAM_USER:
        about: dict[str, Any] = reader.call("iam", "get_user", UserName=name)["User"]
    else:
        about = reader.call("iam", "get_role", RoleName=name)["Role"]
    if not tags.is_managed(about.get("Tags") or ()):
        text = "It holds access and is not tagged gatehouse=managed, so it cannot be written."
        return fail("identity", arn, text, "Its owner tags it in AWS.", "GH-355")
    boundary = (about.get("PermissionsBoundary") or {}).get("PermissionsBoundaryArn")
    if boundary:
        text = f"{boundary} bounds it: what that does not allow, no access of ours gives."
        remedy = "Let its owner see that the boundary allows what is granted."
        return Finding("identity", arn, State.WARN, text, remedy, "GH-355")
    return ok("identity", arn, "Tagged gatehouse=managed, without a boundary.")


def _simulated(role: Clients, account: AwsAccount, name: str) -> Iterator[Finding]:
    arn = account.read_role_arn if name == "read" else account.write_role_arn
    for place in places_in_use(account):
        provider = PROVIDERS[place.kind]
        actions = provider.READS if name == "read" else provider.WRITES
        if actions:
            yield simulated.finding(role, place, name, arn, actions)
