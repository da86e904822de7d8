"""Keeps the members of a fleet running as a service manager does, and kills them by a seeded plan."""

import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.proofs.fleet.members import Member

SHORTEST, LONGEST = 0.2, 3.0
"""Seconds between two kills."""
DOWN_SECONDS = (0.05, 1.0)
"""How long a killed member stays down."""
VITAL = frozenset({"gateway", "worker"})
UNSPARED = 0.2
"""Of those who are drawn while they start, so many are killed."""
AGAIN_SECONDS = 0.5
"""How long a member that ended by itself stays down."""
_LOOK = 0.02


@dataclass
class Counts:
    """What happened: kills by kind and manner, ends by themselves by kind, seconds from each start to its answer."""

    kills: Counter[tuple[str, str]] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    recoveries: dict[str, list[float]] = field(default_factory=dict)


class Keeper:
    """One thread that starts and kills, one that asks whether members answer."""

    def __init__(self, members: Sequence[Member], seed: int) -> None:
        self.counts = Counts()
        self._members = tuple(members)
        self._chance = random.Random(f"kills {seed}")
        self._stop = threading.Event()
        self._killing = threading.Event()
        self._starts: dict[str, float] = {}
        self._waiting: dict[str, float] = {}
        self._threads = [
            threading.Thread(target=each, name=each.__name__, daemon=True) for each in (self._keep, self._ask)
        ]
        self._failure: BaseException | None = None

    def start(self) -> None:
        """Start every member and keep it running from now on."""
        for member in self._members:
            self._start(member)
        for thread in self._threads:
            thread.start()

    def kill_from_now_on(self) -> None:
        self._killing.set()

    def stop_killing(self) -> None:
        """Kill nobody any more; what is down is started."""
        self._killing.clear()

    def wait_until_all_answer(self, seconds: float) -> None:
        """Raises: TimeoutError that names those that do not, and whatever broke the keeper itself."""
        until = time.monotonic() + seconds
        while self._starts or self._waiting or not all(each.alive for each in self._members):
            self._raise_failure()
            if time.monotonic() > until:
                raise TimeoutError(f"after {seconds:g} s these do not answer: {sorted(self.silent())}")
            time.sleep(0.1)

    def silent(self) -> set[str]:
        """Members that are down, or that were started and have not answered yet."""
        return set(self._starts) | set(self._waiting)

    def end(self) -> None:
        """Stop keeping, then end every member, the last one first. Raises: whatever broke the keeper."""
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
        for member in reversed(self._members):
            member.end()
        self._raise_failure()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _keep(self) -> None:
        try:
            next_kill = 0.0
            while not self._stop.wait(_LOOK):
                now = time.monotonic()
                self._start_due(now)
                if self._killing.is_set() and (now >= next_kill or not self._serving()):
                    if next_kill and self._serving():
                        self._kill(now)
                    next_kill = now + self._chance.uniform(SHORTEST, LONGEST)
        except BaseException as error:  # noqa: BLE001  raised where the fleet is waited for
            self._failure = error

    def _start_due(self, now: float) -> None:
        for member in self._members:
            due = self._starts.get(member.name)
            if due is not None and now >= due:
                self._start(member)
            elif due is None and not member.alive:
                self.counts.ended[member.kind] += 1
                self._starts[member.name] = now + AGAIN_SECONDS

    def _start(self, member: Member) -> None:
        member.start()
        self._waiting[member.name] = time.monotonic()
        self._starts.pop(member.name, None)

    def _kill(self, now: float) -> None:
        """Any kind as often as another. Who has only just been started is mostly spared, or nobody would ever serve."""
        down = self._chance.uniform(*DOWN_SECONDS)
        kind = self._chance.choice(sorted({each.kind for each in self._members}))
        fit = [each for each in self._members if each.kind == kind and self._may_die(each)]
        if not fit:
            return
        member = self._chance.choice(fit)
        how = member.kill(self._chance)
        self.counts.kills[member.kind, how] += 1
        if not member.alive:
            self._waiting.pop(member.name, None)
            self._starts[member.name] = now + down

    def _serving(self) -> bool:
        """Whether one of each vital kind answers: the killing waits for them, or there is no work to disturb."""
        silent = self.silent()
        return {each.kind for each in self._members if each.name not in silent} >= VITAL

    def _may_die(self, member: Member) -> bool:
        starting = member.name in self._waiting
        return member.name not in self._starts and (not starting or self._chance.random() < UNSPARED)

    def _ask(self) -> None:
        try:
            while not self._stop.wait(_LOOK):
                for member in self._members:
                    since = self._waiting.get(member.name)
                    if since is not None and member.alive and member.answers:
                        self._answered(member, since)
        except BaseException as error:  # noqa: BLE001  raised where the fleet is waited for
            self._failure = error

    def _answered(self, member: Member, since: float) -> None:
        """Unless it was killed and started again while it was asked."""
        if self._waiting.get(member.name) == since:
            del self._waiting[member.name]
            took = time.monotonic() - since
            self.counts.recoveries.setdefault(member.kind, []).append(took)
