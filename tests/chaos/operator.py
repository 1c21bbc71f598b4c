"""An administrator who presses *retry now* and *put back*; somebody who overwrites what is ours."""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from random import Random
from typing import Any

from django.db import Error as DatabaseError
from django.db import connection
from django.db.models import F

from policies.access import operations, outside
from policies.access.errors import Refused
from policies.models import Drift, Phase, Target
from tests.chaos import witness
from tests.chaos.company import Company
from tests.chaos.places import Estate, Place
from tests.chaos.sight import Sight

LOOK_SECONDS = 3.0
AGAIN_SECONDS = 15.0  # one target is not pressed more often
OURS = "gatehouse-"
VANDAL = """{{"Version": "2012-10-17", "Statement": [
  {{"Sid": "{mark}", "Effect": "Deny", "Action": "s3:*", "Resource": "*"}}]}}"""


class Operator(threading.Thread):
    """Looks at what is stuck; presses the button that the page shows there, and counts."""

    def __init__(self, company: Company, pace: float) -> None:
        super().__init__(name="operator", daemon=True)
        self._company, self._again = company, AGAIN_SECONDS * pace
        self._pressed: dict[int, float] = {}
        self.halt = threading.Event()
        self.counts: Counter[str] = Counter()
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            while not self.halt.wait(LOOK_SECONDS):
                self._look()
        except BaseException as error:
            self.error = error
        finally:
            connection.close()

    def _look(self) -> None:
        try:
            for row in Drift.objects.filter(over_at__isnull=True).select_related("target"):
                self._put_back(row)
            for target in witness.stuck():
                if time.monotonic() - self._pressed.get(target.pk, 0) > self._again:
                    operations.retry_now(target, by=self._company.operator)
                    self._pressed[target.pk] = time.monotonic()
                    self.counts[f"stuck: {target.outcome}"] += 1
        except DatabaseError:
            connection.close()

    def _put_back(self, row: Drift) -> None:
        """Others changed something of ours; what they made of it may have changed meanwhile."""
        try:
            outside.put_back(row, row.there, by=self._company.operator, why="not agreed")
        except Refused:
            return
        self.counts["put back"] += 1


class Vandal(threading.Thread):
    """Overwrites the portal's own policy, once per role, where nothing is under way.

    `marks`: what it wrote; each has to be told of once the portal has put its own text back.
    """

    def __init__(
        self,
        company: Company,
        estate: Estate,
        sight: Sight,
        hands: Sequence[threading.Lock],
        *,
        pause: float,
        seed: int,
    ) -> None:
        super().__init__(name="vandal", daemon=True)
        self._company, self._sight, self._hands = company, sight, hands
        self._pause, self._dice = pause, Random(seed)
        self._left = list(estate.policies)
        self.halt = threading.Event()
        self.marks: list[str] = []
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            while self._left and not self.halt.wait(self._pause):
                self._strike()
        except BaseException as error:
            self.error = error
        finally:
            connection.close()

    def _strike(self) -> None:
        place = self._dice.choice(self._left)
        try:
            with ExitStack() as still:
                for hand in self._hands:  # nobody decides about it in this moment
                    still.enter_context(hand)
                target = _at_rest(place)
                if target is None or not self._overwrite(place):
                    return
                self._left.remove(place)
            operations.retry_now(target, by=self._company.operator)
        except DatabaseError:
            connection.close()

    def _overwrite(self, place: Place) -> bool:
        names = [name for name in self._sight.texts(place) if name.startswith(OURS)]
        if not names:
            return False
        mark = f"Vandal{self._dice.randrange(10**9)}"
        arguments: dict[str, Any] = {
            "RoleName": place.object.rsplit("/", 1)[-1],
            "PolicyName": names[0],
            "PolicyDocument": VANDAL.format(mark=mark),
        }
        self._sight.iam[place.account].put_role_policy(**arguments)
        self.marks.append(mark)
        return True


def _at_rest(place: Place) -> Target | None:
    """The target, if it is settled and nobody is on the way to it."""
    return Target.objects.filter(
        object=place.object,
        phase=Phase.SETTLED,
        generation=F("settled_generation"),
        next_look_at__isnull=True,
    ).first()
