"""What an administrator can do about a target: look again now."""

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.actors import Actor
from accounts.audit import What
from policies.access.errors import Refused
from policies.models import Target, wake


@transaction.atomic
def retry_now(target: Target, *, by: Actor) -> None:
    """Forget refusals and rounds and let a worker try again at once. Raises Refused."""
    if by.person is None or not by.person.is_administrator:
        raise Refused("not_allowed", _("Only administrators can do this. Ask one."))
    audit.record(What.TARGET_RETRIED, by=by, about=("target", target.pk))
    wake([target])
