"""The admin's front door: administrators enter, the anonymous sign in, everybody else gets 404."""

from functools import update_wrapper
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import URLPattern, URLResolver
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _

# Signing out and passwords are allauth's; jumping to any model's object is nobody's.
LEFT_OUT = {
    "logout",
    "password_change",
    "password_change_done",
    "autocomplete",
    "jsi18n",
    "view_on_site",
}
_REMEMBERED = "_is_administrator"


class GatehouseAdminSite(AdminSite):
    site_header = _("Gatehouse administration")
    site_title = _("Gatehouse administration")
    index_title = _("Everything Gatehouse knows")
    site_url = "/"

    def has_permission(self, request: HttpRequest) -> bool:
        """Whether an administrator asks. Remembered for one request: menus ask it often."""
        known = getattr(request, _REMEMBERED, None)
        if known is None:
            known = bool(getattr(request.user, "is_administrator", False))
            setattr(request, _REMEMBERED, known)
        return known

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        inner = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if self.has_permission(request):
                return inner(request, *args, **kwargs)
            return turn_away(request, request.get_full_path())

        return update_wrapper(guarded, view)

    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The admin has no sign-in of its own: rate limits and the rest are allauth's."""
        if self.has_permission(request):
            return redirect("admin:index")
        return turn_away(request, request.GET.get(REDIRECT_FIELD_NAME, ""))

    def get_urls(self) -> list[URLPattern | URLResolver]:
        return [one for one in super().get_urls() if getattr(one, "name", None) not in LEFT_OUT]


def turn_away(request: HttpRequest, target: str) -> HttpResponse:
    """To the sign-in page, or, for who has signed in already, nothing: raises Http404."""
    if request.user.is_authenticated:
        raise Http404
    return redirect_to_login(target, resolve_url(settings.LOGIN_URL))


site = GatehouseAdminSite(name="admin")
