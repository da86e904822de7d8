"""Who bears a refund is decided by what was paid out: a payout under way is waited for."""

from threading import Event, Thread

from sqlalchemy import text

from mpay_gateway.boundary import SystemIds
from mpay_gateway.domain.order import PaymentAccount
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.bookkeeping.settlement import PaidBy, settle
from mpay_gateway.storage.ledger import owed_back, payable
from mpay_gateway.storage.settlements import Settlements
from tests.scene.waiting import eventually
from tests.unit.flow.refunding_scene import balances, open_refund, release
from tests.unit.flow.scripted import IBANS, NOON, SERVICE, ScriptedGateway, lei

_WAITS = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'settlement_days'::regclass")


def waits_or_is_over(gateway: ScriptedGateway, refunding: Thread) -> bool:
    """Whether the refund waits for the payout. On SQLite it cannot but wait: the unit holds the database."""
    if gateway.parts.units.engine.dialect.name == "sqlite" or not refunding.is_alive():
        return True
    return bool(gateway.parts.units.read(lambda work: work.connection.execute(_WAITS).scalar()))


def test_a_refund_beside_a_payout_is_owed_back_by_its_beneficiary(gateway: ScriptedGateway, monkeypatch):
    payment = gateway.pay("ORDER-1")
    open_refund(gateway, payment, "50")
    release(gateway, payment)
    settled, go, of_day = Event(), Event(), Settlements.of_day

    def before_its_commit(self: Settlements, day: object):
        settled.set()
        assert go.wait(60)
        return of_day(self, day)

    monkeypatch.setattr(Settlements, "of_day", before_its_commit)
    units, clock = gateway.parts.units, gateway.clock
    paying = Thread(
        target=lambda: settle(
            units, NOON.date(), PaidBy("main", "operator:ana"), clock=clock, ids=SystemIds()
        )
    )
    paying.start()
    assert settled.wait(60)
    refunding = Thread(target=lambda: gateway.work(seconds=1))
    refunding.start()
    try:
        eventually(lambda: waits_or_is_over(gateway, refunding), within=60)
    finally:
        go.set()
        paying.join(60)
        refunding.join(60)
    assert not paying.is_alive()
    assert not refunding.is_alive()
    found = balances(gateway)
    assert found[owed_back(payable(SERVICE, PaymentAccount(iban=IBANS[0])))] == lei("50")
    assert not any(name.startswith("payable:") for name in found)
    assert check_books(units) == ()
