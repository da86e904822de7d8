"""Orders that are kept: under keys that nobody guesses, paid once, whatever dies in between."""

import csv
import io
import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from mpay_eservice_form import forgetting
from mpay_eservice_form.export import COLUMNS, Writing, as_csv
from mpay_eservice_form.filling import fill_in
from mpay_eservice_form.forgetting import UNPAID_KEPT, Forgetter
from mpay_eservice_form.mapping import order_now
from mpay_eservice_form.order_book import OrderBook
from mpay_eservice_form.settings import LARGEST_ORDER, Field, FieldType, Line, PayerPart, ServiceForm
from mpay_eservice_form.stored_order import Released, StoredOrder, make_order
from mpay_gateway.api import (
    Conflict,
    Language,
    LocalText,
    Money,
    OrderStatus,
    PaymentId,
    RemoteRefused,
    RemoteUnavailable,
)
from plugins.eservices.form.tests.shelf import (
    DEFAULT,
    FORM,
    LARGEST_RECORD,
    NOW,
    OWN,
    SERVICE,
    Shelf,
    confirmation,
)


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
        f"P1,{time},{time},00000000000000,{order.key},meals,Ceva,620.00,MDL,{DEFAULT.iban},,'=Ion,2026-09-01,Maria"
    )
    assert f"upkeep,Ceva,80.50,MDL,{OWN.iban}" in upkeep
    spreadsheet = as_csv(paid(book), Writing.SPREADSHEET)
    assert spreadsheet.encode().startswith(b"\xef\xbb\xbfpayment_id;")
    assert ";620,00;" in spreadsheet


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+1", "@SUM(1)", "＝1", "＋1", "－1", "＠1"])
def test_no_text_of_a_stranger_is_a_formula(book, order, text):
    told = book.add(replace(order, key="", values=(replace(order.values[0], value=text),)))
    book.confirm(confirmation(told), NOW)
    for writing in Writing:
        (row, _) = list(csv.DictReader(io.StringIO(as_csv(paid(book), writing)), delimiter=writing.value[0]))
        assert row["child"] == f"'{text}"


def test_a_number_stays_one_below_zero_and_in_spreadsheets(book, order):
    number = replace(order.values[0], type="number", value="-12.50")
    told = book.add(replace(order, key="", values=(number,)))
    book.confirm(confirmation(told), NOW)
    assert as_csv(paid(book), Writing.PLAIN).splitlines()[1].endswith(",-12.50")
    assert as_csv(paid(book), Writing.SPREADSHEET).splitlines()[1].endswith(";-12,50")


def test_orders_of_an_older_definition_have_their_own_columns(book, order):
    older = replace(order, key="", values=(replace(order.values[0], name="pupil", value="Ana"),))
    for number, each in enumerate((order, book.add(older))):
        book.confirm(confirmation(each, payment_id=PaymentId(f"P{number}")), NOW)
    head, *rows = as_csv(paid(book), Writing.PLAIN).splitlines()
    assert head.endswith(",child,day,who,pupil")
    assert rows[2].endswith(",,,,Ana")


@pytest.mark.parametrize("writing", Writing)
def test_a_field_called_as_a_column_is_not_taken_for_it(book, order, writing):
    """What a payer wrote would else be read as the amount that he paid, by whoever reads by names."""
    told = book.add(replace(order, key="", values=(replace(order.values[0], name="amount", value="1"),)))
    book.confirm(confirmation(told), NOW)
    (row, _) = list(csv.DictReader(io.StringIO(as_csv(paid(book), writing)), delimiter=writing.value[0]))
    assert (row["amount"][:3], row["form.amount"]) == ("620", "1")


PAID_KEPT = timedelta(days=1827)


@pytest.fixture
def forget(shelf, book):
    """A call of the job at a time; how many orders it emptied."""
    return Forgetter(book, shelf, PAID_KEPT).forget


def test_what_was_never_paid_is_forgotten_long_after_its_last_day(shelf, book, order, forget):
    paid_one = book.add(replace(order, key=""))
    book.confirm(confirmation(paid_one), NOW)
    kept = NOW + timedelta(days=30) + UNPAID_KEPT
    assert forget(kept) == 0
    assert forget(kept + timedelta(seconds=1)) == 1
    assert book.find("K1", order.key) is None
    assert b"Ion" not in shelf.kept[f"order/K1/{order.key}"].value
    assert book.find("K1", paid_one.key).paid.payment_id == "P1"
    with pytest.raises(RemoteRefused, match="UnknownOrder"):
        book.confirm(confirmation(order, payment_id=PaymentId("P2")), NOW)
    assert forget(kept + timedelta(days=1)) == 0


def test_of_what_was_paid_long_ago_only_what_was_written_into_the_form_is_forgotten(
    shelf, book, order, forget
):
    book.confirm(confirmation(order), NOW)
    assert forget(NOW + PAID_KEPT) == 0
    assert forget(NOW + PAID_KEPT + timedelta(seconds=1)) == 1
    everything = b"".join(each.value for each in shelf.kept.values())
    for written in (b"Ion", b"Maria", b"2026-09-01"):
        assert written not in everything
    left = book.find("K1", order.key)
    assert (left.total, left.lines, left.paid.payment_id) == (order.total, order.lines, "P1")
    assert paid(book) == [left]
    assert forget(NOW + PAID_KEPT + timedelta(days=1)) == 0
    book.confirm(confirmation(order), NOW + PAID_KEPT)  # told again, it is still the same payment


@pytest.mark.parametrize("done_first", [False, True])
@pytest.mark.parametrize("place", ["order/", "paid/"])
def test_a_process_that_dies_while_it_forgets_leaves_nothing_for_ever(
    shelf, order, forget, place, done_first
):
    OrderBook(lambda: shelf).confirm(confirmation(order), NOW)
    late = NOW + PAID_KEPT + timedelta(days=1)
    shelf.break_on, shelf.done_first = place, done_first
    with pytest.raises(KeyboardInterrupt):
        forget(late)
    forget(late)
    assert not [key for key, each in shelf.kept.items() if b"Maria" in each.value]


def test_forgetting_goes_on_where_it_ended_and_begins_anew(shelf, book, order, forget, monkeypatch):
    monkeypatch.setattr(forgetting, "PIECE", 2)
    monkeypatch.setattr(forgetting, "MOST_PIECES", 1)
    for _ in range(4):
        book.add(replace(order, key=""))
    late = NOW + timedelta(days=400)
    assert [forget(late) for _ in range(4)] == [2, 2, 1, 0]


def test_only_what_was_emptied_is_counted(shelf, order, forget):
    shelf.rivals = 1
    late = NOW + timedelta(days=400)
    assert (forget(late), forget(late)) == (0, 1)


def test_one_call_looks_at_many_pieces_and_ends_with_the_last(shelf, book, order, forget, monkeypatch):
    monkeypatch.setattr(forgetting, "PIECE", 2)
    for _ in range(6):
        book.add(replace(order, key=""))
    assert forget(NOW + timedelta(days=400)) == 7
    assert shelf.kept["job/forget"].value == b""


# Money that goes back


RELEASED = Released(NOW + timedelta(days=2), "ana", "letter 12")


def test_a_paid_order_that_its_beneficiary_releases_reads_refunded_and_is_listed_so(book, order):
    book.confirm(confirmation(order), NOW)
    assert book.release("K1", order.key, RELEASED).released == RELEASED
    (listed,) = paid(book)
    assert (listed.released, listed.paid.payment_id) == (RELEASED, "P1")
    assert order_now(book.find("K1", order.key), Language.RO, NOW).status is OrderStatus.REFUNDED
    assert as_csv(paid(book), Writing.PLAIN).splitlines()[1].count("2026-11-25T23:59:59+02:00") == 1


def test_a_release_is_written_down_once_and_outlives_a_confirmation_told_again(shelf, book, order):
    book.confirm(confirmation(order), NOW)
    book.release("K1", order.key, RELEASED)
    kept = dict(shelf.kept)
    again = book.release("K1", order.key, replace(RELEASED, by="ion"))
    book.confirm(confirmation(order), NOW + timedelta(days=3))
    assert again.released.by == "ana"
    assert shelf.kept == kept


def test_what_nobody_paid_is_not_released(shelf, book, order):
    kept = dict(shelf.kept)
    for service, key in (("K1", order.key), ("K1", "0" * 16), ("K2", order.key), ("K1", "?")):
        assert book.release(service, key, RELEASED) is None
    assert shelf.kept == kept


@pytest.mark.parametrize("done_first", [False, True])
@pytest.mark.parametrize("place", ["order/", "paid/"])
def test_a_process_that_dies_in_a_release_leaves_one(shelf, book, order, place, done_first):
    book.confirm(confirmation(order), NOW)
    shelf.break_on, shelf.done_first = place, done_first
    with pytest.raises(KeyboardInterrupt):
        book.release("K1", order.key, RELEASED)
    book.release("K1", order.key, RELEASED)
    assert [each.released for each in paid(book)] == [RELEASED]


def test_who_lists_late_does_not_take_a_release_back(shelf, book, order, monkeypatch):
    """A confirmation that stands still between its two records is overtaken by a release."""
    real, overtaken = book._list, []

    def overtake(stored):
        if not overtaken:
            overtaken.append(stored)
            book.release("K1", order.key, RELEASED)
        real(stored)

    monkeypatch.setattr(book, "_list", overtake)
    book.confirm(confirmation(order), NOW)
    assert [each.released for each in paid(book)] == [RELEASED]


# What is kept


def test_an_order_as_large_as_a_form_can_make_it_has_room_in_a_record(book):
    text = LocalText("Ж" * 40, "Ж" * 40, "Ж" * 40)
    reason = LocalText("Ж" * 50, "Ж" * 50, "Ж" * 50)
    form = ServiceForm(
        text, reason, (Line("a" * 36, reason, least=Decimal(1), most=Decimal(9_999_999), account=OWN),),
        (
            *(Field("f" * 30 + f"{place:02}", text) for place in range(38)),
            Field("payer", text, payer=PayerPart.NAME), Field("code", text, FieldType.TC, payer=PayerPart.CODE),
        ),
    )  # fmt: skip
    typed = {f"field-{field.name}": "\N{PILE OF POO}" * 255 for field in form.fields}
    filled = fill_in(form, typed | {"amount-" + "a" * 36: "9999999.00"}, Language.RO)
    assert filled.errors == ()
    made = book.add(make_order(SERVICE, form, filled, NOW))
    book.confirm(confirmation(made), NOW)
    words = "Ж" * 200
    book.release("K1", made.key, Released(NOW, words, words))
    size = len(book.find("K1", made.key).to_json())
    assert LARGEST_ORDER - 10_000 < size <= LARGEST_RECORD


def test_orders_as_they_were_kept_at_first_are_read(order):
    """Each value stood there twice, and nothing was ever released."""
    plain = json.loads(order.to_json())
    del plain["released"]
    for each in plain["values"]:
        each.setdefault("shown", {"ro": each["value"], "ru": "", "en": ""})
    assert StoredOrder.from_json(json.dumps(plain).encode()) == order
