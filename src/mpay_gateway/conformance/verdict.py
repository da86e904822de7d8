"""What a check is and what it finds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from mpay_gateway.conformance.answer import Seen
from mpay_gateway.conformance.bench import Bench


class Severity(StrEnum):
    """What a failed check means; only advice lets a service pass."""

    PAYMENTS = "breaks payments"
    MONEY = "loses money"
    SECURITY = "security"
    INTEROPERABILITY = "interoperability"
    ADVICE = "advice"


class Status(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not_run"


Run = Callable[[Bench], Iterator[str]]
"""Yields what is wrong, nothing when all is well. Raises: NotRun when it cannot tell."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `contract` is the sentence that it judges by, `section` where it stands.

    A pass counts only when the check `proved_by` passed: a service that refuses everything refuses what is wrong, too.
    When the check `explained_by` failed this one is not run: it would say the same in other words.
    `newer` says what the contract of 2016 lacks, by which a service cannot be judged then; empty where it is the same.
    """

    id: str
    title: str
    group: str
    severity: Severity
    contract: str
    mend: str
    run: Run
    proved_by: str = ""
    explained_by: str = ""
    newer: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """How one check ended: what is wrong or why it was not run, and the exchanges that it looked at."""

    check: Check
    status: Status
    detail: str
    exchanges: tuple[Seen, ...] = ()

    @property
    def is_grave(self) -> bool:
        """Whether the service does not pass because of it."""
        return self.status is Status.FAILED and self.check.severity is not Severity.ADVICE


@dataclass(frozen=True, slots=True)
class Checks:
    """The checks of one group, in the order in which they run."""

    group: str
    found: list[Check] = field(default_factory=list)

    def add(
        self,
        identifier: str,
        title: str,
        severity: Severity,
        *,
        contract: str,
        mend: str,
        **others: str,
    ) -> Callable[[Run], Run]:
        """Make a function a check. `others` are `proved_by`, `explained_by` and `newer`."""

        def register(run: Run) -> Run:
            self.found.append(Check(identifier, title, self.group, severity, contract, mend, run, **others))
            return run

        return register
