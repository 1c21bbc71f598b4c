"""What is wrong with a catalogue file: where, what, and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, order=True)
class Mark:
    """A place in the file; line and column count from 1."""

    line: int
    column: int


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong: `what` it is, and the `remedy` in words somebody can act on."""

    mark: Mark
    what: str
    remedy: str

    def say(self, name: str) -> str:
        """One line, as compilers write it, so that editors jump to the place."""
        return f"{name}:{self.mark.line}:{self.mark.column}: {self.what} {self.remedy}"


class BadCatalogue(Exception):
    """A file we refuse, with everything found wrong with it, in the file's own order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(set(problems))
        super().__init__("; ".join(f"line {one.mark.line}: {one.what}" for one in self.problems))


def guess(word: str, known: Iterable[str]) -> str:
    """“Did you mean …?” with a space before it, or nothing."""
    close = get_close_matches(word, list(known), n=1)
    return f" Did you mean “{close[0]}”?" if close else ""


def listed(words: Iterable[str]) -> str:
    return ", ".join(words)
