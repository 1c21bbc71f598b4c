"""Seeded defects: small, named, realistic; each must make one of its tests fail by assertion.

A test that no defect can make fail protects nobody. `python -m tests.mutants` tries each on a
copy of the tree; `tests/test_mutants.py` keeps them applicable when the code changes.
"""

from tests.mutants import documents, external, kinds, plan, providers, reconcile
from tests.mutants.mutant import Mutant

MUTANTS: tuple[Mutant, ...] = (
    *plan.ALL,
    *documents.ALL,
    *providers.ALL,
    *reconcile.ALL,
    *external.ALL,
    *kinds.ALL,
)

__all__ = ["MUTANTS", "Mutant"]
