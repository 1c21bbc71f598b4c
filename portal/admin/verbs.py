"""One way to do something in the admin: a form that asks, and a verb that decides.

A `Verb` names a function of `policies.access` or `accounts`. Its page shows what will happen
(GET), calls the function (POST), and shows what a refusal says (422). No script is needed.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Union

from django import forms
from django.contrib import messages
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.actors import Actor, Channel
from policies.access.errors import Refused
from portal.actor import PortalRequest, actor

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from portal.admin.base import RecordAdmin

Text = Union[str, "_StrPromise"]
LONGEST_TEXT = 2000
PAGE = "admin/verb.html"
SECRET_PAGE = "admin/secret.html"  # noqa: S105  (a template)


class VerbForm(forms.Form):
    """What a verb needs to know. `subject` is the row as it is now; None for a new one."""

    def __init__(self, data: Any = None, *, subject: Any = None) -> None:
        self.subject = subject
        super().__init__(data)

    def hidden(self) -> dict[str, str]:
        """Values that travel with the page: what was in front of who decides."""
        return {}


class WhyForm(VerbForm):
    why = forms.CharField(
        label=gettext_lazy("Reason"),
        widget=forms.Textarea(attrs={"rows": 4, "cols": 80}),
        max_length=LONGEST_TEXT,
    )


class MaybeWhyForm(WhyForm):
    why = forms.CharField(
        label=gettext_lazy("Remark"),
        widget=forms.Textarea(attrs={"rows": 4, "cols": 80}),
        max_length=LONGEST_TEXT,
        required=False,
    )


@dataclass(frozen=True)
class Done:
    """What to say afterwards, and where. A `secret` is shown on a page of its own, once."""

    message: str
    subject: Model | None = None
    secret: str = ""


@dataclass(frozen=True)
class Verb:
    """`run` raises Refused; `offered` only hides the button, it protects nothing."""

    name: str
    label: Text
    explains: Text
    run: Callable[[Any, Any, Actor], Done]
    form: type[VerbForm] = VerbForm
    offered: Callable[[Any], bool] = lambda _subject: True
    evidence: str = ""


def acting(request: PortalRequest) -> Actor:
    """The signed-in administrator, on the admin channel."""
    return replace(actor(request), channel=Channel.ADMIN)


def answer(
    admin: "RecordAdmin", request: PortalRequest, verb: Verb, subject: Model | None
) -> HttpResponse:
    """The verb's page: 200 asking, 302 done, 422 refused."""
    if request.method in {"GET", "HEAD"}:
        if subject is not None and not verb.offered(subject):
            messages.warning(request, _("“%s” is not possible now.") % verb.label)
            return redirect(_where(subject))
        return _page(admin, request, verb, verb.form(subject=subject), 200)
    if request.method != "POST":
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    form = verb.form(request.POST, subject=subject)
    if not form.is_valid():
        return _page(admin, request, verb, form, 422)
    try:
        done = verb.run(subject, form, acting(request))
    except Refused as refused:
        return _page(admin, request, verb, _refused(verb, request, subject, refused), 422)
    return _done(admin, request, verb, done)


def _refused(verb: Verb, request: HttpRequest, subject: Model | None, refused: Refused) -> VerbForm:
    """The same form over the row as it is now: it may have changed under who decides."""
    if subject is not None:
        subject = type(subject)._default_manager.get(pk=subject.pk)
    form = verb.form(request.POST, subject=subject)
    form.full_clean()
    form.add_error(refused.field if refused.field in form.fields else None, refused.message)
    return form


def _done(admin: "RecordAdmin", request: HttpRequest, verb: Verb, done: Done) -> HttpResponse:
    where = _where(done.subject) if done.subject is not None else _list(admin)
    if done.secret:
        context = {**_context(admin, request, verb), "done": done, "where": where}
        return TemplateResponse(request, SECRET_PAGE, context)
    messages.success(request, done.message)
    return redirect(where)


def _page(
    admin: "RecordAdmin", request: HttpRequest, verb: Verb, form: VerbForm, status: int
) -> HttpResponse:
    context = {**_context(admin, request, verb), "form": form, "subject": form.subject}
    if form.subject is not None:
        context["subject_url"] = _where(form.subject)
    return TemplateResponse(request, PAGE, context, status=status)


def _context(admin: "RecordAdmin", request: HttpRequest, verb: Verb) -> dict[str, Any]:
    return {
        **admin.admin_site.each_context(request),
        "title": verb.label,
        "opts": admin.opts,
        "verb": verb,
        "list_url": _list(admin),
    }


def _where(subject: Model) -> str:
    opts = subject._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[subject.pk])


def _list(admin: "RecordAdmin") -> str:
    return reverse(f"admin:{admin.opts.app_label}_{admin.opts.model_name}_changelist")
