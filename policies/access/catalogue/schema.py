"""The catalogue file, declared: its sections, their fields, what each may hold.

A field that an entry leaves out stays as it is; in a new entry it takes its default.
"""

from dataclasses import dataclass
from functools import partial

from accounts.models import PersonState, PortalRole, Sharing, StudioUser
from policies.access import shapes as rule_shapes
from policies.access.catalogue import words
from policies.access.catalogue.shapes import Field, ListOf, Record, Value
from policies.access.rulebook import DECIDERS
from policies.documents import access_entries, studio, template
from policies.kinds import KINDS, job_role
from policies.models import Cluster, Cut, Studio

VERSION = "1"


@dataclass(frozen=True)
class Section:
    """`key`: the field that names an entry. `rule`: the whole entry is that kind of rule."""

    name: str
    one: str
    key: str
    record: Record
    rule: str = ""

    def field(self, name: str) -> Field:
        return next(one for one in self.record.fields if one.name == name)


_name = Value(words.text(200, empty=False))
_words = Value(words.text(2000), blank="")
_ended = Field("ended", Value(words.yes_no), default=False)
_slug = Field("slug", Value(words.SLUG), required=True)
_person = partial(Value, words.email, refers="people")
_slug_of = partial(Value, words.SLUG)


def _placed(name: str, one: str, *fields: Field, length: int = 200) -> Section:
    shared = (
        _slug,
        Field("name", Value(words.text(length, empty=False)), required=True),
        Field("account", Value(words.ACCOUNT, refers="accounts"), required=True),
        Field("region", Value(words.REGION)),
    )
    return Section(name, one, "slug", Record((*shared, *fields)))


ACCOUNTS = Section(
    "accounts",
    "account",
    "number",
    Record(
        (
            Field("number", Value(words.ACCOUNT), required=True),
            Field("name", Value(words.text(120, empty=False)), required=True),
            Field("region", Value(words.REGION), required=True),
            Field("partition", Value(words.PARTITION), default="aws"),
            Field("write_role", Value(words.role, blank=""), default="", rule="account_roles"),
            Field("read_role", Value(words.role, blank=""), default="", rule="account_roles"),
        )
    ),
)
PORTFOLIOS = _placed(
    "portfolios", "portfolio", Field("portfolio_id", Value(words.PORTFOLIO), required=True)
)
CLUSTERS = _placed(
    "clusters",
    "cluster",
    Field("cluster_name", Value(words.CLUSTER), required=True),
    Field("access", Value(words.one_of(Cluster.Access.values)), default="eks"),
    Field("auth_mode", Value(words.one_of(Cluster.Mode.values), blank=""), default=""),
    Field("issuer", Value(words.ISSUER, blank=""), default=""),
    Field("kubeconfig", Value(words.FILE_NAME, blank=""), default=""),
    Field("context", Value(words.text(200), blank=""), default=""),
)
VIRTUAL_CLUSTERS = _placed(
    "virtual_clusters",
    "virtual cluster",
    Field("virtual_cluster_id", Value(words.VIRTUAL_CLUSTER), required=True),
    Field("cluster", _slug_of(blank="", refers="clusters"), default=""),
    Field("namespace", Value(words.NAMESPACE, blank=""), default=""),
)
ROLES = _placed(
    "roles",
    "role",
    Field("arn", Value(words.role), required=True),
    Field("purpose", Value(words.text(200), blank=""), default=""),
)
STUDIOS = _placed(
    "studios",
    "Studio",
    Field("studio_id", Value(words.STUDIO), required=True),
    Field("auth_mode", Value(words.one_of(Studio.Mode.values)), required=True),
    Field("service_role_arn", Value(words.role), required=True),
    *(
        Field(name, Value(words.role, blank=""), default="")
        for name in ("user_role_arn", "emr_service_role_arn", "instance_profile_role_arn")
    ),
    *(
        Field(f"{level}_policy_arn", Value(words.POLICY_ARN, blank=""), default="")
        for level in studio.LEVELS
    ),
    Field("template_bucket", Value(words.BUCKET, blank=""), default=""),
    Field("logs_bucket", Value(words.BUCKET, blank=""), default=""),
    Field("portfolio", _slug_of(blank="", refers="portfolios"), default=""),
)
BUCKETS = _placed(
    "buckets",
    "bucket",
    Field("bucket_name", Value(words.BUCKET), required=True),
    Field("kms_key_arn", Value(words.KEY_ARN, blank=""), default=""),
)
WORKSPACES = _placed(
    "workspaces",
    "workspace",
    Field("host", Value(words.HOST), required=True),
    Field("token_ref", Value(words.REFERENCE), required=True),
    Field("cross_account_role_arn", Value(words.role), required=True),
)
DOMAINS = _placed(
    "domains",
    "domain",
    Field("domain_name", Value(words.DOMAIN), required=True),
    Field("endpoint", Value(words.HOST), required=True),
    Field("fine_grained", Value(words.yes_no), default=False),
)
PEOPLE = Section(
    "people",
    "person",
    "email",
    Record(
        (
            Field("email", Value(words.email), required=True),
            Field("name", _name, required=True),
            Field("employee_number", Value(words.text(40, empty=False))),
            Field("manager", _person(blank=None)),
            Field("department", Value(words.text(200), blank=""), default=""),
            Field("job", Value(words.text(200), blank=""), default=""),
            Field("state", Value(words.one_of(PersonState.values)), default="working"),
            Field("contract_ends_on", Value(words.day, blank=None)),
            Field(
                "portal_roles",
                ListOf(Value(words.one_of(PortalRole.Role.values))),
                default=[],
                rule="portal_role",
            ),
        )
    ),
)
SERVICES = Section(
    "services",
    "service",
    "name",
    Record(
        (
            Field("name", Value(words.SLUG), required=True),
            Field("purpose", Value(words.text(2000, empty=False)), required=True),
            Field("owners", ListOf(_person(), least=2, most=2), required=True),
        )
    ),
)
_LEVEL = Field("level", Value(words.one_of(StudioUser.Level.values)), default="basic")
_DISCIPLINE = Field("discipline", Value(words.text(120), blank=""), default="")
PRINCIPALS = Section(
    "principals",
    "AWS identity",
    "arn",
    Record(
        (
            Field("arn", Value(words.principal), required=True),
            Field("person", _person(blank=None)),
            Field("service", Value(words.SLUG, blank=None, refers="services")),
            Field("sharing", Value(words.one_of(Sharing.values)), default="personal"),
            Field("owner", _person(blank=None)),
            Field("holders", ListOf(_person()), default=[]),
            Field("eks_user", Record((Field("username", Value(words.username), required=True),))),
            Field("studio_user", Record((_LEVEL,), defaults=True)),
            Field("data_engineer", Record((_DISCIPLINE,), defaults=True)),
        )
    ),
)
_STEP = Record(
    (
        Field("who", Value(words.one_of(DECIDERS)), required=True),
        Field("quorum", Value(words.whole(1, 9)), default=1),
    ),
    defaults=True,
)
APPROVAL_POLICIES = Section(
    "approval_policies",
    "approval policy",
    "slug",
    Record(
        (
            _slug,
            Field("name", _name, required=True),
            Field("steps", ListOf(_STEP, least=1, ordered=True), required=True),
            Field("wait_hours", Value(words.whole(1, 8760)), default=48),
            Field("fallback", ListOf(_person(present=True)), default=[]),
        )
    ),
    rule="approval_policy",
)
_ACCESS_POLICY = Record(
    (
        Field("policy", Value(words.one_of(access_entries.POLICIES)), required=True),
        Field("namespaces", ListOf(Value(words.NAMESPACE), ordered=True), default=[]),
    ),
    defaults=True,
)
_PARAMETER = Record(
    (
        Field("name", Value(words.text(40, empty=False)), required=True),
        Field("label", Value(words.text(120), blank=""), default=""),
        Field("type", Value(words.one_of(template.TYPES)), default="text"),
        Field("choices", ListOf(Value(words.text(template.LONGEST)), ordered=True), default=[]),
    ),
    defaults=True,
)
_CONFIGS = {
    "portfolio": Record((Field("portfolio", _slug_of(refers="portfolios"), required=True),)),
    "execution_roles": Record(
        (
            Field("virtual_cluster", _slug_of(refers="virtual_clusters"), required=True),
            Field(
                "roles",
                ListOf(_slug_of(refers="roles"), least=1, ordered=True),
                required=True,
            ),
        )
    ),
    "aws_auth": Record(
        (
            Field("cluster", _slug_of(refers="clusters"), required=True),
            Field("groups", ListOf(Value(words.group), least=1, ordered=True), required=True),
        )
    ),
    "cross_account_s3": Record(
        (
            Field("bucket", _slug_of(refers="buckets"), required=True),
            Field("role", _slug_of(refers="roles"), required=True),
            Field("access", Value(words.one_of(("read", "write"))), default="read"),
            Field("prefix", Value(words.prefix, blank=""), default=""),
            Field("external_id", Value(words.yes_no), default=False),
            Field("workspace", _slug_of(blank="", refers="workspaces"), default=""),
            Field("group", Value(words.workspace_group, blank=""), default=""),
        ),
        defaults=True,
    ),
    "eks_user": Record(
        (
            Field("cluster", _slug_of(refers="clusters"), required=True),
            Field("groups", ListOf(Value(words.group), ordered=True), default=[]),
            Field("policies", ListOf(_ACCESS_POLICY, ordered=True), default=[]),
        ),
        defaults=True,
    ),
    "emr_studio": Record(
        (
            Field("studio", _slug_of(refers="studios"), required=True),
            Field("level", Value(words.one_of(studio.LEVELS)), default="basic"),
            Field("shared", Value(words.yes_no), default=False),
            Field("templates", Value(words.one_of(studio.TEMPLATES)), default="tagged"),
            Field("reason", Value(words.text(200), blank=""), default=""),
        ),
        defaults=True,
    ),
    "snapshot_repository": Record(
        (
            Field("domain", _slug_of(refers="domains"), required=True),
            Field("role", _slug_of(refers="roles"), required=True),
            Field("bucket", _slug_of(refers="buckets"), required=True),
        ),
    ),
    "template": Record(
        (
            Field("document", Value(words.text(rule_shapes.DOCUMENT, empty=False)), required=True),
            Field("parameters", ListOf(_PARAMETER, ordered=True), default=[]),
            Field("reason", Value(words.text(400), blank=""), default=""),
            Field("how_to_use", Value(words.text(2000), blank=""), default=""),
        ),
        defaults=True,
    ),
    "job_role": Record(
        (
            Field(
                "virtual_clusters",
                ListOf(_slug_of(refers="virtual_clusters"), least=1, ordered=True),
                required=True,
            ),
            Field("by", Value(words.one_of(job_role.BY)), default="oidc"),
        ),
        defaults=True,
    ),
}
ENTITLEMENTS = Section(
    "entitlements",
    "entitlement",
    "slug",
    Record(
        (
            _slug,
            _ended,
            Field("name", _name, required=True),
            Field("description", _words, default=""),
            Field("kind", Value(words.one_of(KINDS)), required=True),
            Field("config", _CONFIGS, required=True, by="kind"),
            Field("approval_policy", _slug_of(refers="approval_policies"), required=True),
            Field("owner", _person(blank=None, present=True)),
            Field("max_days", Value(words.whole(1, 366)), default=90),
            Field("cut", Value(words.one_of(Cut.values)), default="none"),
        )
    ),
    rule="entitlement",
)
BUNDLES = Section(
    "bundles",
    "bundle",
    "slug",
    Record(
        (
            _slug,
            _ended,
            Field("name", _name, required=True),
            Field("description", _words, default=""),
            Field("entitlements", ListOf(_slug_of(refers="entitlements"), least=1), required=True),
        )
    ),
    rule="bundle",
)

# In the order in which they are applied: whatever is named comes before what names it.
SECTIONS = {
    one.name: one
    for one in (
        ACCOUNTS,
        PORTFOLIOS,
        CLUSTERS,
        VIRTUAL_CLUSTERS,
        ROLES,
        STUDIOS,
        BUCKETS,
        WORKSPACES,
        DOMAINS,
        PEOPLE,
        SERVICES,
        PRINCIPALS,
        APPROVAL_POLICIES,
        ENTITLEMENTS,
        BUNDLES,
    )
}
