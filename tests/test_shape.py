"""The shape of the house, as tests: sizes, rooms, and that every room is in its list."""

import ast
from pathlib import Path

from policies.kinds import KINDS
from policies.models import TargetKind
from policies.providers import PROVIDERS

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("accounts", "policies", "portal", "tests")
SOURCES = sorted(
    path
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
    if "migrations" not in path.parts
)
LONGEST_FILE, LONGEST_FUNCTION, DEEPEST = 400, 70, 4


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_every_file_and_function_fits_in_the_head():
    big = []
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        big += [name(path)] if text.count("\n") > LONGEST_FILE else []
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                big += [f"{name(path)} {node.name}"] if length > LONGEST_FUNCTION else []
    assert big == [], "split these by what they know"


def test_every_room_says_what_it_is_for():
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}
    silent = [
        name(path) for path, tree in trees.items() if tree.body and not ast.get_docstring(tree)
    ]
    assert silent == []


def test_no_file_lies_too_deep():
    deep = [name(path) for path in SOURCES if len(path.relative_to(ROOT).parts) > DEEPEST + 1]
    assert deep == []


def test_every_kind_and_provider_file_is_listed():
    listed = {module.__name__.rsplit(".", 1)[-1] for module in KINDS.values()}
    helpers = {"__init__", "protocol", "support", "choices", "ends", "unasked", "usernames"}
    assert {path.stem for path in (ROOT / "policies/kinds").glob("*.py")} - helpers == listed
    listed = {module.__name__.rsplit(".", 1)[-1] for module in PROVIDERS.values()}
    helpers = {"__init__", "protocol", "places", "managed", "statements", "tagged", "keyed"}
    assert {path.stem for path in (ROOT / "policies/providers").glob("*.py")} - helpers == listed
    assert set(PROVIDERS) == set(TargetKind)
