"""For any interleaving, AWS converges to the living grants and everything foreign, on record.

A short, always equal run by default; `--promise-minutes N` goes on with ever new examples.
"""

import time

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.promise.machine import Promise

pytestmark = pytest.mark.processes

EXAMPLES, STEPS = 8, 20
COMMON = {
    "deadline": None,
    "database": None,
    "suppress_health_check": list(HealthCheck),
    "print_blob": True,
    "report_multiple_bugs": False,
    "phases": [Phase.generate],  # shrinking a failure takes minutes: every step is real
}


@pytest.fixture
def machine(world) -> type[Promise]:
    Promise.fake = world.fake
    Promise.tally.clear()
    return Promise


def test_any_interleaving_converges_and_the_record_explains_every_difference(
    machine, pytestconfig, capsys
):
    minutes = pytestconfig.getoption("--promise-minutes")
    if not minutes:
        run_state_machine_as_test(
            machine,
            settings=settings(
                **COMMON,
                derandomize=True,
                max_examples=EXAMPLES,
                stateful_step_count=STEPS,
            ),
        )
        return
    began = time.monotonic()
    while time.monotonic() < began + 60 * minutes:
        run_state_machine_as_test(
            machine, settings=settings(**COMMON, max_examples=30, stateful_step_count=30)
        )
        with capsys.disabled():
            passed = (time.monotonic() - began) / 60
            told = ", ".join(f"{what} {n}" for what, n in sorted(machine.tally.items()))
            print(f"promise: nothing found in {passed:.1f} minutes: {told}", flush=True)
