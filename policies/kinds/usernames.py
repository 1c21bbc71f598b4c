"""Names in Kubernetes: the one user name of an identity on every cluster, and its groups."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from accounts.arns import PrincipalType
from accounts.models import EksUser, Principal
from policies.documents import names
from policies.kinds.protocol import BadTerms


def new(principal: Principal) -> str:
    """A user name from the identity's name; from all of it where another has that name already."""
    username = f"aws-user:{principal.name}"
    if not EksUser.objects.filter(username__iexact=username).exclude(principal=principal).exists():
        return username
    kind = "user" if principal.arn_type is PrincipalType.IAM_USER else "role"
    return f"aws-{kind}:{principal.account}:{principal.name}"


def of(principal: Principal) -> str:
    """The Kubernetes user name: the EKS user's own, else made from the identity's name."""
    profile = EksUser.objects.filter(principal=principal).first()
    username = profile.username if profile else new(principal)
    try:
        names.check_username(username)
    except names.BadName as error:
        raise BadTerms("principal", str(error)) from error
    return username


def check_groups(groups: Iterable[str]) -> None:
    """Raises BadTerms for a group nobody may be given by name."""
    for group in groups:
        if "*" in group:
            text = _("Group “%s” holds a wildcard. Name each group exactly.") % group
            raise BadTerms("config", text)
        try:
            names.check_group(group)
        except names.BadName as error:
            raise BadTerms("config", str(error)) from error
