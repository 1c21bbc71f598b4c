"""Who can move what, by name: words for steps, candidates and administrators."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Person, PortalRole
from policies.models import Candidate, Decision, Request, Step
from portal.views.progress import Mark

NAMED = 3


@dataclass(frozen=True)
class StepLine:
    """One step of a request: whose decision it is, how it stands, what was said."""

    step: Step
    who: str
    mark: Mark
    asked: str
    stand_by: str
    decisions: Sequence[Decision]


def steps(request: Request) -> list[StepLine]:
    rows = request.steps.prefetch_related("candidates__person", "decisions__by")
    return [_line(step) for step in rows]


def waits_for(request: Request, lines: Sequence[StepLine]) -> str:
    """One sentence: who can move this request now. Empty when it is decided."""
    if request.state == Request.State.WAITING_IDENTITY:
        who = administrators(but=request.person)
        return _("Waiting for the AWS identity of %(person)s: %(who)s adds it.") % {
            "person": request.person,
            "who": who,
        }
    if request.state == Request.State.ASKED_BACK:
        people = {str(request.person), str(request.asked_by)}
        return _("Waiting for an answer from %s.") % listed(sorted(people))
    open_line = next((line for line in lines if line.step.state == Step.State.OPEN), None)
    if request.state != Request.State.OPEN or open_line is None:
        return ""
    if not open_line.asked:
        # Administrators are asked where nobody else is; so this is nobody at all.
        return _(
            "Nobody can decide this now. Ask an administrator to name a fallback for it, "
            "or take it back."
        )
    return _("Waiting for %s.") % open_line.asked


def decider(who: str) -> str:
    """The kind of decider, as a step or an approval policy names it."""
    return {
        "manager": _("Manager"),
        "owner": _("Owner of the access"),
        "identity_owner": _("Owner of the shared AWS identity"),
        "security": _("Security"),
    }.get(who, who)


def why(reason: str) -> str:
    """Why a person may decide a step."""
    return {
        "manager": _("manager"),
        "manager_above": _("manager’s manager"),
        "owner": _("owner of the access"),
        "identity_owner": _("owner of the AWS identity"),
        "security": _("security"),
        "fallback": _("stands in"),
        Candidate.STAND_BY: _("administrator"),
    }.get(reason, reason)


def administrators(*, but: Person) -> str:
    """Some administrators by name, never `but`; “an administrator” where there is none."""
    people = Person.objects.holding_role(PortalRole.Role.ADMINISTRATOR).exclude(pk=but.pk)
    names = [str(one) for one in people.order_by("name", "pk")[:NAMED]]
    return listed(names, _("or")) if names else _("an administrator")


def listed(names: Sequence[str], joiner: str = "") -> str:
    """“Ada, Bo or Kim”; more than a few are counted, not named."""
    joiner = joiner or _("or")
    if len(names) > NAMED:
        rest = len(names) - NAMED
        more = ngettext("%s other person", "%s other people", rest) % rest
        return ", ".join(names[:NAMED]) + f" {joiner} {more}"
    if len(names) < 2:
        return "".join(names)
    return ", ".join(names[:-1]) + f" {joiner} {names[-1]}"


def _line(step: Step) -> StepLine:
    current = [one for one in step.candidates.all() if one.until_at is None]
    current.sort(key=lambda one: (str(one.person), one.pk))
    asked = [f"{one.person} ({why(one.why)})" for one in current if one.why != Candidate.STAND_BY]
    by = [str(one.person) for one in current if one.why == Candidate.STAND_BY]
    return StepLine(
        step,
        decider(step.who),
        _mark(step),
        listed(asked),
        listed(by),
        list(step.decisions.all()),
    )


def _mark(step: Step) -> Mark:
    tones = {"open": "busy", "approved": "good", "declined": "bad"}
    return Mark(step.get_state_display(), tones.get(step.state, "quiet"), step.closed_at)
