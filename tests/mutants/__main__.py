"""python -m tests.mutants [NAME…]: try seeded defects, and say which were caught."""

import argparse
import json
import sys
from collections.abc import Sequence

from tests.mutants import MUTANTS
from tests.mutants.mutant import Mutant
from tests.mutants.runner import Result, run


def main(argv: Sequence[str] | None = None) -> int:
    """0 when every mutant was caught, 1 when one was not, 2 when one is not known."""
    options = _options(argv)
    if options.list:
        for one in MUTANTS:
            print(f"{one.name}\n    {one.file}: {one.harm}")
        return 0
    chosen = _chosen(options.names)
    if not chosen:
        print(f"No mutant is called {', '.join(options.names)}; try --list.", file=sys.stderr)
        return 2
    results = run(chosen, options.jobs, _tell if not options.json else lambda _one: None)
    caught = sum(one.is_good for one in results)
    if options.json:
        print(json.dumps([vars(one) for one in results], indent=2))
    else:
        print(f"{caught} of {len(chosen)} mutants caught")
    return 0 if caught == len(chosen) else 1


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutants",
        description="Tries seeded defects in copies of the tree; each must make its tests fail.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="part of a mutant's name or file")
    parser.add_argument("--jobs", type=int, default=2, help="how many at once (default 2)")
    parser.add_argument("--json", action="store_true", help="results as JSON")
    parser.add_argument("--list", action="store_true", help="list the mutants and try none")
    return parser.parse_args(argv)


def _chosen(names: Sequence[str]) -> list[Mutant]:
    if not names:
        return list(MUTANTS)
    return [one for one in MUTANTS if any(name in one.name or name in one.file for name in names)]


def _tell(one: Result) -> None:
    mark = {"caught": "ok      ", "passes": "ok      ", "survived": "SURVIVED"}
    print(f"{mark.get(one.verdict, 'BROKEN  ')} {one.name}, {one.seconds:.0f} s", flush=True)
    if one.verdict not in {"caught", "passes"}:
        print(f"         {one.told}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
