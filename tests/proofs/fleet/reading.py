"""Read the books of every side of a fleet that has come to rest."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from sqlalchemy import Connection, select

from mpay_gateway.storage import create_engine
from mpay_gateway.storage.tables import captures, deliveries, payments, refunds, reversals
from tests.proofs.fleet.agreement import (
    BankSession,
    Books,
    KioskMoney,
    OurPayment,
    OurReversal,
    ServiceOrder,
    Told,
)
from tests.proofs.fleet.fleet import Fleet
from tests.proofs.fleet.payers import Seen
from tests.scene.shop import ShopOrder

Json = dict[str, object]


def read_books(fleet: Fleet, orders: Iterable[ShopOrder], seen: Iterable[Seen]) -> Books:
    """What everybody wrote down. `orders`: those that the service is asked about."""
    engine = create_engine(fleet.database)
    try:
        with engine.connect() as connection:
            ours = _ours(connection)
    finally:
        engine.dispose()
    return Books(
        ours=ours,
        sessions=tuple(_session(each) for each in _listed(fleet.bank.books()["sessions"])),
        orders=tuple(_order(fleet.shop.state(each)) for each in orders),
        told=tuple(_told(each) for each in fleet.shop.all_confirmations()),
        kiosk=tuple(_money(each) for each in fleet.kiosks.transactions()),
        shown_paid=frozenset(each.payment_id for each in seen if each.told_paid),
    )


def own_checks(fleet: Fleet) -> tuple[str, ...]:
    """What the gateway's own commands say of its books and chains."""
    found = []
    for command in (("check-books",), ("audit", "verify")):
        status, said = fleet.mpay(*command)
        if status != 0:
            found.append(f"mpay {' '.join(command)} ended with {status}: {said.strip()[-2000:]}")
    return tuple(found)


def _ours(connection: Connection) -> tuple[OurPayment, ...]:
    taken: dict[str, dict[str, set[tuple[str, int]]]] = defaultdict(lambda: defaultdict(set))
    for row in connection.execute(select(captures)):
        taken[row.payment_id][row.state].add((row.transaction_id, row.amount_minor))
    back: dict[str, list[OurReversal]] = defaultdict(list)
    for row in connection.execute(select(reversals)):
        done, by_provider = row.state == "done", row.ground == "by-provider"
        back[row.payment_id].append(OurReversal(row.key, row.amount_minor, done, by_provider))
    refunded: dict[str, list[OurReversal]] = defaultdict(list)
    for row in connection.execute(select(refunds).where(refunds.c.state != "refused")):
        done, by_provider = row.state == "done", row.ground == "by-provider"
        refunded[row.payment_id].append(OurReversal(row.key, row.amount_minor, done, by_provider))
    told = {row.payment_id: row.state for row in connection.execute(select(deliveries))}
    return tuple(
        OurPayment(
            row.id, row.reference, row.account_id, row.service_id, row.order_key, row.state,
            captures=frozenset().union(*taken[row.id].values()), claimed=frozenset(taken[row.id]["claimed"]),
            in_review=frozenset(taken[row.id]["review"]), delivery=told.get(row.id, ""),
            reversals=tuple(back[row.id]), refunds=tuple(refunded[row.id]),
        )
        for row in connection.execute(select(payments))
    )  # fmt: skip


def _session(said: Json) -> BankSession:
    given = _listed(said["reversals"])
    return BankSession(
        str(said["reference"]),
        str(said["status"]),
        tuple(
            (str(each["transaction_id"]), int(str(each["amount_minor"])))
            for each in _listed(said["captures"])
        ),
        tuple((str(each["key"] or ""), int(str(each["amount_minor"]))) for each in given),
        frozenset(str(each["key"]) for each in given if each["kind"] == "void"),
    )


def _order(said: Json) -> ServiceOrder:
    made = tuple((str(each["payment_id"]), _minor(each["total"])) for each in _listed(said["payments"]))
    total, paid = _minor(said["total"]), _minor(said["paid"])
    return ServiceOrder(str(said["order_key"]), total, paid, made, str(said["state"]))


def _told(said: Json) -> Told:
    return Told(
        str(said["payment_id"]), str(said["order_key"]), str(said["content_digest"]), str(said["outcome"])
    )


def _money(said: Json) -> KioskMoney:
    return KioskMoney(str(said["txn_id"]), int(str(said["sum_minor"])), str(said["state"]))


def _listed(said: object) -> list[Json]:
    assert isinstance(said, list)
    return said


def _minor(said: object) -> int:
    return int(Decimal(str(said)) * 100)
