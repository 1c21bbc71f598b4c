"""Principal type × kind: the answers that several kinds share, in words people can act on."""

from django.utils.translation import gettext_lazy as _

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
