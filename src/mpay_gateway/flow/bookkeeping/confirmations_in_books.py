"""Invariants 3 and 4: services are told what was paid, always the same, and the books owe it where it was paid to."""

import json
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Any

from mpay_gateway.domain.confirmation import content_digest
from mpay_gateway.domain.evidence import CONTENT_NOTE
from mpay_gateway.domain.order import PaymentAccount
from mpay_gateway.flow.bookkeeping.claims_in_books import accounts_of, readable, shares_of
from mpay_gateway.storage.books import Books
from mpay_gateway.storage.ledger import payable
from mpay_gateway.storage.ledger_books import LedgerBooks, OwedTo
from mpay_gateway.storage.questions import Doubt

AT_ONCE = 500
"""Confirmations that are held against the ledger in one question."""


def identical(books: Books) -> Iterator[Doubt]:
    """The content is the one that was stored with the capture, and it is this payment's."""
    for row in books.confirmation_contents():
        if content_digest(row.content) != row.content_digest:
            yield Doubt(
                row.payment_id, "the content of the confirmation is not what was stored with the capture"
            )
            continue
        content = json.loads(row.content)
        names = ("payment_id", "invoice_id", "service_id", "order_key")
        if wrong := [name for name in names if content[name] != getattr(row, name)]:
            yield Doubt(row.payment_id, f"the confirmation names another {', '.join(wrong)}")
    for row in books.confirmations_sent():
        if dict(json.loads(row.meta)["notes"])[CONTENT_NOTE] != row.content_digest:
            yield Doubt(row.payment_id, f"{row.operation} was sent with other content than was stored")
    yield from books.calls_of_no_payment()


def confirmed_in_full(books: Books, ledger: LedgerBooks) -> Iterator[Doubt]:
    """The lines of a confirmation sum to the captured amount, each to its account of the order that was paid.

    What the ledger owes by the capture stands on just these accounts: what is paid out is paid by the ledger.
    """
    rows = books.confirmation_contents()
    while some := tuple(islice(rows, AT_ONCE)):
        owed = ledger.owed_by_captures([row.payment_id for row in some])
        for row in some:
            content = readable(row.content)
            if content is None:
                yield Doubt(row.payment_id, "the content of the confirmation cannot be read")
                continue
            yield from _in_full(row, content)
            if _told(content) != owed.get(row.payment_id, {}):
                yield Doubt(row.payment_id, "the ledger owes it to other accounts than were confirmed")


def _in_full(row: Any, content: dict[str, Any]) -> Iterator[Doubt]:
    confirmed = {line["line_id"]: line["amount"] for line in content["lines"]}
    total = sum(line["amount"] for line in content["lines"])
    if total != row.taken or content["total"] != row.taken or content["currency"] != row.currency:
        yield Doubt(
            row.payment_id, f"lines of {total} are confirmed, {row.taken} was captured, in minor units"
        )
    elif confirmed != shares_of(row.shares or "[]"):
        yield Doubt(row.payment_id, "other parts are confirmed to the lines than were claimed for them")
    paid = {(line["line_id"], line["account"]["iban"]) for line in content["lines"]}
    if strange := paid - accounts_of(row.document):
        yield Doubt(row.payment_id, f"confirmed to accounts that the order does not have: {sorted(strange)}")


def _told(content: dict[str, Any]) -> OwedTo:
    """What the confirmation says goes to each payable account."""
    told: Counter[tuple[str, str]] = Counter()
    for line in content["lines"]:
        account = PaymentAccount(**line["account"])
        told[payable(content["service_id"], account), content["currency"]] += line["amount"]
    return told
