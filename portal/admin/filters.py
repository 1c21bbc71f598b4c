"""Filters whose choices stand in code."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet


class FromList(admin.SimpleListFilter):
    """A filter whose choices stand in code: asking a growing table for them would scan it."""

    words: tuple[str, ...] = ()

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        return [(word, word) for word in self.words]

    def queryset(self, request: Any, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        if self.value() not in self.words:
            return queryset
        return queryset.filter(**{str(self.parameter_name): self.value()})
