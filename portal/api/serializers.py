"""Employees, receipts and problems as they stand in bodies."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from accounts.models import Person, PersonState
from portal.api.fields import (
    AddressField,
    DayField,
    NumberField,
    StrictSerializer,
    TextField,
)


class Facts(StrictSerializer):
    """What HR may change about somebody. `manager` is an employee number."""

    email = AddressField(max_length=254)
    name = TextField(max_length=200)
    manager = NumberField(
        required=False, allow_null=True, help_text="The manager’s employee number."
    )
    department = TextField(max_length=200, required=False, allow_blank=True)
    job = TextField(max_length=200, required=False, allow_blank=True)
    contract_ends_on = DayField(
        required=False, allow_null=True, help_text="The last day; null when open-ended."
    )

    def validate_manager(self, number: str | None) -> Person | None:
        if number is None:
            return None
        manager = Person.objects.filter(employee_number=number).first()
        if manager is None:
            raise serializers.ValidationError(
                _("Nobody has this employee number."), "unknown_manager"
            )
        return manager


class Move(Facts):
    """Some of the facts; what is not named stays."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        for one in fields.values():
            one.required = False
        return fields


class Join(Facts):
    """Somebody new."""

    employee_number = NumberField()
    state = serializers.ChoiceField(
        choices=[PersonState.JOINING, PersonState.WORKING],
        default=PersonState.WORKING,
    )


class Nothing(StrictSerializer):
    """No body, or an empty object."""


class Employee(serializers.Serializer[Person]):
    """Somebody who works here, or did."""

    employee_number = serializers.CharField()
    email = serializers.EmailField()
    name = serializers.CharField()
    manager = serializers.CharField(source="manager.employee_number", allow_null=True)
    department = serializers.CharField()
    job = serializers.CharField()
    contract_ends_on = serializers.DateField(allow_null=True)
    state = serializers.ChoiceField(choices=PersonState.choices)


class Offboarded(serializers.Serializer[Any]):
    """Everything has ended here; the receipt tells what was seen of it in AWS."""

    receipt = serializers.CharField()
    receipt_url = serializers.URLField()


class TargetOutcome(serializers.Serializer[Any]):
    """What is in the way there."""

    kind = serializers.CharField(help_text="For programs: denied, throttled, quota, …")
    means = serializers.CharField()
    remedy = serializers.CharField()
    runbook = serializers.CharField()
    aws_said = serializers.CharField(help_text="AWS’s own words, in English.")
    next_try_at = serializers.DateTimeField(
        allow_null=True, help_text="When it is tried again by itself; null: a person has to act."
    )


class DeliveryTarget(serializers.Serializer[Any]):
    """The place in AWS."""

    kind = serializers.CharField()
    account = serializers.CharField()
    region = serializers.CharField()
    object = serializers.CharField()
    says = serializers.CharField()
    outcome = TargetOutcome(allow_null=True)


class NeededBy(serializers.Serializer[Any]):
    """The living access that keeps it there."""

    grant = serializers.CharField()
    employee_number = serializers.CharField(allow_null=True)
    name = serializers.CharField()


class Remains(serializers.Serializer[Any]):
    """Something that may go on after the end; `until` null: until somebody ends it."""

    says = serializers.CharField()
    until = serializers.DateTimeField(allow_null=True)


class DeliveryLine(serializers.Serializer[Any]):
    """One thing the leaver had, and what was seen of it. Never what is merely hoped."""

    grant = serializers.CharField()
    entitlement = serializers.CharField()
    target = DeliveryTarget()
    state = serializers.ChoiceField(choices=["ending", "seen_gone", "still_needed", "not_ours"])
    says = serializers.CharField()
    needed_by = NeededBy(allow_null=True)
    should_be_gone_since = serializers.DateTimeField()
    remains = Remains(many=True)
    released_at = serializers.DateTimeField(allow_null=True)


class ReceiptBody(serializers.Serializer[Any]):
    """What became of a leaver’s access, as seen so far."""

    receipt = serializers.CharField()
    employee_number = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    complete = serializers.BooleanField(help_text="Whether every delivery has been released.")
    closed_requests = serializers.ListField(child=serializers.CharField())
    deliveries = DeliveryLine(many=True)


class FieldError(serializers.Serializer[Any]):
    """What is wrong with one field."""

    detail = serializers.CharField()
    code = serializers.CharField()
    pointer = serializers.CharField(help_text="A JSON pointer into the body sent, as #/field.")


class ProblemBody(serializers.Serializer[Any]):
    """RFC 9457."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField(help_text="Stable, for programs.")
    instance = serializers.CharField(required=False)
    correlation = serializers.CharField(required=False, help_text="Name it when asking for help.")
    errors = FieldError(many=True, required=False)  # type: ignore[assignment]
