"""The demo's one-click sign-in. With DEMO off there is no such address, and it answers 404."""

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from accounts.models import Person
from portal.actor import DEMO_SESSION

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@login_not_required
@require_POST
def sign_in(request: HttpRequest, pk: int) -> HttpResponse:
    if not settings.DEMO:
        raise Http404
    person = get_object_or_404(Person.objects.present(), pk=pk)
    login(request, person, backend=BACKEND)
    request.session[DEMO_SESSION] = True
    return redirect("home")
