"""What every page of the admin shares: administrators look, and nothing is edited raw."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.contrib.admin.options import ShowFacets
from django.contrib.admin.utils import (
    display_for_field,
    display_for_value,
    flatten_fieldsets,
    label_for_field,
    lookup_field,
    unquote,
)
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.views.generic import RedirectView

from portal.admin import verbs
from portal.admin.verbs import Text, Verb

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[Any]
    _Paginator = Paginator[Any]
else:
    _Admin = admin.ModelAdmin
    _Paginator = Paginator

MOST_ROWS = 10_000
MOST_RELATED = 50


class BoundedPaginator(_Paginator):
    """Counts no further than MOST_ROWS: the length of a growing table is not worth a full scan."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list[:MOST_ROWS]
        return int(rows.count())


@dataclass(frozen=True)
class Related:
    """Rows that belong to the one looked at, the newest MOST_RELATED of them."""

    title: Text
    rows: Callable[[Any], "QuerySet[Any]"]
    columns: tuple[str, ...]


class RecordAdmin(_Admin):
    """One model, to look at. `verbs` act on one row, `list_verbs` on none of them.

    Every permission of the admin is decided here and nowhere else: administrators view,
    nobody adds, changes or deletes. What is not in `fields` is not shown.
    """

    verbs: tuple[Verb, ...] = ()
    list_verbs: tuple[Verb, ...] = ()
    related: tuple[Related, ...] = ()
    fields: ClassVar[Any] = ()
    search_fields: ClassVar[Any] = ()
    evidence = ""  # a template about the row, shown under its fields

    actions = None
    ordering = ("-pk",)
    paginator = BoundedPaginator
    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    change_form_template = "admin/record.html"
    change_list_template = "admin/list.html"

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.admin_site.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.admin_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Only as the filters offered ask: else digests could be guessed letter by letter."""
        return lookup in {one for offered in self.list_filter for one in self._asked(offered)}

    def _asked(self, offered: Any) -> Iterable[str]:
        """The query parameters of one entry of `list_filter`."""
        if isinstance(offered, type):
            return (str(getattr(offered, "parameter_name", "")),)
        name = offered if isinstance(offered, str) else offered[0]
        field = self.opts.get_field(name)
        target = getattr(field, "target_field", None)
        exact = f"{name}__{target.name}__exact" if target is not None else f"{name}__exact"
        return (exact, f"{name}__isnull", f"{name}__isempty")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return flatten_fieldsets(self.get_fieldsets(request, obj))

    def get_urls(self) -> list[URLPattern]:
        """The list, the row and the verbs; Django's own add, delete and history are left out."""
        view, name = self.admin_site.admin_view, f"{self.opts.app_label}_{self.opts.model_name}"
        to_row = RedirectView.as_view(pattern_name=f"admin:{name}_change")
        return [
            path("", view(self.changelist_view), name=f"{name}_changelist"),
            path("do/<slug:verb>/", view(self.list_verb_view), name=f"{name}_do"),
            path("<path:object_id>/do/<slug:verb>/", view(self.verb_view), name=f"{name}_row_do"),
            path("<path:object_id>/change/", view(self.change_view), name=f"{name}_change"),
            path("<path:object_id>/", view(to_row)),
        ]

    def verb_view(self, request: Any, object_id: str, verb: str) -> HttpResponse:
        subject = self.get_object(request, unquote(object_id))
        if subject is None:
            raise Http404
        return verbs.answer(self, request, _named(self.verbs, verb), subject)

    def list_verb_view(self, request: Any, verb: str) -> HttpResponse:
        return verbs.answer(self, request, _named(self.list_verbs, verb), None)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        subject = self.get_object(request, unquote(object_id))
        if subject is None:
            raise Http404
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_row_do"
        offered = [one for one in self.verbs if one.offered(subject)]
        context = {
            "verbs": [(reverse(name, args=[subject.pk, one.name]), one) for one in offered],
            "related": [self._table(subject, one) for one in self.related],
            "evidence": self.evidence,
            "subject": subject,
        }
        return super().change_view(request, object_id, form_url, context)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_do"
        tools = [(reverse(name, args=[one.name]), one) for one in self.list_verbs]
        return super().changelist_view(request, {"verbs": tools})

    def _table(self, subject: Model, related: Related) -> dict[str, Any]:
        rows = list(related.rows(subject)[: MOST_RELATED + 1])
        model = related.rows(subject).model
        known = self.admin_site._registry.get(model)
        return {
            "title": related.title,
            "more": len(rows) > MOST_RELATED,
            "heads": [label_for_field(one, model, known) for one in related.columns],
            "rows": [
                (_address(row) if known else "", list(_cells(row, related.columns, known)))
                for row in rows[:MOST_RELATED]
            ],
        }


def as_json(name: str, label: Text) -> Callable[[Any], str]:
    """A column that shows a JSON field so that it can be read."""

    @admin.display(description=label)
    def show(row: Any) -> str:
        value = getattr(row, name)
        text = json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)
        return format_html("<pre>{}</pre>", text)

    return show


def as_text(name: str, label: Text) -> Callable[[Any], str]:
    """A column that keeps the lines of a document as they are."""

    @admin.display(description=label)
    def show(row: Any) -> str:
        return format_html("<pre>{}</pre>", getattr(row, name) or "")

    return show


def _named(offered: Iterable[Verb], name: str) -> Verb:
    for one in offered:
        if one.name == name:
            return one
    raise Http404


def _address(row: Model) -> str:
    opts = row._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[row.pk])


def _cells(row: Any, columns: Iterable[str], known: Any) -> Iterable[str]:
    for name in columns:
        field, _attribute, value = lookup_field(name, row, known)
        if field is None or field.is_relation:
            yield display_for_value(value, "-")
        else:
            yield display_for_field(value, field, "-")
