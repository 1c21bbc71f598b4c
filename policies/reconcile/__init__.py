"""The only code that changes AWS. One entry, `converge(target_id)`; one pass at a time.

A pass: lease, read, ask `plan.next_step`, commit the plan, write at most one difference,
set when to look next, release. No database transaction is open across a network call; the
lease row is the only lock; only looks settle a generation.
"""

from policies.reconcile.foresight import foresee
from policies.reconcile.passes import converge

__all__ = ["converge", "foresee"]
