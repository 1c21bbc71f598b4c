"""Prometheus' text format 0.0.4: families of samples, escaped as it asks.

Written by hand: `prometheus_client` keeps its numbers in one process's memory or in files that
its processes share, while ours stand in the database, where every web process reads the same.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
GAUGE, COUNTER = "gauge", "counter"
Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Family:
    """One metric: `samples` maps labels, as pairs of name and value, to a number."""

    name: str
    kind: str
    help: str
    samples: Mapping[Labels, float] = field(default_factory=dict)


def gauge(name: str, help: str, value: float) -> Family:  # noqa: A002  (Prometheus' own word)
    """A metric of one number without labels."""
    return Family(name, GAUGE, help, {(): value})


def render(families: Iterable[Family]) -> str:
    return "".join(f"{line}\n" for family in families for line in _lines(family))


def _lines(family: Family) -> Iterable[str]:
    yield f"# HELP {family.name} {_help(family.help)}"
    yield f"# TYPE {family.name} {family.kind}"
    for labels, value in sorted(family.samples.items()):
        yield f"{family.name}{_labels(labels)} {_number(value)}"


def _labels(labels: Labels) -> str:
    inner = ",".join(f'{name}="{_value(value)}"' for name, value in labels)
    return f"{{{inner}}}" if inner else ""


def _help(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")


def _value(text: str) -> str:
    return _help(text).replace('"', r"\"")


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return "NaN" if math.isnan(value) else format(value, ".15g")
