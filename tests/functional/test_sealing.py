"""Real workers seal what a real payment left, side by side, and when one of them is killed over it."""

import signal

import pytest

from mpay_gateway.flow.audit.audit_verification import Report, Terms, trusted_signatories, verify_audit
from mpay_gateway.flow.audit.sealing import SUBJECT
from mpay_gateway.storage.tasks import TaskKind
from tests.scene.gateway import Gateway
from tests.scene.processes import START_SECONDS, process
from tests.scene.waiting import eventually


@pytest.fixture
def gateway(make_gateway):
    return make_gateway(served=False)


def seal_due(gateway: Gateway) -> None:
    gateway.parts.units.run("due", lambda work: work.tasks.tend(TaskKind.SEAL, SUBJECT, gateway.clock.now()))


def verify(gateway: Gateway) -> Report:
    terms = Terms(gateway.clock.now(), trusted_signatories(gateway.parts.settings))
    return verify_audit(gateway.parts.units, terms)


def waits(gateway: Gateway) -> bool:
    return gateway.read(lambda work: work.growth.oldest()) is not None


def test_two_workers_side_by_side_make_one_chain(gateway, payer, shop):
    with process(gateway, "worker") as one, process(gateway, "worker") as two:
        for _ in range(4):
            payer.pay(shop.order())
            gateway.settle_down()
            seal_due(gateway)
            assert eventually(lambda: not waits(gateway), within=START_SECONDS)
        for worker in (one, two):
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(30) == 0
    report = verify(gateway)
    assert report.problems == ()
    assert report.seals >= 4
    assert report.unsealed_rows == 0
