"""Everything this fake claims about AWS beyond stock moto: one table, each line with its mark.

Marks, from strongest to weakest: [M] botocore's service model; [D] AWS documentation; [TF] the
Terraform provider's code expects it, so AWS was seen doing it; [R] a real error text quoted in
public; [K] general knowledge, a hypothesis to test on the first real account.
"""

from typing import Final, NamedTuple


class Quota(NamedTuple):
    """A limit AWS enforces; its name is the key of `GetAccountSummary` where IAM tells it."""

    value: int
    source: str


class Text(NamedTuple):
    """What AWS says when it refuses; `str.format` fields are filled by the fake."""

    code: str
    message: str
    source: str


QUOTAS: Final = {
    "RolePolicySizeQuota": Quota(10_240, "[D] IAM quotas: inline total, white space not counted"),
    "UserPolicySizeQuota": Quota(2_048, "[D] IAM quotas: inline total, white space not counted"),
    "PolicySizeQuota": Quota(6_144, "[D] IAM quotas: managed policy, white space not counted"),
    "AssumeRolePolicySizeQuota": Quota(2_048, "[D] IAM quotas; [R] ACLSizePerRole error"),
    "AttachedPoliciesPerRoleQuota": Quota(10, "[D] IAM quotas: 10, can be raised to 20"),
    "AttachedPoliciesPerUserQuota": Quota(10, "[D] IAM quotas: 10, can be raised to 20"),
    "PrincipalsPerPortfolio": Quota(100, "[D] Service Catalog limits (L-E8959660, adjustable)"),
    "PatternsPerPortfolio": Quota(10, "[D][M] AssociatePrincipalWithPortfolio: 10 IAM_PATTERN"),
}

ACCESS_ENTRIES: Final = Quota(3_000, "[D] EKS quotas, per cluster, fixed")

ASSOCIATIONS: Final = Quota(5_000, "[D] EKS quotas: Pod Identity associations per cluster")

# How many of each identity type one EMR Studio admits.
MAPPINGS: Final = {
    "USER": Quota(100, "[D] EMR Studio considerations, 2023"),
    "GROUP": Quota(5, "[D] EMR Studio considerations, 2023"),
}

# (service code, quota code) as Service Quotas knows what has a name above.
SERVICE_QUOTAS: Final = {
    ("servicecatalog", "L-E8959660"): "PrincipalsPerPortfolio",  # [D] Service Catalog limits
}

TEXTS: Final = {
    "inline_size": Text(
        "LimitExceeded",
        "Maximum policy size of {limit} bytes exceeded for {kind} {name}",
        "[R] PutRolePolicy of a role over 10,240",
    ),
    "managed_size": Text(
        "LimitExceeded",
        "Cannot exceed quota for PolicySize: {limit}",
        "[D] knowledge center",
    ),
    "trust_size": Text(
        "LimitExceeded",
        "Cannot exceed quota for ACLSizePerRole: {limit}",
        "[R] trust over 2,048",
    ),
    "attachments": Text(
        "LimitExceeded",
        "Cannot exceed quota for PoliciesPer{kind}: {limit}",
        "[R] 11th policy",
    ),
    "invalid_principal": Text(
        "MalformedPolicyDocument",
        'Invalid principal in policy: "AWS":"{principal}"',
        "[TF] retried after CreateRole; [D] IAM principals: a deleted one stays as its unique id",
    ),
    "protected_role": Text(
        "UnmodifiableEntity",
        "Cannot perform the operation on the protected role '{name}' - "
        "this role is only modifiable by AWS",
        "[M] code; [R] text on AWSReservedSSO and service-linked roles",
    ),
    "role_exists": Text(
        "EntityAlreadyExists",
        "Role with name {name} already exists.",
        "[D] names are unique per account without regard to case",
    ),
    "user_exists": Text(
        "EntityAlreadyExists",
        "User with name {name} already exists.",
        "[D] names are unique per account without regard to case",
    ),
    "assume_denied": Text(
        "AccessDenied",
        "User: {caller} is not authorized to perform: sts:AssumeRole on resource: {role}",
        "[R] one text for a missing role, a trust that does not name the caller, a wrong id",
    ),
    "profile_missing": Text(
        "InvalidParametersException",
        "profile does not exist",
        "[TF] AssociatePrincipalWithPortfolio of a principal IAM does not (yet) show",
    ),
    "bad_parameter": Text(
        "InvalidParametersException", "Invalid value for {name}", "[M] code; [K] text"
    ),
    "portfolio_missing": Text(
        "ResourceNotFoundException",
        "Portfolio {portfolio} not found.",
        "[M] code; [K] text",
    ),
    "association_missing": Text(
        "ResourceNotFoundException",
        "Principal {principal} is not associated with portfolio {portfolio}.",
        "[TF] treated as already gone; [K] text. PrincipalType is part of the pair [M]",
    ),
    "portfolio_full": Text(
        "LimitExceededException",
        "Portfolio {portfolio} may have at most {limit} principals of this type.",
        "[M] code; [K] text",
    ),
    "portfolio_in_use": Text(
        "ResourceInUseException",
        "Portfolio {portfolio} still has principals associated with it.",
        "[M] code; [D] DeletePortfolio needs every association gone first",
    ),
    "bad_authentication_mode": Text(
        "InvalidParameterException",
        "Unsupported authenticationMode {mode}",
        "[M] code, enum",
    ),
    "mode_one_way": Text(
        "InvalidParameterException",
        "Unsupported authentication mode update from {old} to {new}",
        "[D] EKS: CONFIG_MAP to API_AND_CONFIG_MAP to API, never back; [R] text",
    ),
    "cluster_missing": Text(
        "ResourceNotFoundException", "No cluster found for name: {name}.", "[M] code; [R] text"
    ),
    "entries_off": Text(
        "InvalidRequestException",
        "The cluster's authentication mode must be set to one of "
        "[API, API_AND_CONFIG_MAP] to perform this operation.",
        "[M] code; [TF] text",
    ),
    "entry_missing": Text(
        "ResourceNotFoundException",
        "The specified principalArn could not be found: {principal}",
        "[M] code; [TF] text",
    ),
    "entry_exists": Text(
        "ResourceInUseException",
        "The specified access entry resource is already in use on this cluster.",
        "[M] code; [TF] text",
    ),
    "entry_principal": Text(
        "InvalidParameterException",
        "The specified principalArn is invalid: invalid principal: {principal}",
        "[M] code; [TF] retried after CreateRole",
    ),
    "entry_group": Text(
        "InvalidParameterException",
        "The kubernetes group name is invalid, it cannot start with system:",
        "[M] code; [R] text",
    ),
    "entry_username": Text(
        "InvalidParameterException",
        "The username {username} is invalid: its prefix is reserved",
        "[M] code; [D] reserved prefixes; [K] text",
    ),
    "entry_type": Text(
        "InvalidRequestException",
        "Access policies cannot be associated with entries of this type.",
        "[M] code; [D] STANDARD alone; [K] text",
    ),
    "entries_full": Text(
        "ResourceLimitExceededException",
        "The cluster may have at most {limit} access entries.",
        "[M] code; [K] text",
    ),
    "association_gone": Text(
        "ResourceNotFoundException",
        "The specified association could not be found: {number}",
        "[M] code; [K] text",
    ),
    "association_there": Text(
        "ResourceInUseException",
        "Association already exists for the specified namespace and service account.",
        "[M] code; [K] text",
    ),
    "associations_full": Text(
        "ResourceLimitExceededException",
        "The cluster may have at most {limit} associations.",
        "[M] code; [K] text",
    ),
    "studio_missing": Text(
        "InvalidRequestException", "Studio does not exist: {studio}.", "[M] code; [K] text"
    ),
    "studio_mode": Text(
        "InvalidRequestException",
        "Studio session mappings are not supported by Studios that use IAM authentication.",
        "[M] code; [D] Identity Center mode only; [K] text",
    ),
    "mapping_exists": Text(
        "InvalidRequestException",
        "A session mapping for this identity already exists.",
        "[M] code; [K] an error is expected, its text was not found",
    ),
    "mapping_missing": Text(
        "InvalidRequestException",
        "Studio session mapping does not exist.",
        "[M] code; [TF] text",
    ),
    "studio_full": Text(
        "InvalidRequestException",
        "A Studio may have at most {limit} session mappings of the type {kind}.",
        "[M] code; [K] text",
    ),
    "unsigned": Text(
        "MissingAuthenticationToken", "Request is missing Authentication Token", "[R] IAM and STS"
    ),
    "unknown_token": Text(
        "InvalidClientTokenId",
        "The security token included in the request is invalid.",
        "[R] IAM and STS; JSON services answer UnrecognizedClientException",
    ),
}

REST: Final = {
    "instance profiles": "[D] Databricks REST 2.0: list/add/remove; {} when there is none; "
    "RESOURCE_ALREADY_EXISTS 400, RESOURCE_DOES_NOT_EXIST 404",
    "assignments": "[D] Databricks SCIM: a user's or group's `roles`; PATCH add, and remove by "
    "`roles[value eq …]`; [K] a profile that is not registered is refused",
    "role mappings": "[D] OpenSearch security API: GET/PUT/PATCH rolesmapping; 404 NOT_FOUND "
    "before the first; [D] a reserved one is refused",
    "signatures": "[D] OpenSearch Service: requests are signed for the service es",
}
DEFAULT_AUTHENTICATION_MODE: Final = "CONFIG_MAP"  # [K] of an API call without accessConfig
AUTHENTICATION_MODES: Final = (
    "CONFIG_MAP",
    "API_AND_CONFIG_MAP",
    "API",
)  # [M], in their order
PROTECTED_PATHS: Final = (
    "/aws-reserved/",
    "/aws-service-role/",
)  # [D] changed by AWS alone
PRINCIPALS_PAGE: Final = 20  # [M] ListPrincipalsForPortfolio PageSize 0..20
UNIQUE_ID_PREFIXES: Final = ("AROA", "AIDA")  # [D] IAM identifiers: roles and users
