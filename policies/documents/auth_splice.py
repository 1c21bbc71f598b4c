"""Changing rows of `aws-auth` by splicing its text, so that everybody else's bytes stay.

Rows are checked before (names, duplicates, the cluster's own rows) and the result is read
back after; a doubt at any point refuses the whole change. The cutting is in `auth_cut`.
"""

from collections.abc import Mapping

from policies.documents.auth_cut import Due, cut
from policies.documents.auth_map import (
    LIMIT_BYTES,
    complaints,
    effective,
    protected,
    row_text,
    size_bytes,
)
from policies.documents.auth_rows import (
    Entry,
    Row,
    Section,
    foreign_pairs,
    read,
    section_of,
    stand_alone,
    wanted_row,
)
from policies.documents.auth_text import Refused, TooLong, Unreadable
from policies.documents.names import BadName, check_group, check_username

Changes = Mapping[str, Row | None]

_OTHER = {"role:": "user:", "user:": "role:"}


def splice(data: Mapping[str, str], changes: Changes) -> dict[str, str]:
    """The ConfigMap's data with these rows as wanted (None: removed) and nothing else touched.

    Keys are those of `row_key`. A row that is already so, or already gone, changes no byte. A
    data key that was absent before its first row is absent again after its last.
    Raises Refused (Unreadable where a needed section cannot be read); then write nothing.
    """
    after = dict(data)
    for name, due in _due(data, changes).items():
        text = cut(read(data.get(name, ""), name), due, absent=name not in data)
        after.pop(name, None)
        after |= {} if text is None else {name: text}
    if size_bytes(after) > max(LIMIT_BYTES, size_bytes(data)):
        raise TooLong(
            f"aws-auth would hold {size_bytes(after):,} bytes; Kubernetes allows {LIMIT_BYTES:,}.",
            "End access that is no longer needed, or use access entries.",
        )
    verify(data, after, changes)
    return after


def fit(data: Mapping[str, str], changes: Changes) -> tuple[dict[str, str], dict[str, Refused]]:
    """As many of the changes as can be made, and why the others cannot: one odd row of a
    hundred keeps back itself alone."""
    try:
        return splice(data, changes), {}
    except Refused:
        refused = _refused(data, changes)
    fine = {key: row for key, row in changes.items() if key not in refused}
    after, others = _halved(data, fine)
    return after, refused | others


def _refused(data: Mapping[str, str], changes: Changes) -> dict[str, Refused]:
    """What can be told of each row by itself, before anything is cut."""
    broken, found = complaints(data), {}
    for key, row in changes.items():
        try:
            _check(data, key, row, broken)
        except Refused as error:
            found[key] = error
    return found


def _halved(data: Mapping[str, str], changes: Changes) -> tuple[dict[str, str], dict[str, Refused]]:
    """The same by trying halves, for what only shows in the text as a whole."""
    try:
        return splice(data, changes), {}
    except Refused as error:
        if len(changes) == 1:
            return dict(data), dict.fromkeys(changes, error)
    items = list(changes.items())
    middle = len(items) // 2
    after, refused = _halved(data, dict(items[:middle]))
    after, others = _halved(after, dict(items[middle:]))
    return after, refused | others


def verify(before: Mapping[str, str], after: Mapping[str, str], changes: Changes) -> None:
    """Reads `after` back; raises Refused unless exactly these rows differ, and as intended."""
    touched = {section_of(key) for key in changes}
    for name in before.keys() | after.keys():
        if name not in touched and before.get(name) != after.get(name):
            _differs(f"{name} would change")
    for name in touched:
        if before.get(name) != after.get(name):
            old, new = read(before.get(name, ""), name), read(after.get(name, ""), name)
            if _others(old, changes) != _others(new, changes):
                _differs(f"another entry of {name} would change")
            kept = _extras(old, changes) | _own_extras(name, changes)
            if not _extras(new, changes).items() <= kept.items():
                _differs("a field kept for somebody else would change")
    expected = _meaning(before)
    for key, row in changes.items():
        expected.pop(key[5:], None)
        if row is not None:
            expected[key[5:]] = (key[:4], row_text(row.username, row.groups))
    if _meaning(after) != expected:
        _differs("who gets in would not change as intended")


def _differs(what: str) -> None:
    raise Refused(
        f"Read back, the new text is not what was meant: {what}.",
        "Rewrite the surroundings of the row as a plain list by hand; then try again.",
    )


def _others(section: Section, changes: Changes) -> list[tuple[object, ...]]:
    return [
        (entry.raw, entry.row, entry.node.content)
        for entry in section.entries
        if entry.row is None or entry.row.key not in changes
    ]


def _extras(section: Section, changes: Changes) -> dict[str, list[object]]:
    return {
        key: _extra(section.name, entry)
        for key in changes
        for entry in section.by_key.get(key, ())
        if entry.row is not None and entry.row.extra
    }


def _own_extras(name: str, changes: Changes) -> dict[str, list[object]]:
    """The other keys of rows that are put back with the text they had."""
    entries = {key: stand_alone(key, row.source) for key, row in changes.items() if row}
    return {key: _extra(name, entry) for key, entry in entries.items() if entry}


def _extra(name: str, entry: Entry) -> list[object]:
    return [(k.content, v.content) for k, v in foreign_pairs(name, entry.node)]


def _meaning(data: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    return {
        arn: (answer.via, row_text(answer.username, answer.groups))
        for arn, answer in effective(data).items()
    }


def _due(data: Mapping[str, str], changes: Changes) -> dict[str, Due]:
    """Per section, the rows that really change, each found to be safe to change."""
    broken = complaints(data)
    due: dict[str, Due] = {}
    for key, row in changes.items():
        name, found = _check(data, key, row, broken)
        if found is not None:
            due.setdefault(name, {})[key] = (found[0] if found else None, row)
    return due


def _check(
    data: Mapping[str, str], key: str, row: Row | None, broken: Mapping[str, str]
) -> tuple[str, list[Entry] | None]:
    """The section of a change, and the one entry or none that it replaces; None where all is so
    already. Raises Refused for what may not be changed."""
    name, other = section_of(key), section_of(_OTHER[key[:5]])
    if name in broken:
        raise Unreadable(broken[name])
    section = read(data.get(name, ""), name)
    if row is not None:
        _check_wanted(key, row)
    namesake = _OTHER[key[:5]] + key[5:]
    if other not in broken and namesake in read(data.get(other, ""), other).by_key:
        _twice(f"{key[5:]} stands in {other} too.")
    found = section.by_key.get(key, [])
    if row is not None and not found:
        _check_sso(section, row)
    return name, None if _is_so(found, row) else _editable(section, found)


def _check_sso(section: Section, row: Row) -> None:
    if any(entry.maps_by_sso(row.arn) for entry in section.entries):
        _twice(f"An sso entry maps {row.arn} already.")


def _is_so(found: list[Entry], row: Row | None) -> bool:
    last = found[-1].row if found else None
    if row is None or last is None:
        return row is None and last is None
    return row_text(last.username, last.groups) == row_text(row.username, row.groups)


def _editable(section: Section, found: list[Entry]) -> list[Entry]:
    if section.lock:
        raise Refused(section.lock, f"Make {section.name} one plain list by hand; then try again.")
    if len(found) > 1:
        _twice(f"{len(found)} entries name the same ARN, and only one of them takes effect.")
    if not found or found[0].row is None:
        return []
    reason = protected(found[0].row)
    if reason:
        raise Refused(
            f"The row of {found[0].row.arn} is not ours to change. {reason}",
            "A cluster administrator changes it by hand, if it must change.",
        )
    if found[0].node.shared:
        raise Refused(
            f"The row of {found[0].row.arn} uses a YAML anchor or alias.",
            "Write its values out by hand; then try again.",
        )
    return found


def _twice(why: str) -> None:
    raise Refused(why, "Remove by hand the entries that are not meant; then try again.")


def _check_wanted(key: str, row: Row) -> None:
    if row.source:
        entry = stand_alone(key, row.source)
        if entry is None or entry.row != row:
            raise Refused(f"The text kept of {key} is not that row.", "Write the row by hand.")
    else:
        _check_names(key, row)
    reason = protected(row)
    if reason:
        raise Refused(f"A row for {row.arn} may not be written. {reason}", "Use another role.")


def _check_names(key: str, row: Row) -> None:
    try:
        check_username(row.username)
        for group in row.groups:
            check_group(group)
        if row != wanted_row(row.arn, row.username, row.groups) or row.key != key:
            raise BadName(f"Row {key!r}", "it is not in canonical form.", "Use wanted_row.")
    except BadName as error:
        raise Refused(f"{error.what}: {error.why}", error.remedy) from error
