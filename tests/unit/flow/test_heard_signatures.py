"""Attack 53: a signed answer counts once. The services' own answers may name neither payment nor order."""

import hashlib
from datetime import timedelta

import pytest
from sqlalchemy import select

from mpay_gateway.domain.errors import InvalidAnswer, OutcomeUnknown, RemoteRefused
from mpay_gateway.domain.payment import DeliveryState, Payment
from mpay_gateway.domain.proof import Proof
from mpay_gateway.storage.tables import heard_signatures
from tests.unit.flow.scripted import SERVICE, ScriptedGateway


def proof(gateway: ScriptedGateway, name: str, *, minutes: float = 6) -> Proof:
    return Proof(hashlib.sha256(name.encode()).hexdigest(), gateway.clock.now() + timedelta(minutes=minutes))


def delivery(gateway: ScriptedGateway, payment: Payment) -> tuple[DeliveryState, int]:
    found = gateway.parts.units.read(lambda work: work.deliveries.of_payment(payment.id))
    return found.state, found.unanswered


def test_a_copy_of_a_confirmations_answer_confirms_no_other_payment(gateway):
    gateway.calls.proof = proof(gateway, "first")
    first, second = gateway.pay("ORDER-1"), gateway.pay("ORDER-2")
    assert delivery(gateway, first) == (DeliveryState.CONFIRMED, 0)
    assert delivery(gateway, second) == (DeliveryState.DUE, 1)
    gateway.calls.proof = proof(gateway, "second")
    gateway.work(minutes=1.1)
    assert delivery(gateway, second)[0] is DeliveryState.CONFIRMED


def test_a_copy_of_a_refusal_sends_no_other_payers_money_back(gateway):
    no = RemoteRefused("UnknownOrder", proof=proof(gateway, "no"))
    gateway.calls.delivery_answers += [no, no]
    first, second = gateway.pay("ORDER-1"), gateway.pay("ORDER-2")
    assert delivery(gateway, first)[0] is DeliveryState.GIVEN_UP
    assert delivery(gateway, second) == (DeliveryState.DUE, 1)
    assert gateway.parts.units.read(lambda work: work.reversals.of_payment(second.id)) == ()


def test_the_same_signature_again_confirms_the_same_payment(gateway):
    """A service that signs the same words in the same millisecond, or whose answer we could not write down."""
    gateway.calls.proof = same = proof(gateway, "same")
    payment = gateway.start("ORDER-1")
    gateway.parts.units.run(
        "heard",
        lambda work: work.signatures.once(SERVICE, same, subject=payment.id, at=gateway.clock.now()),
    )
    gateway.capture(payment)
    assert delivery(gateway, payment)[0] is DeliveryState.CONFIRMED


def test_another_service_may_sign_the_same(gateway):
    same, now = proof(gateway, "same"), gateway.clock.now()

    def hear(work, service_id: str, subject: str) -> bool:
        return work.signatures.once(service_id, same, subject=subject, at=now)

    for service_id, subject, first in (
        ("A", "1", True),
        ("B", "2", True),
        ("A", "3", False),
        ("A", "1", True),
    ):
        assert (
            gateway.parts.units.run("hear", lambda work, s=service_id, p=subject: hear(work, s, p)) is first
        )


def test_a_copy_of_an_earlier_order_is_not_shown(gateway):
    gateway.calls.order_proof = proof(gateway, "order")
    with pytest.raises(InvalidAnswer, match="copy"):
        gateway.start("ORDER-1")  # the second look-up, at the press of the button


def test_two_who_asked_at_once_may_hear_the_same_words(gateway):
    """A service that stamps whole seconds signs the same for both."""
    now = gateway.clock.now()
    same = proof(gateway, "same")

    def hear(work, subject: str, asked_at) -> bool:
        at = now + timedelta(seconds=1)
        return work.signatures.once(SERVICE, same, subject=subject, at=at, asked_at=asked_at)

    run = gateway.parts.units.run
    assert run("hear", lambda work: hear(work, "S1", now))
    assert run("hear", lambda work: hear(work, "S2", now + timedelta(seconds=0.5)))
    assert not run("hear", lambda work: hear(work, "S3", now + timedelta(seconds=1.5)))


def test_signatures_are_forgotten_once_no_copy_can_be_fresh(gateway):
    for number in range(100):
        old = proof(gateway, f"old {number}", minutes=1)
        gateway.parts.units.run("hear", lambda work, p=old: _hear(gateway, work, p))
    gateway.clock.advance(minutes=2)
    for number in range(100):
        new = proof(gateway, f"new {number}")
        gateway.parts.units.run("hear", lambda work, p=new: _hear(gateway, work, p))
    kept = gateway.parts.units.read(
        lambda work: work.connection.execute(select(heard_signatures.c.until)).scalars().all()
    )
    assert len(kept) == 100
    assert min(kept) > gateway.clock.now()


def _hear(gateway: ScriptedGateway, work, heard: Proof) -> bool:
    return work.signatures.once(SERVICE, heard, subject="P", at=gateway.clock.now())


def test_an_answer_without_a_signature_is_believed_as_its_connector_says(gateway):
    gateway.calls.delivery_answers.append(OutcomeUnknown("no answer"))
    payment = gateway.pay("ORDER-1")
    gateway.work(minutes=1.1)
    assert delivery(gateway, payment)[0] is DeliveryState.CONFIRMED


@pytest.mark.parametrize(("digest", "until"), [("0" * 63, True), ("G" * 64, True), ("0" * 64, False)])
def test_what_is_no_proof_is_refused(gateway, digest, until):
    now = gateway.clock.now()
    with pytest.raises(ValueError, match="proof"):
        Proof(digest, now if until else now.replace(tzinfo=None))
