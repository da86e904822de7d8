"""Orders that are kept: under keys that nobody guesses, paid once, whatever dies in between."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from mpay_eservice_form import forgetting
from mpay_eservice_form.export import COLUMNS, Writing, as_csv
from mpay_eservice_form.filling import fill_in
from mpay_eservice_form.forgetting import KEPT, forget_piece
from mpay_eservice_form.mapping import order_now
from mpay_eservice_form.order_book import OrderBook
from mpay_eservice_form.settings import Field, FieldType, Line, PayerPart, ServiceForm
from mpay_eservice_form.stored_order import StoredOrder, make_order
from mpay_gateway.api import (
    Confirmation,
    ConfirmationLine,
    Conflict,
    InvoiceId,
    Language,
    LocalText,
    Money,
    OrderStatus,
    PaymentAccount,
    PaymentId,
    Record,
    RemoteRefused,
    RemoteUnavailable,
    Service,
    ServiceId,
)

NOW = datetime(2026, 11, 23, 21, 59, 59, tzinfo=UTC)
"""One second before midnight in Chisinau."""
TEXT = LocalText("Ceva", "Что-то", "Something")
OWN, DEFAULT = (
    PaymentAccount(iban="MD22AG000000022512345678"),
    PaymentAccount(iban="MD87TRPBAA142310A1500001"),
)
FORM = ServiceForm(
    TEXT, TEXT,
    (Line("meals", TEXT, amount=Decimal("620.00")), Line("upkeep", TEXT, amount=Decimal("80.50"), account=OWN)),
    (Field("child", LocalText("Copil", "Ребёнок", "Child")),
     Field("day", LocalText("Ziua", "День", "Day"), FieldType.DATE),
     Field("who", TEXT, payer=PayerPart.NAME)),
)  # fmt: skip
SERVICE = Service(ServiceId("K1"), "form", TEXT, TEXT, FORM, account=DEFAULT)


class Shelf:
    """A record store in memory. `break_on`: puts of keys that begin so fail once, before or after they are done."""

    def __init__(self):
        self.kept = {}
        self.break_on = ""
        self.done_first = False
        self.rivals = 0

    def get(self, key):
        return self.kept.get(key)

    def put(self, key, value, expected_version):
        broken = self.break_on and key.startswith(self.break_on)
        if broken and not self.done_first:
            self._break()
        if self.rivals and key in self.kept:
            self.rivals -= 1
            raise Conflict("somebody was faster")
        if (self.kept[key].version if key in self.kept else 0) != expected_version:
            raise Conflict("another version")
        self.kept[key] = Record(key, value, expected_version + 1)
        if broken:
            self._break()
        return self.kept[key]

    def list(self, prefix, *, after="", limit=1000):
        found = sorted(key for key in self.kept if key.startswith(prefix) and key > after)
        return tuple(self.kept[key] for key in found[:limit])

    def _break(self):
        self.break_on = ""
        raise KeyboardInterrupt


@pytest.fixture
def shelf():
    return Shelf()


@pytest.fixture
def book(shelf):
    return OrderBook(lambda: shelf)


@pytest.fixture
def order(book):
    typed = {"field-child": "=Ion", "field-day": "1.9.2026", "field-who": "Maria"}
    return book.add(make_order(SERVICE, FORM, fill_in(FORM, typed, Language.RO), NOW))


def confirmation(order, **changes):
    told = Confirmation(
        PaymentId("P1"), InvoiceId("00000000000000"), ServiceId("K1"), order.key, NOW, order.total,
        tuple(ConfirmationLine(line.id, order.amount(line), line.account) for line in order.lines),
    )  # fmt: skip
    return replace(told, **changes)


def paid(book, days_later=0):
    return list(book.paid_on("K1", NOW.date() + timedelta(days=days_later)))


def test_an_order_is_stored_before_its_key_is_known_to_anyone(shelf, book, order):
    assert shelf.kept[f"order/K1/{order.key}"].version == 1
    assert book.find("K1", order.key) == order
    assert StoredOrder.from_json(order.to_json()) == order


def test_keys_are_of_eighty_random_bits_and_never_given_twice(shelf):
    book = OrderBook(lambda: shelf, draw=lambda below: below - 1)
    blank = make_order(SERVICE, FORM, fill_in(FORM, {}, Language.RO), NOW)
    assert book.add(blank).key == "Z" * 16
    with pytest.raises(Conflict):
        book.add(blank)


@pytest.mark.parametrize(
    "key", ["", "short", "0" * 17, "O" * 16, "Ă" * 16, "0000 0000 0000 00", "../" * 5 + "x"]
)
def test_a_key_that_cannot_be_is_no_order_and_no_error(book, order, key):
    assert book.find("K1", key) is None
    with pytest.raises(RemoteRefused, match="UnknownOrder"):
        book.confirm(confirmation(order, order_key=key), NOW)


def test_an_order_of_another_service_is_not_found(book, order):
    assert book.find("K2", order.key) is None


def test_money_goes_to_the_line_s_account_else_to_the_service_s(order):
    assert [line.account for line in order.lines] == [DEFAULT, OWN]
    assert order.total == Money(Decimal("700.50"), "MDL")


def test_what_the_gateway_is_told_of_an_order(order):
    shown = order_now(order, Language.EN, NOW)
    assert (shown.status, shown.customer_name, shown.reason) == (OrderStatus.ACTIVE, "Maria", "Something")
    assert [(each.display_name, each.value, each.visible) for each in shown.properties] == [
        ("Child", "=Ion", True), ("Day", "01.09.2026", True), ("Something", "Maria", False),
    ]  # fmt: skip
    assert shown.version == order_now(order, Language.RU, NOW).version
    late = NOW + timedelta(days=30, seconds=1)
    assert order_now(order, Language.RO, late).status is OrderStatus.EXPIRED


def test_a_confirmation_is_written_down_once(shelf, book, order):
    book.confirm(confirmation(order), NOW)
    kept = dict(shelf.kept)
    book.confirm(confirmation(order), NOW + timedelta(hours=1))
    assert shelf.kept == kept
    (found,) = paid(book)
    assert (found.paid.payment_id, found.paid.told_at) == ("P1", NOW)
    assert order_now(found, Language.RO, NOW + timedelta(days=60)).status is OrderStatus.PAID


@pytest.mark.parametrize("done_first", [False, True])
@pytest.mark.parametrize("place", ["order/", "paid/"])
def test_a_process_that_dies_in_a_confirmation_leaves_one_payment(shelf, book, order, place, done_first):
    shelf.break_on, shelf.done_first = place, done_first
    with pytest.raises(KeyboardInterrupt):
        book.confirm(confirmation(order), NOW)
    book.confirm(confirmation(order), NOW)
    assert [each.paid.payment_id for each in paid(book)] == ["P1"]
    assert book.find("K1", order.key).paid.payment_id == "P1"


def test_late_money_is_taken_as_long_as_nobody_paid(book, order):
    book.confirm(confirmation(order, paid_at=NOW + timedelta(days=90)), NOW + timedelta(days=90))
    assert book.find("K1", order.key).paid.payment_id == "P1"


def test_a_second_payment_is_refused_for_good(book, order):
    book.confirm(confirmation(order), NOW)
    with pytest.raises(RemoteRefused, match="InvoiceAlreadyPaid") as refused:
        book.confirm(confirmation(order, payment_id=PaymentId("P2")), NOW)
    assert refused.value.permanent
    assert [each.paid.payment_id for each in paid(book)] == ["P1"]


@pytest.mark.parametrize("bend", ["less", "total", "account", "twice", "line"])
def test_content_other_than_the_order_s_is_refused_for_good(book, order, bend):
    told = confirmation(order)
    meals, upkeep = told.lines
    bent = {
        "less": {"lines": (meals,), "total": meals.amount},
        "total": {"total": Money(Decimal("700.49"), "MDL")},
        "account": {"lines": (replace(meals, account=OWN), upkeep)},
        "twice": {"lines": (meals, upkeep, upkeep)},
        "line": {"lines": (meals, replace(upkeep, line_id="other"))},
    }[bend]
    with pytest.raises(RemoteRefused, match="InvalidParameter"):
        book.confirm(replace(told, **bent), NOW)
    assert paid(book) == []


def test_rivals_are_read_again_but_not_for_ever(shelf, book, order):
    shelf.rivals = 2
    book.confirm(confirmation(order), NOW)
    shelf.rivals = 99
    fresh = book.add(replace(order, key=""))
    with pytest.raises(RemoteUnavailable):
        book.confirm(confirmation(fresh), NOW)


def test_days_are_chisinau_s(book, order):
    book.confirm(confirmation(order, paid_at=NOW + timedelta(seconds=1)), NOW)
    assert paid(book) == []
    assert len(paid(book, 1)) == 1


def test_more_orders_than_one_page_of_records_are_all_listed(shelf, book, order):
    for number in range(450):
        fresh = book.add(replace(order, key=""))
        book.confirm(confirmation(fresh, payment_id=PaymentId(f"P{number:03}")), NOW)
    assert [each.paid.payment_id for each in paid(book)] == [f"P{number:03}" for number in range(450)]


def test_the_export_has_exact_amounts_local_times_and_no_formula(book, order):
    book.confirm(confirmation(order), NOW)
    head, meals, upkeep = as_csv(paid(book), Writing.PLAIN).splitlines()
    assert head == ",".join((*COLUMNS, "child", "day", "who"))
    time = "2026-11-23T23:59:59+02:00"
    assert meals == (
        f"P1,{time},{time},00000000000000,{order.key},meals,Ceva,620.00,MDL,{DEFAULT.iban},'=Ion,2026-09-01,Maria"
    )
    assert f"upkeep,Ceva,80.50,MDL,{OWN.iban}" in upkeep
    spreadsheet = as_csv(paid(book), Writing.SPREADSHEET)
    assert spreadsheet.encode().startswith(b"\xef\xbb\xbfpayment_id;")
    assert ";620,00;" in spreadsheet


def test_orders_of_an_older_definition_have_their_own_columns(book, order):
    older = replace(order, key="", values=(replace(order.values[0], name="pupil", value="Ana"),))
    for number, each in enumerate((order, book.add(older))):
        book.confirm(confirmation(each, payment_id=PaymentId(f"P{number}")), NOW)
    head, *rows = as_csv(paid(book), Writing.PLAIN).splitlines()
    assert head.endswith(",child,day,who,pupil")
    assert rows[2].endswith(",,,,Ana")


def test_what_was_never_paid_is_forgotten_long_after_its_last_day(shelf, book, order):
    paid_one = book.add(replace(order, key=""))
    book.confirm(confirmation(paid_one), NOW)
    kept = NOW + timedelta(days=30) + KEPT
    assert forget_piece(lambda: shelf, kept) == 0
    assert forget_piece(lambda: shelf, kept + timedelta(seconds=1)) == 1
    assert book.find("K1", order.key) is None
    assert b"Ion" not in shelf.kept[f"order/K1/{order.key}"].value
    assert book.find("K1", paid_one.key).paid.payment_id == "P1"
    with pytest.raises(RemoteRefused, match="UnknownOrder"):
        book.confirm(confirmation(order, payment_id=PaymentId("P2")), NOW)
    assert forget_piece(lambda: shelf, kept + timedelta(days=1)) == 0


def test_forgetting_goes_on_where_it_ended_and_begins_anew(shelf, book, order, monkeypatch):
    monkeypatch.setattr(forgetting, "PIECE", 2)
    for _ in range(4):
        book.add(replace(order, key=""))
    late = NOW + timedelta(days=400)
    assert [forget_piece(lambda: shelf, late) for _ in range(4)] == [2, 2, 1, 0]
