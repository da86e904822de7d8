"""Invariant 7: no order is claimed beyond what its service said was due, by one payment or by several."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mpay_gateway.storage.claim_books import ClaimBooks
from mpay_gateway.storage.questions import Doubt


@dataclass(frozen=True, slots=True)
class _Due:
    """What one answer of the service lets payments claim, in minor units.

    `most`: what is due, None when it named no amount. `beyond`: whether it takes more, as an advance.
    """

    most: int | None
    in_parts: bool
    beyond: bool

    @property
    def limit(self) -> int | None:
        return None if self.beyond else self.most


def within_what_is_due(books: ClaimBooks) -> Iterator[Doubt]:
    """Claims above what their answer says is due, alone or beside those that the answer cannot know of."""
    for row in books.each():
        yield from _alone(row)
    for rows in books.of_shared_orders():
        yield from _together(rows, books)


def shares_of(text: str) -> dict[str, int]:
    """Minor units by line id, as a claim has them; those of a line that is named twice together."""
    shares: dict[str, int] = {}
    for line_id, minor in json.loads(text):
        shares[line_id] = shares.get(line_id, 0) + minor
    return shares


def _alone(row: Any) -> Iterator[Doubt]:
    total = sum(shares_of(row.shares).values())
    if total != row.amount_minor:
        yield Doubt(row.payment_id, f"lines share {total} of the {row.amount_minor} claimed, in minor units")
    due = _due(row.document)
    limits = [each for each in (due.limit, row.payable_minor) if each is not None]
    if limits and row.amount_minor > min(limits):
        yield Doubt(row.payment_id, f"claims {row.amount_minor} of {min(limits)} payable, in minor units")
    elif due.most is not None and row.amount_minor < due.most and not due.in_parts:
        yield Doubt(
            row.payment_id,
            f"claims {row.amount_minor} of {due.most}, in minor units, and parts are not taken",
        )


def _together(rows: Sequence[Any], books: ClaimBooks) -> Iterator[Doubt]:
    """Each live claim of an order beside the live ones that were taken before it.

    Those that were acknowledged before its answer was asked for do not count: the service knew of them. Where no
    parts are taken there may be no other at all, which follows: a claim is of the whole.
    """
    for place, row in enumerate(rows):
        others = [
            each for each in rows[:place]
            if each.acknowledgement is None or each.acknowledgement > row.known
        ]  # fmt: skip
        if not others:
            continue
        due, total = (
            _due(books.answer(row.snapshot_id)),
            sum(each.amount_minor for each in others) + row.amount_minor,
        )
        if not due.in_parts or (due.limit is not None and total > due.limit):
            yield Doubt(
                row.payment_id,
                f"claims {row.amount_minor} beside {len(others)} of the same order: {total} of {due.most} due",
            )


def _due(document: str) -> _Due:
    """Read from the stored text itself: to build a million orders takes minutes."""
    order = json.loads(document)
    total, line = order["total_due"], order["lines"][0]
    most = None if total is None else int(total[0].replace(".", ""))
    in_parts, beyond = (
        bool(order.get(flag) or line.get(flag)) for flag in ("allow_partial", "allow_advance")
    )
    return _Due(most, in_parts, beyond)


def readable(content: str) -> dict[str, Any] | None:
    """The stored content of a confirmation, None when it is none."""
    try:
        read = json.loads(content)
    except json.JSONDecodeError:
        return None
    return read if isinstance(read, dict) else None


def accounts_of(document: str) -> set[tuple[str, str]]:
    """Each line of a stored order with the account that it goes to."""
    return {
        (line["line_id"], line.get("account", {}).get("iban", "")) for line in json.loads(document)["lines"]
    }
