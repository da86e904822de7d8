"""Whatever plugins return fits what it is kept in: texts, instants, types, field by field."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args, get_type_hints

import pytest

from mpay_gateway.api import (
    CallbackReading,
    DeliveryReceipt,
    Deviation,
    Document,
    Instructions,
    InstrumentOffer,
    InstrumentPlan,
    InvalidCallback,
    Money,
    Need,
    Order,
    OrderKey,
    OrderLine,
    OrderLookup,
    OrderProperty,
    OrderStatus,
    PaymentAccount,
    PostForm,
    Proof,
    ProviderCapture,
    ProviderConfirmation,
    ProviderStatus,
    Redirect,
    ReversalAnswer,
    ServiceId,
    ShowQr,
    StatementLine,
    StatementReading,
)
from mpay_gateway.domain.errors import PluginBug
from mpay_gateway.domain.remarks import is_fit
from mpay_gateway.plugin_host.answers import SURE_OF_THEMSELVES, TEXTS, Misfit, in_bounds
from mpay_gateway.plugin_host.contracts import CONTRACTS
from tests.unit.plugin_host.conftest import MakerFactory

NOON = datetime(2026, 11, 23, 10, tzinfo=UTC)
LEU = Money.from_minor(100, "MDL")
PROPERTY = OrderProperty("n", "v")
LINE = OrderLine("1", "r", LEU, PaymentAccount("MD24AG000225100013104168"), properties=(PROPERTY,))
ORDER = Order(
    ServiceId("S"), OrderKey("K"), "r", OrderStatus.ACTIVE, "MDL", LEU, (LINE,), issued_at=NOON, due_at=NOON,
    properties=(PROPERTY,),
)  # fmt: skip
PROOF = Proof("0" * 64, NOON)
TAKEN = ProviderCapture("T1", LEU, NOON)
SAMPLES = (
    OrderLookup((ORDER,), (Deviation("c", "p"),), timedelta(0), PROOF, fault="f"),
    Document(b"%PDF", "application/pdf", "a.pdf"),
    InstrumentOffer("l", "w", "d", fee=LEU),
    InstrumentPlan(Need.REDIRECT, (("a", "b"),)),
    Redirect("https://bank.example", "1"),
    PostForm("https://bank.example", (("a", "b"),), "1"),
    ShowQr("c", "", NOON, "1"),
    Instructions("1", NOON, "1"),
    CallbackReading("r", "1", "e"),
    ProviderConfirmation(ProviderStatus.CONFIRMED, (TAKEN,), LEU, LEU, None, "Visa"),
    DeliveryReceipt(0.1, PROOF),
    ReversalAnswer(LEU, "1"),
    StatementLine("T1", "r", "sale", LEU, LEU, LEU, NOON),
    StatementReading((StatementLine("T1", "r", "sale", LEU, LEU, LEU, NOON),), ("a.csv: line 2",)),
)
HOSTILE = ("a\x00b", "\ud800", "x" * 1_000_000, 7)


def returned() -> set[type]:
    """Every dataclass that a hook may return, and those within them."""
    found: set[type] = set()
    waiting: list[Any] = [kind for contract in CONTRACTS.values() for kind in contract.answers]
    while waiting:
        kind = waiting.pop()
        if is_dataclass(kind) and kind not in found and kind not in SURE_OF_THEMSELVES:
            found.add(kind)
            waiting += get_type_hints(kind).values()
        waiting += get_args(kind)
    return found


def texts_of(kind: type) -> set[str]:
    """The fields that are texts, or hold some."""
    return {
        name for name, hint in get_type_hints(kind).items()
        if str in {getattr(part, "__supertype__", part) for part in (hint, *_within(hint))}
    }  # fmt: skip


def _within(hint: Any) -> Iterator[Any]:
    for part in get_args(hint):
        yield part
        yield from _within(part)


def variants(value: Any) -> Iterator[tuple[str, object, Any]]:
    """The sample with one text or instant of it made hostile: the field's name, the hostile value, the sample."""
    for each in fields(value):
        held = getattr(value, each.name)
        for name, hostile, changed in _hostile(each.name, held):
            yield name, hostile, replace(value, **{each.name: changed})


def _hostile(name: str, held: Any) -> Iterator[tuple[str, object, Any]]:
    if type(held) is str:
        yield from ((name, hostile, hostile) for hostile in HOSTILE)
    elif isinstance(held, datetime):
        yield name, "naive", held.replace(tzinfo=None)
    elif isinstance(held, tuple) and held:
        yield from (
            (inner, hostile, (changed, *held[1:])) for inner, hostile, changed in _hostile(name, held[0])
        )
    elif is_dataclass(held) and type(held) not in SURE_OF_THEMSELVES:
        yield from variants(held)


def all_texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for each in value:
            yield from all_texts(each)
    elif is_dataclass(value):
        for each in fields(value):
            yield from all_texts(getattr(value, each.name))


def test_every_text_that_a_hook_may_return_has_its_rule_and_no_other_has_one():
    assert {kind: texts_of(kind) for kind in returned() if texts_of(kind)} == {
        kind: set(rules) for kind, rules in TEXTS.items()
    }


def test_there_is_a_sample_of_everything_that_is_returned():
    shown = {type(sample) for sample in SAMPLES} | {
        Order,
        OrderLine,
        PaymentAccount,
        OrderProperty,
        Deviation,
    }
    assert shown | {ProviderCapture} == returned()


def test_samples_reach_every_text():
    reached = {name for sample in SAMPLES for name, _, _ in variants(sample)}
    assert reached >= {name for rules in TEXTS.values() for name in rules}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: type(sample).__name__)
def test_an_honest_answer_is_used_as_it_is(sample):
    assert in_bounds(sample) is sample


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: type(sample).__name__)
def test_a_hostile_field_is_refused_by_name_or_made_fit(sample):
    for name, hostile, changed in variants(sample):
        taken, refusal = taken_or_refused(changed)
        if refusal:
            assert name in refusal
            assert len(refusal) < 200
        else:
            assert hostile in HOSTILE[:3], name
            assert all(is_fit(text) and len(text) <= 20_000 for text in all_texts(taken)), name


def taken_or_refused(answer: object) -> tuple[object, str]:
    try:
        return in_bounds(answer), ""
    except Misfit as misfit:
        return None, str(misfit)


def test_what_only_people_read_loses_no_money():
    answer = replace(SAMPLES[9], method="Visa\x00 " + "9" * 1000)
    taken = in_bounds(answer)
    assert taken.captures == (TAKEN,)
    assert taken.method.startswith("Visa 99")
    assert len(taken.method) == 255


def test_long_ids_of_events_are_told_apart_still():
    long = [in_bounds(CallbackReading("r", event_id="E" * 129 + end)).event_id for end in "aab"]
    assert long[0] == long[1] != long[2]
    assert {len(each) for each in long} == {64}


BANK = """
class OddBank(NullBank):
    @hookimpl
    def mpay_read_callback(self, callback):
        return CallbackReading(reference=callback)

    @hookimpl
    def mpay_fetch_confirmation(self, payment):
        taken = ProviderCapture(payment, Money.from_minor(1, "MDL"), FIXTURE_TIME)
        return ProviderConfirmation(ProviderStatus.CONFIRMED, (taken,))
NullBank = OddBank
"""


@pytest.mark.parametrize("transaction_id", ["T" * 129, "", "T\x00", 17])
def test_a_transaction_without_a_usable_id_is_the_plugins_bug_and_the_log_says_which_field(
    maker_of: MakerFactory, capsys, transaction_id
):
    calls = maker_of(BANK).host().calls
    with pytest.raises(PluginBug, match=r"ProviderConfirmation\.captures\[0\]\.transaction_id "):
        calls.fetch_confirmation("bank-a", transaction_id, object())
    assert "captures[0].transaction_id" in capsys.readouterr().out
    assert calls.fetch_confirmation("bank-a", "T" * 128, object()).captures


def test_what_anybody_may_write_into_a_return_is_no_bug(maker_of: MakerFactory):
    calls = maker_of(BANK).host().calls
    for hostile in ("r\x00", "r" * 129):
        with pytest.raises(InvalidCallback, match=r"CallbackReading\.reference"):
            calls.read_callback("bank-a", hostile)
