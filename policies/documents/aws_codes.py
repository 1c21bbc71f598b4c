"""Every error code of AWS that our calls can meet, by what it means. A table, nothing else.

Sources: the error lists of botocore's service models; “Common error types” of the services' API
references; “Error responses” of the Amazon S3 API reference, whose errors are not modelled.
`tests/policies/test_outcomes.py` walks the models: a code that is missing here fails there.
"""

from policies.outcomes import Kind

_BY_KIND: dict[Kind, str] = {
    Kind.THROTTLED: """
        BandwidthLimitExceeded EC2ThrottledException EKSRequestThrottledException
        PriorRequestNotComplete ProvisionedThroughputExceededException RequestLimitExceeded
        RequestThrottled RequestThrottledException SlowDown ThrottledException Throttling
        ThrottlingException TooManyRequestsException
        """,
    # An expired session is made anew, a clock is set right: trying again is the cure.
    Kind.TRANSIENT: """
        BaseException DependencyTimeoutException ExpiredToken ExpiredTokenException InternalError
        InternalException InternalFailure InternalServerError InternalServerException
        KMSInternalException RequestAbortedException RequestExpired RequestTimeTooSkewed
        RequestTimeout RequestTimeoutException ServerException ServiceException ServiceFailure
        ServiceUnavailable ServiceUnavailableException
        """,
    # “Exists already” is no success: somebody made it, perhaps we. Reading decides.
    Kind.CONFLICT: """
        ConcurrentModification ConcurrentModificationException ConditionalRequestConflict
        ConflictException DeleteConflict DuplicateResourceException EntityAlreadyExists
        EntityTemporarilyUnmodifiable InvalidStateException OperationAborted PreconditionFailed
        ResourceInUseException TransactionInProgressException
        """,
    Kind.QUOTA: """
        EntityTooLarge LimitExceeded LimitExceededException RequestEntityTooLargeException
        ResourceLimitExceededException ServiceQuotaExceededException TooManyBuckets
        """,
    Kind.DENIED: """
        AccessDenied AccessDeniedException AccountProblem AllAccessDisabled AuthFailure
        CloudTrailAccessNotEnabledException CloudTrailInvalidClientTokenIdException Forbidden
        ForbiddenException IncompleteSignature IncompleteSignatureException
        InsufficientDependencyServiceAccessPermissionException InvalidAccessKeyId
        InvalidClientTokenId InvalidSecurity InvalidSignatureException InvalidToken
        MissingAuthenticationToken MissingAuthenticationTokenException NotAuthorized NotSignedUp
        OptInRequired RegionDisabledException SignatureDoesNotMatch SubscriptionRequiredException
        TokenRefreshRequired UnauthorizedAccess UnauthorizedException UnauthorizedOperation
        UnrecognizedClientException
        """,
    Kind.MISSING: """
        AccountNotFoundException InvalidGrantIdException KmsKeyNotFoundException NoSuchBucket
        NoSuchBucketPolicy NoSuchEntity NoSuchKey NoSuchPublicAccessBlockConfiguration
        NoSuchResourceException NoSuchTagSet NotFound NotFoundException ResourceNotFoundException
        S3BucketDoesNotExistException TrailNotFoundException
        """,
    Kind.PERMANENT: """
        AWSOrganizationsNotInUseException AuthorizationHeaderMalformed ClientException
        CloudTrailARNInvalidException CloudWatchLogsDeliveryUnavailableException
        DisabledException DryRunOperationException IllegalArgumentException
        IllegalLocationConstraintException InsufficientEncryptionPolicyException
        InsufficientS3BucketPolicyException InsufficientSnsTopicPolicyException InvalidAction
        InvalidArgument InvalidArnException InvalidAuthorizationMessageException
        InvalidBucketName InvalidBucketState InvalidCloudWatchLogsLogGroupArnException
        InvalidCloudWatchLogsRoleArnException InvalidEventCategoryException
        InvalidEventSelectorsException InvalidGrantTokenException InvalidHomeRegionException
        InvalidInput InvalidInputException InvalidKmsKeyIdException
        InvalidLookupAttributesException InvalidMarkerException InvalidMaxResultsException
        InvalidNextTokenException InvalidPaginationTokenException InvalidParameterCombination
        InvalidParameterCombinationException InvalidParameterException InvalidParameterValue
        InvalidParametersException InvalidQueryParameter InvalidRequest InvalidRequestException
        InvalidS3BucketNameException InvalidS3PrefixException InvalidSnsTopicNameException
        InvalidTimeRangeException InvalidTrailNameException KMSInvalidStateException KmsException
        KmsKeyDisabledException MalformedHttpRequestException MalformedPolicy
        MalformedPolicyDocument MalformedQueryException MalformedQueryString MethodNotAllowed
        MissingAction MissingParameter NoManagementAccountSLRExistsException
        NotImplemented NotOrganizationMasterAccountException OperationNotPermittedException
        OperationNotSupportedException OrganizationNotInAllFeaturesModeException
        OrganizationsNotInUseException PackedPolicyTooLarge PermanentRedirect PolicyEvaluation
        PolicyNotAttachable TemporaryRedirect TrailNotProvidedException UnknownOperationException
        UnmodifiableEntity UnprocessableEntityException UnsupportedOperationException
        ValidationError ValidationException
        """,
}

CODES: dict[str, Kind] = {code: kind for kind, codes in _BY_KIND.items() for code in codes.split()}
