"""The documents say what is so: settings, runbook numbers, commands, links."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from accounts.audit import What
from policies.outcomes import ADVICE

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
OURS = [*(ROOT / "accounts").rglob("*.py"), *(ROOT / "policies").rglob("*.py")]
OURS += [*(ROOT / "portal").rglob("*.py"), *(ROOT / "templates").rglob("*.html")]


def text_of(*names: str) -> str:
    return "\n".join((ROOT / name).read_text(encoding="utf-8") for name in names)


def test_every_setting_is_documented():
    called = re.compile(
        r"env\.(?:text|words|flag|number|decimal|url|folder|secret|database|cache|rates)\(\s*\"(\w+)\""
    )
    settings = set(called.findall(text_of("portal/settings.py")))
    documented = text_of("docs/architecture.md")
    assert {one for one in settings if f"`{one}`" not in documented} == set()


def test_every_runbook_number_has_its_paragraph_and_every_paragraph_is_used():
    headings = set(re.findall(r"^## (GH-\d+)$", text_of("docs/runbook.md"), re.MULTILINE))
    named = {
        number
        for path in OURS
        for number in re.findall(r"GH-\d+", path.read_text(encoding="utf-8"))
    }
    assert named == headings
    assert {advice.runbook for advice in ADVICE.values()} <= headings


def test_every_event_is_documented_and_recorded_somewhere():
    rows = re.findall(r"^\| (`.+?`) \| ", text_of("docs/events.md"), re.MULTILINE)
    documented = re.findall(r"`([\w.]+)`", " ".join(rows))
    assert sorted(documented) == sorted(What)
    ours = "\n".join(path.read_text(encoding="utf-8") for path in OURS)
    assert {one.name for one in What if not re.search(rf"What\.{one.name}\b", ours)} == set()


def test_every_command_is_documented():
    ours = {
        name for name, app in get_commands().items() if app in {"accounts", "policies", "portal"}
    }
    documented = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert {name for name in ours if f"{name}" not in documented} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_project_speaks_of_itself_alone():
    """No path of a machine in anything we ship."""
    strange = re.compile(r"/(?:root|home/\w+|work)/")
    found = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in [*PAGES, *OURS, ROOT / "pyproject.toml"]
        for match in strange.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == []
