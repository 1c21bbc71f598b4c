"""What a verification found, in words and for programs."""

from dataclasses import asdict, dataclass, field
from typing import Any

MOST_KEPT = 1000


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, and where: a position, an event's id, a seal's number."""

    code: str
    text: str
    position: int | None = None
    event: Any = None
    seal: Any = None

    def __str__(self) -> str:
        places = {"seal": self.seal, "position": self.position, "event": self.event}
        where = ", ".join(f"{name} {at}" for name, at in places.items() if at is not None)
        return f"{where}: {self.text}" if where else self.text


@dataclass
class Report:
    """The outcome. `findings` keeps the first MOST_KEPT; `found` counts all."""

    findings: list[Finding] = field(default_factory=list)
    found: int = 0
    remarks: list[str] = field(default_factory=list)
    events: int = 0
    seals: int = 0
    unsealed: int = 0
    withheld: int = 0
    erased_notes: int = 0
    head: dict[str, Any] | None = None
    keys: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return self.found == 0

    def add(self, code: str, text: str, **where: Any) -> None:
        self.found += 1
        if len(self.findings) < MOST_KEPT:
            self.findings.append(Finding(code, text, **where))

    def remark(self, text: str) -> None:
        if len(self.remarks) < MOST_KEPT:
            self.remarks.append(text)

    def as_json(self) -> dict[str, Any]:
        return {"verified": self.is_clean, **asdict(self)}
