"""`make bench-recovery`: how soon what broke is mended, with the real programs. Each figure has its bound.

Serving again after everything was killed; settling a payment whose payer and callback were lost; giving back the
money of a second payment of an order. Exit status 1 when a bound is missed.
"""

import argparse
import logging
import os
import shutil
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import structlog
from load import Crowd, machine_load
from sqlalchemy import Select, select
from stack import CHECKOUT, DemoError, Stack

from mpay_gateway.storage import create_engine
from mpay_gateway.storage.tables import captures, payments, reversals

LOST = "4000000000006207"
"""A card whose payer is not led back, and of which no callback is sent."""
LATE = "4000000000005308"
"""A card that is declined, and charged ten seconds later all the same."""
LOST_SECONDS, REVERSED_SECONDS, SERVING_SECONDS = 120.0, 60.0, 5.0
KILLS = 3
_PATIENCE = 300.0


def main() -> int:
    """Break, wait, and print; 1 when something took longer than it may."""
    options = _parser().parse_args()
    logging.disable(logging.WARNING)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    parent = CHECKOUT / "var"
    parent.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="recovery-", dir=parent))
    print(f"{options.database}; {machine_load()}", flush=True)
    try:
        with Stack(options.database, folder) as stack:
            Crowd(stack).wait_until_idle()
            kept = [
                _told("a payment is settled whose payer and callback were lost", _lost(stack), LOST_SECONDS),
                _told(
                    "a second payment's money is given back, after it was taken",
                    _second(stack),
                    REVERSED_SECONDS,
                ),
                *(
                    _told("serving again after everything was killed", _killed(stack), SERVING_SECONDS)
                    for _ in range(KILLS)
                ),
            ]
    except (DemoError, TimeoutError) as error:
        print(f"bench-recovery: {error}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if all(kept) else 1


def _told(what: str, seconds: float, bound: float) -> bool:
    print(
        f"{seconds:6.1f} s (at most {bound:3.0f} s)  {what}{'' if seconds <= bound else ': TOO LATE'}",
        flush=True,
    )
    return seconds <= bound


def _lost(stack: Stack) -> float:
    """From the bank's taking of the money until the payment is captured in the books."""
    payer = stack.payer()
    order_key = stack.orders(1)[0]
    payer.pay_at_bank(payer.go_to_bank(stack.purchase(order_key)), LOST)
    query = (
        select(captures.c.captured_at, captures.c.recorded_at)
        .join_from(captures, payments)
        .where(payments.c.order_key == order_key)
    )
    return _between(stack, query)


def _second(stack: Stack) -> float:
    """From the bank's late taking of the first payer's money, when a second had paid, until the bank was told."""
    order_key = stack.orders(1)[0]
    first = stack.payer()
    first.browser.get(first.give_card(first.go_to_bank(stack.purchase(order_key)), LATE))
    stack.payer().pay(stack.purchase(order_key))
    query = (
        select(captures.c.captured_at, reversals.c.done_at)
        .join_from(reversals, captures, captures.c.id == reversals.c.capture_id)
        .join(payments, payments.c.id == captures.c.payment_id)
        .where(payments.c.order_key == order_key, reversals.c.done_at.is_not(None))
    )
    return _between(stack, query)


def _killed(stack: Stack) -> float:
    """From the killing of all processes, which are started again at once, until a page asks the database."""
    stack.payer().pay(stack.purchase(stack.orders(1)[0]))
    stack.kill()
    began = time.monotonic()
    stack.start_again()
    _wait(lambda: _serves(stack), "the gateway is ready")
    return time.monotonic() - began


def _serves(stack: Stack) -> bool:
    """Raises: DemoError when a program did not stay."""
    stack.check()
    try:
        with urllib.request.urlopen(f"{stack.place.gateway_url}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _between(stack: Stack, query: Select[tuple[datetime, datetime]]) -> float:
    """Seconds between the two instants of the row that the query finds at last."""
    engine = create_engine(stack.database_url)
    found: list[tuple[datetime, datetime]] = []

    def look() -> bool:
        with engine.connect() as connection:
            found.extend((row[0], row[1]) for row in connection.execute(query))
        return bool(found)

    try:
        _wait(look, "the books know of it")
    finally:
        engine.dispose()
    began, ended = found[0]
    return (ended - began).total_seconds()


def _wait(done: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + _PATIENCE
    while not done():
        if time.monotonic() > until:
            raise TimeoutError(f"not within {_PATIENCE:.0f} s: {what}")
        time.sleep(0.1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench-recovery", description=__doc__)
    parser.add_argument(
        "--database", choices=("SQLite", "PostgreSQL"), default=os.environ.get("DATABASE") or "PostgreSQL",
        help="default: DATABASE, else %(default)s",
    )  # fmt: skip
    return parser


if __name__ == "__main__":
    sys.exit(main())
