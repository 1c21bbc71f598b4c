"""Signing in: no public sign-up; who was created gets a one-use link; who left gets nothing."""

from typing import TYPE_CHECKING

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

if TYPE_CHECKING:
    from accounts.models import Person


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """People come from HR, never from a form."""
        return False

    def get_reset_password_from_key_url(self, key: str) -> str:
        """An address of ours, whatever Host the request named."""
        uid, _dash, token = key.partition("-")
        return _address(uid, token)

    def get_client_ip(self, request: HttpRequest) -> str:
        return str(request.META.get("REMOTE_ADDR", ""))


def one_use_link(person: "Person") -> str:
    """An absolute link that lets `person` choose a password and signs them in, once.

    The key is a digest over the present password and last sign-in, so using it ends it;
    PASSWORD_RESET_TIMEOUT ends it too.
    """
    return _address(user_pk_to_url_str(person), default_token_generator.make_token(person))


def _address(uid: str, token: str) -> str:
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": uid, "key": token})
    return f"{settings.BASE_URL}{path}"
