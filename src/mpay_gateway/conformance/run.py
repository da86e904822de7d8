"""One run: each check in its turn, nothing passed that was not seen to pass."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from lxml import etree

from mpay_gateway.boundary import Clock
from mpay_gateway.conformance.answer import Answer
from mpay_gateway.conformance.bench import Bench
from mpay_gateway.conformance.caller import Kept, NotRun
from mpay_gateway.conformance.settling import settle_recipe
from mpay_gateway.conformance.target import Target
from mpay_gateway.conformance.transport import Sent, Wire
from mpay_gateway.conformance.verdict import Check, Result, Status

Progress = Callable[[int, int, Check], None]
"""Called before each check: how many are done, how many there are, which one comes."""
_KITS_OWN: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, etree.LxmlError)
MOST_REMARKS: Final = 5


@dataclass(frozen=True, slots=True)
class Report:
    """What a run found. `reached`: whether anything answered at all."""

    url: str
    service_id: str
    started: datetime
    reached: bool
    results: tuple[Result, ...]

    def count(self, status: Status) -> int:
        return sum(result.status is status for result in self.results)

    @property
    def passes(self) -> bool:
        """Whether no check above advice failed."""
        return not any(result.is_grave for result in self.results)


def run_checks(
    target: Target, clock: Clock, checks: Iterable[Check], *, kept: Kept, progress: Progress
) -> Report:
    """Run the checks against the target, in their order. Nothing that a service answers is an exception."""
    started = clock.now()
    wire = Wire(clock, target.gateway, timeouts=target.timeouts, ca_file=target.ca_file)
    bench = Bench(target, clock, wire=wire, kept=kept)
    listed = list(checks)
    silence = _silence(bench)
    if not silence:
        settle_recipe(bench)
    results: list[Result] = []
    for number, check in enumerate(listed):
        progress(number, len(listed), check)
        reason = silence or _explained(check, results)
        results.append(Result(check, Status.NOT_RUN, reason) if reason else _run(check, bench))
    judged = tuple(_proved(result, results) for result in results)
    return Report(target.url, target.service_id, started, not silence, judged)


def _silence(bench: Bench) -> str:
    """Why nothing can be reached; empty when something answers."""
    asked: tuple[Callable[[], Answer], ...] = (
        lambda: bench.shown(bench.target.order_keys[0]),
        lambda: bench.exchange(Sent("GET", bench.target.url), "GET of the address"),
    )
    failure = ""
    for ask in asked:
        failure = ask().received.failure
        if not failure:
            return ""
    return f"nothing could be reached: {failure}"


def _explained(check: Check, results: list[Result]) -> str:
    """Why a check has nothing to add; empty when it may have."""
    failed = {result.check.id for result in results if result.status is Status.FAILED}
    return f"{check.explained_by} failed, which explains this too" if check.explained_by in failed else ""


def _run(check: Check, bench: Bench) -> Result:
    bench.looked_at.clear()
    try:
        remarks = list(check.run(bench))
    except NotRun as reason:
        return Result(check, Status.NOT_RUN, str(reason), tuple(bench.looked_at))
    except _KITS_OWN as error:
        said = f"the kit cannot judge what came back, which is a fault of its own: {type(error).__name__}: {error}"
        return Result(check, Status.NOT_RUN, said, tuple(bench.looked_at))
    answers = tuple(bench.looked_at)
    if remarks:
        more = len(remarks) - MOST_REMARKS
        said = "; ".join(remarks[:MOST_REMARKS]) + (f"; and {more} more" if more > 0 else "")
        return Result(check, Status.FAILED, said, answers)
    return Result(check, Status.PASSED, answers[-1].summary if answers else "", answers)


def _proved(result: Result, results: list[Result]) -> Result:
    """A pass without proof is none: the check that proves it has failed or was not run."""
    proof = next((each for each in results if each.check.id == result.check.proved_by), None)
    if proof is None or result.status is not Status.PASSED or proof.status is Status.PASSED:
        return result
    said = (
        f"{proof.check.id} did not pass: who refuses what is right proves nothing by refusing what is wrong"
    )
    return replace(result, status=Status.NOT_RUN, detail=said)
