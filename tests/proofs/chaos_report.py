"""The report of a chaos run."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.proofs.fleet.agreement import Books
from tests.proofs.fleet.crowd import Crowd
from tests.proofs.fleet.fleet import Plan
from tests.proofs.fleet.keeper import Counts
from tests.proofs.fleet.report import (
    books_lines,
    head_lines,
    payers_lines,
    table,
    verdict,
    write_lines,
)


@dataclass(frozen=True, slots=True)
class Story:
    """A run that is over. `refunds`: what operators and services did.

    `drained`: seconds from the last healing until the workers had nothing to do.
    """

    command: str
    seconds: float
    seed: int
    rate: float
    plan: Plan
    counts: Counts
    crowd: Crowd
    weather: Mapping[str, int]
    refunds: Mapping[str, int]
    drained: float
    books: Books
    found: tuple[str, ...]


def write_report(path: Path, story: Story) -> None:
    """Write the page."""
    lines = (
        *_head(story), *payers_lines(story.crowd), *_weather(story), *_kills(story),
        *books_lines(story.books, story.found),
    )  # fmt: skip
    write_lines(path, lines)


def _head(story: Story) -> Iterator[str]:
    yield "# Chaos"
    yield ""
    yield (
        "Every process is killed at random under load; in the end the books of all sides are compared."
        " [`make broken-chaos`](README.md#chaos-over-a-broken-gateway) shows that this comparison finds a broken"
        " gateway."
    )
    yield ""
    yield from head_lines(story.command, story.plan, "PostgreSQL (fsync on)")
    yield f"* {story.seconds:g} s of killing, seed {story.seed}, {story.rate:g} payers a second whatever happens"
    yield f"* Result: **{verdict(story.found)}**"
    yield ""


def _weather(story: Story) -> Iterator[str]:
    yield "Other sides that failed without dying:"
    yield ""
    yield from table(("Fault", "Times"), sorted(story.weather.items()))
    yield ""
    yield "Confirmed money that two operators gave back meanwhile, by the shipped commands:"
    yield ""
    yield from table(("What they and the services did", "Times"), sorted(story.refunds.items()))
    yield ""


def _kills(story: Story) -> Iterator[str]:
    yield "## Kills"
    yield ""
    yield (
        f"{story.counts.kills.total()} SIGKILLs, 0.2 to 3 s apart as long as a gateway and a worker answered, of"
        " whoever was drawn. Once everybody was healed, the workers had nothing left to do within"
        f" {story.drained:.0f} s; the lease of a process that died runs 90 s."
    )
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
    return len(taken), f"{median(taken):.1f}", f"{taken[-1]:.1f}"
