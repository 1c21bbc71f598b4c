"""Who acts on a page: the one place where a web request becomes an Actor."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from accounts import actors
from accounts.actors import Actor, Assurance, Channel
from accounts.models import Person

DEMO_SESSION = "signed_in_without_password"


class PortalRequest(HttpRequest):
    """A request after our middleware: somebody is signed in, and it has a correlation id."""

    user: Person
    correlation: str
    htmx: HtmxDetails


def actor(request: PortalRequest) -> Actor:
    """The signed-in person on the page channel, with the request's correlation id."""
    one_click = request.session.get(DEMO_SESSION, False)
    return actors.of_person(
        request.user,
        Channel.PAGE,
        assurance=Assurance.NONE if one_click else Assurance.PASSWORD,
        correlation=request.correlation,
    )
