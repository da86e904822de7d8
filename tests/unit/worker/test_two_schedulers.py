"""A18: two of everything that plans and does by itself, started by mistake, at once: nothing happens twice.

Seals have their own test beside the sealing.
"""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from mpay_gateway.api import Capability, Job, StatementReading
from mpay_gateway.boundary import SystemIds
from mpay_gateway.domain.provider_answer import ProviderCapture
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.bookkeeping.settlement import PaidBy, settle
from mpay_gateway.plugin_host import InstanceInfo, Kind
from mpay_gateway.settings.bookkeeping import BookSettings
from mpay_gateway.storage import UnitOfWork, create_engine
from mpay_gateway.storage.settlements import SETTLEMENT_POSTING
from mpay_gateway.storage.tables import ledger_transactions
from mpay_gateway.storage.tasks import LeaseTime
from mpay_gateway.texts.local_days import local_day
from mpay_gateway.worker import Worker
from tests.unit.flow.scripted import ACCOUNT, ScriptedGateway

SCHEDULERS = 2


@pytest.fixture
def hosts(gateway: ScriptedGateway, migrated_url: str):
    """The same gateway as two hosts have it: each over connections of its own, under a name of its own."""
    made = []
    for number in range(SCHEDULERS):
        units = UnitOfWork(create_engine(migrated_url), gateway.clock, lease_time=LeaseTime.CALLER)
        made.append(replace(gateway.parts, units=units, process=f"host-{number}"))
    yield made
    for parts in made:
        parts.units.engine.dispose()


def at_once(*jobs: Callable[[], object]) -> None:
    """Run the jobs in threads that start together; an error in one fails the test."""
    errors, barrier = [], threading.Barrier(len(jobs))

    def run(job):
        try:
            barrier.wait(20)
            job()
        except Exception as error:  # noqa: BLE001  reported below
            errors.append(error)

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []


def tend_and_work(parts) -> None:
    worker = Worker(parts)
    worker._tend()
    worker.run_due()


def test_jobs_run_once_and_statements_are_read_once(gateway, hosts):
    calls: Counter[str] = Counter()

    def run_job(name, job):
        calls[job] += 1

    def read_statement(account_id, period, evidence):
        calls[period.day.isoformat()] += 1
        return StatementReading(())

    gateway.calls.run_job, gateway.calls.read_statement = run_job, read_statement
    instance = InstanceInfo(
        Kind.PROVIDER,
        "network",
        "osmp",
        "mpay-provider-osmp",
        "osmp",
        (Job("tidy", every=timedelta(hours=1)),),
    )
    account = replace(
        gateway.parts.registry.accounts[ACCOUNT], capabilities=frozenset({Capability.STATEMENT})
    )
    gateway.parts.settings.books = BookSettings()
    registry = replace(gateway.parts.registry, instances=(instance,), accounts={ACCOUNT: account})
    planners = [replace(each, registry=registry) for each in hosts]
    at_once(*(lambda each=each: tend_and_work(each) for each in planners))
    for hour in range(1, 4):
        gateway.clock.advance(minutes=61)
        at_once(*(lambda each=each: tend_and_work(each) for each in planners))
        assert calls["tidy"] == hour
    gateway.clock.advance(days=2)
    for _ in range(3):
        at_once(*(lambda each=each: tend_and_work(each) for each in planners))
        gateway.clock.advance(minutes=1)
    days = {day: count for day, count in calls.items() if day != "tidy"}
    assert days
    assert set(days.values()) == {1}
    assert check_books(gateway.parts.units) == ()


def test_one_payment_is_settled_and_delivered_once_by_two(gateway, hosts):
    payments = [gateway.start(f"ORDER-{number}") for number in range(4)]
    for payment in payments:
        taken = gateway.calls.captured.setdefault(payment.reference, [])
        taken.append(ProviderCapture(f"txn-{payment.reference}", payment.amount, gateway.clock.now()))
    gateway.clock.advance(seconds=61)
    at_once(*(lambda each=each: tend_and_work(each) for each in hosts))
    for payment in payments:
        gateway.settled(payment)
    gateway.work(turns=2, minutes=2)
    assert Counter(each.confirmation.payment_id for each in gateway.calls.delivered) == Counter(
        each.id for each in payments
    )
    assert check_books(gateway.parts.units) == ()


def test_a_day_is_paid_out_once_by_two(gateway, hosts):
    payment = gateway.pay("ORDER-1")
    day = local_day(
        gateway.parts.units.read(lambda work: work.payments.captures_of(payment.id))[0].captured_at
    )
    gateway.clock.advance(days=1)
    given: list[tuple[str, ...]] = []

    def pay_out(parts):
        made = settle(parts.units, day, PaidBy("main", "operator:ana"), clock=gateway.clock, ids=SystemIds())
        given.append(tuple(sorted(each.id for each in made)))

    at_once(*(lambda each=each: pay_out(each) for each in hosts))
    assert len(set(given)) == 1
    query = select(func.count()).where(ledger_transactions.c.kind == SETTLEMENT_POSTING)
    posted = gateway.parts.units.read(lambda work: work.connection.execute(query).scalar_one())
    assert posted == len(given[0]) > 0
    assert check_books(gateway.parts.units) == ()
