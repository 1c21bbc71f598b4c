"""For machines that watch: is the process alive, can it do its work. No sign-in."""

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


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
    """200 when the database answers and has every migration of this code, else 503."""
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return _not_ready("database", "The database does not answer.")
    if missing:
        return _not_ready("migrations", "Run manage.py migrate.")
    return JsonResponse({"status": "ok"})


def _not_ready(what: str, remedy: str) -> JsonResponse:
    return JsonResponse({"status": "not ready", "what": what, "remedy": remedy}, status=503)
