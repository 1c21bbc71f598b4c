"""Principal type × kind: the answers that several kinds share, in words people can act on."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from accounts.arns import PrincipalType
from policies.kinds.protocol import Support

YES = Support(ok=True)

SERVICE_LINKED = Support(
    ok=False,
    why=_("A service-linked role belongs to an AWS service; nobody else can be given its rights."),
    remedy=_("Ask for this access with your own role or user."),
)
SSO_POLICY = Support(
    ok=False,
    why=_(
        "IAM refuses to change an Identity Center role (AWSReservedSSO): "
        "its permission set owns it."
    ),
    remedy=_(
        "Ask your AWS team for a role of your own that the Identity Center role may assume, "
        "or for a change of the permission set by its owners."
    ),
)
IDENTITY = Support(
    ok=False,
    why=_("An Identity Center user or group has no IAM policy and no entry in a cluster’s map."),
    remedy=_("Ask for this access with an IAM role or user."),
)
ONLY_ROLES = Support(
    ok=False,
    why=_("Only an IAM role can be what jobs or machines run as."),
    remedy=_("Ask with the role itself, once it is registered as an AWS identity you hold."),
)

# What stands in no policy of the identity's own: every identity of IAM can hold it.
ANY_IAM: Mapping[PrincipalType, Support] = {
    PrincipalType.IAM_USER: YES,
    PrincipalType.IAM_ROLE: YES,
    PrincipalType.SSO_ROLE: YES,
    PrincipalType.SERVICE_LINKED_ROLE: SERVICE_LINKED,
    PrincipalType.IDENTITY_USER: IDENTITY,
    PrincipalType.IDENTITY_GROUP: IDENTITY,
}
# What stands in a policy of the identity's own.
OWN_POLICY: Mapping[PrincipalType, Support] = {**ANY_IAM, PrincipalType.SSO_ROLE: SSO_POLICY}
# What only a role can be: something that jobs or machines run as.
ROLE: Mapping[PrincipalType, Support] = {
    **OWN_POLICY,
    PrincipalType.IAM_USER: ONLY_ROLES,
    PrincipalType.IDENTITY_USER: ONLY_ROLES,
    PrincipalType.IDENTITY_GROUP: ONLY_ROLES,
}
