"""The report of a failover, with a synchronous standby and with one that lags behind."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.proofs.fleet.agreement import Books, summary
from tests.proofs.fleet.crowd import Crowd
from tests.proofs.fleet.fleet import Plan
from tests.proofs.fleet.report import books_lines, head_lines, payers_lines, verdict, write_lines


@dataclass(frozen=True, slots=True)
class Story:
    """One failover. Times in seconds: `promoted` the promotion alone, `serving` from the kill until all serve again.

    `ended`: processes of ours that ended meanwhile, by kind.
    """

    plan: Plan
    synchronous: bool
    payers: int
    rate: float
    seed: int
    promoted: float
    serving: float
    drained: float
    crowd: Crowd
    books: Books
    ended: Mapping[str, int]
    found: tuple[str, ...]

    @property
    def verdict(self) -> str:
        if self.synchronous:
            return verdict(self.found)
        return (
            f"the comparison finds the loss: {summary(self.found)}"
            if self.found
            else "FAILED: it finds no loss"
        )


def write_report(path: Path, kept: Story, lost: Story) -> None:
    """Write the page."""
    write_lines(
        path,
        (
            *_head(kept), *_times(kept), *payers_lines(kept.crowd), *books_lines(kept.books, kept.found),
            *_loss(lost),
        ),
    )  # fmt: skip


def _head(story: Story) -> Iterator[str]:
    yield "# Failover"
    yield ""
    yield (
        "Under load every process of the primary is killed, its standby is promoted, and nobody else is restarted."
        " Then the books of all sides are compared."
    )
    yield ""
    database = "PostgreSQL and its synchronous standby"
    yield from head_lines(f"make failover PAYERS={story.payers} SEED={story.seed}", story.plan, database)
    yield f"* {story.payers} payers come and go before and after, {story.rate:g} a second arrive whatever happens"
    yield f"* Result: **{story.verdict}**"
    yield ""


def _times(story: Story) -> Iterator[str]:
    yield "## Times"
    yield ""
    yield f"* Promotion: {story.promoted:.1f} s, one second after the kill"
    yield (
        f"* From the kill until every `mpay serve` was ready again: {story.serving:.1f} s; none was restarted:"
        " the address names both servers"
    )
    yield f"* Processes of ours that ended meanwhile: {dict(story.ended) or 'none'}"
    yield f"* Until the workers had nothing left to do: {story.drained:.0f} s (a lease that nobody can renew runs 90 s)"
    yield ""


def _loss(story: Story) -> Iterator[str]:
    yield "## A standby that lags behind"
    yield ""
    yield (
        "The same run, but commits do not wait for the standby, and its line was cut while the last"
        f" {story.payers // 2} payers came and went, as an asynchronous standby may lag."
        f" What the comparison says of it ({story.verdict}):"
    )
    yield ""
    yield from (f"* {each}" for each in story.found[:20])
    if len(story.found) > 20:
        yield f"* … and {len(story.found) - 20} more"
