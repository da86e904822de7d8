"""Actors in one thread: each runs in a greenlet and hands over to a seeded scheduler wherever the world may change.

An actor of a process dies with it: `Died` is thrown into it where it waits, and whatever it still tries to do is
refused. Outsiders (payers, counterparts, the clock's mischief) belong to no process.
"""

import heapq
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from greenlet import getcurrent, greenlet

from mpay_gateway.domain.errors import MpayError
from tests.simulation.chance import Chance

NOON = datetime(2026, 11, 23, 10, tzinfo=UTC)
TICK = timedelta(microseconds=50)
"""So long a look at the clock takes: what happens later is later."""
_ZERO = timedelta(0)
SLOW = 0.15
"""How many of the actors are left behind by the others."""
GIVEN_UP = "given up"
"""What `Actor.late` is once nobody waits for the call any more."""


class Died(BaseException):
    """The process is gone: none of its code has an effect after this."""


class Lost(Exception):
    """What an outsider sees of it: the connection broke, or nobody listens."""


class Gone(Exception):
    """A payer has left."""


class Bug(Exception):
    """The simulator itself went wrong."""


class SimClock:
    """The machine's clock, which may be set wrong: `now` jumps, `monotonic` does not."""

    def __init__(self, stage: "Stage") -> None:
        self._stage = stage
        self.elapsed = _ZERO
        self.offset = _ZERO

    def now(self) -> datetime:
        self.elapsed += TICK
        return NOON + self.elapsed + self.offset

    def true_now(self) -> datetime:
        """What time it is where nobody sets the clock: at banks and services."""
        return NOON + self.elapsed

    def monotonic(self) -> float:
        return self.elapsed.total_seconds()

    def sleep(self, seconds: float) -> None:
        self._stage.sleep(seconds)


class Life:
    """One life of a process, from its start to its end."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True
        self.frozen_until = _ZERO
        self.actors: dict[Actor, None] = {}

    def check(self) -> None:
        """Raises: Died when this life is over."""
        if not self.alive:
            raise Died(self.name)


_NOBODY = Life("nobody")
_NOBODY.alive = False


class Actor:
    """Something that happens step by step. `result` and `error`: what became of it once it is `done`.

    `late`: where a call that this actor makes beside another one is held up, `before` or `after` its effect.
    `lease`: the task that it does. `slow`: it comes to its turns late.
    """

    def __init__(
        self, name: str, function: Callable[[], object], life: Life | None, parent: greenlet
    ) -> None:
        self.name = name
        self.life = life
        self.done = False
        self.result: object = None
        self.error: BaseException | None = None
        self.waiters: list[tuple[Actor, int]] = []
        self.turn = 0
        self.late = ""
        self.lease: object = None
        self.slow = False
        self._function = function
        self.greenlet = greenlet(self._run, parent)

    def _run(self) -> None:
        try:
            if self.life is not None:
                self.life.check()
            self.result = self._function()
        except (Exception, Died) as error:  # noqa: BLE001  whoever started it looks at what became of it
            self.error = error


class Stage:
    """The scheduler. `trace` hears of every step."""

    def __init__(self, chance: Chance, trace: Callable[[str], None]) -> None:
        self.chance = chance
        self.trace = trace
        self.clock = SimClock(self)
        self.current: Actor | None = None
        self.steps = 0
        self.broken: list[tuple[Actor, BaseException]] = []
        self._hub = getcurrent()
        self._ready: list[Actor] = []
        self._first: list[Actor] = []
        self._sleeping: list[tuple[timedelta, int, Actor, int]] = []
        self._number = itertools.count()
        self._resting: list[Actor] = []

    # What actors call.

    def start(self, name: str, function: Callable[[], object], life: Life | None = None) -> Actor:
        """Let an actor begin some time from now."""
        actor = Actor(name, function, life, self._hub)
        if life is not None:
            life.check()
            life.actors[actor] = None
            actor.slow = self.chance.of(SLOW)
        self._ready.append(actor)
        return actor

    def start_first(self, name: str, function: Callable[[], object]) -> None:
        """Let an outsider begin as soon as the current actor hands over, before all others."""
        self._first.append(Actor(name, function, None, self._hub))

    def pause(self) -> None:
        """Let others go on, as many as chance wants."""
        if (actor := self._living()) is not None:
            self._ready.append(actor)
            self._leave(actor)

    def sleep(self, seconds: float) -> None:
        if (actor := self._living()) is not None:
            self._wake_at(actor, self.clock.elapsed + timedelta(seconds=seconds))
            self._leave(actor)

    def wait(self, other: Actor, seconds: float | None = None) -> bool:
        """Wait until another actor is done. False when that takes too long."""
        actor = self._living()
        if actor is None:
            raise Bug("nobody waits outside a greenlet")
        if not other.done:
            other.waiters.append((actor, actor.turn))
            if seconds is not None:
                self._wake_at(actor, self.clock.elapsed + timedelta(seconds=seconds))
            self._leave(actor)
        return other.done

    def rest(self) -> None:
        """Until the world rouses whoever rests."""
        if (actor := self._living()) is not None:
            self._resting.append(actor)
            self._leave(actor)

    def _living(self) -> Actor | None:
        """The current actor, None in the scheduler itself. Raises: Died."""
        if self.current is not None and self.current.life is not None:
            self.current.life.check()
        return self.current

    def _leave(self, actor: Actor) -> None:
        """Until the scheduler comes back, or the process is gone."""
        self._hub.switch()
        self.current = actor
        if actor.life is not None:
            actor.life.check()

    # What the world does.

    @property
    def idle(self) -> bool:
        return not self._ready and not self._first

    def step(self) -> None:
        """Let one actor that is ready go on until it hands over."""
        actor = self._first.pop(0) if self._first else self._drawn()
        self.steps += 1
        self.trace(actor.name)
        self._resume(actor)

    def _drawn(self) -> Actor:
        """One of those that are ready."""
        place = self.chance.below(len(self._ready))
        if self._ready[place].slow and self.chance.of(0.9):
            place = self.chance.below(len(self._ready))
        actor = self._ready[place]
        self._ready[place] = self._ready[-1]
        self._ready.pop()
        return actor

    @property
    def anybody_rests(self) -> bool:
        return bool(self._resting)

    def rouse(self) -> None:
        """Let those go on that rest."""
        resting, self._resting = self._resting, []
        for actor in resting:
            self._make_ready(actor)

    def freeze(self, life: Life, seconds: float) -> None:
        """Stop a process for a while, wherever it is: SIGSTOP, then SIGCONT."""
        until = life.frozen_until = self.clock.elapsed + timedelta(seconds=seconds)
        frozen = [actor for actor in self._ready if actor.life is life]
        self._ready = [actor for actor in self._ready if actor.life is not life]
        for actor in frozen:
            self._wake_at(actor, until)

    def kill(self, life: Life) -> None:
        """kill -9. Raises: Died when the process of the current actor is the one."""
        life.alive = False
        for actor in list(life.actors):
            if actor is not self.current and not actor.done:
                self._drop(actor)
        if self.current is not None and self.current.life is life:
            raise Died(life.name)

    def close(self) -> None:
        """End what is still under way."""
        for actor in (*self._first, *self._ready, *self._resting, *(entry[2] for entry in self._sleeping)):
            if not actor.done:
                actor.life = _NOBODY
                self._drop(actor)

    def next_waking(self) -> timedelta | None:
        """When the first of those that sleep wakes, None when nobody sleeps."""
        while self._sleeping and self._sleeping[0][3] != self._sleeping[0][2].turn:
            heapq.heappop(self._sleeping)
        return self._sleeping[0][0] if self._sleeping else None

    def wake(self) -> None:
        """Make those ready whose time has come."""
        while (due := self.next_waking()) is not None and due <= self.clock.elapsed:
            _, _, actor, _ = heapq.heappop(self._sleeping)
            self._make_ready(actor)

    def _wake_at(self, actor: Actor, due: timedelta) -> None:
        heapq.heappush(self._sleeping, (due, next(self._number), actor, actor.turn))

    def _make_ready(self, actor: Actor) -> None:
        actor.turn += 1  # what else would wake it is over
        if actor.done:
            return
        if actor.life is not None and actor.life.frozen_until > self.clock.elapsed:
            self._wake_at(actor, actor.life.frozen_until)
        else:
            self._ready.append(actor)

    def _resume(self, actor: Actor) -> None:
        before, self.current = self.current, actor
        actor.greenlet.switch()
        self.current = before
        if actor.greenlet.dead:
            self._ended(actor)

    def _drop(self, actor: Actor) -> None:
        """Let the actor's code see that it is dead; it has nothing left to do that anybody would notice."""
        self._ready = [each for each in self._ready if each is not actor]
        self._resting = [each for each in self._resting if each is not actor]
        before, self.current = self.current, actor
        if actor.greenlet:
            actor.greenlet.parent = getcurrent()
            actor.greenlet.throw(Died)
            if not actor.greenlet.dead:
                raise Bug(f"{actor.name} outlives its process")
        else:
            actor.error = Died()
        self.current = before
        self._ended(actor)

    def _ended(self, actor: Actor) -> None:
        actor.done = True
        if actor.life is not None:
            actor.life.actors.pop(actor, None)
        if actor.error is not None and not isinstance(actor.error, Died | MpayError):
            self.broken.append((actor, actor.error))
        for waiter, turn in actor.waiters:
            if waiter.turn == turn:
                self._make_ready(waiter)
        actor.waiters = []
