"""What this installation does about things of ours that others changed: the one place that knows.

By default they are reported and left; an administrator puts them back, one by one.
"""

from collections.abc import Callable

from policies.access import outside
from policies.models import Drift, Target
from tests import factories as f
from tests.promise.scene import Scene


def bring_back(scene: Scene, inspect: Callable[[], None]) -> None:
    """Whatever makes a worker put back what others took or changed."""
    for target in Target.objects.all():
        scene.retry(target)
    scene.settle(inspect)
    for row in Drift.objects.filter(over_at__isnull=True):
        outside.put_back(row, row.there, by=f.acting(scene.company.ada), why="the machine")
