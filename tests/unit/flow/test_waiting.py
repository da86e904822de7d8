"""Result pages wait for others in a few threads at most, so that callbacks always find one."""

import threading

import pytest

from mpay_gateway.flow.payment_result import Outcome, look_at_result, show_result
from mpay_gateway.flow.settling import settle_key
from tests.unit.flow.scripted import ScriptedGateway

PATIENCE = 20


@pytest.fixture
def silent(gateway: ScriptedGateway):
    """The bank answers no question until the event is set."""
    answer = threading.Event()
    gateway.calls.before_fetch_answer += [lambda: answer.wait(PATIENCE)] * 20
    yield answer
    answer.set()


def test_when_all_places_are_taken_a_page_says_what_is_known(gateway, silent, monkeypatch):
    monkeypatch.setattr(gateway.parts.waiting, "_limit_of", lambda _: 1)
    payment = gateway.start("ORDER-1")
    waiting = threading.Thread(target=show_result, args=(gateway.parts, payment.visit_token, payment.id))
    with gateway.parts.waiting.at("results"):
        page = show_result(gateway.parts, payment.visit_token, payment.id)
    assert page.outcome is Outcome.NOT_KNOWN
    assert not gateway.parts.background.wait(settle_key(payment.id), 0), "the bank is being asked beside it"
    waiting.start()
    silent.set()
    waiting.join(PATIENCE)
    assert not waiting.is_alive()


def test_a_page_that_only_looks_does_not_wait_for_the_bank(gateway, silent):
    payment = gateway.start("ORDER-1")
    assert look_at_result(gateway.parts, payment.visit_token, payment.id).outcome is Outcome.NOT_KNOWN
    assert not gateway.parts.background.wait(settle_key(payment.id), 0)


def test_however_often_a_page_looks_the_bank_is_asked_now_and_then(gateway):
    payment = gateway.start("ORDER-1")
    for _ in range(60):
        look_at_result(gateway.parts, payment.visit_token, payment.id)
        assert gateway.parts.background.wait(settle_key(payment.id), PATIENCE)
    assert gateway.calls.asked == 10
