"""For machines that watch: is the process alive, can it do its work, how goes it. No sign-in."""

import secrets

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal import metrics

_DATABASE = ("database", "The database does not answer.", "GH-325")
_MIGRATIONS = ("migrations", "Run manage.py migrate.", "GH-326")


@login_not_required
@never_cache
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """200 while the process answers; asks nothing of the database."""
    return JsonResponse({"status": "ok"})


@login_not_required
@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """200 when the database answers and has every migration of this code, else 503.

    Workers are not asked after: without them the web still takes decisions, and says so.
    """
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return _not_ready(*_DATABASE)
    return _not_ready(*_MIGRATIONS) if missing else JsonResponse({"status": "ok"})


@login_not_required
@never_cache
@require_safe
def numbers(request: HttpRequest) -> HttpResponse:
    """The metrics, to who shows METRICS_TOKEN as a bearer token; for everybody else, nothing here.

    Without a token nobody gets them, not even from this machine: behind a reverse proxy
    everybody comes from this machine. Raises Http404.
    """
    if not _shows_token(request):
        raise Http404
    try:
        return HttpResponse(metrics.page(), content_type=metrics.CONTENT_TYPE)
    except DatabaseError:
        return _not_ready(*_DATABASE)


def _shows_token(request: HttpRequest) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    expected = str(settings.METRICS_TOKEN)
    same = secrets.compare_digest(given.strip().encode(), expected.encode())
    return bool(expected) and scheme.lower() == "bearer" and same


def _not_ready(what: str, remedy: str, runbook: str) -> JsonResponse:
    told = {"status": "not ready", "what": what, "remedy": remedy, "runbook": runbook}
    return JsonResponse(told, status=503)
