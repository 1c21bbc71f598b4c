"""The journeys: the main line of one kind, an expiry, something found, a leaver, foreign things."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db.models.functions import Now

from accounts import actors
from accounts.actors import Channel
from policies import lifecycle
from policies.access import grants
from policies.management.smoke.company import now
from policies.management.smoke.kinds import Templates
from policies.management.smoke.report import Abandoned, Failed, Report
from policies.management.smoke.stage import Kind, Stage
from policies.models import Delivery, EndReason, Grant, Inquiry, Phase, Receipt, Request, Target

WINDOWS = 3
GRACE_SECONDS = 60.0  # a slow machine's own time, beside AWS's
PREVIEW_SECONDS = 120.0
EXPIRES_SECONDS = 3.0
PASSING = ("transient", "throttled", "conflict")


def main_line(stage: Stage, report: Report, kind: Kind) -> bool:
    """Asked, approved, seen, ended, seen gone. False when a step failed."""
    try:
        grant = _given(stage, report, kind, kind.slug, "ana")
        report.step(kind.slug, "ended", partial(_end, grant))
        _gone(stage, report, kind, kind.slug, grant)
    except Abandoned:
        return False
    return True


def expiry(stage: Stage, report: Report, kinds: Sequence[Kind]) -> None:
    """A grant whose last moment comes: nobody ends it, no message tells of it."""
    if not kinds:
        report.skip("expiry", "ends by itself", "no kind works")
        return
    try:
        grant = _given(stage, report, kinds[0], "expiry", "ana")
        # Requests end on whole days. Only smoke brings a grant's last moment nearer, in its row.
        soon = Now() + timedelta(seconds=EXPIRES_SECONDS)
        Grant.objects.filter(pk=grant.pk).update(ends_at=soon)
        _gone(stage, report, kinds[0], "expiry", grant)
        report.step("expiry", "was the reason", partial(_check_reason, grant))
    except Abandoned:
        return


def found(stage: Stage, report: Report, kinds: Sequence[Kind]) -> None:
    """What was there before the portal satisfies a grant, and is left when it ends."""
    kind = next((one for one in kinds if isinstance(one, Templates)), None)
    if kind is None:
        report.skip("found", "left when the grant ends", "templates do not work here")
        return
    try:
        grant = _given(stage, report, kind, "found", "bea")
        report.step("found", "ended", partial(_end, grant))
        report.step("found", "left when the grant ends", partial(_left, stage, kind, grant))
    except Abandoned:
        return


def leaver(stage: Stage, report: Report, kinds: Sequence[Kind]) -> None:
    """Somebody with access of every working kind leaves; the receipt has to become complete."""
    if not kinds:
        report.skip("leaver", "receipt complete", "no kind works")
        return
    try:
        for kind in kinds:
            _given(stage, report, kind, "leaver", "lee")
        receipt = report.step("leaver", "left", partial(_leave, stage))
        work = partial(_complete, stage, receipt, kinds)
        report.step("leaver", "receipt complete", work)
    except Abandoned:
        return


def foreign(stage: Stage, report: Report, kinds: Sequence[Kind], before: Mapping[str, Any]) -> None:
    """What others have in the same places is there as it was, to the last byte."""

    def untouched(kind: Kind) -> None:
        after = kind.foreign(stage)
        if after != before[kind.slug]:
            raise Failed(f"before: {before[kind.slug]}; after: {after}")

    for kind in kinds:
        try:
            report.step("foreign", f"untouched beside {kind.slug}", partial(untouched, kind))
        except Abandoned:
            continue


def _given(stage: Stage, report: Report, kind: Kind, subject: str, who: str) -> Grant:
    what = "" if subject == kind.slug else f" {kind.slug}"
    request = report.step(subject, f"asked{what}, previewed", partial(_asked, stage, kind, who))
    grant = report.step(subject, f"approved{what}", partial(stage.company.approve, request))
    report.step(subject, f"seen in AWS{what}", partial(_seen, stage, kind, grant, who))
    return grant


def _gone(stage: Stage, report: Report, kind: Kind, subject: str, grant: Grant) -> None:
    def gone() -> None:
        _until(stage, grant, "released_at", giving=False)
        if kind.holds(stage, grant.principal.arn):
            raise Failed("the portal says it is gone, but AWS still holds it.")

    report.step(subject, "seen gone", gone)


def _asked(stage: Stage, kind: Kind, who: str) -> Request:
    """The request, once the read worker has foreseen what it would change."""
    request = stage.company.ask(who, kind.slug, kind.terms)
    what = "the read worker's preview"
    stage.wait(lambda: _previewed(request), seconds=PREVIEW_SECONDS, what=what)
    return request


def _previewed(request: Request) -> bool:
    inquiries = Inquiry.objects.filter(item__request=request)
    for one in inquiries.exclude(outcome="").exclude(outcome__in=PASSING):
        raise Failed(f"{one.outcome}: {one.outcome_text}")
    return not inquiries.exclude(state=Inquiry.State.ANSWERED).exists()


def _seen(stage: Stage, kind: Kind, grant: Grant, who: str) -> None:
    _until(stage, grant, "seen_at", giving=True)
    if not kind.holds(stage, stage.roles[who]):
        raise Failed("the portal says it was seen, but AWS does not hold it.")


def _end(grant: Grant) -> None:
    by = actors.of_person(grant.person, Channel.COMMAND)
    grants.end(grant, by=by, reason=EndReason.GIVEN_BACK, why="smoke")


def _left(stage: Stage, kind: Templates, grant: Grant) -> None:
    _until(stage, grant, "released_at", giving=False)
    if not kind.holds(stage, grant.principal.arn):
        raise Failed("it was there before the portal, and the portal took it away.")
    if set(grant.deliveries.values_list("release", flat=True)) != {Delivery.Release.FOUND}:
        raise Failed("it was left, but not told as found.")


def _leave(stage: Stage) -> Receipt:
    person = stage.company.people["lee"].person
    assert person is not None
    return lifecycle.leave(person, by=actors.system(channel=Channel.COMMAND), now=now())


def _complete(stage: Stage, receipt: Receipt, kinds: Sequence[Kind]) -> None:
    for grant in receipt.grants.all():
        _until(stage, grant, "released_at", giving=False)
    if receipt.grants.count() != len(kinds):
        raise Failed(f"the receipt names {receipt.grants.count()} grants, not {len(kinds)}.")
    for line in lifecycle.receipt_lines(receipt):
        if line.release != Delivery.Release.GONE:
            raise Failed(f"the receipt says “{line.get_release_display()}” of {line.target}.")
    for kind in kinds:
        if kind.holds(stage, stage.roles["lee"]):
            raise Failed(f"the leaver still has {kind.slug} in AWS.")


def _check_reason(grant: Grant) -> None:
    grant.refresh_from_db()
    if grant.end_reason != EndReason.EXPIRED:
        raise Failed(f"it ended because “{grant.get_end_reason_display()}”.")


def _until(stage: Stage, grant: Grant, field: str, *, giving: bool) -> None:
    """Wait for a moment of the grant, for three of its longest window. Raises Failed, Late."""
    targets = Target.objects.filter(deliveries__grant=grant)

    def came() -> bool:
        for one in targets.filter(phase__in=[Phase.STUCK, Phase.HELD]):
            raise Failed(f"{one.outcome}: {one.outcome_text}")
        return Grant.objects.filter(pk=grant.pk, **{f"{field}__isnull": False}).exists()

    windows = [settings.WINDOW_SECONDS[one.kind][0 if giving else 1] for one in targets]
    seconds = WINDOWS * max(windows) * settings.PACE + GRACE_SECONDS
    outcomes = ", ".join(filter(None, targets.values_list("outcome_text", flat=True)))
    stage.wait(came, seconds=seconds, what=f"{field} of the grant {outcomes}".strip())
