"""Callbacks: signed, in order, retried until they are received, remembered across a crash."""

from __future__ import annotations

import itertools
import time

import pytest

APPROVED = "4000000000001000"


def test_a_callback_is_signed_over_its_raw_body_with_the_callback_secret(
    merchant, receiver, eventually, description
):
    session_id = merchant.paid(APPROVED)
    eventually(lambda: bool(receiver.of(session_id)))
    (callback,) = receiver.of(session_id)
    assert callback.is_genuine()
    assert not callback.is_genuine("merchant-secret-of-the-tests")
    description.check_event(callback.event)
    session = merchant.status(session_id)
    told = callback.event
    assert (told["status"], told["sequence"], told["reference"]) == (
        "captured",
        session["sequence"],
        session["reference"],
    )


@pytest.mark.parametrize("refusal", [500, 404, 302])
def test_a_callback_is_sent_again_until_it_is_received(merchant, receiver, eventually, refusal):
    receiver.answers[:] = [refusal] * 4
    session_id = merchant.paid(APPROVED)
    eventually(lambda: len(receiver.of(session_id)) == 5)
    attempts = receiver.of(session_id)
    assert len({item.event["event_id"] for item in attempts}) == 1
    assert all(item.is_genuine() for item in attempts)
    waits = [later.at - earlier.at for earlier, later in itertools.pairwise(attempts)]
    assert waits[3] > 0.05 * 10 * 0.9, "the fourth wait is 10 s at the bank's time scale"
    eventually(lambda: _delivered(merchant, session_id) == [5])


def test_callbacks_survive_a_crash_of_the_bank(start_bank, merchant_of, receiver, eventually):
    bank = start_bank()
    merchant = merchant_of(bank)
    receiver.answers[:] = [503] * 1000
    paid = [merchant.paid(APPROVED) for _ in range(5)]
    eventually(lambda: all(receiver.of(session_id) for session_id in paid))
    bank.kill()
    receiver.answers.clear()
    receiver.received.clear()
    bank.start()
    eventually(lambda: all(receiver.of(session_id) for session_id in paid), within=30)
    eventually(lambda: all(None not in _delivered(merchant, session_id) for session_id in paid))


def test_a_late_settlement_survives_a_crash_of_the_bank(start_bank, merchant_of, eventually):
    bank = start_bank()
    merchant = merchant_of(bank)
    session_id = merchant.paid("4000000000004202")
    bank.kill()
    bank.start()
    eventually(lambda: merchant.status(session_id)["status"] == "captured")
    assert len(merchant.status(session_id)["captures"]) == 1


def test_an_unreachable_receiver_holds_nobody_else_up(merchant, receiver, eventually):
    for _ in range(20):
        merchant.paid(APPROVED, callback_url="http://127.0.0.1:9/nobody")
    session_id = merchant.paid(APPROVED)
    eventually(lambda: bool(receiver.of(session_id)), within=5)


def test_callbacks_switched_off_are_sent_when_switched_on(merchant, receiver, eventually):
    merchant.switch(callbacks="off")
    silent = merchant.paid(APPROVED)
    assert _delivered(merchant, silent) == [None]
    merchant.switch(callbacks="ok")
    eventually(lambda: receiver.events_of(silent) == ["session.captured"])


def test_delayed_callbacks_come_late(merchant, receiver, eventually):
    merchant.switch(callbacks="delayed")
    session_id = merchant.paid(APPROVED)
    paid_at = time.monotonic()
    eventually(lambda: bool(receiver.of(session_id)))
    assert receiver.of(session_id)[0].at - paid_at > 0.05 * 30 * 0.8


def test_a_spoilt_signature_does_not_verify(merchant, receiver, eventually):
    merchant.switch(callbacks="bad-signature")
    session_id = merchant.paid(APPROVED)
    eventually(lambda: bool(receiver.of(session_id)))
    assert not receiver.of(session_id)[0].is_genuine()


def _delivered(merchant, session_id: str) -> list[int | None]:
    """How many attempts each delivered callback took; None for one that is not delivered."""
    rows = [row for row in merchant.books()["callbacks"] if row["session_id"] == session_id]
    return [row["attempts"] if row["delivered_at"] else None for row in rows]
