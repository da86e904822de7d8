"""What the payers' pages say in the end: the same as the books (faults.md L6)."""

import json
from collections.abc import Iterator

from sqlalchemy import select

from mpay_gateway.storage import create_engine
from mpay_gateway.storage.tables import payments
from tests.proofs.fleet.agreement import Books, OurPayment
from tests.proofs.fleet.browsing import Browser
from tests.proofs.fleet.fleet import Fleet

MOST = 100
"""So many pages are opened, evenly spread over all captured payments."""
BACK = ("paid-twice", "refused-by-service", "given-back", "returned")


def wrong_pages(fleet: Fleet, books: Books) -> tuple[str, ...]:
    """Pages that say something else than the books. Raises: GaveUp when nobody serves."""
    tokens = _tokens(fleet.database)
    captured = [each for each in books.ours if each.captures and tokens[each.id]]
    return tuple(_wrong(fleet, captured[:: max(1, len(captured) // MOST)], tokens))


def expected(payment: OurPayment) -> tuple[str, ...]:
    """With which of these the state of the result page of captured money begins."""
    if payment.refunded and payment.refunded >= sum(amount for _, amount in payment.claimed):
        return ("refunded.told",)
    if payment.claimed:
        return (f"paid.{'told' if payment.delivery == 'confirmed' else 'untold'}",)
    return ("being-checked",) if payment.in_review else BACK


def _wrong(fleet: Fleet, chosen: list[OurPayment], tokens: dict[str, str]) -> Iterator[str]:
    browser = Browser(fleet.place.gateway_url)
    for payment in chosen:
        answer = browser.get(f"/pay/{tokens[payment.id]}/payments/{payment.id}/status")
        state = str(json.loads(answer.text)["state"])
        if not state.startswith(expected(payment)):
            yield f"UNTRUE: the page of {payment.id} says {state}, the books {expected(payment)}"


def _tokens(database: str) -> dict[str, str]:
    engine = create_engine(database)
    with engine.connect() as connection:
        found = {row.id: row.visit_token for row in connection.execute(select(payments))}
    engine.dispose()
    return found
