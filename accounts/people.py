"""Facts about people: join, move, suspend, resume, leave; and the powers they hold here.

Only facts: what a fact means for access is `policies.lifecycle`, which calls these.
"""

from datetime import date
from typing import Any

from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, history
from accounts.actors import Actor, ActorKind
from accounts.audit import What
from accounts.models import Holder, Person, PersonState, PortalRole

FACTS = ("name", "email", "department", "job", "contract_ends_on", "manager")


class BadFact(ValueError):
    """A fact we refuse; `field` names which."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


@transaction.atomic
def join(
    *,
    by: Actor,
    email: str,
    name: str,
    employee_number: str,
    manager: Person | None = None,
    department: str = "",
    job: str = "",
    contract_ends_on: date | None = None,
    state: str = PersonState.WORKING,
) -> Person:
    """Somebody new. Raises BadFact on a taken e-mail or number, or a manager who has left."""
    _check_email(email, None)
    _check_manager(None, manager)
    if Person.objects.filter(employee_number=employee_number).exists():
        raise BadFact(
            "employee_number",
            _("This employee number is already in use. Give the person one of their own."),
        )
    person = Person(
        email=email,
        name=name,
        employee_number=employee_number,
        manager=manager,
        department=department,
        job=job,
        contract_ends_on=contract_ends_on,
        state=state,
    )
    person.set_unusable_password()
    _validate(person)
    person.save()
    history.keep_person(person)
    audit.record(
        What.PERSON_JOINED,
        by=by,
        about=("person", person.pk),
        person=person.pk,
        after=_facts(person),
    )
    return person


@transaction.atomic
def move(person: Person, *, by: Actor, **changes: Any) -> Person:
    """Change facts of `FACTS`. Raises BadFact; TypeError on a name that is no fact."""
    unknown = set(changes) - set(FACTS)
    if unknown:
        raise TypeError(f"not facts of a person: {sorted(unknown)}")
    person = Person.objects.select_for_update().get(pk=person.pk)
    before = _facts(person)
    if "email" in changes:
        _check_email(changes["email"], person)
        _check_sign_in(changes["email"], person, by)
    if "manager" in changes and changes["manager"] != person.manager:
        _check_manager(person, changes["manager"])
        person.manager_since = timezone.now()
    for name, value in changes.items():
        setattr(person, name, value)
    _validate(person)
    person.save()
    after = _facts(person)
    if after != before:
        history.keep_person(person)
        audit.record(
            What.PERSON_MOVED,
            by=by,
            about=("person", person.pk),
            person=person.pk,
            before=before,
            after=after,
        )
    return person


@transaction.atomic
def leave(person: Person, *, by: Actor) -> Person:
    """The end of employment: no sign-in, no powers, no held shared identities from now."""
    person = _set_state(person, PersonState.LEFT, What.PERSON_LEFT, by)
    for role in PortalRole.objects.filter(person=person, until_at__isnull=True):
        end_role(role, by=by)
    Holder.objects.filter(person=person, until_at__isnull=True).update(until_at=Now())
    person.set_unusable_password()
    person.save(update_fields=["password"])
    history.keep_person(person)
    return person


def suspend(person: Person, *, by: Actor) -> Person:
    """No sign-in until resumed. Raises BadFact for somebody who left: resuming would undo it."""
    return _set_state(person, PersonState.SUSPENDED, What.PERSON_SUSPENDED, by)


def resume(person: Person, *, by: Actor) -> Person:
    """Back from suspension. Raises BadFact for somebody who left: they join anew."""
    return _set_state(person, PersonState.WORKING, What.PERSON_RESUMED, by)


@transaction.atomic
def give_role(person: Person, role: str, *, by: Actor) -> PortalRole:
    given, created = PortalRole.objects.get_or_create(person=person, role=role, until_at=None)
    if created:
        history.keep_person(person)
        audit.record(
            What.ROLE_GIVEN,
            by=by,
            about=("person", person.pk),
            person=person.pk,
            after={"role": role},
        )
    return given


@transaction.atomic
def end_role(role: PortalRole, *, by: Actor) -> None:
    moved = PortalRole.objects.filter(pk=role.pk, until_at__isnull=True).update(until_at=Now())
    if moved:
        history.keep_person(role.person)
        audit.record(
            What.ROLE_ENDED,
            by=by,
            about=("person", role.person_id),
            person=role.person_id,
            before={"role": role.role},
        )


@transaction.atomic
def _set_state(person: Person, state: PersonState, what: What, by: Actor) -> Person:
    person = Person.objects.select_for_update().get(pk=person.pk)
    before = person.state
    if before == PersonState.LEFT and state != PersonState.LEFT:
        raise BadFact("state", _("This person has left. Whoever comes back joins anew."))
    if before != state:
        person.state = state
        person.save(update_fields=["state"])
        if not person.is_present:
            end_sessions(person)
        history.keep_person(person)
        audit.record(
            what,
            by=by,
            about=("person", person.pk),
            person=person.pk,
            before={"state": before},
            after={"state": str(state)},
        )
    return person


def end_sessions(person: Person) -> int:
    """Delete every session of `person`; how many there were.

    Django's table has no user column, so living sessions are read through once. A session
    that slipped by is harmless: the user it names is not active any more.
    """
    doomed = [
        session.pk
        for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator()
        if str(session.get_decoded().get("_auth_user_id")) == str(person.pk)
    ]
    return Session.objects.filter(pk__in=doomed).delete()[0]


def _facts(person: Person) -> dict[str, Any]:
    """What events say of a person: ids and employment, never a name or an address."""
    return {
        "employee_number": person.employee_number,
        "manager": person.manager_id,
        "department": person.department,
        "job": person.job,
        "state": str(person.state),
        "contract_ends_on": (
            person.contract_ends_on.isoformat() if person.contract_ends_on else None
        ),
    }


def _validate(person: Person) -> None:
    try:
        person.clean_fields(exclude=["password"])
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise BadFact(field, messages[0]) from error
    for field in ("name", "employee_number", "department", "job"):
        if "\x00" in (getattr(person, field) or ""):
            raise BadFact(field, _("This text holds a null character. Type it anew."))


def _check_email(email: str, person: Person | None) -> None:
    try:
        validate_email(email)
    except ValidationError as error:
        raise BadFact("email", _("Enter an e-mail address like name@example.com.")) from error
    others = Person.objects.filter(email__iexact=email.strip())
    if person is not None:
        others = others.exclude(pk=person.pk)
    if others.exists():
        raise BadFact("email", _("This e-mail address belongs to somebody else. Give another one."))


def _check_sign_in(email: str, person: Person, by: Actor) -> None:
    """Passwords are reset through the address: a stolen token would take the powers with it."""
    same = email.strip().lower() == person.email
    powers = person.portal_roles.filter(until_at__isnull=True)
    if by.kind is ActorKind.CLIENT and not same and powers.exists():
        raise BadFact(
            "email",
            _(
                "This person has a portal role and signs in by this address, so no program "
                "changes it. Let the administrators end the role first."
            ),
        )


def _check_manager(person: Person | None, manager: Person | None) -> None:
    if manager is None:
        return
    if not manager.is_present:
        raise BadFact("manager", _("This manager does not work here now. Name somebody who does."))
    # Some HR systems make the head of the company their own manager; routing skips that.
    above: Person | None = None if person is not None and manager.pk == person.pk else manager
    seen = set()
    while above is not None and above.pk not in seen:
        if person is not None and above.pk == person.pk:
            raise BadFact(
                "manager",
                _(
                    "This would make the person their own manager’s manager. "
                    "Name somebody who does not report to them."
                ),
            )
        seen.add(above.pk)
        above = above.manager
