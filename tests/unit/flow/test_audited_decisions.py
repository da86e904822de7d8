"""What is decided about money without a change of state has its row in the audit, too."""

import json
from dataclasses import replace

import pytest

from mpay_gateway.domain.decision import Act
from mpay_gateway.domain.errors import OutcomeUnknown
from mpay_gateway.domain.order import OrderStatus
from mpay_gateway.domain.provider_answer import ProviderStatus
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.decisions import approve, propose
from tests.unit.flow.refunding_scene import ANA, ION
from tests.unit.flow.scripted import ScriptedGateway, lei


@pytest.fixture(autouse=True)
def sound_books(gateway: ScriptedGateway):
    yield
    assert check_books(gateway.parts.units) == ()


def rows(gateway, payment, event):
    audit = gateway.parts.units.read(lambda work: work.audit.of_payment(payment.id))
    return [
        (each.machine, each.before, each.after, each.actor, each.detail)
        for each in audit
        if each.event == event
    ]


def test_a_claim_of_another_amount(gateway: ScriptedGateway):
    order = gateway.calls.order
    gateway.calls.order = lambda key: replace(order(key), allow_partial=True)
    payment = gateway.capture(gateway.start("ORDER-1"), amount=lei("100"))
    approve(gateway.parts, propose(gateway.parts, payment.id, Act.ACCEPT, "so", actor=ANA).id, actor=ION)
    gateway.settled(payment)
    [(machine, before, after, actor, detail)] = rows(gateway, payment, "resize")
    assert (machine, before, after, actor) == ("claim", "held", "held", ION)
    amount, _, shares = detail.partition(" MDL ")
    assert (amount, sum(minor for _, minor in json.loads(shares))) == ("100.00", 10000)


def test_late_money_that_pays_other_lines(gateway: ScriptedGateway):
    order = gateway.calls.order
    gateway.calls.order = lambda key: replace(order(key), allow_partial=True)
    late = gateway.start("ORDER-1", amount="100")
    gateway.calls.status[late.reference] = ProviderStatus.DECLINED
    gateway.hear(late)
    gateway.settled(late)
    del gateway.calls.status[late.reference]
    gateway.capture(gateway.start("ORDER-1", amount="50"))
    gateway.capture(late)
    [(machine, before, after, actor, detail)] = rows(gateway, late, "share")
    assert (machine, before, after, actor) == ("claim", "released", "released", f"provider:{late.account_id}")
    claim = gateway.parts.units.read(lambda work: work.claims.of_payment(late.id))
    assert json.loads(detail) == [[line, amount.minor] for line, amount in claim.shares]


def test_held_money_that_its_order_takes_no_more(gateway: ScriptedGateway):
    payment = gateway.start("ORDER-1")
    gateway.calls.status[payment.reference] = ProviderStatus.AUTHORISED

    def lost(*_: object, **__: object):
        raise OutcomeUnknown("lost")

    gateway.calls.capture_payment = lost
    gateway.hear(payment)
    gateway.settled(payment)
    gateway.calls.order_status["ORDER-1"] = OrderStatus.CANCELLED
    gateway.work(turns=2, minutes=2)
    [(machine, before, after, _, detail)] = rows(gateway, payment, "wish")
    assert (machine, before, after) == ("intent", "due", "due")
    assert detail.endswith("150.00 MDL is not wanted any more")
