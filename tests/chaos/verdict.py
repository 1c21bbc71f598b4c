"""The end of a run: look, judge, and tell it as a table."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from typing import Any

from tests.chaos import witness
from tests.chaos.company import now
from tests.chaos.judge import Case, Fault, Finding, judge
from tests.chaos.measure import MEGABYTE, flatness
from tests.chaos.places import CLUSTER, PORTFOLIO, Place
from tests.chaos.stage import Stage
from tests.chaos.surroundings import ROOT

SHOWN = 40
Rows = dict[str, Any]


def told(stage: Stage) -> int:
    """Stop everybody, judge, print. The exit code."""
    stage.calls.read_on(stage.around.fake)
    stage.calls.read_clusters(stage.around.fake)
    settled = stage.is_settled
    left = [] if settled else witness.stuck_texts()
    stage.close()
    others = _others(stage)
    case = Case(
        rights=stage.ledger.all(),
        held=stage.sight.held(others),
        others=others,
        said=witness.said(),
        settled=witness.settled(),
        reported=witness.reported(stage.vandal.marks),
        at=now(),
    )
    findings = judge(case)
    rows = _rows(stage, case, findings, settled)
    _print(rows)
    for line in [*map(str, findings[:SHOWN]), *left, *stage.errors]:
        print(f"  ! {line}")
    good = _is_good(stage, findings, rows, settled)
    print(f"chaos: {'all well' if good else 'NOT WELL'} (seed {stage.options.seed})", flush=True)
    if stage.options.report:
        document = rows | {"well": good, "findings": [str(one) for one in findings]}
        stage.options.report.write_text(json.dumps(document, indent=2) + "\n")
    return 0 if good else 1


def _others(stage: Stage) -> dict[Place, Mapping[str, str]]:
    """What others must find as they left it."""
    expected: dict[Place, Mapping[str, str]] = {}
    for place in stage.estate.places:
        if place.kind == PORTFOLIO:
            expected[place] = dict.fromkeys(stage.portfolios.journal[place], "associated")
        elif place.kind == CLUSTER:
            expected[place] = stage.maps.expected(place)
        else:
            expected[place] = stage.policies.journal[place]
    return expected


def _rows(stage: Stage, case: Case, findings: list[Finding], settled: bool) -> Rows:
    by = Counter(one.fault for one in findings)
    living = sum(one.lives(case.at) for one in case.rights)
    over = Counter(one.how for one in case.rights if not one.lives(case.at))
    seen = sum(one.seen_events > 0 for one in case.said.values())
    gone = sum(one.gone_events > 0 for one in case.said.values())
    foreign = sum(len(one) for one in case.others.values())
    damaged = by[Fault.FOREIGN]
    edits: Counter[str] = Counter()
    for one in stage.editors:
        edits += one.counts
    calls = stage.calls
    before, after, flat = flatness(stage.memory)
    options = stage.options
    return {
        "run": f"seed {options.seed}, PACE {options.pace:g}, {stage.around.says}",
        "decided": f"{stage.ledger.decided} of {options.grants} grants, "
        f"over {len(stage.estate.places)} places",
        "of these living / over": f"{living} / {_told(over)}",
        "settled": f"{'yes' if settled else 'NO'}; called seen {seen}, called gone {gone}",
        "lost": by[Fault.LOST],
        "doubled": by[Fault.DOUBLED],
        "said and not so": by[Fault.LIED],
        "foreign things expected / as left": f"{foreign} / {foreign - damaged}",
        "foreign edits meanwhile": _told(edits),
        "ours overwritten / reported": f"{len(case.reported)} / {sum(case.reported.values())}",
        "AWS calls": f"{calls.total}, {_percent(calls.faulty, calls.total)} faulty",
        "faults met": _told(calls.met),
        "kill -9": f"{stage.crew.kills.total()}: {_told(stage.crew.kills)}",
        "ended by themselves": _told(Counter(stage.crew.ended_alone)) or "none",
        "broker emptied / database restarted": f"{stage.wiped} / {stage.restarted or 'embedded'}",
        "web /readyz": _told(stage.web),
        "retry now pressed": _told(stage.operator.counts) or "never",
        "time to settle after the last fault": f"{stage.settled_after:.0f} s",
        "memory of a worker": f"{before / MEGABYTE:.0f} MB, then {after / MEGABYTE:.0f} MB: "
        + ("flat" if flat else "NOT FLAT"),
        "people did": _told(sum((one.counts for one in stage.drivers), Counter())),
        "record": _record(stage),
    }


def _record(stage: Stage) -> str:
    if not witness.has_triggers():
        return "NOT append-only any more"
    if not witness.can_verify():
        return "append-only; verifying it: not built"
    command = [sys.executable, "manage.py", "verify_audit"]
    done = subprocess.run(
        command, cwd=ROOT, env=stage.around.values, capture_output=True, text=True, check=False
    )
    said = (done.stdout + done.stderr).strip().splitlines()[-1:] or [""]
    return f"{'verifies' if done.returncode == 0 else 'DOES NOT VERIFY'}: {said[0]}"


def _is_good(stage: Stage, findings: list[Finding], rows: Rows, settled: bool) -> bool:
    bad = ("NOT FLAT", "NOT append-only", "DOES NOT VERIFY")
    wrong = any(word in str(value) for value in rows.values() for word in bad)
    done = stage.ledger.decided >= stage.options.grants
    return done and settled and not findings and not stage.errors and not wrong


def _told(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(counts.items()) if number)


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "none"


def _print(rows: Rows) -> None:
    wide = max(map(len, rows))
    print()
    for name, value in rows.items():
        print(f"{name:<{wide}}  {value}")
