"""The report of a run as a page of Markdown: what ran, what was done to it, what was found."""

import os
import platform
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles

from tests.proofs.fleet.agreement import Books, OurPayment, summary
from tests.proofs.fleet.crowd import Crowd
from tests.proofs.fleet.fleet import Plan
from tests.proofs.fleet.keeper import Counts

_SHAPES = {"sandbox-main": "redirect", "sandbox-hold": "two-step", "kiosk-network": "kiosk"}


@dataclass(frozen=True, slots=True)
class Story:
    """A run that is over. `drained`: seconds from the last healing until the workers had nothing to do."""

    command: str
    seconds: float
    seed: int
    rate: float
    plan: Plan
    counts: Counts
    crowd: Crowd
    weather: Mapping[str, int]
    drained: float
    books: Books
    found: tuple[str, ...]


def write_report(path: Path, story: Story) -> None:
    """Write the page, and make its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "\n".join((*_head(story), *_load(story), *_kills(story), *_outcome(story))) + "\n", "utf-8"
    )


def _head(story: Story) -> Iterator[str]:
    yield "# Chaos"
    yield ""
    yield "Every process is killed at random under load; in the end the books of all sides are compared."
    yield ""
    yield f"* Command: `{story.command}` ({datetime.now(UTC):%Y-%m-%d %H:%M} UTC)"
    yield f"* Machine: {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    yield (
        f"* Ran: {story.plan.gateways} × `mpay serve` behind a front, {story.plan.workers} × `mpay worker`,"
        " sandbox bank, demo e-Service, kiosk network, PostgreSQL (fsync on)"
    )
    yield f"* {story.seconds:g} s of killing, seed {story.seed}, {story.rate:g} payers a second whatever happens"
    verdict = "0 lost, 0 double: all books agree" if not story.found else f"FAILED: {summary(story.found)}"
    yield f"* Result: **{verdict}**"
    yield ""


def _load(story: Story) -> Iterator[str]:
    yield "## Payers"
    yield ""
    yield from table(("What they did", "Times"), story.crowd.stories.most_common())
    yield ""
    shown = Counter(_short(each.shown) for each in story.crowd.seen)
    yield "What they saw last:"
    yield ""
    yield from table(("Page, or why they gave up", "Payers"), shown.most_common())
    yield ""
    yield "Other sides that failed without dying:"
    yield ""
    yield from table(("Fault", "Times"), sorted(story.weather.items()))
    yield ""


def _kills(story: Story) -> Iterator[str]:
    yield "## Kills"
    yield ""
    yield f"{story.counts.kills.total()} SIGKILLs, 0.2 to 3 s apart, of whoever was drawn."
    yield ""
    kinds = sorted({kind for kind, _ in story.counts.kills})
    manners = ("whole", "first process", "child", "was not running")
    rows = [
        (
            kind,
            *(story.counts.kills[kind, manner] for manner in manners),
            story.counts.ended[kind],
            *_times(story, kind),
        )
        for kind in kinds
    ]
    titles = (
        "Kind", "all its processes", "its first process", "a child of it", "found dead", "ended by itself",
        "starts that answered", "median s to answer", "slowest s",
    )  # fmt: skip
    yield from table(titles, rows)
    yield ""
    yield (
        "*Ended by itself*: a start that found its port taken or the database down, or a server whose child was killed."
        " It is started again, as by a service manager."
    )
    yield ""


def _times(story: Story, kind: str) -> tuple[object, object, object]:
    taken = sorted(story.counts.recoveries.get(kind, ()))
    if not taken:
        return 0, "", ""
    middle = quantiles(taken, n=2)[0] if len(taken) > 1 else taken[0]
    return len(taken), f"{middle:.1f}", f"{taken[-1]:.1f}"


def _outcome(story: Story) -> Iterator[str]:
    books = story.books
    yield "## Books"
    yield ""
    yield (
        f"Once everybody was healed, the workers had nothing left to do within {story.drained:.0f} s;"
        " the lease of a process that died runs out after 90 s."
    )
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
    yield from (f"* {each}" for each in story.found)


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
