"""Each kind of place as blocks of Terraform, from the state that its provider wants there. Pure.

Where Terraform's resource owns a whole document or list that others write, too, only our part is
given, as a document to merge: a resource would take the others' part away.
"""

import json
from collections.abc import Callable, Iterator

from policies.documents import auth_rows
from policies.documents.hcl import Block, Name, identifier
from policies.models import TargetKind
from policies.plan import State
from policies.providers import Place

Blocks = Iterator[Block]
_TO_MERGE = "Others' statements stand in the same document: merge this one, do not replace it."


def blocks(place: Place, state: State) -> list[Block]:
    """Everything that the place's wanted state means. A kind nobody wrote for is said so."""
    writer = _WRITERS.get(place.kind)
    where = f"{place.kind} {place.object}, account {place.account} {place.region}".rstrip()
    if writer is None:
        return [Block("", comment=f"{where}: there is nothing of it in Terraform.")]
    found = list(writer(place, state))
    return [Block("", comment=where), *found] if found else []


def _name(place: Place, *key: str) -> str:
    """A block's name; a cluster of one name in two accounts or regions is two places."""
    return identifier(place.kind, place.account, place.region, place.object, *key)


def _resource(kind: str, place: Place, key: str, **values: object) -> Block:
    return Block("resource", (kind, _name(place, key)), values)


def _portfolio(place: Place, state: State) -> Blocks:
    for key in sorted(state):
        kind, _colon, arn = key.partition(":")
        yield _resource(
            "aws_servicecatalog_principal_portfolio_association",
            place,
            key,
            portfolio_id=place.object,
            principal_arn=arn,
            principal_type=kind,
        )


def _policies(place: Place, state: State) -> Blocks:
    """Inline policies, and managed ones with their attachment."""
    resource = place.object.split(":", 5)[5]
    kind, name = resource.partition("/")[0], resource.rpartition("/")[2]
    for key, text in sorted(state.items()):
        if not key.startswith("managed:"):
            held = {"name": key, kind: name, "policy": text}
            yield _resource(f"aws_iam_{kind}_policy", place, key, **held)
            continue
        made = {"name": key.removeprefix("managed:"), "path": "/gatehouse/", "policy": text}
        policy = _resource("aws_iam_policy", place, key, **made)
        arn = Name(f"aws_iam_policy.{policy.labels[1]}.arn")
        held_by: dict[str, object] = {kind: name, "policy_arn": arn}
        yield policy
        yield _resource(f"aws_iam_{kind}_policy_attachment", place, key, **held_by)


def _statements(place: Place, state: State) -> Blocks:
    said = [json.loads(text) for _key, text in sorted(state.items())]
    if said:
        document = json.dumps({"Version": "2012-10-17", "Statement": said}, sort_keys=True)
        labels = ("aws_iam_policy_document", _name(place))
        values = {"source_policy_documents": [document]}
        yield Block("data", labels, values, comment=_TO_MERGE)


def _auth_map(place: Place, state: State) -> Blocks:
    for section in ("mapRoles", "mapUsers"):
        prefix = auth_rows.PREFIX[section]
        rows = [(key, json.loads(text)) for key, text in sorted(state.items())]
        mine = [(key.removeprefix(prefix), row) for key, row in rows if key.startswith(prefix)]
        if mine:
            field = "rolearn" if section == "mapRoles" else "userarn"
            listed = [
                {field: arn, "username": row["username"], "groups": row["groups"]}
                for arn, row in mine
            ]
            name = _name(place, section)
            values = {f"{name}_{section.lower()}": json.dumps(listed)}
            text = "Rows of aws-auth; others' rows stand beside them, so merge (YAML takes JSON)."
            yield Block("locals", (), values, comment=text)


def _entries(place: Place, state: State) -> Blocks:
    for arn, text in sorted(state.items()):
        told = json.loads(text)
        yield _resource(
            "aws_eks_access_entry",
            place,
            arn,
            cluster_name=place.object,
            principal_arn=arn,
            user_name=told["username"],
            kubernetes_groups=told["groups"],
        )
        for policy, namespaces in sorted(told["policies"].items()):
            scope: dict[str, object] = {"type": "namespace" if namespaces else "cluster"}
            if namespaces:
                scope["namespaces"] = namespaces
            kind = "aws_eks_access_policy_association"
            values = {"cluster_name": place.object, "principal_arn": arn, "policy_arn": policy}
            name = _name(place, arn, policy)
            yield Block("resource", (kind, name), values, (Block("access_scope", (), scope),))


def _sessions(place: Place, state: State) -> Blocks:
    for key, policy in sorted(state.items()):
        kind, _colon, identity = key.partition(":")
        yield _resource(
            "aws_emr_studio_session_mapping",
            place,
            key,
            studio_id=place.object,
            identity_type=kind,
            identity_id=identity,
            session_policy_arn=policy,
        )


def _pods(place: Place, state: State) -> Blocks:
    for key, role in sorted(state.items()):
        namespace, _colon, account = key.partition(":")
        yield _resource(
            "aws_eks_pod_identity_association",
            place,
            key,
            cluster_name=place.object,
            namespace=namespace,
            service_account=account,
            role_arn=role,
        )


def _key_grants(place: Place, state: State) -> Blocks:
    for key, text in sorted(state.items()):
        told = json.loads(text)
        yield _resource(
            "aws_kms_grant",
            place,
            key,
            name=key,
            key_id=place.object,
            grantee_principal=told["grantee"],
            operations=told["operations"],
        )


def _profiles(place: Place, state: State) -> Blocks:
    for arn in sorted(state):
        yield _resource("databricks_instance_profile", place, arn, instance_profile_arn=arn)


def _profile_users(place: Place, state: State) -> Blocks:
    for key in sorted(state):
        who, _space, arn = key.rpartition(" ")
        kind, _colon, name = who.partition(":")
        label = _name(place, key)
        attribute = "user_name" if kind == "user" else "display_name"
        yield Block("data", (f"databricks_{kind}", label), {attribute: name})
        held = {f"{kind}_id": Name(f"data.databricks_{kind}.{label}.id")}
        values = {**held, "instance_profile_id": arn}
        yield Block("resource", (f"databricks_{kind}_instance_profile", label), values)


def _domain_roles(place: Place, state: State) -> Blocks:
    lists: dict[str, list[str]] = {}
    for key in sorted(state):
        name, _colon, arn = key.partition(":")
        lists.setdefault(name, []).append(arn)
    if lists:
        name = _name(place)
        values = {f"{name}_{one}": arns for one, arns in lists.items()}
        text = "Held of the role manage_snapshots; others may hold it, too, so merge the lists."
        yield Block("locals", (), values, comment=text)


_WRITERS: dict[str, Callable[[Place, State], Blocks]] = {
    TargetKind.PORTFOLIO_PRINCIPALS: _portfolio,
    TargetKind.PRINCIPAL_POLICY: _policies,
    TargetKind.ROLE_TRUST: _statements,
    TargetKind.BUCKET_POLICY: _statements,
    TargetKind.CLUSTER_AUTH_MAP: _auth_map,
    TargetKind.CLUSTER_ACCESS_ENTRIES: _entries,
    TargetKind.STUDIO_SESSIONS: _sessions,
    TargetKind.POD_IDENTITIES: _pods,
    TargetKind.KMS_GRANTS: _key_grants,
    TargetKind.INSTANCE_PROFILES: _profiles,
    TargetKind.INSTANCE_PROFILE_USERS: _profile_users,
    TargetKind.DOMAIN_ROLES: _domain_roles,
}
