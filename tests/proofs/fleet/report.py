"""The report of a run as a page of Markdown: what ran, what was done to it, what was found."""

import os
import platform
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from tests.proofs.fleet.agreement import Books, OurPayment, summary
from tests.proofs.fleet.crowd import Crowd
from tests.proofs.fleet.fleet import Plan

_SHAPES = {"sandbox-main": "redirect", "sandbox-hold": "two-step", "kiosk-network": "kiosk"}


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write the page, and make its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines).rstrip("\n") + "\n", "utf-8")


def head_lines(command: str, plan: Plan, database: str) -> Iterator[str]:
    """Command, date, machine, processes."""
    yield f"* Command: `{command}` ({datetime.now(UTC):%Y-%m-%d %H:%M} UTC)"
    yield f"* Machine: {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    yield (
        f"* Ran: {plan.gateways} × `mpay serve` behind a front, {plan.workers} × `mpay worker`,"
        f" sandbox bank, demo e-Service, kiosk network, {database}"
    )


def verdict(found: tuple[str, ...]) -> str:
    """The one line that counts."""
    return "0 lost, 0 double: all books agree" if not found else f"FAILED: {summary(found)}"


def payers_lines(crowd: Crowd) -> Iterator[str]:
    """What payers did and what they saw."""
    yield "## Payers"
    yield ""
    yield from table(("What they did", "Times"), crowd.stories.most_common())
    yield ""
    shown = Counter(_short(each.shown) for each in crowd.seen)
    yield "What they saw last:"
    yield ""
    yield from table(("Page, or why they gave up", "Payers"), shown.most_common())
    yield ""


def books_lines(books: Books, found: tuple[str, ...]) -> Iterator[str]:
    """What everybody wrote down in the end, and in what they do not agree."""
    yield "## Books"
    yield ""
    outcomes: Counter[tuple[str, str]] = Counter(
        (_SHAPES.get(each.account, each.account), outcome_of(each)) for each in books.ours
    )
    shapes = list(_SHAPES.values())
    names = sorted({name for _, name in outcomes})
    yield from table(
        ("Payments in our books", *shapes),
        [(name, *(outcomes[shape, name] for shape in shapes)) for name in names],
    )
    yield ""
    yield from table(("What the others have", "Count"), _others(books))
    yield ""
    yield from (f"* {each}" for each in found)


def _others(books: Books) -> list[tuple[str, object]]:
    kiosk = Counter(each.state for each in books.kiosk)
    return [
        ("sessions at the bank", len(books.sessions)),
        ("transactions that the bank captured", sum(len(each.captures) for each in books.sessions)),
        ("reversals and voids at the bank", sum(len(each.given_back) for each in books.sessions)),
        ("orders at the service", len(books.orders)),
        ("confirmations that it heard", len(books.told)),
        ("confirmations that it applied", sum(each.outcome == "applied" for each in books.told)),
        ("kiosk money accepted", kiosk["accepted"]),
        ("kiosk money refused", kiosk["refused"]),
        ("payers who read that they have paid", len(books.shown_paid)),
    ]


def outcome_of(payment: OurPayment) -> str:
    """What became of a payment, in one word or two."""
    if payment.in_review:
        return "in review"
    if payment.refunds:
        return "refunded" if payment.refunded else "to be refunded"
    if payment.claimed:
        return payment.delivery
    if payment.captures:
        return "given back" if all(each.done for each in payment.reversals) else "on its way back"
    return f"no money: {payment.state}"


def table(titles: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Lines of a Markdown table."""
    heads = tuple(titles)
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    yield from (f"| {' | '.join(str(cell) for cell in row)} |" for row in rows)


def _short(shown: str) -> str:
    """Pages by their status, reasons without what changed from try to try."""
    why, found, detail = shown.partition(": ")
    return f"gave up at {detail.rpartition(': ')[0]}" if found and why == "GaveUp" else shown
