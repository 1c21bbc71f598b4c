"""Services, API clients and their tokens, sign-in links: what administrators add.

None of it gives access by itself: a service needs a confirmed AWS identity and decisions as
everybody does, a token needs a second administrator, and nobody but the person ever sees a
sign-in link.
"""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import audit, notices, tokens
from accounts.actors import Actor, system
from accounts.audit import What
from accounts.models import ApiToken, Person, Service, ServiceClient
from policies.access.errors import Refused
from policies.access.rules import in_bootstrap


@transaction.atomic
def add_service(
    name: str, purpose: str, first_owner: Person, second_owner: Person, *, by: Actor
) -> Service:
    """A named program and the two people who answer for it. Raises Refused."""
    _check_administrator(by)
    if first_owner.pk == second_owner.pk:
        raise Refused(
            "two_owners", _("A service has two owners: name two people."), field="second_owner"
        )
    for owner in (first_owner, second_owner):
        if not owner.is_present:
            raise Refused("owner_left", _("An owner of a service has to work here."))
    try:
        with transaction.atomic():
            service = Service.objects.create(
                name=name, purpose=purpose, first_owner=first_owner, second_owner=second_owner
            )
    except IntegrityError as error:
        raise Refused("known", _("There is a service of this name."), field="name") from error
    owners = [first_owner.pk, second_owner.pk]
    audit.record(What.SERVICE_ADDED, by=by, about=("service", service.pk), after={"owners": owners})
    return service


@transaction.atomic
def add_client(name: str, purpose: str, *, by: Actor) -> ServiceClient:
    """A program that may be given API tokens. Raises Refused."""
    _check_administrator(by)
    try:
        with transaction.atomic():
            client = ServiceClient.objects.create(name=name, purpose=purpose)
    except IntegrityError as error:
        raise Refused("known", _("There is an API client of this name."), field="name") from error
    audit.record(What.CLIENT_ADDED, by=by, about=("api_client", client.pk), after={"name": name})
    return client


@transaction.atomic
def create_token(
    client: ServiceClient, *, scopes: list[str], expires_at: datetime, by: Actor
) -> tuple[ApiToken, str]:
    """A token and its row; the token cannot be read again. Raises Refused.

    It changes facts about people, and facts decide who decides: outside bootstrap it works
    only once a second administrator has confirmed it.
    """
    _check_administrator(by)
    client = ServiceClient.objects.select_for_update().get(pk=client.pk)
    if client.ended_at is not None:
        raise Refused("client_ended", _("This API client has ended."))
    row, token = tokens.create(client, scopes=scopes, expires_at=expires_at, by=by)
    if in_bootstrap():
        tokens.confirm(row, by=system(channel=by.channel, correlation=by.correlation))
    return row, token


@transaction.atomic
def confirm_token(token: ApiToken, *, by: Actor) -> None:
    """The second person's yes to a token. Raises Refused."""
    _check_administrator(by)
    if by.person is None or by.person.pk == token.created_by_id:
        raise Refused("second_person", _("A second administrator has to confirm this token."))
    if not tokens.confirm(token, by=by):
        raise Refused("already_decided", _("This token is already confirmed, or has ended."))


@transaction.atomic
def end_token(token: ApiToken, *, by: Actor) -> None:
    """The token is refused from now on. Ending twice is no error. Raises Refused."""
    _check_administrator(by)
    tokens.end(token, by=by)


@transaction.atomic
def send_sign_in_link(person: Person, *, by: Actor) -> None:
    """Stage a mail with a one-use link to the person's own address. Raises Refused.

    The link is made when the mail is, so that it is in no table and before nobody's eyes.
    """
    _check_administrator(by)
    person.refresh_from_db()
    if not person.is_present:
        raise Refused("holder_left", _("This person does not work here now."))
    notices.tell(person.pk, "sign_in_link")
    audit.record(What.SIGN_IN_LINK_SENT, by=by, about=("person", person.pk), person=person.pk)


def _check_administrator(by: Actor) -> None:
    if by.person is None or not by.person.is_administrator:
        raise Refused("not_allowed", _("Only administrators can do this."))
