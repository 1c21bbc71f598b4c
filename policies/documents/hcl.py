"""HCL, the language of Terraform, written from values. Pure; nothing here formats policies.

https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md: inside quotes `${` and `%{` begin
templates, and `$${` and `%%{` are those signs themselves.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from policies.values import digest

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


@dataclass(frozen=True)
class Name:
    """An expression that is written as it is: a reference to another block."""

    text: str


@dataclass(frozen=True)
class Block:
    """`type "label" … { … }`: values by name, and blocks inside."""

    type: str
    labels: Sequence[str] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    blocks: Sequence["Block"] = ()
    comment: str = ""


def string(text: str) -> str:
    """A quoted text that reads back as the same text."""
    escaped = "".join(_ESCAPES.get(sign, _sign(sign)) for sign in text)
    return '"' + escaped.replace("${", "$${").replace("%{", "%%{") + '"'


def _sign(sign: str) -> str:
    if sign.isprintable():
        return sign
    code = ord(sign)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def identifier(*parts: str) -> str:
    """A block's name: what can be read of the parts, and what makes it theirs alone."""
    readable = re.sub(r"[^A-Za-z0-9]+", "_", parts[-1].rpartition("/")[2]).strip("_").lower()[:40]
    return f"gatehouse_{readable}_{digest(list(parts))[:8]}"


def written(blocks: Sequence[Block]) -> str:
    return "\n".join(_block(one, "") for one in blocks)


def _block(one: Block, indent: str) -> str:
    comments = [f"{indent}# {line}".rstrip() for line in one.comment.splitlines()]
    if not one.type:
        return "\n".join(comments) + "\n"
    head = " ".join([one.type, *(string(label) for label in one.labels)])
    inner = indent + "  "
    width = max((len(name) for name in one.values), default=0)
    lines = [f"{inner}{name:<{width}} = {_value(value)}" for name, value in one.values.items()]
    inside = [_block(each, inner).rstrip("\n") for each in one.blocks]
    return "\n".join([*comments, f"{indent}{head} {{", *lines, *inside, f"{indent}}}"]) + "\n"


def _value(value: Any) -> str:
    if isinstance(value, Name):
        return value.text
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return string(value)
    return "[" + ", ".join(_value(one) for one in value) + "]"
