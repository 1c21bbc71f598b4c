"""What providers of documents that others write, too, have in common. All of it is pure."""

import json
from collections.abc import Mapping, Sequence, Set
from typing import Any

from django.utils.translation import gettext as _

from policies.documents import iam, shared
from policies.outcomes import Kind, Outcome
from policies.plan import Change, Reading, State, digest
from policies.providers.protocol import Basis, Part, Place, Standing

Document = dict[str, Any]


def reading(
    document: Mapping[str, Any],
    place: Place,
    *,
    tags: Sequence[Mapping[str, str]] = (),
    identities: Mapping[str, str] | None = None,
) -> Reading:
    state = shared.state(document, place.installation)
    return Reading(
        state,
        {"document": dict(document), "tags": list(tags)},
        version=digest(document),
        marked=frozenset(key for key in state if shared.is_ours(key)),
        originals=shared.originals(document, place.installation),
        identities=identities or {},
    )


def document_of(reading: Reading) -> Document:
    """The document as AWS gave it; none where the role or bucket does not exist."""
    found: Document = reading.raw["document"] if reading.raw else {}
    return found


def key_of(place: Place, part: Part) -> str:
    return shared.key_of(part, place.installation)


def keys_of(place: Place, part: Part, state: State) -> Set[str]:
    """Whatever gives the part, and our own statement for it, though it may say less."""
    own = key_of(place, part)
    return {key for key, text in state.items() if key == own or shared.covers(text, part)}


def desired(place: Place, parts: Sequence[Part], standing: Standing | None = None) -> State:
    """What others' statements give already is left to them, unless ours stands there, too."""
    theirs: dict[str, str] = {}
    own = []
    for part in parts:
        key = _given_by_others(place, part, standing)
        if standing is None or key is None:
            own.append(part)
        else:
            theirs[key] = standing.reading.state[key]
    united = shared.united(own, place.installation)
    return {**theirs, **{key: iam.text(one) for key, one in united.items()}}


def _given_by_others(place: Place, part: Part, standing: Standing | None) -> str | None:
    if standing is None or key_of(place, part) in standing.ours:
        return None
    found = (
        key
        for key, text in sorted(standing.reading.state.items())
        if not shared.is_ours(key) and shared.covers(text, part)
    )
    return next(found, None)


def holds(state: State, place: Place, part: Part) -> bool:
    return any(shared.covers(text, part) for text in state.values())


def clears(state: State, place: Place, parts: Sequence[Part]) -> Set[str]:
    return frozenset()


def basis(
    reading: Reading, place: Place, parts: Sequence[Part], limits: Mapping[str, int]
) -> Basis:
    """Others' statements, as they count against the length."""
    pairs = shared.keyed(document_of(reading), place.installation)
    others = [one for key, one in pairs if key.startswith(shared.THEIRS)]
    return {"others": others, "limits": dict(limits)}


def length(basis: Basis, place: Place, parts: Sequence[Part]) -> int:
    """Characters of the whole document with all of `parts` in it; white space is not counted."""
    others = {"Statement": basis["others"]}
    standing = Standing(reading(others, place), {})
    ours = [
        json.loads(text)
        for key, text in desired(place, parts, standing).items()
        if shared.is_ours(key)
    ]
    return iam.size(iam.raw({"Version": iam.VERSION, "Statement": [*basis["others"], *ours]}))


def dangling(reading: Reading) -> list[str]:
    """Why a document that names a deleted identity cannot be written at all."""
    return [
        _(
            "Statement %(statement)s names %(principal)s, an identity that was deleted. AWS "
            "refuses every change of the document until whoever owns that statement corrects or "
            "removes it (GH-109)."
        )
        % {"statement": statement, "principal": principal}
        for principal, statement in shared.dangling(document_of(reading)).items()
    ]


def untouchable(place: Place, key: str, text: str) -> str:
    return ""


def writes(changes: Sequence[Change]) -> list[list[Change]]:
    """The document is one."""
    return [list(changes)] if changes else []


def checked(found: Reading, planned: Reading, changes: Sequence[Change], place: Place) -> Document:
    """The document to write, from what stands there this moment.

    Raises CONFLICT where others changed it since the plan was made: AWS has no compare-and-set
    for it. MALFORMED where AWS would refuse it, or it would not read back as meant.
    """
    if found.version != planned.version:
        raise Outcome(Kind.CONFLICT, f"{place.object}: others changed the document meanwhile.")
    for problem in dangling(found):
        raise Outcome(Kind.MALFORMED, problem)
    document = shared.changed(document_of(found), changes, place.installation)
    state = shared.state(document, place.installation)
    if any(state.get(one.key) != one.after for one in changes):
        raise Outcome(Kind.MALFORMED, f"{place.object}: the document does not read back as meant.")
    return document
