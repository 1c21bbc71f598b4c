"""One seeded defect, as a replacement of text."""

from dataclasses import dataclass
from pathlib import Path


class Stale(Exception):
    """The text that a mutant replaces is not there exactly once any more."""


@dataclass(frozen=True)
class Mutant:
    """`old` stands exactly once in `file`; with `new` instead, one of `tests` has to fail.

    `harm`: what the defect would do to a person. Whoever changes the code moves the mutant along.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    harm: str

    def apply(self, root: Path) -> str:
        """The file's text with the defect in it. Raises Stale, SyntaxError."""
        text = (root / self.file).read_text(encoding="utf-8")
        count = text.count(self.old)
        if count != 1:
            raise Stale(f"{self.name}: stands {count} times in {self.file}, not once: {self.old!r}")
        changed = text.replace(self.old, self.new)
        compile(changed, self.file, "exec")
        return changed
