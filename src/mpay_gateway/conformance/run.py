"""One run: each check in its turn, nothing passed that was not seen to pass."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from cryptography.exceptions import InternalError, UnsupportedAlgorithm
from lxml import etree

from mpay_gateway.boundary import Clock
from mpay_gateway.conformance.answer import Answer
from mpay_gateway.conformance.bench import Bench
from mpay_gateway.conformance.caller import Kept, NotRun
from mpay_gateway.conformance.messages import Contract
from mpay_gateway.conformance.plain_text import plain
from mpay_gateway.conformance.settling import settle_recipe
from mpay_gateway.conformance.spending import Spending
from mpay_gateway.conformance.target import Target
from mpay_gateway.conformance.transport import Sent, Wire
from mpay_gateway.conformance.verdict import Check, Result, Status

Progress = Callable[[int, int, Check], None]
"""Called before each check: how many are done, how many there are, which one comes."""
_KITS_OWN: Final = (
    ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError,
    etree.LxmlError, InternalError, UnsupportedAlgorithm,
)  # fmt: skip
"""What the kit's readers and their libraries raise over what they were not made for."""
INTERRUPTED: Final = "the run was interrupted"
MOST_REMARKS: Final = 5
_LONGEST_REMARK: Final = 300


@dataclass(frozen=True, slots=True)
class Report:
    """What a run found. `reached`: whether anything answered at all. `spendings`: what was paid.

    `cut_short`: why the run ended before its end; empty when each check had its turn.
    """

    url: str
    service_id: str
    started: datetime
    reached: bool
    results: tuple[Result, ...]
    spendings: tuple[Spending, ...] = ()
    cut_short: str = ""

    def count(self, status: Status) -> int:
        return sum(result.status is status for result in self.results)

    @property
    def passes(self) -> bool:
        """Whether no check above advice failed."""
        return not any(result.is_grave for result in self.results)

    @property
    def is_interrupted(self) -> bool:
        """Whether somebody ended the run."""
        return self.cut_short == INTERRUPTED


def run_checks(
    target: Target, clock: Clock, checks: Iterable[Check], *, kept: Kept, progress: Progress
) -> Report:
    """Run the checks against the target, in their order. Nothing that a service answers is an exception.

    Ctrl-C, or a message that cannot be kept, ends the run and not its report: somebody must learn what was paid.
    """
    started = clock.now()
    wire = Wire(clock, target.gateway, timeouts=target.timeouts, ca_file=target.ca_file)
    bench = Bench(target, clock, wire=wire, kept=kept)
    listed = list(checks)
    silence = ""
    results: list[Result] = []
    try:
        silence = _silence(bench)
        for number, check in enumerate(listed):
            progress(number, len(listed), check)
            reason = silence or _left_out(bench) or _newer(check, target) or _explained(check, results)
            results.append(Result(check, Status.NOT_RUN, reason) if reason else _run(check, bench))
    except KeyboardInterrupt:
        bench.cut_short = INTERRUPTED
    except OSError as error:  # of the disk: on the wire nothing is an exception
        bench.cut_short = f"a message could not be kept: {error.strerror}"
    results += [Result(check, Status.NOT_RUN, _left_out(bench)) for check in listed[len(results) :]]
    judged = tuple(_proved(result, results) for result in results)
    return Report(
        target.url,
        target.service_id,
        started,
        not silence,
        judged,
        bench.spendings.as_tuple(),
        bench.cut_short,
    )


def _silence(bench: Bench) -> str:
    """Why nothing can be reached; empty when something answers."""
    asked: tuple[Callable[[], Answer], ...] = (
        lambda: bench.shown(bench.target.order_keys[0]),
        lambda: bench.exchange(Sent("GET", bench.target.url), "GET of the address"),
    )
    failure = ""
    try:
        for ask in asked:
            failure = ask().received.failure
            if not failure:
                break
    except NotRun as reason:
        failure = f"{failure}; {reason}" if failure else str(reason)
    if failure:
        return f"nothing could be reached: {failure}"
    with suppress(NotRun):
        settle_recipe(bench)
    return ""


def _left_out(bench: Bench) -> str:
    """Why nothing more is tried; empty while the run goes on."""
    return bench.cut_short if bench.is_over() else ""


def _newer(check: Check, target: Target) -> str:
    """Why a service of 2016 is not judged by a check; empty when it is, and for every other service."""
    is_older = target.contract is Contract.WSDL_2016
    return f"by the contract of 2016 {check.newer}" if is_older and check.newer else ""


def _explained(check: Check, results: list[Result]) -> str:
    """Why a check has nothing to add; empty when it may have."""
    failed = {result.check.id for result in results if result.status is Status.FAILED}
    return f"{check.explained_by} failed, which explains this too" if check.explained_by in failed else ""


def _run(check: Check, bench: Bench) -> Result:
    bench.looked_at.clear()
    try:
        remarks = [plain(remark, _LONGEST_REMARK) for remark in check.run(bench)]
        seen = tuple(answer.seen for answer in bench.looked_at)
    except NotRun as reason:
        return _not_run(check, bench.cut_short or str(reason), bench)
    except _KITS_OWN as error:
        said = f"the kit cannot judge what came back, which is a fault of its own: {type(error).__name__}: {error}"
        return _not_run(check, said, bench)
    if remarks:
        more = len(remarks) - MOST_REMARKS
        said = "; ".join(remarks[:MOST_REMARKS]) + (f"; and {more} more" if more > 0 else "")
        return Result(check, Status.FAILED, said, seen)
    return Result(check, Status.PASSED, seen[-1].summary if seen else "", seen)


def _not_run(check: Check, reason: str, bench: Bench) -> Result:
    return Result(check, Status.NOT_RUN, plain(reason), tuple(answer.seen for answer in bench.looked_at))


def _proved(result: Result, results: list[Result]) -> Result:
    """A pass without proof is none: the check that proves it has failed or was not run."""
    proof = next((each for each in results if each.check.id == result.check.proved_by), None)
    if proof is None or result.status is not Status.PASSED or proof.status is Status.PASSED:
        return result
    refused = "did not pass" if proof.status is Status.FAILED else f"was not run ({proof.detail})"
    said = f"{proof.check.id} {refused}: who refuses what is right proves nothing by refusing what is wrong"
    return replace(result, status=Status.NOT_RUN, detail=said)
