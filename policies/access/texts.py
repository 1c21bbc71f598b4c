"""Free text that people write: never empty where it is needed, never endless, never binary."""

from django.utils.translation import gettext as _

from policies.access.errors import Refused

LONGEST_TEXT = 2000


def check(text: str, name: str) -> str:
    """The text without outer blanks. Raises Refused when empty, too long or not text."""
    text = check_optional(text, name)
    if not text:
        raise Refused("text_missing", _("Write a sentence: people decide by it."), field=name)
    return text


def check_optional(text: str, name: str) -> str:
    """As `check`, for a text that may be left out."""
    text = text.strip()
    if "\x00" in text:
        raise Refused("bad_text", _("This text holds a null character. Type it anew."), field=name)
    if len(text) > LONGEST_TEXT:
        raise Refused(
            "text_too_long",
            _("At most %(most)s characters; this text has %(has)s. Shorten it.")
            % {"most": LONGEST_TEXT, "has": len(text)},
            field=name,
        )
    return text
