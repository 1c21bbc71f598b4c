"""Numbers for Prometheus, read from the database when they are asked for."""

from collections.abc import Callable, Iterable
from datetime import datetime

from django.db.models.functions import Now

from policies.models import Installation
from portal.metrics import sources
from portal.metrics.text import CONTENT_TYPE, Family, render

# A new source is one line here: it is given the database's time and tells its families.
SOURCES: tuple[Callable[[datetime], Iterable[Family]], ...] = (
    sources.targets,
    sources.aws_calls,
    sources.signs_of_life,
    sources.notices,
    sources.requests,
    sources.holds,
    sources.record,
)


def page() -> str:
    """All numbers as text. Raises DatabaseError."""
    Installation.current()
    now = Installation.objects.annotate(now=Now()).values_list("now", flat=True).get()
    return render(family for source in SOURCES for family in source(now))


__all__ = ["CONTENT_TYPE", "SOURCES", "page"]
