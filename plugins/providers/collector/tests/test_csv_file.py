"""CSV as partners write it, by the names in the settings; nothing of a file that is wrong anywhere."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpay_gateway.api import Money
from mpay_provider_collector.csv_file import read
from mpay_provider_collector.settings import CsvForm
from mpay_provider_collector.statement_file import Unreadable
from plugins.providers.collector.tests.files import DAY, REFERENCE, settings

HEAD = "day,transaction,reference,amount\n"
LINE = f"{DAY},TR-1,{REFERENCE},150.00\n"
PARTNERS = CsvForm(
    delimiter=";", decimal=",", encoding="windows-1251", transaction="Номер", reference="Назначение", day="Дата",
    amount="Сумма", fee="Комиссия", currency="Валюта", kind="Вид", day_format="%d.%m.%Y", total="Итого",
)  # fmt: skip


def lines(text: str | bytes, form: CsvForm | None = None, name: str = "a.csv"):
    body = text if isinstance(text, bytes) else text.encode()
    return [each.line for each in read(name, body, settings(csv=form)).lines]


def refusal(text: str | bytes, form: CsvForm | None = None) -> str:
    with pytest.raises(Unreadable) as refused:
        lines(text, form)
    return str(refused.value)


def test_the_documented_form_is_read():
    (line,) = lines(HEAD + LINE)
    assert (line.transaction_id, line.reference, line.kind) == ("TR-1", REFERENCE, "credit")
    assert line.gross == line.net == Money(Decimal(150), "MDL")
    assert (line.fee.minor, line.at) == (0, datetime(2026, 11, 23, 10, tzinfo=UTC))


def test_a_partners_own_form_is_read():
    text = (
        "Дата;Номер;Терминал;Сумма;Комиссия;Валюта;Вид;Назначение\r\n"
        f'23.11.2026;77;К1;150,00;1,50;MDL;Платёж;"Оплата; {REFERENCE}"\r\n'
        "23.11.2026;78;К1;-20,50;;MDL;Возврат;\r\n"
        "Итого;2;129,50;;;;;\r\n"
    )
    first, second = lines(text.encode("cp1251"), PARTNERS)
    assert (first.gross.minor, first.fee.minor, first.net.minor) == (150_00, 1_50, 148_50)
    assert (first.kind, first.reference) == ("Платёж", REFERENCE)
    assert (second.gross.minor, second.fee.minor, second.reference) == (-20_50, 0, "")
    assert "counted: 2, in all 129.50 MDL" in refusal(
        text.replace("129,50", "129,49").encode("cp1251"), PARTNERS
    )
    assert "cut off" in refusal(text[: text.index("Итого")].encode("cp1251"), PARTNERS)


def test_a_partners_own_debits_are_left_out_and_count_in_the_total():
    form = CsvForm(total="TOTAL")
    text = f"{HEAD}{LINE}{DAY},TR-2,chirie,-30.00\nTOTAL,2,120.00\n"
    found = read("a.csv", text.encode(), settings(csv=form, own_debits="chirie")).lines
    assert [each.line.transaction_id for each in found] == ["TR-1"]


def test_a_mark_at_the_beginning_and_empty_lines_do_no_harm():
    assert len(lines(b"\xef\xbb\xbf" + f"{HEAD}\n{LINE}\n\n".encode())) == 1


@pytest.mark.parametrize(
    ("name", "text", "days"),
    [
        ("a.csv", HEAD + LINE, {date(2026, 11, 23)}),
        ("a.csv", HEAD, set()),
        ("partner-2026-11-24.csv", HEAD, {date(2026, 11, 24)}),
        ("20261399-20261124.csv", HEAD, {date(2026, 11, 24)}),
        ("20261124.csv", HEAD + LINE, {date(2026, 11, 23), date(2026, 11, 24)}),
        ("a.csv", HEAD + LINE + LINE.replace("23", "25"), {date(2026, 11, day) for day in (23, 24, 25)}),
    ],
)
def test_a_file_tells_of_the_days_of_its_lines_and_of_its_name(name, text, days):
    assert read(name, text.encode(), settings()).days == days


FAULTS = {
    "three decimals": (LINE.replace("150.00", "150.005"), "line 2: column 'amount'"),
    "a comma": (LINE.replace("150.00", '"150,00"'), "csv.decimal is a point"),
    "no amount": (LINE.replace("150.00", ""), "'' is no amount"),
    "two signs": (LINE.replace("150.00", "--1"), "is no amount"),
    "an exponent": (LINE.replace("150.00", "1e3"), "is no amount"),
    "spaces inside": (LINE.replace("150.00", "1 150.00"), "is no amount"),
    "digits of another script": (LINE.replace("150.00", "١٥٠"), "is no amount"),
    "another day": (LINE.replace(DAY, "23.11.2026"), "'23.11.2026' is no day"),
    "a day that is none": (LINE.replace(DAY, "2026-02-29"), "is no day"),
    "no id": (LINE.replace("TR-1", ""), "no id of a transaction"),
    "an id with a control character": (LINE.replace("TR-1", "T\x07"), "no id of a transaction"),
    "a cell too many": (LINE.replace("\n", ",x\n"), "5 cells under 4 column names"),
    "cut off in a line": (LINE[:-10], "cut off"),
    "cut off in quotes": (LINE + '2026-11-23,"TR-2\n', "line 3"),
    "a stray quote": (LINE.replace("TR-1", '"TR"1'), "line 2"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_file_that_is_wrong_somewhere_is_refused_whole_and_says_where(fault):
    """C49: a good line before the wrong one counts for nothing."""
    text, words = FAULTS[fault]
    assert words in refusal(HEAD + text)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "no end"),
        (b"\n", "no line of column names"),
        (LINE.encode(), "column 'transaction' stands 0 times"),
        (HEAD.replace("day", "amount").encode(), "stands 0 times"),
        (("amount," + HEAD).encode(), "column 'amount' stands 2 times"),
        ((HEAD + LINE).encode("utf-16"), "not written in utf-8"),
        (HEAD.encode() + b"2026-11-23,T\xe9R,1,1.00\n", "not written in utf-8"),
        (HEAD.encode() + LINE.encode().replace(b"TR-1", b"T\x00R"), "line"),
        (HEAD.encode() + b"x" * 200_000 + b"\n", "line 2"),
    ],
)
def test_what_is_no_csv_of_the_form_is_refused(body, words):
    assert words in refusal(body)


def test_another_currency_is_refused():
    form = CsvForm(currency="currency")
    text = HEAD.replace("\n", ",currency\n") + LINE.replace("\n", ",EUR\n")
    assert "line 2: currency 'EUR'" in refusal(text, form)
    assert len(lines(text.replace("EUR", "MDL"), form)) == 1


def test_a_fee_above_the_amount_is_refused():
    form = CsvForm(fee="fee")
    text = HEAD.replace("\n", ",fee\n") + LINE.replace("\n", ",150.01\n")
    assert "line 2: a fee of 150.01 MDL" in refusal(text, form)
    (line,) = lines(text.replace("150.01", "150.00"), form)
    assert (line.gross.minor, line.net.minor) == (150_00, 0)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"delimiter": "||"}, "delimiter"),
        ({"decimal": ";"}, "decimal"),
        ({"delimiter": ",", "decimal": ","}, "decimal"),
        ({"encoding": "utf-16"}, "encoding"),
        ({"day_format": "%d/%m"}, "day_format"),
        ({"day_format": "%d.%m.%Y %H"}, "day_format"),
        ({"amount": ""}, "columns"),
        ({"amount": "day"}, "columns"),
    ],
)
def test_a_form_that_cannot_be_is_refused_at_the_start(wrong, words):
    with pytest.raises(ValueError, match=words):
        CsvForm(**wrong)


ids = st.text(
    st.characters(categories=["L", "N", "P", "S"], exclude_characters='"'), min_size=1, max_size=128
)
amounts = st.integers(-(10**14), 10**14)
days = st.dates(date(2026, 1, 1), date(2026, 12, 31))


movements = st.tuples(ids, amounts, st.integers(0, 10**6), days).map(
    lambda told: (told[0], told[1], min(told[2], abs(told[1])), told[3])
)


@given(st.lists(movements, max_size=20), st.sampled_from(",."))
def test_whatever_is_written_in_the_form_is_read_back(rows, decimal):
    form = CsvForm(delimiter=";", decimal=decimal, fee="fee", total="SUM", day_format="%d/%m/%Y")
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow(["transaction", "reference", "day", "amount", "fee"])

    def written(minor: int) -> str:
        return str(Money.from_minor(minor, "MDL").amount).replace(".", decimal)

    for name, amount, fee, day in rows:
        writer.writerow([name, "", day.strftime("%d/%m/%Y"), written(amount), written(fee)])
    writer.writerow(["SUM", len(rows), written(sum(row[1] for row in rows))])
    found = read("a.csv", text.getvalue().encode(), settings(csv=form))
    assert [
        (each.line.transaction_id, each.line.gross.minor, each.line.fee.minor, each.day)
        for each in found.lines
    ] == rows
