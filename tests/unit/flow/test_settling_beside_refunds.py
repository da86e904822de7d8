"""Who bears a refund or a release is decided by what was paid out: a payout under way is waited for."""

from collections.abc import Callable
from threading import Event, Thread

import pytest
from sqlalchemy import text

from mpay_gateway.boundary import SystemIds
from mpay_gateway.domain.errors import RemoteRefused, RemoteUnavailable
from mpay_gateway.domain.order import PaymentAccount
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.bookkeeping.settlement import PaidBy, settle
from mpay_gateway.storage.ledger import owed_back, payable
from mpay_gateway.storage.settlements import Settlements
from tests.scene.waiting import eventually
from tests.unit.flow.refunding_scene import balances, open_refund, release
from tests.unit.flow.scripted import IBANS, NOON, SERVICE, ScriptedGateway, lei

_WAITS = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'settlement_days'::regclass")


def waits_or_is_over(gateway: ScriptedGateway, other: Thread) -> bool:
    """Whether it waits for the payout. On SQLite it cannot but wait: the unit holds the database."""
    if gateway.parts.units.engine.dialect.name == "sqlite" or not other.is_alive():
        return True
    return bool(gateway.parts.units.read(lambda work: work.connection.execute(_WAITS).scalar()))


@pytest.fixture
def beside_a_payout(gateway: ScriptedGateway, monkeypatch) -> Callable[[Callable[[], object]], None]:
    """Does something while the day is being settled, which is committed only when that waits or is over."""
    settled, go, of_day = Event(), Event(), Settlements.of_day
    units, clock = gateway.parts.units, gateway.clock

    def before_its_commit(self: Settlements, day: object):
        settled.set()
        assert go.wait(60)
        return of_day(self, day)

    def pay() -> None:
        settle(units, NOON.date(), PaidBy("main", "operator:ana"), clock=clock, ids=SystemIds())

    def beside(act: Callable[[], object]) -> None:
        paying, other = Thread(target=pay), Thread(target=act)
        paying.start()
        assert settled.wait(60)
        other.start()
        try:
            eventually(lambda: waits_or_is_over(gateway, other), within=60)
        finally:
            go.set()
            paying.join(60)
            other.join(60)
        assert not paying.is_alive()
        assert not other.is_alive()

    monkeypatch.setattr(Settlements, "of_day", before_its_commit)
    return beside


def owed_by_the_first(gateway: ScriptedGateway) -> object:
    return balances(gateway)[owed_back(payable(SERVICE, PaymentAccount(iban=IBANS[0])))]


def test_a_refund_beside_a_payout_is_owed_back_by_its_beneficiary(gateway: ScriptedGateway, beside_a_payout):
    payment = gateway.pay("ORDER-1")
    open_refund(gateway, payment, "50")
    release(gateway, payment)
    beside_a_payout(lambda: gateway.work(seconds=1))
    assert owed_by_the_first(gateway) == lei("50")
    assert not any(name.startswith("payable:") for name in balances(gateway))
    assert check_books(gateway.parts.units) == ()


def test_a_release_beside_a_payout_is_owed_back_by_its_beneficiaries(
    gateway: ScriptedGateway, beside_a_payout
):
    gateway.calls.delivery_answers = [
        RemoteUnavailable("down"),
        RemoteRefused("UnknownOrder", permanent=True),
    ]
    gateway.calls.reversal_answers = [RemoteUnavailable("down")]
    gateway.pay("ORDER-1")
    beside_a_payout(lambda: gateway.work(minutes=2))
    assert gateway.calls.delivery_answers == []
    assert owed_by_the_first(gateway) == lei("100")
    assert not any(name.startswith("payable:") for name in balances(gateway))
    assert check_books(gateway.parts.units) == ()
