"""After the storm: everybody is healed, and the workers bring to its end what was begun."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import sqlalchemy
from sqlalchemy import select, update

from mpay_gateway.storage import create_engine
from mpay_gateway.storage.tables import deliveries, payments, refunds, reversals, tasks
from mpay_gateway.storage.tasks import TaskKind
from tests.proofs.fleet.fleet import Fleet
from tests.scene.shop import ShopOrder

DRAIN_SECONDS = 400.0
HURRY_SECONDS = 15.0
_KINDS = (TaskKind.DELIVER, TaskKind.RECHECK, TaskKind.FINISH, TaskKind.REVERSE, TaskKind.REFUND)


def heal(fleet: Fleet, broken_orders: Sequence[ShopOrder]) -> None:
    """Switch every fault off, that of single orders too."""
    fleet.repair()
    for order in broken_orders:
        fleet.shop.change(order, "one-line")


def drain(fleet: Fleet, look: Callable[[dict[str, int]], object] = lambda _: None) -> float:
    """Wait until the fleet's own workers have nothing left to do; how many seconds it took.

    What is due only later by its schedule is due now, as after `mpay delivery retry`; leases of processes that
    died run out by themselves. Raises: TimeoutError that names what is left.
    """
    began = time.monotonic()
    next_hurry = began
    while True:
        if time.monotonic() >= next_hurry:
            hurry(fleet.database)
            fleet.kiosks.hurry()
            next_hurry = time.monotonic() + HURRY_SECONDS
        left = unfinished(fleet)
        look(left)
        if not left:
            return time.monotonic() - began
        if time.monotonic() > began + DRAIN_SECONDS:
            raise TimeoutError(f"after {DRAIN_SECONDS:g} s there is left: {left}")
        time.sleep(0.5)


def hurry(database: str) -> None:
    """Let every task that waits for its time be due now, if its payment has not come to an end."""
    now = datetime.now(UTC)
    engine = create_engine(database)
    waits = tasks.c.due.is_not(None) & (tasks.c.due > now) & tasks.c.kind.in_(_KINDS)
    with engine.begin() as connection:
        connection.execute(update(tasks).where(waits).values(due=now))
    engine.dispose()


def unfinished(fleet: Fleet) -> dict[str, int]:
    """What is still to be done, by kind; nothing of it when the gateway has come to rest."""
    engine = create_engine(fleet.database)
    with engine.connect() as connection:
        due = (tasks.c.due <= datetime.now(UTC)) | tasks.c.lease_until.is_not(None)
        counts = {
            "due tasks": _count(connection, tasks, tasks.c.kind.in_(_KINDS) & due),
            "confirmations": _count(connection, deliveries, deliveries.c.state.in_(("due", "leased"))),
            "reversals": _count(connection, reversals, reversals.c.state == "due"),
            "refunds": _count(connection, refunds, _unrefunded()),
            "held money": _count(connection, payments, payments.c.state == "authorised"),
        }
    engine.dispose()
    counts["kiosk money"] = sum(each["state"] == "taken" for each in fleet.kiosks.transactions())
    return {name: count for name, count in counts.items() if count}


def _unrefunded() -> sqlalchemy.ColumnElement[bool]:
    """Refunds whose money has not gone back, or whose service does not call the order refunded yet."""
    unsaid = refunds.c.acknowledged_at.is_(None) & (refunds.c.ground != "by-provider")
    return (refunds.c.state == "due") | ((refunds.c.state == "done") & unsaid)


def _count(
    connection: sqlalchemy.Connection, table: sqlalchemy.Table, which: sqlalchemy.ColumnElement[bool]
) -> int:
    query = select(sqlalchemy.func.count()).select_from(table).where(which)
    return int(connection.execute(query).scalar_one())
