"""Invariant 7: what an honest history claims passes, and an order that is claimed twice is reported."""

from dataclasses import replace

from mpay_gateway.domain.errors import OutcomeUnknown, RemoteRefused
from mpay_gateway.domain.payment import ClaimState
from mpay_gateway.domain.provider_answer import ProviderStatus
from mpay_gateway.flow import payment_start
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.settling import settle
from mpay_gateway.storage.claims import Claims
from tests.unit.flow.scripted import ScriptedGateway


def broken(gateway: ScriptedGateway) -> set[int]:
    return {violation.invariant for violation in check_books(gateway.parts.units)}


def in_parts(gateway: ScriptedGateway, monkeypatch) -> None:
    """Let the service take parts of what is due."""
    whole = gateway.calls.order
    monkeypatch.setattr(gateway.calls, "order", lambda key: replace(whole(key), allow_partial=True))


def test_an_order_that_is_paid_twice_is_reported(gateway, monkeypatch):
    """The mutant "no claim": each of two payers finds the order free, and both are confirmed."""
    monkeypatch.setattr(Claims, "outstanding", lambda *_, **__: ())
    first, second = gateway.start("ORDER-1"), gateway.start("ORDER-1")
    for each in (first, second):
        gateway.capture(each)
    (violation,) = check_books(gateway.parts.units)
    assert (violation.invariant, violation.payment_id) == (7, second.id)


def test_an_order_that_allows_advance_is_claimed_once_as_well(gateway, monkeypatch):
    """Nothing is paid in advance yet: what was due is all that is payable."""
    whole = gateway.calls.order
    monkeypatch.setattr(gateway.calls, "order", lambda key: replace(whole(key), allow_advance=True))
    gateway.start("ORDER-1")
    assert broken(gateway) == set()
    monkeypatch.setattr(Claims, "outstanding", lambda *_, **__: ())
    gateway.start("ORDER-1")
    assert broken(gateway) == {7}


def test_two_payers_at_once_are_reported_before_any_money_is_there(gateway, monkeypatch):
    monkeypatch.setattr(Claims, "outstanding", lambda *_, **__: ())
    gateway.start("ORDER-1")
    gateway.start("ORDER-1")
    assert broken(gateway) == {7}


def test_late_money_that_takes_an_order_twice_is_reported(gateway, monkeypatch):
    late = gateway.start("ORDER-1")
    gateway.calls.status[late.reference] = ProviderStatus.DECLINED
    settle(gateway.parts, late.id)
    gateway.pay("ORDER-1")
    del gateway.calls.status[late.reference]
    monkeypatch.setattr(Claims, "outstanding", lambda *_, **__: ())
    gateway.capture(late)
    assert {(each.invariant, each.payment_id) for each in check_books(gateway.parts.units)} == {(7, late.id)}


def test_parts_above_what_is_due_are_reported(gateway, monkeypatch):
    in_parts(gateway, monkeypatch)
    monkeypatch.setattr(Claims, "outstanding", lambda *_, **__: ())
    gateway.start("ORDER-1", amount="100")
    gateway.start("ORDER-1", amount="51")
    assert broken(gateway) == {7}


def test_a_part_of_an_order_that_takes_no_parts_is_reported(gateway, monkeypatch):
    monkeypatch.setattr(payment_start, "fits", lambda *_: True)
    in_parts(gateway, monkeypatch)
    gateway.start("ORDER-1", amount="100")
    with gateway.parts.units.engine.execution_options(purpose="write").begin() as connection:
        connection.exec_driver_sql(
            """UPDATE order_snapshots SET document = replace(document, '"allow_partial":true,', '')"""
        )
    assert broken(gateway) == {7}


def test_parts_that_fit_together_are_sound(gateway, monkeypatch):
    in_parts(gateway, monkeypatch)
    gateway.capture(gateway.start("ORDER-1", amount="100"))
    gateway.start("ORDER-1", amount="50")
    assert broken(gateway) == set()


def test_a_key_that_is_due_again_after_it_was_paid_is_sound(gateway):
    """A contract's number: the service knows of the first payment when it names the second amount."""
    for _ in range(3):
        gateway.pay("ORDER-1")
        gateway.clock.advance(hours=1)
    assert broken(gateway) == set()


def test_late_money_for_an_order_that_is_free_again_is_sound(gateway):
    late = gateway.start("ORDER-1")
    gateway.calls.status[late.reference] = ProviderStatus.DECLINED
    settle(gateway.parts, late.id)
    gateway.calls.delivery_answers.append(RemoteRefused("UnknownOrder"))
    gateway.pay("ORDER-1")
    del gateway.calls.status[late.reference]
    gateway.capture(late)
    claim = gateway.parts.units.read(lambda work: work.claims.of_payment(late.id))
    assert claim.state is ClaimState.ACKNOWLEDGED
    gateway.work(turns=2, minutes=2)
    assert broken(gateway) == set()


def test_money_while_another_confirmation_waits_is_sound(gateway):
    """Captured, not acknowledged: the second payer loses, and nothing of his is a live claim."""
    first = gateway.start("ORDER-1")
    gateway.calls.status[first.reference] = ProviderStatus.DECLINED
    settle(gateway.parts, first.id)
    gateway.calls.delivery_answers.append(OutcomeUnknown("no answer"))
    gateway.pay("ORDER-1")
    del gateway.calls.status[first.reference]
    gateway.capture(first)
    gateway.work(turns=3, minutes=2)
    assert broken(gateway) == set()
