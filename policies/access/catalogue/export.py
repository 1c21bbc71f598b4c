"""The database as a catalogue file that, applied to it again, changes nothing.

No secrets: passwords, tokens and external ids are not in the file's language at all.
"""

from typing import Any

import yaml

from policies.access.catalogue import schema, state
from policies.access.catalogue.shapes import Values
from policies.access.catalogue.state import State

_HEAD = """\
# A Gatehouse catalogue, as written by export_catalogue.
# Apply it with: manage.py apply_catalogue FILE --dry-run
"""


class _Dumper(yaml.SafeDumper):
    """Writes every value out: the reader refuses aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def write() -> str:
    """The whole catalogue as YAML text, in a stable order, fit for version control."""
    known = state.read()
    parts = [_HEAD, f"version: {schema.VERSION}\n"]
    for name, section in known.items():
        entries = [_shown(name, one, known) for one in section.values()]
        entries = [one for one in entries if one]
        if entries:
            parts.append("\n" + _dump({name: entries}))
    return "".join(parts)


def _dump(data: Values) -> str:
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)


def _shown(name: str, one: Values, known: State) -> Values:
    """An entry without what it does not have.

    Somebody who left can be nobody's manager or owner anew, so the file leaves such a
    field out, which leaves it as it is.
    """
    if name == "bundles" and not one["entitlements"]:
        return {}
    shown = _filled(one)
    if "config" in shown:
        shown["config"] = _filled(shown["config"])
    for key in ("manager", "owner"):
        if shown.get(key) in known.gone:
            del shown[key]
    return shown


def _filled(values: Values) -> Values:
    """Without what is empty: a field that a file leaves out has no value, or its default."""
    return {key: value for key, value in values.items() if value not in (None, "", [], False)}
