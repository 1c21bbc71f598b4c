"""Mutants stay applicable: a change of the code has to take its mutants along."""

import ast
from pathlib import Path

import pytest

from tests.mutants import MUTANTS

ROOT = Path(__file__).resolve().parents[1]
LEAST = 25


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.name)
def test_every_mutant_applies_compiles_and_changes_what_the_code_says(mutant):
    original = ast.parse((ROOT / mutant.file).read_text(encoding="utf-8"))
    assert ast.dump(ast.parse(mutant.apply(ROOT))) != ast.dump(original)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.name)
def test_the_tests_that_catch_it_exist(mutant):
    for test in mutant.tests:
        file, _colons, name = test.partition("::")
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        assert name in {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}


def test_there_are_enough_and_no_two_share_a_name():
    names = [one.name for one in MUTANTS]
    assert len(set(names)) == len(names) >= LEAST
    rooms = {one.file.split("/")[1].removesuffix(".py") for one in MUTANTS}
    assert rooms >= {"plan", "documents", "providers", "reconcile"}
