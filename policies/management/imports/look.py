"""What an account holds, read piece by piece: a piece that AWS refuses is named, no more."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from accounts import arns
from policies.documents import iam, tags
from policies.outcomes import Outcome
from policies.providers.protocol import Clients

Values = dict[str, Any]
# Everything this asks of AWS, for who writes the read role's policy.
READS = (
    "servicecatalog:ListPortfolios",
    "servicecatalog:SearchProductsAsAdmin",
    "elasticmapreduce:ListStudios",
    "elasticmapreduce:DescribeStudio",
    "eks:ListClusters",
    "eks:DescribeCluster",
    "emr-containers:ListVirtualClusters",
    "iam:GetAccountAuthorizationDetails",
    "s3:GetEncryptionConfiguration",
)


@dataclass(frozen=True)
class Seen:
    """One thing of the catalogue as AWS tells it, still without a short name."""

    section: str
    values: Values
    note: str = ""


@dataclass
class Account:
    """`unread`: section → why it could not be read, in AWS's words."""

    number: str
    region: str
    seen: list[Seen] = field(default_factory=list)
    unread: dict[str, list[str]] = field(default_factory=dict)

    def could_not(self, section: str, error: Outcome) -> None:
        self.unread.setdefault(section, []).append(str(error))


def look(clients: Clients, number: str, region: str, buckets: Sequence[str] = ()) -> Account:
    """Read the account with these clients. Raises nothing that AWS says: it is in `unread`."""
    found = Account(number, region)
    pieces: dict[str, Callable[[Clients, Account], Iterator[Seen]]] = {
        "portfolios": _portfolios,
        "studios": _studios,
        "clusters": _clusters,
        "virtual_clusters": _virtual_clusters,
        "roles": _roles,
    }
    for section, piece in pieces.items():
        try:
            found.seen += piece(clients, found)
        except Outcome as error:
            found.could_not(section, error)
            if section == "roles":
                found.could_not("principals", error)
    for name in buckets:
        try:
            found.seen.append(_bucket(clients, name))
        except Outcome as error:
            found.could_not("buckets", error)
    return found


def _portfolios(clients: Clients, found: Account) -> Iterator[Seen]:
    for one in clients.pages("servicecatalog", "list_portfolios", "PortfolioDetails"):
        values = {"name": one.get("DisplayName") or one["Id"], "portfolio_id": one["Id"]}
        yield Seen("portfolios", values, _products(clients, one["Id"]))


def _products(clients: Clients, portfolio: str) -> str:
    try:
        rows = clients.pages(
            "servicecatalog",
            "search_products_as_admin",
            "ProductViewDetails",
            PortfolioId=portfolio,
        )
    except Outcome as error:
        return f"its products could not be read: {error}"
    names = sorted(str(one["ProductViewSummary"]["Name"]) for one in rows)
    return "products: " + (", ".join(names) or "none")


def _studios(clients: Clients, found: Account) -> Iterator[Seen]:
    for row in clients.pages("emr", "list_studios", "Studios"):
        try:
            answer = clients.call("emr", "describe_studio", StudioId=row["StudioId"])
        except Outcome as error:
            found.could_not("studios", error)
            continue
        one = answer["Studio"]
        bucket = str(one.get("DefaultS3Location", "")).removeprefix("s3://").partition("/")[0]
        yield Seen(
            "studios",
            {
                "name": one["Name"],
                "studio_id": one["StudioId"],
                "auth_mode": one["AuthMode"],
                "service_role_arn": one["ServiceRole"],
                "user_role_arn": one.get("UserRole", ""),
            },
            f"keeps its Workspaces in the bucket {bucket}" if bucket else "",
        )


def _clusters(clients: Clients, found: Account) -> Iterator[Seen]:
    for name in clients.pages("eks", "list_clusters", "clusters"):
        try:
            one = clients.call("eks", "describe_cluster", name=name)["cluster"]
        except Outcome as error:
            found.could_not("clusters", error)
            continue
        issuer = ((one.get("identity") or {}).get("oidc") or {}).get("issuer", "")
        mode = (one.get("accessConfig") or {}).get("authenticationMode", "")
        values = {
            "name": name,
            "cluster_name": name,
            "auth_mode": mode,
            "issuer": issuer.removeprefix("https://"),
        }
        yield Seen("clusters", values, str(one.get("arn", "")))


def _virtual_clusters(clients: Clients, found: Account) -> Iterator[Seen]:
    for one in clients.pages("emr-containers", "list_virtual_clusters", "virtualClusters"):
        if one.get("state") not in {None, "RUNNING"}:
            continue
        provider = one.get("containerProvider") or {}
        namespace = ((provider.get("info") or {}).get("eksInfo") or {}).get("namespace", "")
        values = {
            "name": one.get("name") or one["id"],
            "virtual_cluster_id": one["id"],
            "cluster_name": provider.get("id", ""),
            "namespace": namespace,
        }
        yield Seen("virtual_clusters", values)


def _roles(clients: Clients, found: Account) -> Iterator[Seen]:
    rows = clients.pages(
        "iam", "get_account_authorization_details", "RoleDetailList", Filter=["Role"]
    )
    for one in rows:
        arn, name = str(one["Arn"]), str(one["RoleName"])
        try:
            kind = arns.principal(arn)[1]
        except arns.BadArn:
            continue
        if runs_jobs(one.get("AssumeRolePolicyDocument")):
            yield Seen("roles", {"name": name, "arn": arn}, "pods of a cluster may run as it")
        elif kind is arns.PrincipalType.SSO_ROLE:
            values = {"name": name, "arn": arn, "sharing": "shared"}
            yield Seen("principals", values, "of Identity Center: name its owner and holders")
        elif tags.is_managed(one.get("Tags") or ()):
            yield Seen("principals", {"name": name, "arn": arn, "sharing": "personal"})


def runs_jobs(trust: Any) -> bool:
    """Whether pods may assume a role with this trust, as EMR on EKS or Pod Identity have it."""
    statements = trust.get("Statement", []) if isinstance(trust, dict) else []
    for one in iam.listed(statements):
        principal = one.get("Principal")
        if one.get("Effect") != "Allow" or not isinstance(principal, dict):
            continue
        if "pods.eks.amazonaws.com" in iam.listed(principal.get("Service")):
            return True
        federated = map(str, iam.listed(principal.get("Federated")))
        by_pods = any(":oidc-provider/oidc.eks." in each for each in federated)
        if by_pods and "emr-containers-sa" in json.dumps(one.get("Condition", {})):
            return True
    return False


def _bucket(clients: Clients, name: str) -> Seen:
    answer = clients.call("s3", "get_bucket_encryption", Bucket=name)
    rules = answer["ServerSideEncryptionConfiguration"]["Rules"]
    keys = [one.get("ApplyServerSideEncryptionByDefault", {}) for one in rules]
    key = next((str(one["KMSMasterKeyID"]) for one in keys if one.get("KMSMasterKeyID")), "")
    by_arn = key if key.startswith("arn:") and ":key/" in key else ""
    note = f"encrypts with {key}: give the key's ARN" if key != by_arn else ""
    return Seen("buckets", {"name": name, "bucket_name": name, "kms_key_arn": by_arn}, note)
