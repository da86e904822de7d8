"""What a worker takes next: from every queue its share, from a service's no more than it takes at once.

Whoever has fewest tasks in this worker's hands comes first, so that many waiting deliveries to one service hold no
other's back. A service whose breaker is open gets nothing, but for its probe: the delivery that is due longest.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from mpay_gateway.domain.breaker import Admission, Breaker, Calls
from mpay_gateway.domain.errors import UnknownService
from mpay_gateway.flow.breakers import deliveries_to, look
from mpay_gateway.flow.parts import Parts
from mpay_gateway.flow.schedules import LEASE
from mpay_gateway.storage import Work
from mpay_gateway.storage.tasks import Lease, Queue

OTHERS = ""
"""The queue of all tasks that are no deliveries."""


@dataclass(frozen=True, slots=True)
class Hands:
    """A worker's threads. `most`: how many of them the deliveries to one service may have. `busy`: by queue."""

    free: int
    most: int
    busy: Mapping[str, int] = field(default_factory=Counter)

    def room(self, service_id: str) -> int:
        """How many more tasks of a queue the worker may take."""
        return self.free if service_id == OTHERS else min(self.free, self.most - self.busy.get(service_id, 0))


def claim_tasks(parts: Parts, hands: Hands) -> tuple[Lease, ...]:
    """Take due tasks for the free threads. Looks without a lock first: nothing to do costs one statement."""
    now = parts.clock.now()
    waiting = parts.units.read(lambda work: work.tasks.queues(now))
    full = parts.places.full()
    bounds = {
        queue.service_id: 0 if queue.service_id in full else _most_at_once(parts, queue.service_id)
        for queue in waiting
    }
    queues = sorted(
        (queue for queue in waiting if hands.room(queue.service_id) > 0 and bounds[queue.service_id] > 0),
        key=lambda queue: hands.busy.get(queue.service_id, 0),
    )
    if not queues:
        return ()
    return parts.units.run(
        "claim-tasks", lambda work: _Claiming(parts, work, hands, bounds).claim(tuple(queues))
    )


def _most_at_once(parts: Parts, service_id: str) -> int:
    """How many deliveries a service takes at once: none while its breaker is open, and one as a probe.

    One for a service that cannot be used any more: its deliveries fail, each in its own turn.
    """
    if service_id == OTHERS:
        return 1
    match look(parts, deliveries_to(service_id)).admits(parts.clock.now()):
        case Admission.HELD_BACK:
            return 0
        case Admission.PROBE:
            return 1
        case Admission.FREE:
            try:
                return parts.services.get_any(service_id).max_in_flight
            except UnknownService:
                return 1


class _Claiming:
    """One unit of work in which a worker claims. Two workers come to one service one after the other."""

    def __init__(self, parts: Parts, work: Work, hands: Hands, bounds: Mapping[str, int]) -> None:
        self._parts = parts
        self._work = work
        self._hands = hands
        self._bounds = bounds
        self._now = parts.clock.now()

    def claim(self, queues: tuple[Queue, ...]) -> tuple[Lease, ...]:
        services = [queue.service_id for queue in queues if queue.service_id != OTHERS]
        breakers = self._work.breakers.lock_all(Calls.DELIVERIES, services) if services else {}
        held = self._work.tasks.in_hand(services, now=self._now, span=LEASE) if services else {}
        leases: list[Lease] = []
        for service_id in (queue.service_id for queue in queues):
            room = min(self._hands.room(service_id), self._hands.free - len(leases))
            if service_id == OTHERS:
                leases += self._take(OTHERS, room)
            else:
                room = min(room, self._bounds[service_id] - held.get(service_id, 0))
                leases += self._take_of_service(breakers[service_id], room)
        return tuple(leases)

    def _take_of_service(self, breaker: Breaker, room: int) -> tuple[Lease, ...]:
        match breaker.admits(self._now):
            case Admission.FREE:
                return self._take(breaker.calls.subject, room)
            case Admission.HELD_BACK:
                return ()
            case Admission.PROBE:
                probe = self._take(breaker.calls.subject, min(1, room))
                if probe:
                    self._work.breakers.save(breaker.probing(self._parts.breakers.rule, self._now))
                    self._work.after_commit(self._parts.breakers.forget)
                return probe

    def _take(self, service_id: str, room: int) -> tuple[Lease, ...]:
        if room <= 0:
            return ()
        return self._work.tasks.claim_due(
            worker=self._parts.process, now=self._now, until=self._now + LEASE, limit=room,
            service_id=service_id,
        )  # fmt: skip
