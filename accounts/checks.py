"""System checks of accounts. Each finding has a hint and a number."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connections

from accounts import triggers


@register(Tags.database)
def record_is_append_only(
    databases: Sequence[str] | None = None, **_options: Any
) -> list[CheckMessage]:
    missing = [name for name in databases or () if not triggers.installed(connections[name])]
    return [
        Error(
            f"The append-only triggers of the record are missing in database “{name}”.",
            hint="Run manage.py migrate: it re-installs them. See GH-301 in docs/runbook.md.",
            id="accounts.E001",
        )
        for name in missing
    ]
