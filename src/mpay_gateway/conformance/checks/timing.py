"""TIM: how long answers take, and how far clocks may differ."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from mpay_gateway.conformance.answer import Answer
from mpay_gateway.conformance.bench import Bench
from mpay_gateway.conformance.caller import NotRun, Way, recipe_with
from mpay_gateway.conformance.checks.concurrency import LOOKUPS
from mpay_gateway.conformance.verdict import Checks, Severity

CHECKS = Checks("timing")
SKEW: Final = timedelta(seconds=10)
_TIMES: Final = 3


@CHECKS.add(
    "TIM-01", "A lookup is answered in time", Severity.PAYMENTS,
    contract="Answers come within 5 s (section 8); the payer waits, and after 7 s the gateway gives up.",
    mend="Index the key; ask no third system while the payer waits.",
)  # fmt: skip
def lookup_time(bench: Bench) -> Iterator[str]:
    bench.found_accepts()
    yield from _too_slow(bench, [bench.look_up_with() for _ in range(_TIMES)])


@CHECKS.add(
    "TIM-02", "A lookup that finds nothing is answered in time", Severity.INTEROPERABILITY,
    contract="Answers come within 5 s (section 8), whatever they say.",
    mend="Index the key: what is not found must not be searched for everywhere.",
)  # fmt: skip
def unknown_time(bench: Bench) -> Iterator[str]:
    bench.found_accepts()
    yield from _too_slow(bench, [bench.look_up(bench.unknown_key())])


@CHECKS.add(
    "TIM-03", "A confirmation is answered in time", Severity.PAYMENTS,
    contract="Answers come within 5 s (section 8); one that comes later counts as none and is asked for again.",
    mend="Store the payment, answer, and do the rest afterwards.",
)  # fmt: skip
def confirmation_time(bench: Bench) -> Iterator[str]:
    yield from _too_slow(bench, [bench.accepted_payment().answer])


@CHECKS.add(
    "TIM-04", "Lookups at the same time are answered in time", Severity.ADVICE,
    contract="Answers come within 5 s (section 8), on busy days too.",
    mend="Serve calls in parallel.",
)  # fmt: skip
def time_at_once(bench: Bench) -> Iterator[str]:
    bench.found_accepts()
    answers = bench.at_once([bench.look_up_with] * LOOKUPS)
    if (
        max(answer.received.seconds for answer in _one_by_one(bench))
        > bench.target.limits.answer.total_seconds()
    ):
        raise NotRun("a single lookup takes too long: TIM-01")
    yield from _too_slow(bench, answers)


@CHECKS.add(
    "TIM-05", "The service's clock is right", Severity.PAYMENTS,
    contract="The gateway tolerates 60 s between clocks (section 4).",
    mend="Set the clock by NTP; write UTC into the Timestamp, not local time with a Z.",
)  # fmt: skip
def clock(bench: Bench) -> Iterator[str]:
    answer = bench.found()
    created = bench.seal(answer).created
    if created is None:
        raise NotRun("the answer has no Timestamp that can be read")
    skew = created - bench.arrived(answer)
    if abs(skew) > bench.target.limits.clock:
        yield f"Created is {skew.total_seconds():+.0f} s from our clock"


@CHECKS.add(
    "TIM-06", "A request whose clock is behind is served", Severity.PAYMENTS,
    contract="Clocks differ: in the guide's own exchange by 6.4 s (section 4).",
    mend="Tolerate a minute between clocks, both ways.",
)  # fmt: skip
def behind(bench: Bench) -> Iterator[str]:
    yield from _with_skew(bench, -SKEW)


@CHECKS.add(
    "TIM-07", "A request whose clock is ahead is served", Severity.PAYMENTS,
    contract="Clocks differ: in the guide's own exchange by 6.4 s, the answer before its request (section 4).",
    mend="Tolerate a minute between clocks, both ways.",
)  # fmt: skip
def ahead(bench: Bench) -> Iterator[str]:
    yield from _with_skew(bench, SKEW)


def _with_skew(bench: Bench, skew: timedelta) -> Iterator[str]:
    bench.found_accepts()
    note = f"created {skew.total_seconds():+.0f} s from now"
    answer = bench.look_up_with(Way(note, recipe=recipe_with(bench, created_in=skew)))
    if not answer.orders:
        yield f"{note}: {answer.summary}"


def _one_by_one(bench: Bench) -> list[Answer]:
    return [bench.look_up_with()]


def _too_slow(bench: Bench, answers: list[Answer]) -> Iterator[str]:
    limit = bench.target.limits.answer.total_seconds()
    slowest = max(answer.received.seconds for answer in answers)
    if slowest > limit:
        yield f"an answer took {slowest:.1f} s, {limit:.1f} s are allowed"
        return
    unanswered = [answer.summary for answer in answers if answer.payload is None]
    if unanswered:
        raise NotRun(f"what came soon was no answer: {unanswered[0]}")
