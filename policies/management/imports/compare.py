"""What AWS holds against what the catalogue says: pure, but for the values it is handed."""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from policies.management.imports.look import Account, Seen, Values

# What AWS knows each thing by, whatever people call it. `name` is people's, so not compared.
IDENTITY = {
    "portfolios": "portfolio_id",
    "studios": "studio_id",
    "clusters": "cluster_name",
    "virtual_clusters": "virtual_cluster_id",
    "roles": "arn",
    "buckets": "bucket_name",
    "principals": "arn",
}
WITHOUT_REGION = {"roles", "principals", "buckets"}
LONGEST_SLUG = 80
Known = Mapping[str, Mapping[str, Values]]


@dataclass
class Difference:
    """`new` and `changed`: entries for a file, by section. `gone`: what AWS does not have.

    `unowned`: identities that are somebody's, and only people know whose. `notes`: by section
    and identity. `was`: what the catalogue says of a changed entry now.
    """

    new: dict[str, list[Values]] = field(default_factory=dict)
    changed: dict[str, list[Values]] = field(default_factory=dict)
    was: dict[tuple[str, str], Values] = field(default_factory=dict)
    gone: dict[str, list[str]] = field(default_factory=dict)
    unowned: list[str] = field(default_factory=list)
    notes: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not (self.new or self.changed or self.gone)


def compare(found: Account, known: Known) -> Difference:
    """Sections that could not be read whole say nothing of what is gone."""
    result = Difference()
    for section in IDENTITY:
        there = _known_here(section, found, known)
        seen = [one for one in found.seen if one.section == section]
        result.notes |= {(section, _id(one)): one.note for one in seen if one.note}
        _section(section, seen, there, found, known, result)
        read = section not in found.unread and section not in {"principals", "buckets"}
        gone = sorted(there.keys() - {_id(one) for one in seen}) if read else []
        if section == "roles":
            gone = []  # the catalogue names roles of every purpose, this only finds pods' ones
        if gone:
            result.gone[section] = gone
    return result


def _section(
    section: str,
    seen: list[Seen],
    there: Mapping[str, Values],
    found: Account,
    known: Known,
    result: Difference,
) -> None:
    new = []
    for one in sorted(seen, key=_id):
        before = there.get(_id(one))
        if before is None:
            new.append(one)
            continue
        values = _filled(one, found, known, result)
        differs = {
            name: value
            for name, value in values.items()
            if name not in {"name", "sharing"} and value != before.get(name)
        }
        if differs:
            kept = {name: value for name, value in before.items() if value not in (None, "", [])}
            result.changed.setdefault(section, []).append({**kept, **differs})
            result.was[section, _id(one)] = {name: before.get(name) for name in differs}
    if section == "principals":
        result.unowned += [_id(one) for one in new if one.values["sharing"] == "personal"]
        shared = [one.values for one in new if one.values["sharing"] != "personal"]
        entries = [{key: one[key] for key in ("arn", "sharing")} for one in shared]
    else:
        slugs = _slugs(new, set(known.get(section, {})))
        entries = [_entry(one, slugs[_id(one)], found, known, result) for one in new]
    if entries:
        result.new[section] = entries


def _known_here(section: str, found: Account, known: Known) -> dict[str, Values]:
    rows = {}
    for one in known.get(section, {}).values():
        account = one["arn"].split(":")[4] if section == "principals" else one["account"]
        region = found.region if section in WITHOUT_REGION else one["region"]
        if (account, region) == (found.number, found.region):
            rows[str(one[IDENTITY[section]])] = dict(one)
    return rows


def _entry(one: Seen, slug: str, found: Account, known: Known, result: Difference) -> Values:
    home = {"slug": slug, "name": one.values["name"], "account": found.number}
    values = {**_filled(one, found, known, result), "region": found.region}
    return {**home, **{name: value for name, value in values.items() if value != ""}}


def _filled(one: Seen, found: Account, known: Known, result: Difference) -> Values:
    """A virtual cluster names its cluster by the short name that this file or catalogue has."""
    values = dict(one.values)
    if one.section == "virtual_clusters":
        name = values.pop("cluster_name")
        rows = [*_known_here("clusters", found, known).values(), *result.new.get("clusters", ())]
        slug = next((row["slug"] for row in rows if row["cluster_name"] == name), "")
        if slug:
            values["cluster"] = slug
    return values


def _slugs(new: list[Seen], taken: set[str]) -> dict[str, str]:
    """Short names from names; where two would be one, each carries a piece of its identity."""
    wished = {_id(one): _slug(str(one.values["name"])) for one in new}
    often = Counter(wished.values())
    return {
        identity: slug
        if often[slug] == 1 and slug not in taken
        else f"{slug[: LONGEST_SLUG - 9]}-{hashlib.sha256(identity.encode()).hexdigest()[:8]}"
        for identity, slug in wished.items()
    }


def _slug(name: str) -> str:
    words = re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-")
    return words[:LONGEST_SLUG].strip("-") or "unnamed"


def _id(one: Seen) -> str:
    return str(one.values[IDENTITY[one.section]])


def as_json(found: Account, difference: Difference) -> dict[str, Any]:
    return {
        "account": found.number,
        "region": found.region,
        "new": difference.new,
        "changed": difference.changed,
        "gone": difference.gone,
        "unowned": difference.unowned,
        "unread": found.unread,
        "same": difference.is_empty,
    }
