"""A worker takes from every queue in turn; a service gets no more than it takes at once, from all workers together."""

from collections import Counter
from dataclasses import replace

import pytest

from mpay_gateway.domain.identifiers import ServiceId
from mpay_gateway.flow.breaker_view import BreakerView
from mpay_gateway.flow.places import Places
from mpay_gateway.flow.registration import apply_service
from mpay_gateway.flow.task_claiming import Hands, claim_tasks
from mpay_gateway.storage.tasks import Lease
from tests.unit.flow.scripted import SERVICE, ScriptedGateway, service_named

OTHER = ServiceId("TEST02")
CROWD = 12
TAKES = 3


@pytest.fixture
def crowded(gateway: ScriptedGateway) -> ScriptedGateway:
    """Many older deliveries to one service and one newer to another are due, and their breakers are closed."""
    for service_id in (SERVICE, OTHER):
        apply_service(gateway.parts, replace(service_named(service_id), max_in_flight=TAKES))
    parts = replace(gateway.parts, places=Places(lambda _: 0))  # nothing is sent at once
    waiting = ScriptedGateway(parts, gateway.calls, gateway.clock)
    for number in range(CROWD):
        waiting.pay(f"ORDER-{number}")
    waiting.pay_at(OTHER, "NEWER")
    gateway.clock.advance(seconds=10)
    return gateway


def claim(gateway: ScriptedGateway, hands: Hands, process: str = "worker") -> tuple[Lease, ...]:
    parts = replace(gateway.parts, process=process, breakers=BreakerView())
    return tuple(lease for lease in claim_tasks(parts, hands) if lease.service_id)


def counted(leases: tuple[Lease, ...]) -> Counter[str]:
    return Counter(lease.service_id for lease in leases)


def test_many_waiting_deliveries_to_one_service_hold_no_others_back(crowded):
    assert counted(claim(crowded, Hands(8, 4))) == {SERVICE: TAKES, OTHER: 1}


def test_all_workers_together_hold_no_more_of_a_service_than_it_takes_at_once(crowded):
    first = claim(crowded, Hands(8, 8), "one")
    assert counted(first)[SERVICE] == TAKES
    assert counted(claim(crowded, Hands(8, 8), "two")) == {}
    one = next(lease for lease in first if lease.service_id == SERVICE)
    crowded.parts.units.run("give-back", lambda work: work.tasks.finish(one, due=None))
    assert counted(claim(crowded, Hands(8, 8), "two")) == {SERVICE: 1}


def test_one_service_never_has_all_the_threads_of_a_worker(crowded):
    assert counted(claim(crowded, Hands(4, 2)))[SERVICE] == 2
    assert counted(claim(crowded, Hands(2, 2, {SERVICE: 2})))[SERVICE] == 0


def test_the_one_free_thread_goes_to_whoever_has_fewest(crowded):
    assert counted(claim(crowded, Hands(1, 4, {SERVICE: 1}))) == {OTHER: 1}
    assert counted(claim(crowded, Hands(1, 4, {OTHER: 1}))) == {SERVICE: 1}


def test_nothing_is_claimed_for_who_has_no_thread_free(crowded):
    assert claim(crowded, Hands(0, 4)) == ()
