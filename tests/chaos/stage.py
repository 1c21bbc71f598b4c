"""Everything that runs at once, and what happens to it when: one tick after another."""

import os
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from contextlib import suppress

from django.db import Error as DatabaseError
from django.db import connection

from tests.chaos import company as company_module
from tests.chaos import places, storm, surroundings, witness
from tests.chaos.company import Company
from tests.chaos.crew import Crew, Pulse, members
from tests.chaos.driver import Driver
from tests.chaos.editors import Editor, Maps, Policies, Portfolios
from tests.chaos.kube import TOKEN
from tests.chaos.ledger import Ledger
from tests.chaos.measure import Calls
from tests.chaos.operator import Operator, Vandal
from tests.chaos.options import Options
from tests.chaos.servers import Postgres
from tests.chaos.sight import Sight
from tests.chaos.surroundings import Surroundings

START_SECONDS = 180.0
TICK_SECONDS = 0.1
EDITED_SECONDS = 4.0  # how often others write in each place
DECIDING = 0.7  # of the storm's seconds; afterwards it rages on over what is not settled yet


class Stage:
    """Used by one thread; what it starts runs in threads and processes of its own."""

    def __init__(self, crew: Crew, around: Surroundings, options: Options) -> None:
        self.crew, self.around, self.options = crew, around, options
        self.estate = places.laid_out(options.targets, options.grants)
        self.ledger, self.calls = Ledger(), Calls()
        self.memory: list[int] = []
        self.web: Counter[str] = Counter()
        self.wiped = self.restarted = 0
        self.settled_after = 0.0
        self._began = time.monotonic()
        self._storm_at: float | None = None
        self._kill = Pulse(options.kill_every)
        self._sample, self._poll, self._report, self._count, self._ask = (
            Pulse(seconds) for seconds in (2.0, 2.0, 10.0, 20.0, 1.0)
        )
        self._open: Counter[str] = Counter(unknown=1)

    def open(self) -> None:
        """Company, AWS as it was before, the product's processes. Raises Late, Ended, Stopped."""
        self.company = Company(self.estate)
        for account in places.ACCOUNTS:
            order = places.seed(self.estate, account, company_module.external_id(account))
            self.around.fake.post("/_fake/seed", order)
        self.sight = Sight(self.around.fake, self.estate)
        self._people()
        for member in members(self.around.web_port, writers=1 if self.options.is_small else 2):
            self.crew.enlist(member, self.around.values)
        self.crew.wait(witness.is_swept, seconds=START_SECONDS, what="the workers")
        self.crew.wait(self._web_answers, seconds=START_SECONDS, what="the web server")
        self.say("web, beat and workers run")

    def _people(self) -> None:
        """Whoever writes, by hand or through the portal; not started yet."""
        options, estate, fake = self.options, self.estate, self.around.fake
        seed, number = options.seed, 2 if options.is_small else 3
        turns = options.grants / 1.8 / number
        hands = [threading.Lock() for _ in range(number)]
        self.drivers = [
            Driver(
                n,
                self.company,
                estate,
                estate.holders[n::number],
                self.ledger,
                hands[n],
                wanted=options.grants,
                pause=options.seconds * DECIDING / turns,
                seed=seed + n,
            )
            for n in range(number)
        ]
        often = EDITED_SECONDS / len(estate.portfolios)
        self.portfolios = Portfolios(estate, self.sight.catalog, pause=often, seed=seed)
        often = EDITED_SECONDS / len(estate.policies)
        self.policies = Policies(estate, self.sight.iam, pause=often, seed=seed)
        often = EDITED_SECONDS / len(estate.clusters)
        self.maps = Maps(estate, fake.kubernetes, pause=often, seed=seed)
        pause = max(5.0, options.seconds * 0.6 / len(estate.policies))
        self.vandal = Vandal(self.company, estate, self.sight, hands, pause=pause, seed=seed)
        self.operator = Operator(self.company, options.pace)

    @property
    def editors(self) -> list[Editor]:
        return [self.portfolios, self.policies, self.maps]

    @property
    def threads(self) -> list[Driver | Editor | Vandal | Operator]:
        return [*self.drivers, *self.editors, self.vandal, self.operator]

    @property
    def errors(self) -> list[str]:
        return [f"{one.name}: {one.error!r}" for one in self.threads if one.error]

    @property
    def is_decided(self) -> bool:
        return not any(one.is_alive() for one in self.drivers)

    @property
    def is_settled(self) -> bool:
        """Every target and every grant, and no end that was ordered is still to come."""
        return not self._open

    def begin_storm(self) -> None:
        options = self.options
        storm.begin(
            self.around.fake,
            faulty=options.faulty,
            seed=options.seed,
            spares=self.sight.keys,
            token=TOKEN,
            late=surroundings.late_seconds(options),
        )
        for one in self.threads:
            one.start()
        self._storm_at = time.monotonic()
        self.say("the storm begins")

    def end_storm(self) -> None:
        """The last fault. Others go on writing, and the operator looking."""
        storm.end(self.around.fake)
        self._storm_at = None
        self._open = Counter(unknown=1)
        for one in (*self.drivers, self.vandal):
            one.halt.set()
        for one in (*self.drivers, self.vandal):
            one.join(30)
        self.say("the storm is over")

    def tick(self) -> None:
        """A tenth of a second, and whatever is due in it. Raises Stopped, Ended."""
        time.sleep(TICK_SECONDS)
        self.crew.tend()
        if self._storm_at is not None:
            self._strike(time.monotonic() - self._storm_at)
        if self._sample.is_due():
            self.memory.append(self.crew.memory_of("steady worker"))
        if self._poll.is_due():
            self._web_answers()
        if self._count.is_due():
            self.calls.read_on(self.around.fake)
        if self._ask.is_due():
            self._look()
        if self._report.is_due():
            self._progress()

    def close(self) -> None:
        """Nobody writes any more; the product's processes end."""
        for one in self.threads if hasattr(self, "operator") else []:
            one.halt.set()
            if one.is_alive():
                one.join(30)
        self.crew.dismiss()

    def say(self, text: str) -> None:
        print(f"{time.monotonic() - self._began:6.0f} s  {text}", flush=True)

    def _strike(self, since: float) -> None:
        if self._kill.is_due():
            self.crew.kill_one()
        if not self.wiped and since > self.options.seconds / 3:
            self.around.broker.wipe()
            self.wiped += 1
            self.say("the broker was emptied")
        database = self.around.database
        if database and not self.restarted and since > self.options.seconds * 0.55:
            self._restart(database)

    def _restart(self, database: Postgres) -> None:
        self.say("the database restarts")
        database.restart()
        connection.close()
        self.restarted += 1
        self.say("the database answers again")

    def _web_answers(self) -> bool:
        said = "none"
        with suppress(OSError):
            url = f"http://127.0.0.1:{self.around.web_port}/readyz"
            try:
                with urllib.request.urlopen(url, timeout=2) as answer:
                    said = str(answer.status)
            except urllib.error.HTTPError as refused:
                said = str(refused.code)
        self.web[said] += 1
        return said == "200"

    def _look(self) -> None:
        try:
            # Counted first: an end that comes in between shows in what is asked for then.
            later = self._ends_to_come()
            self._open = witness.unsettled() + Counter({"ends to come": later})
        except DatabaseError:
            connection.close()

    def _ends_to_come(self) -> int:
        now = company_module.now()
        ends = [one.over_at for one in self.ledger.all()]
        return sum(one is not None and one > now for one in ends)

    def _progress(self) -> None:
        phases = ", ".join(f"{name} {n}" for name, n in sorted(self._open.items())) or "nothing"
        self.say(
            f"decided {self.ledger.decided}/{self.options.grants}; unsettled: {phases}; "
            f"kill -9 {self.crew.kills.total()}; retry now {self.operator.counts.total()}; "
            f"load {os.getloadavg()[0]:.0f}"
        )
