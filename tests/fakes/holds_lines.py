"""What AWS holds as lines to read, and since when each line has been there."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

REMEMBERED = 600.0


class Line(NamedTuple):
    """One line of one thing in one account; `copy` tells equal lines of a thing apart."""

    account: str
    thing: str
    text: str
    copy: int


class Shown(NamedTuple):
    """A line with the seconds since it came, or since it went (None while it is there)."""

    line: Line
    came: float
    gone: float | None


class Seen:
    """First-seen times; a line that went is remembered for ten minutes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._came: dict[Line, float] = {}
        self._gone: dict[Line, float] = {}

    def note(self, state: dict[str, Any]) -> list[Shown]:
        """Take note of the state now; the lines to show, in order, the gone ones last."""
        now, there = time.monotonic(), list(lines(state))
        with self._lock:
            for line in set(self._came) - set(there):
                del self._came[line]
                self._gone[line] = now
            for line in there:
                self._came.setdefault(line, now)
                self._gone.pop(line, None)
            recent = {line: at for line, at in self._gone.items() if now - at < REMEMBERED}
            self._gone = recent
            shown = [Shown(line, now - self._came[line], None) for line in there]
            return shown + [Shown(line, now - at, now - at) for line, at in recent.items()]

    def clear(self) -> None:
        """Forget everything seen."""
        with self._lock:
            self._came.clear()
            self._gone.clear()


def lines(state: dict[str, Any]) -> Iterator[Line]:
    """The lines of a state as `tests.fakes.holds.collect` gives it."""
    for account in state["accounts"]:
        for thing, texts in _things(account):
            copies: Counter[str] = Counter()
            for text in texts or ["(nothing)"]:
                copies[text] += 1
                yield Line(account["id"], thing, text, copies[text])


def _things(account: dict[str, Any]) -> Iterator[tuple[str, list[str]]]:
    for one in account["portfolios"]:
        thing = f"Portfolio {one['id']} {one['name']} ({one['region']})"
        yield thing, [f"{who['arn']} ({who['type']})" for who in one["principals"]]
    for one in account["roles"]:
        yield (
            f"Role {_name(one['arn'])}",
            [*_sentences("trust", one["trust"]), *_of_holder(one)],
        )
    for one in account["users"]:
        yield f"User {_name(one['arn'])}", list(_of_holder(one))
    for one in account["policies"]:
        yield (
            f"Policy {_name(one['arn'])}",
            list(_sentences("document", one["document"])),
        )
    for one in account["clusters"]:
        thing = f"Cluster {one['name']} aws-auth ({one['region']}, {one['authentication_mode']})"
        yield thing, list(_of_map(one["aws_auth"]))
    for one in account["virtual_clusters"]:
        yield (
            f"Virtual cluster {one['id']} ({one['region']})",
            [f"{one['name']}: {one['state']}"],
        )


def _name(arn: str) -> str:
    return arn.split(":", 5)[5].split("/", 1)[1]


def _of_holder(one: dict[str, Any]) -> Iterator[str]:
    for key, value in sorted(one["tags"].items()):
        yield f"tag {key} = {value}"
    for name, document in sorted(one["inline_policies"].items()):
        yield from _sentences(name, document)
    for arn in one["attached_policies"]:
        yield f"attached {arn}"


def _of_map(data: dict[str, str] | None) -> Iterator[str]:
    for key, text in sorted((data or {}).items()):
        yield f"{key}:"
        for line in text.splitlines():
            yield f"  {line}"


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _sentences(name: str, document: dict[str, Any]) -> Iterator[str]:
    for statement in _listed(document.get("Statement", [])):
        words = [f"{name}:", statement.get("Effect", "")]
        for key, joint in (("Action", ""), ("Resource", "on"), ("Principal", "by")):
            if key in statement:
                words += [joint, _said(statement[key])]
        told = {"Effect", "Action", "Resource", "Principal", "Sid"}
        rest = {key: value for key, value in statement.items() if key not in told}
        words += ["when", json.dumps(rest.pop("Condition"))] if "Condition" in rest else []
        yield " ".join(word for word in [*words, json.dumps(rest) if rest else ""] if word)


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{kind} {_said(names)}" for kind, names in value.items())
    return ", ".join(str(one) for one in _listed(value))
