"""The difference as a catalogue file: entries to apply, and comments for people."""

import yaml

from policies.access.catalogue import schema
from policies.management.imports.compare import IDENTITY, Difference
from policies.management.imports.look import Account, Values

HEAD = """\
# What AWS account {number} holds in {region} and the catalogue does not say, or says otherwise.
# Read it, give the names people know, then: manage.py apply_catalogue FILE --dry-run
"""


def text(found: Account, difference: Difference) -> str:
    """A file that `apply_catalogue` reads; what it cannot say stands in comments."""
    parts = [HEAD.format(number=found.number, region=found.region)]
    parts += [
        _comment(f"Not read ({section}): {why}")
        for section, reasons in found.unread.items()
        for why in reasons
    ]
    if difference.is_empty:
        parts.append("# No difference.\n")
    parts += [
        _comment(f"In the catalogue and not in AWS ({section}): {one}")
        for section, gone in difference.gone.items()
        for one in gone
    ]
    parts += [
        _comment(
            f"Tagged for Gatehouse and nobody's yet: {arn}. Add it under “principals” with "
            "“person” or “service”."
        )
        for arn in difference.unowned
    ]
    parts.append(f"version: {schema.VERSION}\n")
    for section in IDENTITY:
        entries = [*difference.new.get(section, ()), *difference.changed.get(section, ())]
        if entries:
            parts.append(f"\n{section}:\n")
            parts += [_entry(section, one, difference) for one in entries]
    return "".join(parts)


def _entry(section: str, one: Values, difference: Difference) -> str:
    key = (section, str(one[IDENTITY[section]]))
    notes = [difference.notes[key]] if key in difference.notes else []
    if key in difference.was:
        was = ", ".join(f"{name} {value!r}" for name, value in difference.was[key].items())
        notes.append(f"the catalogue says: {was}")
    lines = yaml.safe_dump([one], sort_keys=False, allow_unicode=True, width=10_000)
    comments = "".join(_comment(note, indent="  ") for note in notes)
    return comments + "".join(f"  {line}\n" for line in lines.splitlines())


def _comment(words: str, *, indent: str = "") -> str:
    """On one line, whatever AWS's words hold: a line of its own would be part of the file."""
    return f"{indent}# {' '.join(words.split())}\n"
