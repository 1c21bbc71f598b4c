"""The words of every mail, by topic; written when it is sent, so that they are true then."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from accounts.models import Notice, PersonState
from policies.models import Delivery, Grant, Request, Target
from portal.signin import one_use_link


@dataclass(frozen=True)
class Letter:
    subject: str
    lines: tuple[str, ...]


def message(notice: Notice) -> EmailMessage | None:
    """The mail of a notice; None when nothing is left to say, or nobody to say it to.

    Raises KeyError on a topic without words.
    """
    if notice.person.state == PersonState.LEFT:
        return None
    letter = TOPICS[notice.topic](notice)
    if letter is None:
        return None
    body = "\n\n".join([_("Hello %s,") % notice.person, *letter.lines, "Gatehouse"])
    # A header is one line, whatever a name holds.
    subject = " ".join(letter.subject.split())
    return EmailMessage(subject, body + "\n", to=[notice.person.email])


def decision_needed(notice: Notice) -> Letter | None:
    asked = Request.objects.awaiting(notice.person).filter(ref=notice.facts["request"]).first()
    if asked is None:
        return None  # decided, taken back or passed on since: nothing waits for this person
    return Letter(
        _("Please decide: %(person)s asks for %(what)s")
        % {"person": asked.person, "what": _what(asked)},
        (
            _("%(person)s asks for %(what)s, because: %(reason)s")
            % {"person": asked.person, "what": _what(asked), "reason": asked.reason},
            _("What it would change, and your decision: %s") % _url("approval", asked.ref),
        ),
    )


def request_decided(notice: Notice) -> Letter:
    asked = Request.objects.get(ref=notice.facts["request"])
    return Letter(
        _("Request %(ref)s: %(state)s") % {"ref": asked.ref, "state": asked.get_state_display()},
        (
            _("%(what)s for %(person)s: %(state)s.")
            % {
                "what": _what(asked),
                "person": asked.person,
                "state": asked.get_state_display(),
            },
            _("Where it stands: %s") % _url("request", asked.ref),
        ),
    )


def asked_back(notice: Notice) -> Letter | None:
    asked = Request.objects.get(ref=notice.facts["request"])
    question = asked.comments.last()
    if asked.state != Request.State.ASKED_BACK or question is None:
        return None
    return Letter(
        _("A question about your request %s") % asked.ref,
        (
            _("%(person)s asks: %(text)s") % {"person": question.by, "text": question.text},
            _("Answer here: %s") % _url("request", asked.ref),
        ),
    )


def access_confirmed(notice: Notice) -> Letter | None:
    grant = _grant(notice)
    if grant.seen_at is None or grant.ended_at is not None:
        return None
    return Letter(
        _("Confirmed in AWS: %s") % grant.entitlement,
        (
            grant.sentence,
            _("It was confirmed in AWS at %s.") % _moment(grant.seen_at),
            _("How to use it: %s") % _url("access", grant.ref),
        ),
    )


def access_incomplete(notice: Notice) -> Letter | None:
    grant = _grant(notice)
    if grant.seen_at is not None or grant.ended_at is not None:
        return None
    return Letter(
        _("Not complete yet: %s") % grant.entitlement,
        (
            grant.sentence,
            _("It was approved at %s, and some of it is still missing in AWS.")
            % _moment(grant.approved_at),
            _("What is there, what is not and why, and to end it all: %s")
            % _url("access", grant.ref),
        ),
    )


def access_gone(notice: Notice) -> Letter | None:
    grant = _grant(notice)
    if grant.released_at is None:
        return None
    releases = set(grant.deliveries.gives().values_list("release", flat=True))
    if releases <= {Delivery.Release.GONE}:
        subject, told = _("Gone from AWS: %s"), _("It was seen gone from AWS at %s.")
    else:
        # Needed by other access, or there before us: saying “gone” would not be true.
        subject = _("Ended: %s")
        told = _("It ended at %s. Something of it is still in AWS; the page says what and why.")
    return Letter(
        subject % grant.entitlement,
        (
            grant.sentence,
            told % _moment(grant.released_at),
            _("What became of it: %s") % _url("access", grant.ref),
        ),
    )


def sign_in_link(notice: Notice) -> Letter:
    """The link is made now and stored nowhere."""
    return Letter(
        _("Your first sign-in to Gatehouse"),
        (
            _("Here you ask for access to the data platform, and see what you have."),
            _("This link signs you in once and lets you choose a password: %s")
            % one_use_link(notice.person),
            _("It works for three days. After that, ask for another on the sign-in page: %s")
            % f"{settings.BASE_URL}{reverse('account_login')}",
        ),
    )


def changed_outside(notice: Notice) -> Letter | None:
    target = Target.objects.filter(pk=notice.facts["target"]).first()
    if target is None or not target.drifts.filter(over_at__isnull=True).exists():
        return None
    page = reverse("admin:policies_target_change", args=[target.pk])
    return Letter(
        _("Changed outside Gatehouse: %s") % target,
        (
            _("Others changed something in AWS that Gatehouse manages: %s.") % target,
            _("What it was, what it is, and what you can do: %s") % f"{settings.BASE_URL}{page}",
        ),
    )


def identity_replaced(notice: Notice) -> Letter:
    grant, request = _grant(notice), notice.facts["request"]
    told = _(
        "AWS has another identity under the name %(arn)s than the one this access was approved "
        "for. What was approved for one is not another’s, so the access was ended."
    ) % {"arn": grant.principal.arn}
    anew = (
        _("It was asked for anew; take it back if it should not be: %s") % _url("request", request)
        if request
        else _("It can be asked for anew in the catalogue.")
    )
    return Letter(_("Ended: %s") % grant.entitlement, (grant.sentence, told, anew))


TOPICS: dict[str, Callable[[Notice], Letter | None]] = {
    "decision_needed": decision_needed,
    "request_decided": request_decided,
    "asked_back": asked_back,
    "access_confirmed": access_confirmed,
    "access_gone": access_gone,
    "access_incomplete": access_incomplete,
    "sign_in_link": sign_in_link,
    "changed_outside": changed_outside,
    "identity_replaced": identity_replaced,
}


def _grant(notice: Notice) -> Grant:
    return Grant.objects.select_related("entitlement", "principal").get(ref=notice.facts["grant"])


def _what(asked: Request) -> str:
    items = asked.items.select_related("entitlement")
    return ", ".join(str(item.entitlement) for item in items)


def _url(name: str, ref: str) -> str:
    return f"{settings.BASE_URL}{reverse(name, kwargs={'ref': ref})}"


def _moment(at: datetime) -> str:
    return date_format(localtime(at), "j M Y, H:i (e)")
