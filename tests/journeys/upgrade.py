"""A program, run by test_upgrade: a database of the first release, brought to this code's.

Migrates to the first migrations, fills every table with rows that release's own code has made
(data/first_release.json), migrates to the last ones, and prints as JSON what became of it.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"
django.setup()

from django.apps import apps  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.management.color import no_style  # noqa: E402
from django.db import DatabaseError, IntegrityError, connection, transaction  # noqa: E402
from django.db.migrations.executor import MigrationExecutor  # noqa: E402
from django.test import Client  # noqa: E402

from accounts.models import Event, Person  # noqa: E402
from policies.models import Target  # noqa: E402

FIRST = [("accounts", "0001_initial"), ("policies", "0001_initial")]
ROWS: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parent / "data" / "first_release.json").read_text(encoding="utf-8")
)


def main() -> int:
    for app, _name in FIRST:
        call_command("migrate", app, "0001", verbosity=0)
    old = MigrationExecutor(connection).loader.project_state(FIRST).apps
    empty = fill(old)
    call_command("migrate", verbosity=0)
    told = {
        "empty": empty,
        "different": list(differences()),
        "old code cannot insert": list(refused_inserts(old)),
        "constraints that are gone": list(gone_constraints()),
        "pages": pages(),
    }
    call_command("check", databases=["default"])
    print(json.dumps(told))
    return 0


def fill(old: Any) -> list[str]:
    """Insert every row; which of the first release's tables have none."""
    models = [*old.get_models(include_auto_created=True)]
    ours = [one for one in models if one._meta.app_label in {"accounts", "policies"}]
    with transaction.atomic():
        for model in ours:
            rows = ROWS.get(model._meta.label_lower, [])
            if rows and model._meta.model_name != "event":
                model._base_manager.all().delete()  # what the migration itself has put there
            model._base_manager.bulk_create([made(model, row) for row in rows])
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), ours):
            cursor.execute(statement)
    return [one._meta.label_lower for one in ours if not one._base_manager.exists()]


def made(model: Any, row: dict[str, Any]) -> Any:
    fields = {one.attname: one for one in model._meta.concrete_fields}
    return model(**{name: value_of(fields[name], value) for name, value in row.items()})


def value_of(field: Any, value: Any) -> Any:
    """A value as JSON has it, as the field holds it."""
    if field.get_internal_type() == "JSONField":
        return value
    return (field.target_field if field.is_relation else field).to_python(value)


def differences() -> Iterator[str]:
    """Every old value that this code reads otherwise than the first release wrote it."""
    for label, rows in ROWS.items():
        model = apps.get_model(label)
        fields = {one.attname: one for one in model._meta.concrete_fields}
        found = model._base_manager.in_bulk([row[model._meta.pk.attname] for row in rows])
        for row in rows:
            now = found.get(row[model._meta.pk.attname])
            if now is None:
                yield f"{label} {row}: gone"
                continue
            for name in row.keys() & fields.keys():
                if getattr(now, name) != value_of(fields[name], row[name]):
                    yield f"{label} {name}: {row[name]!r} became {getattr(now, name)!r}"


def refused_inserts(old: Any) -> Iterator[str]:
    """Tables of this code into which the first release, still running, could not insert."""
    for label, rows in ROWS.items():
        model = old.get_model(label)
        fresh = {} if model._meta.pk.is_relation else {model._meta.pk.attname: None}
        copy = made(model, {**rows[0], **fresh})
        try:
            with transaction.atomic():
                copy.save(force_insert=True)
                transaction.set_rollback(True)
        except IntegrityError as error:
            # A copy may be refused as a copy; that a new column has no value may not be.
            if "null" in str(error).lower() and "not" in str(error).lower():
                yield f"{label}: {error}"


def gone_constraints() -> Iterator[str]:
    """What the first release's database refused and this one takes."""
    target, event = Target.objects.order_by("pk").first(), Event.objects.order_by("pk").first()
    assert target is not None
    assert event is not None
    twin = {name: getattr(target, name) for name in ("kind", "account", "region", "object")}
    attempts = {
        "target_once": lambda: Target.objects.create(**twin),
        "target_generations_in_order": lambda: Target.objects.filter(pk=target.pk).update(
            generation=0, settled_generation=1
        ),
        "the record's triggers": lambda: Event.objects.filter(pk=event.pk).update(what="x"),
        "a person behind a grant": lambda: _raw_delete(Person.objects.filter(grants__isnull=False)),
    }
    for name, attempt in attempts.items():
        try:
            with transaction.atomic():
                attempt()
        except DatabaseError:
            continue
        yield name


def _raw_delete(rows: Any) -> None:
    """Past Django's own protection, to the database's."""
    keys = list(rows.values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM accounts_person WHERE id = %s", [keys[0]])


def pages() -> dict[str, int]:
    """What a holder of the first release is answered now."""
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(Person.objects.filter(grants__isnull=False).order_by("pk")[0])
    paths = ["/", "/catalogue/", "/requests/", f"/requests/{ROWS['policies.request'][0]['ref']}/"]
    return {path: client.get(path).status_code for path in paths}


if __name__ == "__main__":
    sys.exit(main())
