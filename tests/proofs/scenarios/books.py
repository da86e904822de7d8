"""Seals, statements, reconciliation, settlement: a worker or a command dies over the books themselves."""

from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import text

from mpay_gateway.domain.bank_statement import LineOutcome
from mpay_gateway.domain.identifiers import AccountId
from mpay_gateway.flow import answer_counting
from mpay_gateway.flow.answer_report import report_answers
from mpay_gateway.flow.audit.audit_verification import Report, Terms, trusted_signatories, verify_audit
from mpay_gateway.flow.audit.sealing import SUBJECT, keep_sealing
from mpay_gateway.flow.bookkeeping.reconciliation import statement_days
from mpay_gateway.flow.bookkeeping.statement_days import plan_statements
from mpay_gateway.flow.bookkeeping.statement_intake import fetch_statement
from mpay_gateway.storage.bank_statements import task_subject
from mpay_gateway.storage.tasks import TaskKind
from mpay_gateway.texts.local_days import local_day
from tests.proofs.dying import Command, Worker
from tests.proofs.stage import Stage, scenario
from tests.scene.collected import (
    COLLECTED,
    IBAN,
    PARTNER,
    TREASURY,
    camt,
    folder_of,
    number_for,
    yesterday,
)
from tests.scene.payer import Page
from tests.scene.processes import named

ACCOUNT = AccountId("sandbox-main")
OVER = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
"""A time on a day that is over: the one on which Chisinau's clocks go forward."""
_CAPTURED_AT = "UPDATE captures SET captured_at = :at"


@scenario(units=("tend-seals", "plan-statements"))
def a_first_worker_starts(stage: Stage) -> None:
    stage.payer.pay(stage.shop.order())
    stage.gateway.settle_down()
    stage.dies(Worker())
    keep_sealing(stage.gateway.parts)  # what the next worker begins with
    plan_statements(stage.gateway.parts)
    stage.recover()
    _assert_sealed(stage)
    assert stage.gateway.read(lambda work: work.bank_statements.is_planned(ACCOUNT))


@scenario(units=("tend-answers", "count-answers"))
def a_worker_counts_what_services_answered(stage: Stage) -> None:
    """Each answer is counted once, whoever died over it."""
    stage.payer.pay(stage.shop.order())
    stage.gateway.settle_down()
    now, before = stage.gateway.clock.now(), _answers(stage)
    stage.gateway.parts.units.run(
        "due", lambda work: work.tasks.tend(TaskKind.COUNT, answer_counting.SUBJECT, now)
    )
    stage.dies(Worker())
    assert _answers(stage) == before
    answer_counting.keep_counting(stage.gateway.parts)
    stage.recover()
    assert _answers(stage) == before
    assert stage.gateway.read(lambda work: work.heard_answers.oldest(1)) == ()


@scenario(units=("seal",))
def a_worker_seals(stage: Stage) -> None:
    """All of a seal or nothing of it; whoever comes next goes on with the chain."""
    stage.payer.pay(stage.shop.order())
    stage.gateway.settle_down()
    now = stage.gateway.clock.now()
    stage.gateway.parts.units.run("due", lambda work: work.tasks.tend(TaskKind.SEAL, SUBJECT, now))
    stage.dies(Worker())
    assert _verified(stage).seals == (1 if "after" in stage.point else 0)
    stage.recover()
    _assert_sealed(stage)


@scenario(units=("lease-seal", "seal"))
def an_operator_seals(stage: Stage) -> None:
    stage.payer.pay(stage.shop.order())
    stage.gateway.settle_down()
    stage.dies(Command(("audit", "seal")))
    now = stage.gateway.clock.now()
    stage.gateway.parts.units.run("due", lambda work: work.tasks.tend(TaskKind.SEAL, SUBJECT, now))
    stage.recover()
    _assert_sealed(stage)


@scenario(
    units=("plan-next-statement", "store-statement", "post-statement-lines", "statement-read"),
    calls=("mpay_read_statement",),
)
def a_worker_reads_a_statement(stage: Stage) -> None:
    page = _told(stage)
    _plan(stage)
    stage.dies(Worker())
    stage.recover()
    _assert_posted_once(stage, page)


@scenario(units=("store-statement", "hold-statement", "capture-stated", "post-statement-lines"))
def a_worker_takes_the_line_of_a_statement_as_the_truth(stage: Stage) -> None:
    """A8 to A10: where nothing else tells of the money, the line is the capture."""
    for account in (TREASURY, PARTNER):
        (stage.folder / account).mkdir()
    stage.prepare(enabled=("mpay-provider-collector",), more=COLLECTED.format(iban=IBAN))
    order, day = stage.shop.order(amount="150.00"), yesterday()
    told = camt(number_for(stage.payer, order), "150.00", day=day)
    (folder_of(stage.gateway, TREASURY) / "day.xml").write_text(told, "utf-8")
    _make_due(stage, TREASURY, day)
    stage.dies(Worker())
    stage.recover()
    stage.assert_paid_once(order)
    assert stage.gateway.balances()["bank:main"] == 150_00


@scenario(units=("statement-not-read",))
def a_bank_gives_no_statement(stage: Stage) -> None:
    page = _told(stage)
    _plan(stage)
    stage.bank.break_down(api="down")
    stage.dies(Worker())
    stage.bank.break_down(api="ok")
    stage.recover()
    _fetch(stage)  # on demand: the schedule reads the day when it is over
    _assert_posted_once(stage, page)


@scenario(
    units=("lease-statement", "store-statement", "post-statement-lines", "statement-fetched"),
    calls=("mpay_read_statement",),
)
def an_operator_reads_statements(stage: Stage) -> None:
    page = _told(stage)
    stage.dies(Command(("reconcile", today().isoformat(), "--account", ACCOUNT, "--fetch")))
    stage.recover()
    _fetch(stage)
    _assert_posted_once(stage, page)


@scenario(units=("statement-looked-at",))
def an_operator_looks_again_at_a_line_that_nobody_can_explain(stage: Stage) -> None:
    page = _told(stage)
    stage.bank.break_down(statements="unknown-line")
    _fetch(stage)
    stage.dies(Command(("reconcile", today().isoformat(), "--account", ACCOUNT)))
    stage.recover()
    _fetch(stage)
    _assert_posted_once(stage, page)


@scenario(units=("keep-probe",))
def an_operator_probes_what_services_know(stage: Stage) -> None:
    order = stage.shop.order()
    stage.payer.pay(order)
    stage.gateway.settle_down()
    stage.dies(Command(("reconcile", today().isoformat(), "--account", ACCOUNT, "--probe")))
    stage.recover()
    stage.assert_paid_once(order)


@scenario(units=("settle-day",), points=("whole-file:before-rename", "whole-file:after-rename"))
def an_operator_settles_a_day(stage: Stage) -> None:
    """A15: no half file, no second posting, the same bytes from the next run."""
    folder, again = stage.folder / "files", stage.folder / "again"
    folder.mkdir()
    again.mkdir()
    day, token = _day_that_is_over(stage), stage.mpay("operator", "add", "ana").strip().splitlines()[-1]
    by_ana = ("settle", day, "--operator", "ana", "--output")
    stage.dies(Command((*by_ana, str(folder)), token=token))
    left = _files(folder)
    stage.mpay(*by_ana, str(folder), token=token)
    stage.mpay(*by_ana, str(again), token=token)
    assert _files(folder) == _files(again)
    assert left.items() <= _files(folder).items()
    assert bool(left) is (named(stage.point) == "whole-file:after-rename")
    assert stage.gateway.balances()["bank:main"] == -100_00


def _day_that_is_over(stage: Stage) -> str:
    """A paid order, and by a hand in the books the day on which it was paid."""
    stage.payer.pay(stage.shop.order(amount="100.00"))
    stage.gateway.settle_down()
    stored = OVER.replace(tzinfo=None).isoformat(" ", "microseconds") if stage.engine == "sqlite" else OVER
    with stage.gateway.parts.units.engine.execution_options(purpose="write").begin() as connection:
        assert connection.execute(text(_CAPTURED_AT), {"at": stored}).rowcount == 1
    return local_day(OVER).isoformat()


def _files(folder: Path) -> dict[str, bytes]:
    """What somebody finds who looks for files of settlements."""
    return {each.name: each.read_bytes() for each in folder.glob("*.csv") if not each.name.startswith(".")}


def _told(stage: Stage) -> Page:
    """A payment of 100.00 that its service knows of."""
    page = stage.payer.pay(stage.shop.order(amount="100.00"))
    stage.gateway.settle_down()
    stage.gateway.work()
    return page


def today() -> date:
    return local_day(datetime.now(UTC))


def _plan(stage: Stage) -> None:
    """Make the statement with what was paid now (a day is UTC's at the bank) due."""
    _make_due(stage, ACCOUNT, datetime.now(UTC).date())


def _make_due(stage: Stage, account: AccountId, day: date) -> None:
    subject, now = task_subject(account, day), stage.gateway.clock.now()
    stage.gateway.parts.units.run("plan", lambda work: work.tasks.tend(TaskKind.STATEMENT, subject, now))


def _fetch(stage: Stage) -> None:
    for day in statement_days(today()):
        fetch_statement(stage.gateway.parts, ACCOUNT, day)


def _assert_posted_once(stage: Stage, page: Page) -> None:
    since, until = (datetime.fromtimestamp(0, UTC), datetime(9000, 1, 1, tzinfo=UTC))
    lines = stage.gateway.read(lambda work: work.bank_statements.between(ACCOUNT, since, until))
    outcomes = [each.outcome for each in lines if each.payment_id == page.payment_id]
    assert outcomes == [LineOutcome.SETTLED]
    balances = stage.gateway.balances()
    assert balances["bank:main"] + balances[f"fees:{ACCOUNT}"] == 100_00


def _answers(stage: Stage) -> dict[tuple[str, str], int]:
    """How many answers of each service to each kind of question are known."""
    reports = report_answers(stage.gateway.parts, None, days=30)
    found = {(each.service_id, to.to.value): to.answers for each in reports for to in each.measures}
    assert found
    return found


def _verified(stage: Stage) -> Report:
    terms = Terms(stage.gateway.clock.now(), trusted_signatories(stage.gateway.parts.settings))
    return verify_audit(stage.gateway.parts.units, terms)


def _assert_sealed(stage: Stage) -> None:
    report = _verified(stage)
    assert (report.problems, report.unsealed_rows) == ((), 0)
    assert report.seals >= 1
