"""A refusal in tests: with these words, and with nothing saved at all."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.apps import apps

from policies.access.errors import Refused


def everything() -> dict[str, list[tuple]]:
    """Every row of ours."""
    return {
        model._meta.label: list(model._default_manager.order_by("pk").values_list())
        for label in ("accounts", "policies")
        for model in apps.get_app_config(label).get_models()
    }


@contextmanager
def refused(words: str, code: str = "") -> Iterator[None]:
    """The verb inside raises Refused with `words` (and `code`), and no row differs afterwards."""
    before = everything()
    with pytest.raises(Refused) as no:
        yield
    assert words in no.value.message, no.value.message
    assert code in ("", no.value.code)
    assert everything() == before
