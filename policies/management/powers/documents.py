"""The policies of our two roles, as values. Pure.

Which actions there are, the providers say; which resources and conditions each is bound to, the
service authorization reference: https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from policies.documents import iam, pods, tags
from policies.management.powers.facts import Facts
from policies.models import TargetKind
from policies.providers import PROVIDERS, managed

Statement = dict[str, Any]
ROLE_BYTES = 10_240  # all inline policies of a role, white space not counted: IAM quotas
TAGGED = {"StringEquals": {f"iam:ResourceTag/{tags.MANAGED[0]}": [tags.MANAGED[1]]}}
# What changes a role, user or policy; denied for our own, for AWS's, and for the tag everywhere.
CHANGING = tuple(
    f"iam:{verb}*"
    for verb in ("Add", "Attach", "Create", "Delete", "Detach", "Put", "Remove", "Set", "Update")
)
TAGGING = ("iam:Tag*", "iam:Untag*")


def write(facts: Facts) -> Statement:
    """What the write role may do: change what is tagged, by our own names, and nothing of ours."""
    kinds = in_use(facts)
    said = [one for kind in kinds for one in _WRITES[kind](facts)]
    return _document([*said, *_reading(facts, kinds), *_never(facts)])


def read(facts: Facts, more: Iterable[str] = ()) -> Statement:
    """What the read role may do: look. `more`: further actions that only look, on everything."""
    extra = [_allow(more, ["*"])] if more else []
    return _document([*_reading(facts, in_use(facts)), *extra])


def trust(hub: str, external_id: str) -> Statement:
    """Who may take a role on: the workers' own role, with the account's external id."""
    return {
        "Version": iam.VERSION,
        "Statement": [
            {
                "Sid": "Workers",
                "Effect": "Allow",
                "Principal": {"AWS": hub},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
            }
        ],
    }


def size(document: Statement) -> int:
    """Characters as IAM counts them against `ROLE_BYTES`."""
    return iam.size(iam.raw(document))


def in_use(facts: Facts) -> list[str]:
    """Kinds of target that something of the catalogue can lead to; identities always."""
    needs = {
        TargetKind.PORTFOLIO_PRINCIPALS: facts.portfolios,
        TargetKind.CLUSTER_AUTH_MAP: facts.clusters,
        TargetKind.CLUSTER_ACCESS_ENTRIES: facts.clusters,
        TargetKind.JOB_RUNS: facts.virtual_clusters,
        TargetKind.STUDIO_SESSIONS: facts.studios,
        TargetKind.BUCKET_POLICY: facts.buckets,
        TargetKind.POD_IDENTITIES: facts.clusters,
        TargetKind.KMS_GRANTS: facts.keys,
        TargetKind.DOMAIN_ROLES: facts.domains,
    }
    return [kind for kind in PROVIDERS if needs.get(TargetKind(kind), True)]


def _identities(facts: Facts) -> list[Statement]:
    both = [facts.iam("role/*"), facts.iam("user/*")]
    own = facts.iam(f"policy{managed.PATH}*")
    bound = {"iam:PermissionsBoundary": [facts.boundary]} if facts.boundary else {}
    tagged = {"StringEquals": {**TAGGED["StringEquals"], **bound}}
    attaching = {**tagged, "ArnLike": {"iam:PolicyARN": [own]}}
    inline = ("PutRolePolicy", "PutUserPolicy", "DeleteRolePolicy", "DeleteUserPolicy")
    attached = ("AttachRolePolicy", "AttachUserPolicy", "DetachRolePolicy", "DetachUserPolicy")
    policies = (
        "CreatePolicy",
        "CreatePolicyVersion",
        "DeletePolicy",
        "DeletePolicyVersion",
        "ListPolicyVersions",
    )
    return [
        _allow(_iam(inline), both, tagged),
        _allow(_iam(attached), both, attaching),
        _allow(_iam(policies), [own]),
    ]


def _trusts(facts: Facts) -> list[Statement]:
    return [_allow(["iam:UpdateAssumeRolePolicy"], [facts.iam("role/*")], TAGGED)]


def _entries(facts: Facts) -> list[Statement]:
    """Never master of a cluster, and no group that belongs to the cluster itself."""
    entries = [_entry_of(arn) for arn in facts.clusters]
    policies = ["eks:AssociateAccessPolicy", "eks:DisassociateAccessPolicy"]
    # EKS lets nobody set groups of the cluster's own later on either: UpdateAccessEntry has no key.
    policy = f"arn:{facts.partition}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
    master = {"ArnEquals": {"eks:policyArn": [policy]}}
    system = {"ForAnyValue:StringLike": {"eks:kubernetesGroups": ["system:*"]}}
    return [
        _allow(["eks:CreateAccessEntry"], facts.clusters),
        _allow(["eks:UpdateAccessEntry", "eks:DeleteAccessEntry", *policies], entries),
        _deny(["eks:AssociateAccessPolicy"], ["*"], master),
        _deny(["eks:CreateAccessEntry"], ["*"], system),
    ]


def _pods(facts: Facts) -> list[Statement]:
    """Associations, and handing over the roles that were registered: AWS asks for both.

    By name, because IAM does not reliably look at a role's tags when it is passed.
    """
    passing = {"StringEquals": {"iam:PassedToService": [pods.SERVICE]}}
    associations = [_association_of(arn) for arn in facts.clusters]
    said = [
        _allow(["eks:CreatePodIdentityAssociation"], facts.clusters),
        _allow(
            ["eks:DeletePodIdentityAssociation", "eks:UpdatePodIdentityAssociation"], associations
        ),
    ]
    return [*said, _allow(["iam:PassRole"], facts.roles, passing)] if facts.roles else said


def _association_of(cluster_arn: str) -> str:
    return cluster_arn.replace(":cluster/", ":podidentityassociation/") + "/*"


def _keys(facts: Facts) -> list[Statement]:
    """Grants of the named keys, to use them and never to hand them on."""
    using = ["Decrypt", "DescribeKey", "GenerateDataKey"]
    only = {"ForAllValues:StringEquals": {"kms:GrantOperations": using}}
    return [
        _allow(["kms:CreateGrant"], facts.keys, only),
        _allow(["kms:RevokeGrant"], facts.keys),
    ]


def _domains(facts: Facts) -> list[Statement]:
    """One mapping of each domain's security API."""
    return [_allow(["es:ESHttpPatch", "es:ESHttpPut"], [_mapping_of(arn) for arn in facts.domains])]


def _mapping_of(domain_arn: str) -> str:
    return f"{domain_arn}/_plugins/_security/api/rolesmapping/manage_snapshots"


def _entry_of(cluster_arn: str) -> str:
    return cluster_arn.replace(":cluster/", ":access-entry/") + "/*"


def _runs(facts: Facts) -> list[Statement]:
    runs = [f"{arn}/jobruns/*" for arn in facts.virtual_clusters]
    return [_allow(["emr-containers:CancelJobRun"], runs)]


def _whole(kind: TargetKind, name: str) -> Callable[[Facts], list[Statement]]:
    """All that a provider writes, on what the catalogue names."""
    return lambda facts: [_allow(PROVIDERS[kind].WRITES, getattr(facts, name))]


_WRITES: dict[str, Callable[[Facts], list[Statement]]] = {
    TargetKind.PORTFOLIO_PRINCIPALS: _whole(TargetKind.PORTFOLIO_PRINCIPALS, "portfolios"),
    TargetKind.PRINCIPAL_POLICY: _identities,
    TargetKind.CLUSTER_AUTH_MAP: lambda _facts: [],  # Kubernetes' own rights: docs/deploy.md
    TargetKind.JOB_RUNS: _runs,
    TargetKind.ROLE_TRUST: _trusts,
    TargetKind.BUCKET_POLICY: _whole(TargetKind.BUCKET_POLICY, "buckets"),
    TargetKind.STUDIO_SESSIONS: _whole(TargetKind.STUDIO_SESSIONS, "studios"),
    TargetKind.CLUSTER_ACCESS_ENTRIES: _entries,
    TargetKind.POD_IDENTITIES: _pods,
    TargetKind.KMS_GRANTS: _keys,
    TargetKind.DOMAIN_ROLES: _domains,
    TargetKind.INSTANCE_PROFILES: lambda _facts: [],  # the workspace's token, not ours in AWS
    TargetKind.INSTANCE_PROFILE_USERS: lambda _facts: [],
}


def _reading(facts: Facts, kinds: Sequence[str]) -> list[Statement]:
    """A write is preceded by a reading, so both roles look at the same things."""
    actions = sorted({action for kind in kinds for action in PROVIDERS[kind].READS})
    found: dict[tuple[str, ...], list[str]] = {}
    for action in actions:
        found.setdefault(_read_from(action, facts), []).append(action)
    own = [arn for arn in facts.own if ":role/" in arn] or [facts.iam("role/*")]
    return [
        *(_allow(group, where) for where, group in sorted(found.items())),
        _allow(["iam:SimulatePrincipalPolicy"], own),
    ]


def _read_from(action: str, facts: Facts) -> tuple[str, ...]:
    service, _colon, operation = action.partition(":")
    if service == "s3":
        return facts.buckets
    if action in {"eks:DescribeAccessEntry", "eks:ListAssociatedAccessPolicies"}:
        return tuple(_entry_of(arn) for arn in facts.clusters)
    if action == "eks:DescribePodIdentityAssociation":
        return tuple(_association_of(arn) for arn in facts.clusters)
    if service == "eks":
        return facts.clusters
    if service == "kms":
        return facts.keys
    if service == "es":
        return tuple(_mapping_of(arn) for arn in facts.domains)
    if action == "emr-containers:ListJobRuns":
        return facts.virtual_clusters
    if service == "iam" and "Account" not in operation:
        return _read_iam(operation, facts)
    return ("*",)  # AWS knows no resource for it


def _read_iam(operation: str, facts: Facts) -> tuple[str, ...]:
    for word, resource in (("Role", "role/*"), ("User", "user/*")):
        if word in operation:
            return (facts.iam(resource),)
    return (facts.iam("policy/*"),)


def _never(facts: Facts) -> list[Statement]:
    """Whatever else may be attached to the role one day."""
    paths = ("role/aws-reserved/*", "role/aws-service-role/*")
    theirs = [*facts.own, *(facts.iam(path) for path in paths)]
    return [
        _deny([*CHANGING, "iam:PassRole"], theirs),
        _deny(TAGGING, ["*"]),
        _deny(["sts:AssumeRole"], ["*"]),
    ]


def _iam(names: Iterable[str]) -> list[str]:
    return [f"iam:{name}" for name in names]


def _allow(
    actions: Iterable[str], resources: Iterable[str], conditions: Statement | None = None
) -> Statement:
    return _statement("Allow", actions, resources, conditions)


def _deny(
    actions: Iterable[str], resources: Iterable[str], conditions: Statement | None = None
) -> Statement:
    return _statement("Deny", actions, resources, conditions)


def _statement(
    effect: str, actions: Iterable[str], resources: Iterable[str], conditions: Statement | None
) -> Statement:
    said = {"Effect": effect, "Action": sorted(actions), "Resource": sorted(resources)}
    return {**said, "Condition": conditions} if conditions else said


def _document(statements: Sequence[Statement]) -> Statement:
    return {"Version": iam.VERSION, "Statement": list(statements)}
