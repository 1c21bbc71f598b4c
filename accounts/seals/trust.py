"""Whose signature counts: keys known from outside, and those they handed over to."""

import re
from collections.abc import Iterable

from accounts.seals.findings import Report
from accounts.seals.rows import Row
from accounts.seals.signing import is_public, key_id

_KEY = re.compile(r"[A-Za-z0-9_-]{43}=")


class BadKeys(ValueError):
    """A file of public keys that cannot be used. The text says what is wrong."""


def keys_in(text: str) -> set[str]:
    """The public keys of a file as `verify_audit --print-keys` writes it. Raises BadKeys.

    One key a line, as its first word; what follows it, and lines after a #, are remarks.
    """
    found = set()
    for number, line in enumerate(text.splitlines(), 1):
        word = line.split("#")[0].split()[:1]
        if word and not (_KEY.fullmatch(word[0]) and is_public(word[0])):
            raise BadKeys(f"line {number} does not begin with a public key")
        found.update(word)
    if not found:
        raise BadKeys("there is no public key in it")
    return found


class Trust:
    """Judges each seal's key in turn. `known` None: the first seal's key is believed.

    The key that is due is the last seal's, or the one which that seal handed over to. Any
    other must be known from outside and must not have signed before: who finds a retired
    private key cannot go on from an old seal with it unseen.
    """

    def __init__(self, known: Iterable[str] | None, report: Report) -> None:
        self._known = None if known is None else set(known)
        self._report = report
        self._due = ""
        self._used: set[str] = set()
        self._refused: set[str] = set()

    def judge(self, seal: Row) -> None:
        """A seal whose signature holds for the key that it names."""
        key, number = seal["key"], seal["number"]
        if not self._accepts(key):
            self._refuse(key, number)
            return
        if self._due and key != self._due:
            self._report.remark(
                f"Key {key_id(key)} signs from seal {number} on without a handover by the key "
                "before it; it is among the given keys."
            )
        self._due = seal["next_key"] or key
        self._note(key, number)

    def _accepts(self, key: str) -> bool:
        if key == self._due:
            return True
        if self._known is None:
            return not self._used
        return key in self._known and key not in self._used

    def _refuse(self, key: str, number: int) -> None:
        if key in self._refused:
            return
        self._refused.add(key)
        due = f"; key {key_id(self._due)} was due" if self._due else ""
        why = "has been retired" if key in self._used else "is not known"
        self._report.add(
            "seal.key", f"signed by key {key_id(key)}, which {why}{due}; from here on", seal=number
        )

    def _note(self, key: str, number: int) -> None:
        if key not in self._used:
            self._used.add(key)
            self._report.keys.append({"key": key, "id": key_id(key), "first_seal": number})
        last = next(one for one in self._report.keys if one["key"] == key)
        last["last_seal"] = number
