"""A language in which every marked text stands in brackets: what stands outside was not marked."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from gettext import NullTranslations
from typing import Any

from django.utils.translation import trans_real

CODE = "xx"
OPENING, CLOSING = "⟦", "⟧"


class Pseudo(NullTranslations):
    """Answers every text with itself in brackets; placeholders and markup stay as they are."""

    def gettext(self, message: str) -> str:
        text = message.rpartition(trans_real.CONTEXT_SEPARATOR)[2]
        return f"{OPENING}{text}{CLOSING}" if text else text

    def ngettext(self, one: str, many: str, n: int) -> str:
        return self.gettext(one if n == 1 else many)

    def language(self) -> str:
        return CODE

    def to_language(self) -> str:
        return CODE


@contextmanager
def spoken(settings: Any) -> Iterator[None]:
    """Everything said inside is said in the pseudo language."""
    settings.LANGUAGE_CODE = CODE
    settings.LANGUAGES = [(CODE, "Pseudo")]
    before = dict(trans_real._translations)
    trans_real._translations[CODE] = Pseudo()
    trans_real.get_languages.cache_clear()
    trans_real.activate(CODE)
    try:
        yield
    finally:
        trans_real.deactivate()
        trans_real._translations.clear()
        trans_real._translations.update(before)
        trans_real.get_languages.cache_clear()


def outside(text: str) -> str:
    """What stands outside all brackets."""
    depth, kept = 0, []
    for letter in text:
        depth += letter == OPENING
        if depth == 0:
            kept.append(letter)
        depth -= letter == CLOSING
    return "".join(kept)


def words(text: str) -> list[str]:
    """Words of two letters or more."""
    return re.findall(r"[A-Za-z]{2,}", text)
