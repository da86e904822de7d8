"""Seals: what grew is sealed once, in one chain, whoever seals and whenever rows are committed."""

import threading
from datetime import timedelta

import pytest

from mpay_gateway.domain.errors import Conflict
from mpay_gateway.domain.seals import Chain, Head, Seal, SignedSeal, merkle_root
from mpay_gateway.flow.audit.audit_verification import Terms, trusted_signatories, verify_audit
from mpay_gateway.flow.audit.sealing import (
    EVERY,
    SILENCE,
    SUBJECT,
    Sealing,
    keep_sealing,
    seal_growth,
    seal_now,
)
from mpay_gateway.storage import UnitOfWork, Work, create_engine
from mpay_gateway.storage.audit import Change
from mpay_gateway.storage.sealed_chains import SealedChains
from mpay_gateway.storage.tasks import Lease, TaskKind
from mpay_gateway.worker import Worker
from tests.unit.databases import make_tables
from tests.unit.flow.scripted import NOON, ScriptedGateway, scripted_gateway


@pytest.fixture
def sealing(gateway: ScriptedGateway) -> Sealing:
    return sealing_of(gateway)


def sealing_of(gateway: ScriptedGateway) -> Sealing:
    return Sealing.of(gateway.parts.units, gateway.clock, gateway.parts.settings)


def seals(gateway: ScriptedGateway) -> list[tuple[SignedSeal, tuple[Head, ...]]]:
    def read(work: Work) -> list[tuple[SignedSeal, tuple[Head, ...]]]:
        stored = SealedChains(work.connection)
        return list(stored.seals(stored.scope(None)))

    return gateway.parts.units.read(read)


def lease(gateway: ScriptedGateway, worker: str = "w") -> Lease | None:
    now = gateway.clock.now()
    return gateway.parts.units.run(
        "lease",
        lambda work: work.tasks.lease(
            TaskKind.SEAL, SUBJECT, worker=worker, now=now, until=now + timedelta(seconds=90)
        ),
    )


def due(gateway: ScriptedGateway) -> object:
    return gateway.parts.units.read(lambda work: work.tasks.due_at(TaskKind.SEAL, SUBJECT))


def problems(gateway: ScriptedGateway) -> tuple[object, ...]:
    terms = Terms(gateway.clock.now(), trusted_signatories(gateway.parts.settings))
    return verify_audit(gateway.parts.units, terms).problems


def change(payment_id: str, at: object) -> Change:
    return Change(payment_id, "payment", payment_id, "create", "", "created", "machine", at)  # type: ignore[arg-type]


def test_a_seal_names_everything_that_grew_since_the_one_before(gateway, sealing):
    payment = gateway.pay("ORDER-1")
    (first,) = seal_now(sealing, process="x")
    audit = gateway.parts.units.read(lambda work: work.audit.of_payment(payment.id))
    stored, heads = seals(gateway)[0]
    assert stored == first
    (of_audit,) = [head for head in heads if head.chain == Chain.AUDIT]
    assert of_audit == Head(Chain.AUDIT, payment.id, 1, len(audit), audit[-1].digest)
    assert first.seal.first == f"audit {payment.id} 1"
    assert first.seal.rows == sum(head.rows for head in heads)
    assert first.seal.chains == len(heads) == 1 + len({h.subject for h in heads if h.chain == Chain.EVIDENCE})


def test_a_chain_that_grows_again_is_sealed_from_where_it_was(gateway, sealing):
    payment = gateway.start("ORDER-1")
    seal_now(sealing, process="x")
    gateway.capture(payment)
    seal_now(sealing, process="x")
    (_, first), (_, second) = seals(gateway)
    (before,) = [head for head in first if head.chain == Chain.AUDIT]
    (after,) = [head for head in second if head.chain == Chain.AUDIT]
    assert after.first_seq == before.last_seq + 1
    assert problems(gateway) == ()


def test_an_idle_minute_writes_no_seal_and_an_idle_hour_an_empty_one(gateway, sealing):
    gateway.pay("ORDER-1")
    seal_now(sealing, process="x")
    gateway.clock.advance(minutes=59)
    assert seal_now(sealing, process="x") == ()
    gateway.clock.advance(minutes=2)
    (empty,) = seal_now(sealing, process="x")
    assert (empty.seal.number, empty.seal.rows, empty.seal.first) == (2, 0, "")
    assert empty.seal.root == merkle_root([])
    assert problems(gateway) == ()


def test_nothing_is_sealed_before_there_is_anything(sealing):
    assert seal_now(sealing, process="x") == ()


def test_rows_that_commit_late_with_a_smaller_number_are_sealed_next_time(postgres_url):
    """A row may get its number early and be committed after a later one was sealed. SQLite has one writer."""
    written, go_on = threading.Event(), threading.Event()

    def slow(work: Work) -> None:
        work.audit.write(change("SLOW", NOON))
        work.flush()
        written.set()
        assert go_on.wait(20)

    with scripted_gateway(postgres_url(prepare=make_tables)) as gateway:
        thread = threading.Thread(target=lambda: gateway.parts.units.run("slow", slow))
        thread.start()
        assert written.wait(20)
        gateway.pay("ORDER-1")
        (first,) = seal_now(sealing_of(gateway), process="x")
        go_on.set()
        thread.join(20)
        (second,) = seal_now(sealing_of(gateway), process="x")
        covered = [head.subject for head in seals(gateway)[0][1]]
        assert first.seal.rows > 1
        assert "SLOW" not in covered
        assert (second.seal.first, second.seal.rows) == ("audit SLOW 1", 1)
        assert problems(gateway) == ()


def test_rows_that_come_while_a_seal_is_made_wait_for_the_next(gateway, sealing, monkeypatch):
    gateway.pay("ORDER-1")
    held = lease(gateway)
    sign = type(sealing.signer).sign

    def sign_slowly(signer: object, seal: Seal) -> SignedSeal:
        gateway.pay("ORDER-2")
        return sign(signer, seal)  # type: ignore[arg-type]

    monkeypatch.setattr(type(sealing.signer), "sign", sign_slowly)
    seal_growth(sealing, held)
    monkeypatch.undo()
    assert len(seals(gateway)) == 1
    (second,) = seal_now(sealing, process="x")
    assert second.seal.chains == 5
    assert problems(gateway) == ()


def test_who_lost_the_lease_seals_nothing(gateway, sealing):
    gateway.pay("ORDER-1")
    late = lease(gateway)
    gateway.clock.advance(minutes=2)
    (made,) = seal_now(sealing, process="other")
    with pytest.raises(Conflict):
        seal_growth(sealing, late)
    assert [signed for signed, _ in seals(gateway)] == [made]


def test_who_finds_another_sealing_is_told(gateway, sealing):
    lease(gateway)
    with pytest.raises(Conflict, match="another process is sealing"):
        seal_now(sealing, process="x")


def test_two_workers_that_seal_at_once_make_one_chain(migrated_url, gateway):
    """Each over connections of its own, as two processes have them."""
    gateway.pay("ORDER-1")
    start = threading.Barrier(4)
    made: list[SignedSeal] = []
    refused: list[Conflict] = []

    def seal_often(number: int) -> None:
        units = UnitOfWork(create_engine(migrated_url), gateway.clock)
        sealing = Sealing.of(units, gateway.clock, gateway.parts.settings)
        start.wait(20)
        for turn in range(6):
            name = f"P-{number}-{turn}"
            units.run("grow", lambda work: work.audit.write(change(name, NOON)))  # noqa: B023  called at once
            try:
                made.extend(seal_now(sealing, process=f"w{number}"))
            except Conflict as conflict:
                refused.append(conflict)
        units.engine.dispose()

    threads = [threading.Thread(target=seal_often, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    made += seal_now(sealing_of(gateway), process="last")
    stored = seals(gateway)
    assert sorted(signed.seal.number for signed in made) == list(range(1, len(stored) + 1))
    covered = [head.subject for _, heads in stored for head in heads if head.subject.startswith("P-")]
    assert sorted(covered) == sorted(f"P-{number}-{turn}" for number in range(4) for turn in range(6))
    assert problems(gateway) == ()


def test_a_worker_seals_once_a_minute(gateway):
    gateway.pay("ORDER-1")
    keep_sealing(gateway.parts)
    Worker(gateway.parts).run_due()
    assert seals(gateway) == []
    gateway.work(minutes=1)
    gateway.pay("ORDER-2")
    gateway.work(minutes=1)
    assert len(seals(gateway)) == 2


def test_a_clock_that_jumps_back_stops_no_seal(gateway):
    gateway.pay("ORDER-1")
    gateway.clock.advance(hours=3)
    keep_sealing(gateway.parts)
    gateway.work(minutes=1)
    gateway.clock.advance(hours=-2)
    keep_sealing(gateway.parts)
    assert due(gateway) <= gateway.clock.now() + EVERY
    gateway.pay("ORDER-2")
    gateway.work(minutes=1)
    (first, _), (second, _) = seals(gateway)
    assert second.seal.at < first.seal.at
    assert problems(gateway) == ()


def test_silence_ends_after_a_jump_back_too(gateway, sealing):
    gateway.pay("ORDER-1")
    gateway.clock.advance(days=1)
    seal_now(sealing, process="x")
    gateway.clock.advance(days=-1)
    (empty,) = seal_now(sealing, process="x")
    assert (empty.seal.number, empty.seal.rows) == (2, 0)
    assert SILENCE > EVERY


def test_a_task_that_was_taken_away_comes_back(gateway):
    keep_sealing(gateway.parts)
    gateway.parts.units.run("stop", lambda work: work.tasks.schedule(TaskKind.SEAL, SUBJECT, None))
    keep_sealing(gateway.parts)
    assert due(gateway) is not None


def test_a_big_backlog_is_sealed_in_parts(gateway, sealing, monkeypatch):
    for number in range(3):
        gateway.pay(f"ORDER-{number}")
    monkeypatch.setattr("mpay_gateway.flow.audit.sealing.MOST_MARKS", 4)
    assert len(seal_now(sealing, process="x")) > 3
    assert problems(gateway) == ()
    assert gateway.parts.units.read(lambda work: work.growth.oldest()) is None


def test_what_waits_is_known_by_its_age(gateway, sealing):
    assert gateway.parts.units.read(lambda work: work.growth.oldest()) is None
    gateway.pay("ORDER-1")
    oldest = gateway.parts.units.read(lambda work: work.growth.oldest())
    assert NOON <= oldest <= gateway.clock.now()
    seal_now(sealing, process="x")
    assert gateway.parts.units.read(lambda work: work.growth.oldest()) is None
