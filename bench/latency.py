"""What the gateway adds: a payer alone, counterparts that answer at once, and the time from capture to told."""

import time
from dataclasses import dataclass

from browser import Browser, HttpSite
from figures import Spread
from payer import Paid, Payer
from sqlalchemy import select
from stack import Stack

from mpay_gateway.storage import create_engine
from mpay_gateway.storage.tables import audit

CALLS = {"pay page": 1, "result page": 2}
"""How often each page asks a counterpart: the order; the bank's answer and the confirmation."""
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds. `pages`: by name, without the stand-ins' own time."""

    pages: dict[str, Spread]
    standin_ms: float


def pay_alone(stack: Stack, seconds: float) -> list[Paid]:
    """Pay at the stand-ins, one payment after the other, for some seconds."""
    payer = Payer(Browser(HttpSite(stack.place.gateway_url)), stack.instant.site)
    until = time.perf_counter() + seconds
    paid = []
    while time.perf_counter() < until:
        paid.append(payer.pay(stack.instant.purchase()))
    return paid


def added_latency(stack: Stack, payments: list[Paid]) -> Latency:
    """What the pages took beyond what the stand-ins took themselves."""
    own = stack.instant.own_ms()
    pages = {
        page: Spread.of(paid.seconds[page] * 1000 for paid in payments).less(calls * own)
        for page, calls in CALLS.items()
    }
    return Latency(pages, own)


def capture_to_confirmed(database_url: str, payments: list[Paid]) -> Spread:
    """Milliseconds from the capture's audit row to that of the e-Service's confirmation; told payments only."""
    taken, told = {}, {}
    engine = create_engine(database_url)
    ids = [paid.payment_id for paid in payments]
    with engine.connect() as connection:
        for start in range(0, len(ids), _BATCH):
            query = select(audit.c.payment_id, audit.c.machine, audit.c.event, audit.c.at).where(
                audit.c.payment_id.in_(ids[start : start + _BATCH])
            )
            for payment_id, machine, event, at in connection.execute(query):
                if (machine, event) == ("payment", "capture"):
                    taken[payment_id] = at
                elif (machine, event) == ("delivery", "confirm"):
                    told[payment_id] = at
    engine.dispose()
    return Spread.of((told[each] - taken[each]).total_seconds() * 1000 for each in told)
