"""System checks of the portal: what must not go to production. Each finding has a number."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

SHORTEST_TOKEN = 32
_SENDS_NOTHING = {"console", "dummy", "filebased", "locmem"}


@register(Tags.security, deploy=True)
def mail_leaves(**_options: Any) -> list[CheckMessage]:
    package, _, name = settings.EMAIL_BACKEND.removesuffix(".EmailBackend").rpartition(".")
    if package != "django.core.mail.backends" or name not in _SENDS_NOTHING:
        return []
    return [
        Error(
            f"EMAIL_BACKEND is Django’s “{name}”: mail with sign-in links leaves nowhere, or "
            "stands in a log or a file.",
            hint="Set EMAIL_BACKEND=django.core.mail.backends.smtp.EmailBackend and EMAIL_HOST "
            "(GH-323).",
            id="portal.E001",
        )
    ]


@register(Tags.security, deploy=True)
def metrics_token_is_long(**_options: Any) -> list[CheckMessage]:
    if not 0 < len(settings.METRICS_TOKEN) < SHORTEST_TOKEN:
        return []
    return [
        Error(
            f"METRICS_TOKEN is shorter than {SHORTEST_TOKEN} characters and could be guessed.",
            hint="Make one: openssl rand -hex 32. Or unset it: then nobody reads the metrics "
            "(GH-324).",
            id="portal.E002",
        )
    ]
