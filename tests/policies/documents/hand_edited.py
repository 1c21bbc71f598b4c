"""aws-auth sections as people and tools leave them, for Hypothesis: some cannot even be read."""

from typing import Any

from hypothesis import strategies as st

ACCOUNT = "111122223333"
ARN = f"arn:aws:iam::{ACCOUNT}:"
KINDS = {"mapRoles": "role", "mapUsers": "user"}
COMMENTS = (
    "# why",
    "#\ttabbed\tcomment ",
    "# {{SessionName}} - x: y",
    "#",
    "# é 그룹 😀",
    "#: - 'q",
)
TEXTS = (
    "dev",
    "a: b",
    "1e3",
    "y",
    "x #y",
    "it's",
    'say "hi"',
    "é😀",
    "{{AccountID}}",
    "- a",
    "08",
)
VALUES = (*TEXTS, "system:node:{{EC2PrivateDNSName}}", "eks-node", "~")
ODD = ("- hello", "-", "- ", "- {}", "- []", "- null", "- 'q'", "- 17", "- rolaern: x", "-\t# tab")
EMPTY = (
    "",
    "''",
    '""',
    "``",
    "null",
    "~",
    "[]",
    "[]\n",
    "[ ]\n",
    "# only\n",
    "\n",
    "---\n",
    "[\n]\n",
)
HEADS = (
    "",
    "",
    "",
    "---\n",
    "--- # c\n",
    "%YAML 1.1\n---\n",
    "# team A\n\n",
    "\n",
    "  \n# x\n",
    "\ufeff",
)
FEET = (
    "",
    "",
    "",
    "\n",
    "# the end\n",
    "  # indented end",
    "\n\n# end",
    "   ",
    "...\n",
    "---\n- x\n",
)


def _scalar(draw: Any, text: str) -> str:
    """`text` in one of YAML's quotings; plain even where that changes its type."""
    style = draw(st.sampled_from(("plain", "plain", "single", "double")))
    if style == "single" or (
        style == "plain" and (": " in text or " #" in text or text[0] in "-{'")
    ):
        return "'" + text.replace("'", "''") + "'"
    if style == "double":
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return text


def _value(draw: Any, text: str, inner: int) -> list[str]:
    """The lines of a value: the first goes behind its key."""
    if draw(st.integers(0, 5)):
        return [_scalar(draw, text)]
    pad = " " * (inner + draw(st.integers(1, 3)))
    folded = draw(st.sampled_from(("|", "|-", "|+", ">", ">-", "split")))
    if folded == "split":
        return ['"' + text.replace("\\", "\\\\").replace('"', '\\"'), f'{pad}"']
    return [folded, pad + text, *([""] if draw(st.booleans()) else [])]


def _groups(draw: Any, inner: int) -> list[str]:
    names = draw(st.lists(st.sampled_from(TEXTS), max_size=3))
    if not names or draw(st.booleans()):
        return ["[" + ", ".join(_scalar(draw, n).replace(",", "") for n in names) + "]"]
    pad = " " * (inner + draw(st.sampled_from((0, 0, 2, 4))))
    lines = ["", *(f"{pad}- {_scalar(draw, n)}" for n in names)]
    if draw(st.integers(0, 3)) == 0:
        lines.insert(draw(st.integers(1, len(lines))), pad + draw(st.sampled_from(COMMENTS)))
    return lines


def _cased(draw: Any, word: str) -> str:
    return draw(st.sampled_from((word, word, word, word.upper(), word[:-3] + word[-3:].upper())))


def _pairs(draw: Any, section: str, name: str, inner: int) -> list[tuple[str, list[str]]]:
    kind = KINDS[section]
    arn = ARN + kind + draw(st.sampled_from((f"/{name}", f"/{name}", f"/team/{name}", f"/{name} ")))
    pairs = [(_cased(draw, f"{kind}arn"), _value(draw, arn, inner))]
    if draw(st.integers(0, 4)):
        pairs.append((_cased(draw, "username"), _value(draw, draw(st.sampled_from(VALUES)), inner)))
    if draw(st.integers(0, 4)):
        pairs.append((_cased(draw, "groups"), _groups(draw, inner)))
    for extra in (
        "userid: AROA1",
        "note: by hand",
        "note: {a: [b]}",
        "username: again",
        "'odd key': x",
    ):
        if draw(st.integers(0, 9)) == 0:
            key, _, value = extra.partition(": ")
            pairs.append((key, [value]))
    if draw(st.integers(0, 11)) == 0:
        sso = f"{{permissionSetName: Admin, accountID: '{ACCOUNT}'}}"
        pairs = [("sso", [sso]), *pairs[1:]]
    return list(draw(st.permutations(pairs)))


def _block(draw: Any, section: str, name: str, column: int) -> list[str]:
    """One row in block style, its dash at `column`."""
    inner = column + draw(st.sampled_from((2, 2, 2, 3, 5)))
    lines: list[str] = []
    for key, value in _pairs(draw, section, name, inner):
        tail = f" {draw(st.sampled_from(COMMENTS))}" if draw(st.integers(0, 7)) == 0 else ""
        tail = "" if len(value) > 1 and value[0][:1] in '"' else tail
        lines.append(" " * inner + f"{key}: {value[0]}{tail}".rstrip(" "))
        lines += value[1:]
        if draw(st.integers(0, 9)) == 0:
            lines.append(draw(st.sampled_from(("", " " * inner, " " * inner + "# in", "# left"))))
    if draw(st.integers(0, 9)) == 0:
        return [" " * column + "-", *lines]
    return [" " * column + "-" + lines[0][column + 1 :], *lines[1:]]


def _flow(draw: Any, section: str, name: str) -> str:
    kind = KINDS[section]
    groups = ", ".join(draw(st.lists(st.sampled_from(("a", "'b c'", '"1e3"')), max_size=2)))
    return f'{{"{kind}arn": "{ARN}{kind}/{name}", username: "{name}", groups: [{groups}]}}'


@st.composite
def rows(draw: Any, section: str) -> str:
    """A list in block style."""
    column = draw(st.sampled_from((0, 0, 0, 2, 4)))
    lines: list[str] = []
    names = [f"foreign{n}" for n in range(draw(st.integers(1, 4)))]
    if draw(st.integers(0, 5)) == 0:
        names.append(draw(st.sampled_from((names[0], names[0].upper()))))
    for name in names:
        match draw(st.integers(0, 9)):
            case 0:
                lines.append(" " * column + draw(st.sampled_from(ODD)))
            case 1:
                lines.append(" " * column + "- " + _flow(draw, section, name))
            case 2:
                anchored = ["- &a", "  <<: {x: y}", f"  {KINDS[section]}arn: '{ARN}x/{name}'"]
                lines += [" " * column + line for line in anchored]
            case _:
                lines += _block(draw, section, name, column)
        if draw(st.integers(0, 3)) == 0:
            lines.append(
                " " * draw(st.sampled_from((0, column, 6))) + draw(st.sampled_from(COMMENTS))
            )
        if draw(st.integers(0, 5)) == 0:
            lines.append(draw(st.sampled_from(("", "   "))))
    return "\n".join(lines) + draw(st.sampled_from(("\n", "\n", "\n", "")))


@st.composite
def flow_list(draw: Any, section: str) -> str:
    """A list in flow style, on one line or several."""
    between = draw(st.sampled_from((", ", ",\n  ", ",", "\n,", ", # c\n  ")))
    items = [_flow(draw, section, f"foreign{n}") for n in range(draw(st.integers(1, 3)))]
    items += draw(st.sampled_from(([], ["hello"], ["{}"], ["note: x"])))
    last = draw(st.sampled_from(("]", "]\n", "\n]\n", ",\n]\n", "] # end")))
    return draw(st.sampled_from(("[", "[ ", "[\n  ", "[ # c\n"))) + between.join(items) + last


@st.composite
def section(draw: Any, name: str) -> str | None:
    """One section's text; None where the data key is absent."""
    if draw(st.integers(0, 11)) == 0:
        return None
    if draw(st.integers(0, 5)) == 0:
        return draw(st.sampled_from(EMPTY))
    body = draw(st.one_of(rows(name), rows(name), rows(name), flow_list(name)))
    foot = draw(st.sampled_from(FEET))
    text = draw(st.sampled_from(HEADS)) + body + (foot if body.endswith("\n") or not foot else "")
    match draw(st.integers(0, 7)):
        case 0:
            return text.replace("\n", "\r\n")
        case 1:
            return text.replace("\n", "\r\n", draw(st.integers(0, 3)))
    return text


@st.composite
def maps(draw: Any) -> dict[str, str]:
    """The data of a whole aws-auth ConfigMap."""
    found = {name: draw(section(name)) for name in KINDS}
    found["mapAccounts"] = draw(
        st.sampled_from((None, "- 012345670123\n", "- a: b: c", "# none\n"))
    )
    found["teamNote"] = draw(st.sampled_from((None, "keep\r\n", "\t- not: yaml: at all")))
    found["maproles"] = draw(st.sampled_from((None, None, None, "- left alone")))
    return {key: text for key, text in found.items() if text is not None}
