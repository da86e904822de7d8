"""Services' answers are counted by a worker, exactly, and cost whoever hears them one added row."""

from datetime import timedelta

import pytest
from sqlalchemy import event

from mpay_gateway.domain.confirmation import DeliveryReceipt
from mpay_gateway.domain.deviation import Deviation
from mpay_gateway.domain.deviation_kinds import MORE_KINDS
from mpay_gateway.domain.errors import Conflict, InvalidAnswer, OutcomeUnknown, RemoteRefused, UnknownOrder
from mpay_gateway.domain.heard_answer import AnswerTo, HeardAnswer
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.order import OrderLookup
from mpay_gateway.flow import answer_counting
from mpay_gateway.flow.answer_counting import (
    DAYS_KEPT,
    EVERY,
    MOST_KINDS,
    SUBJECT,
    count_answers,
    keep_counting,
)
from mpay_gateway.flow.answer_report import report_answers
from mpay_gateway.flow.order_lookup import look_up
from mpay_gateway.storage.tables import answer_days, deviations, heard_answers
from mpay_gateway.storage.tasks import TaskKind
from tests.unit.flow.counting import rows_in
from tests.unit.flow.scripted import NOON, SERVICE

LATE = Deviation("clock-skew", "Envelope/Timestamp/Created", "+40 s")


def lease(gateway, worker="w"):
    now = gateway.clock.now()
    return gateway.parts.units.run(
        "lease",
        lambda work: work.tasks.lease(
            TaskKind.COUNT, SUBJECT, worker=worker, now=now, until=now + timedelta(seconds=90)
        ),
    )


def count(gateway):
    count_answers(gateway.parts, lease(gateway))


def note(gateway, *noted, service=SERVICE, **said):
    """Answers that were heard. Each of `noted`: the deviations of one."""
    answers = [
        HeardAnswer(service, AnswerTo.LOOKUP, gateway.clock.now(), "subject", deviations=each, **said)
        for each in noted
    ]  # fmt: skip
    gateway.parts.units.run("note", lambda work: [work.heard_answers.add(each) for each in answers])


def counted(gateway):
    records = gateway.parts.units.read(lambda work: work.deviation_records.deviations())
    return {(each.to.value, each.code): each.times for each in records}


def deviating(gateway, monkeypatch, *found, skew=None):
    """Let every look-up answer with these deviations."""
    plain = gateway.calls.lookup_orders

    def lookup_orders(service, query):
        return OrderLookup(plain(service, query).orders, found, skew)

    monkeypatch.setattr(gateway.calls, "lookup_orders", lookup_orders)


def test_deviations_of_look_ups_and_confirmations_are_counted_apart(gateway, monkeypatch):
    deviating(gateway, monkeypatch, Deviation("unknown-member", "GetOrderDetailsResponse", "Extra"))
    refusal = RemoteRefused(
        "InternalError", permanent=False, deviations=(Deviation("unsigned-fault", "Envelope"),)
    )
    gateway.calls.delivery_answers.append(refusal)
    gateway.pay("ORDER-1")
    gateway.work(minutes=2)
    assert rows_in(gateway, deviations) == 0
    count(gateway)
    lookups = rows_in(gateway, deviations)
    found = counted(gateway)
    assert lookups == 2
    assert found["lookup", "unknown-member"] >= 2
    assert found["confirmation", "unsigned-fault"] == 1
    assert rows_in(gateway, heard_answers) == 0


def test_a_receipt_tells_skew_and_deviations(gateway, monkeypatch):
    plain = gateway.calls.deliver_confirmation

    def deliver(service, confirmation):
        plain(service, confirmation)
        return DeliveryReceipt(40.0, deviations=(LATE,))

    monkeypatch.setattr(gateway.calls, "deliver_confirmation", deliver)
    gateway.pay("ORDER-1")
    (report,) = report_answers(gateway.parts, SERVICE, days=1)
    (confirmations, _) = report.measures
    assert confirmations.to is AnswerTo.CONFIRMATION
    assert confirmations.skew_median == confirmations.skew_worst == confirmations.skew_last == 40_000
    assert [(each.record.code, each.record.example) for each in report.deviations] == [
        ("clock-skew", "+40 s")
    ]


def test_what_was_seen_first_and_last_and_how_often_is_kept_over_many_counts(gateway):
    note(gateway, (LATE,), (LATE,))
    count(gateway)
    gateway.clock.advance(hours=30)
    note(gateway, (Deviation(LATE.code, LATE.path, "+7 s"),), ())
    count(gateway)
    (kept,) = gateway.parts.units.read(lambda work: work.deviation_records.deviations())
    assert (kept.times, kept.example) == (3, "+7 s")
    assert NOON < kept.first_seen_at < NOON + timedelta(minutes=1)
    assert kept.last_seen_at > NOON + timedelta(hours=30)
    assert rows_in(gateway, answer_days) == 2


def test_a_look_up_that_led_to_no_order_is_counted_with_the_evidence_that_it_left(gateway, monkeypatch):
    said = Deviation("fault-for-unknown-order", "Fault/faultcode", "UnknownOrder")
    plain = gateway.calls.lookup_orders

    def nothing(service, query):
        plain(service, query)
        return OrderLookup((), (said,), timedelta(seconds=-3))

    monkeypatch.setattr(gateway.calls, "lookup_orders", nothing)
    with pytest.raises(UnknownOrder):
        look_up(gateway.parts, gateway.parts.services.get(SERVICE), "NONE", Language.RO)
    count(gateway)
    (kept,) = gateway.parts.units.read(lambda work: work.deviation_records.deviations())
    assert (kept.code, kept.times) == (said.code, 1)
    assert kept.subject.startswith("lookup:")
    assert gateway.parts.units.read(lambda work: work.evidence.of_subject(kept.subject))
    (report,) = report_answers(gateway.parts, SERVICE, days=1)
    assert report.measures[0].skew_last == -3_000


def test_an_answer_that_could_not_be_used_is_counted_by_its_place(gateway):
    gateway.calls.delivery_answers.append(InvalidAnswer("unsigned: the message has no Signature"))
    gateway.pay("ORDER-1")
    (report,) = report_answers(gateway.parts, SERVICE, days=1)
    (seen,) = report.deviations
    assert (seen.record.code, seen.record.path, seen.record.to) == (
        "answer-refused", "unsigned", AnswerTo.CONFIRMATION,
    )  # fmt: skip
    assert seen.kind is not None


def test_where_nothing_came_back_nothing_is_counted(gateway, monkeypatch):
    def lost(service, confirmation):
        raise OutcomeUnknown("no answer")

    monkeypatch.setattr(gateway.calls, "deliver_confirmation", lost)
    gateway.pay("ORDER-1")
    count(gateway)
    (report,) = report_answers(gateway.parts, SERVICE, days=1)
    assert [each.to for each in report.measures] == [AnswerTo.LOOKUP]


def test_the_report_knows_what_no_worker_has_counted_yet(gateway):
    note(gateway, (LATE,))
    count(gateway)
    note(gateway, (LATE,), took=timedelta(milliseconds=1234))
    (before,) = report_answers(gateway.parts, None, days=1)
    count(gateway)
    (after,) = report_answers(gateway.parts, None, days=1)
    assert before == after
    assert after.deviations[0].record.times == 2
    assert (after.measures[0].took_median, after.measures[0].answers) == (1200, 2)


def test_a_hostile_service_gets_so_many_kinds_and_no_more(gateway):
    for turn in range(8):
        note(gateway, tuple(Deviation(f"kind-{turn}-{number}", "path") for number in range(50)))
    count(gateway)
    note(gateway, (Deviation("yet-another", "path"),), (Deviation("kind-0-0", "path"),))
    count(gateway)
    assert rows_in(gateway, deviations) == MOST_KINDS + 1
    found = counted(gateway)
    assert found["lookup", MORE_KINDS] == 400 - MOST_KINDS + 1
    assert found["lookup", "kind-0-0"] == 2


def test_another_service_is_counted_as_if_there_were_no_hostile_one(gateway):
    for turn in range(5):
        note(gateway, tuple(Deviation(f"kind-{turn}-{number}", "path") for number in range(50)))
    note(gateway, (LATE,), service="OTHER")
    count(gateway)
    assert counted(gateway)["lookup", LATE.code] == 1


def test_whoever_lost_the_lease_counts_nothing(gateway):
    note(gateway, (LATE,))
    late = lease(gateway, "slow")
    gateway.clock.advance(seconds=100)
    count(gateway)
    with pytest.raises(Conflict):
        count_answers(gateway.parts, late)
    assert counted(gateway) == {("lookup", LATE.code): 1}


def test_more_than_one_turns_worth_is_due_at_once_again(gateway, monkeypatch):
    monkeypatch.setattr(answer_counting, "MOST_ANSWERS", 3)
    note(gateway, *[(LATE,)] * 7)
    keep_counting(gateway.parts)
    gateway.work(seconds=EVERY.total_seconds() + 1)
    assert counted(gateway) == {("lookup", LATE.code): 7}
    assert rows_in(gateway, heard_answers) == 0


def test_days_are_forgotten_when_nobody_asks_for_them_any_more(gateway):
    note(gateway, ())
    count(gateway)
    gateway.clock.advance(days=DAYS_KEPT.days + 2)
    count(gateway)
    assert rows_in(gateway, answer_days) == 0


def test_a_look_up_adds_one_row_and_touches_no_row_of_others(gateway):
    """The commit that shows an order to a payer waits for nobody who counts."""
    said = []

    def heard(connection, cursor, statement, *_):
        if any(f" {table.name} " in f"{statement} " for table in (heard_answers, deviations, answer_days)):
            said.append(statement.split("(")[0].strip())

    engine = gateway.parts.units.engine
    event.listen(engine, "before_cursor_execute", heard)
    try:
        gateway.agreed("ORDER-1")
    finally:
        event.remove(engine, "before_cursor_execute", heard)
    stored = rows_in(gateway, heard_answers)
    assert said == ["INSERT INTO heard_answers"] * stored
    assert stored >= 1
