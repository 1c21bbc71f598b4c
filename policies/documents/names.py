"""Kubernetes and IAM names as `aws-auth` understands them: what may be asked for and written.

The public authenticator reserves no name in `aws-auth` unless configured to
(kubernetes-sigs/aws-iam-authenticator PR #1047), so these rules are the only guard.
"""

import re
import unicodedata

LONGEST = 253
RESERVED = ("system", "eks", "aws", "amazon", "iam")
RESERVED_GROUPS = ("system", "eks")

# What each allowed template can become; IAM's documented character sets.
_SESSION = r"[\w+=,.@-]*"
TEMPLATES = {
    "{{AccountID}}": r"\d{12}",
    "{{SessionName}}": _SESSION,
    "{{SessionNameRaw}}": _SESSION,
    "{{AccessKeyID}}": r"\w{16,128}",
}
_CHOSEN = ("{{SessionName}}", "{{SessionNameRaw}}")
_TEMPLATE = re.compile("|".join(re.escape(name) for name in TEMPLATES))
_ARN = re.compile(
    r"(?P<head>arn:aws(?:-[a-z]+)*:iam::\d{12}:)(?P<kind>role|user)"
    r"(?P<path>/(?:[!-.0-~]+/)*)(?P<name>[\w+=,.@-]{1,64})",
    re.ASCII,
)
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


_NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)


class BadName(ValueError):
    """A name that must not be asked for or written: `what` it is, `why` not, and the `remedy`."""

    def __init__(self, what: str, why: str, remedy: str) -> None:
        super().__init__(f"{what}: {why} {remedy}")
        self.what = what
        self.why = why
        self.remedy = remedy


def auth_map_arn(arn: str) -> str:
    """The form of a role's or user's ARN that `aws-auth` matches: roles lose their path.

    The authenticator compares with `arn:PARTITION:iam::ACCOUNT:role/NAME`, so a row with a
    role path never matches (aws-iam-authenticator pkg/arn); user paths stay. Surrounding
    space is dropped. Raises BadName for anything a row can never match.
    """
    text = arn.strip()
    if "*" in text or "?" in text:
        raise BadName(f"ARN {text!r}", "aws-auth knows no wildcards.", "Name one role or user.")
    match = _ARN.fullmatch(text)
    if match is None:
        raise BadName(f"ARN {text!r}", *_unmatchable(text))
    path = "/" if match["kind"] == "role" else match["path"]
    return f"{match['head']}{match['kind']}{path}{match['name']}"


def _unmatchable(text: str) -> tuple[str, str]:
    if ":assumed-role/" in text:
        return (
            "it is one session, and a session never matches a row.",
            "Give the ARN of the role itself: arn:aws:iam::ACCOUNT:role/NAME.",
        )
    if ":instance-profile/" in text:
        return (
            "an instance profile never matches a row.",
            "Give the ARN of the role inside it.",
        )
    if text.endswith(":root"):
        return (
            "the root of an account may not be mapped.",
            "Give the ARN of a role or user.",
        )
    if ":group/" in text:
        return (
            "IAM groups cannot be mapped.",
            "Give a role that the members may assume.",
        )
    return (
        "it is not the ARN of an IAM role or user.",
        "It looks like arn:aws:iam::111122223333:role/NAME.",
    )


def check_username(text: str) -> str:
    """The same text, if it may be a Kubernetes user name in `aws-auth`; else raises BadName.

    Templates are judged by what they can become: no rendering may start with a reserved
    prefix (compared without regard to case), and nobody may choose the name's beginning,
    for whoever assumes the role chooses the session name.
    """
    what = f"User name {text!r}"
    _check_plain(what, text)
    literal = _TEMPLATE.sub("", text)
    if "{{" in literal or "}}" in literal:
        raise BadName(
            what,
            "it holds braces that are not one of the allowed templates.",
            f"Allowed are {' '.join(TEMPLATES)}, written exactly so.",
        )
    if text.startswith(_CHOSEN):
        raise BadName(
            what,
            "whoever assumes the role chooses the session name, so nothing may start with it.",
            "Put a fixed word first, such as 'data-engineer:{{SessionName}}'.",
        )
    if any(_reaches(text, word) for word in RESERVED):
        raise BadName(
            what,
            "it starts, or could be made to start, with a prefix reserved for the cluster.",
            f"Choose one that does not start with {_prefixes(RESERVED)}.",
        )
    return text


def _reaches(text: str, word: str) -> bool:
    """Whether some rendering of `text` starts with `word:` (no template can render a colon)."""
    head, colon, _ = text.partition(":")
    parts = [
        TEMPLATES.get(part) or re.escape(_folded(part))
        for part in re.split(f"({_TEMPLATE.pattern})", head)
    ]
    return bool(colon) and re.fullmatch("".join(parts), word, re.ASCII) is not None


def check_group(text: str) -> str:
    """The same text, if it may be a Kubernetes group in `aws-auth`; else raises BadName.

    `system:` and `eks:` groups are the cluster's own, and templates in groups are refused:
    a session name would choose the group.
    """
    what = f"Group {text!r}"
    _check_plain(what, text)
    if "{{" in text or "}}" in text:
        raise BadName(
            what,
            "a group may hold no template: its value is the caller's.",
            "Write it out.",
        )
    if _folded(text).startswith(tuple(f"{word}:" for word in RESERVED_GROUPS)):
        raise BadName(
            what,
            "groups with this prefix belong to the cluster itself.",
            "Bind the rights you need to a group of your own, and ask for that group.",
        )
    return text


def _check_plain(what: str, text: str) -> None:
    if not text:
        raise BadName(what, "it is empty.", "Write a name.")
    if len(text) > LONGEST:
        raise BadName(f"{what[:40]}…", f"it is over {LONGEST} characters.", "Shorten it.")
    if text != text.strip():
        raise BadName(what, "it starts or ends with space.", "Remove the space.")
    if any(unicodedata.category(char) in _INVISIBLE for char in text):
        raise BadName(what, "it holds control or invisible characters.", "Type it anew.")


def _folded(text: str) -> str:
    """Look-alike widths and cases made one, so that no disguise of a prefix passes."""
    return unicodedata.normalize("NFKC", text).casefold()


def _prefixes(words: tuple[str, ...]) -> str:
    return ", ".join(f"{word}:" for word in words)


def is_namespace(name: object) -> bool:
    """Whether a value is one namespace's name, without wildcards.

    https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names
    """
    return isinstance(name, str) and bool(_NAMESPACE.fullmatch(name))
