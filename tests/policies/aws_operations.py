"""Operations of AWS that Gatehouse calls or is going to call, by botocore's service names."""

from policies.providers import PROVIDERS

# IAM's action prefixes that are not the service's name in botocore.
PREFIXES = {"elasticmapreduce": "emr", "es": "opensearch", "servicequotas": "service-quotas"}

COMING = {
    "iam": """
        ListAttachedRolePolicies ListAttachedUserPolicies AttachRolePolicy DetachRolePolicy
        AttachUserPolicy DetachUserPolicy CreatePolicy DeletePolicy GetPolicy GetPolicyVersion
        ListPolicies ListPolicyVersions CreatePolicyVersion DeletePolicyVersion
        UpdateAssumeRolePolicy GetAccountSummary ListRoles ListUsers SimulatePrincipalPolicy
        SimulateCustomPolicy GetAccountAuthorizationDetails ListOpenIDConnectProviders
        """,
    "sts": "AssumeRole GetCallerIdentity DecodeAuthorizationMessage",
    "servicecatalog": """
        DescribePortfolio ListPortfolios ListAcceptedPortfolioShares AcceptPortfolioShare
        CreatePortfolioShare DescribeProvisioningParameters SearchProductsAsAdmin
        """,
    "eks": """
        ListClusters CreateAccessEntry DescribeAccessEntry UpdateAccessEntry DeleteAccessEntry
        ListAccessEntries AssociateAccessPolicy DisassociateAccessPolicy ListAccessPolicies
        ListAssociatedAccessPolicies CreatePodIdentityAssociation DescribePodIdentityAssociation
        UpdatePodIdentityAssociation DeletePodIdentityAssociation ListPodIdentityAssociations
        """,
    "emr": """
        DescribeStudio ListStudios CreateStudioSessionMapping GetStudioSessionMapping
        UpdateStudioSessionMapping DeleteStudioSessionMapping ListStudioSessionMappings
        """,
    "emr-containers": """
        ListVirtualClusters DescribeVirtualCluster ListJobRuns DescribeJobRun CancelJobRun
        StartJobRun ListManagedEndpoints DescribeManagedEndpoint
        """,
    "s3": """
        GetBucketPolicy PutBucketPolicy DeleteBucketPolicy GetBucketLocation GetBucketTagging
        ListBuckets GetPublicAccessBlock HeadBucket
        """,
    "kms": "ListGrants CreateGrant RevokeGrant RetireGrant DescribeKey GetKeyPolicy ListKeys",
    "opensearch": "DescribeDomain ListDomainNames DescribeDomainConfig",
    "organizations": "ListAccounts DescribeAccount DescribeOrganization",
    "service-quotas": "GetServiceQuota ListServiceQuotas GetAWSDefaultServiceQuota",
    "cloudtrail": """
        LookupEvents DescribeTrails GetEventSelectors PutEventSelectors UpdateTrail GetTrailStatus
        """,
    "logs": "StartQuery GetQueryResults StopQuery DescribeLogGroups FilterLogEvents",
    "accessanalyzer": "ValidatePolicy CheckNoNewAccess CheckAccessNotGranted",
    "identitystore": """
        ListUsers DescribeUser ListGroups DescribeGroup GetUserId GetGroupId
        ListGroupMemberships ListGroupMembershipsForMember
        """,
    "sso-admin": """
        ListInstances ListPermissionSets DescribePermissionSet ListAccountAssignments
        CreateAccountAssignment DeleteAccountAssignment ListPermissionSetsProvisionedToAccount
        """,
}

# “Common error types” of the services' API references: any operation may answer with them.
COMMON = """
    AccessDenied AccessDeniedException ExpiredToken ExpiredTokenException IncompleteSignature
    InternalFailure InvalidAction InvalidClientTokenId InvalidParameterCombination
    InvalidParameterValue InvalidQueryParameter MalformedHttpRequestException
    MalformedQueryString MissingAction MissingAuthenticationToken MissingParameter NotAuthorized
    OptInRequired RequestAbortedException RequestEntityTooLargeException RequestExpired
    RequestLimitExceeded RequestTimeoutException ServiceUnavailable SignatureDoesNotMatch
    Throttling ThrottlingException UnauthorizedOperation UnknownOperationException
    UnrecognizedClientException ValidationError
    """
# “Error responses” of the Amazon S3 API reference, as far as buckets and policies go.
S3 = """
    AccessDenied AccountProblem AllAccessDisabled AuthorizationHeaderMalformed
    ConditionalRequestConflict EntityTooLarge IllegalLocationConstraintException InternalError
    InvalidAccessKeyId InvalidArgument InvalidBucketName InvalidBucketState InvalidRequest
    InvalidSecurity InvalidToken MalformedPolicy MethodNotAllowed NoSuchBucket NoSuchBucketPolicy
    NoSuchPublicAccessBlockConfiguration NoSuchTagSet NotImplemented NotSignedUp OperationAborted
    PermanentRedirect PreconditionFailed RequestTimeTooSkewed RequestTimeout ServiceUnavailable
    SignatureDoesNotMatch SlowDown TemporaryRedirect TokenRefreshRequired TooManyBuckets
    """


def operations() -> set[tuple[str, str]]:
    """(service, operation) of every call; the providers' own actions first."""
    found = set()
    for provider in PROVIDERS.values():
        for action in (*provider.READS, *provider.WRITES):
            prefix, _colon, name = action.partition(":")
            if not name.startswith("ESHttp"):  # a domain's own API behind IAM, in no model of AWS
                found.add((PREFIXES.get(prefix, prefix), name))
    for service, names in COMING.items():
        found |= {(service, name) for name in names.split()}
    return found
