"""Lines as YAML 1.1 breaks them, in texts that people and tools of every kind have saved."""

import re

from policies.documents.auth_text import BOM

BREAKS = "\n\r\x85\u2028\u2029"

_BREAK = re.compile(rf"(\r\n|[{BREAKS}])")
_LAST_BREAK = re.compile(rf"(?:\r\n|[{BREAKS}])\Z")
_REST_OF_LINE = re.compile(rf"[^{BREAKS}]*(?:\r\n|[{BREAKS}]|\Z)")
_NEWLINE = re.compile(r"\r\n|\n|\r")


def newline_of(text: str) -> str:
    """The text's own line ending: its last one."""
    return str((_NEWLINE.findall(text) or ["\n"])[-1])


def is_closed(text: str) -> bool:
    """Whether a row may simply be put at the end."""
    return not text.lstrip(BOM) or bool(_LAST_BREAK.search(text))


def line_start(text: str, at: int) -> int:
    start = len(text) - len(text.lstrip(BOM))
    for char in BREAKS:
        start = max(start, text.rfind(char, start, at) + 1)
    return start


def line_end(text: str, at: int) -> int:
    match = _REST_OF_LINE.match(text, at)
    return match.end() if match else len(text)


def without_last_break(text: str) -> str:
    return _LAST_BREAK.sub("", text)


def moved(text: str, column: int) -> str | None:
    """A row's lines moved so that its dash stands at `column`; None where they cannot be."""
    by = column - (len(text) - len(text.lstrip(" ")))
    lines = _BREAK.split(text)  # with the breaks between them
    if any(line[: max(-by, 0)].strip(" ") for line in lines[::2]):
        return None
    lines[::2] = [" " * by + line[max(-by, 0) :] if line.strip() else line for line in lines[::2]]
    return "".join(lines)
