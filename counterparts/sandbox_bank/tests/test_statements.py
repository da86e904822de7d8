"""The daily statement agrees with the books; its faults are the ones that were asked for."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

APPROVED = "4000000000001000"


@pytest.fixture
def merchant(start_bank, merchant_of):
    return merchant_of(start_bank())


def _statement(merchant, day=None) -> list[list[str]]:
    day = day or datetime.now(tz=UTC).date()
    answer = merchant.call("GET", f"/v1/statements/{day.isoformat()}")
    assert answer.status == 200
    return list(csv.reader(io.StringIO(answer.data.decode())))


def test_the_statements_totals_are_the_books(merchant):
    paid = [merchant.paid(APPROVED, amount_minor=amount) for amount in (10_000, 333, 1)]
    merchant.reverse(paid[0], 4_000, "part")
    merchant.reverse(merchant.paid(APPROVED, mode="two-step"), 25_000, "void")
    merchant.paid("4000000000005100", amount_minor=700)
    header, columns, *rows = _statement(merchant)
    lines = [dict(zip(columns, row, strict=True)) for row in rows if row[0] == "LINE"]
    trailers = {row[2]: row for row in rows if row[0] == "TRAILER"}
    balances = {
        (item["account"], item["currency"]): item["amount_minor"] for item in merchant.books()["balances"]
    }
    assert [int(line["gross_minor"]) for line in lines] == [10_000, 333, 1, -4_000, 700]
    assert int(header[4]) == len(lines) == sum(int(row[3]) for row in trailers.values())
    for currency in ("MDL", "EUR"):
        gross, fee, net = map(int, trailers[currency][4:])
        assert gross == balances["cardholders", currency]
        assert net == -balances["merchant:demo", currency] == gross - fee
        assert fee == -balances.get(("fees", currency), 0)


def test_each_line_names_its_transaction_session_and_reference(merchant):
    opened = merchant.open()
    merchant.pay(opened["session_id"], APPROVED)
    _, columns, line, _ = _statement(merchant)
    told = dict(zip(columns, line, strict=True))
    (capture,) = merchant.status(opened["session_id"])["captures"]
    assert (told["transaction_id"], told["session_id"], told["reference"], told["kind"], told["time"]) == (
        capture["transaction_id"],
        opened["session_id"],
        opened["reference"],
        "capture",
        capture["at"],
    )


def test_the_file_id_changes_with_the_content_only(merchant):
    merchant.paid(APPROVED)
    first, again = _statement(merchant), _statement(merchant)
    merchant.paid(APPROVED)
    assert first == again
    assert _statement(merchant)[0][1] != first[0][1] == first[-1][1]


@pytest.mark.parametrize("days", [-1, 1], ids=["yesterday", "tomorrow"])
def test_a_day_without_movements_has_a_statement_without_lines(merchant, days):
    """Tomorrow has begun already for callers east of us."""
    merchant.paid(APPROVED)
    rows = _statement(merchant, datetime.now(tz=UTC).date() + timedelta(days=days))
    assert [row[0] for row in rows] == ["HEADER", "record", "TRAILER"]
    assert rows[-1][2:] == ["MDL", "0", "0", "0", "0"]


@pytest.mark.parametrize("day", ["2999-01-01", "yesterday", "2026-02-30", "20260101"])
def test_a_day_that_is_none_is_refused(merchant, day):
    answer = merchant.call("GET", f"/v1/statements/{day}")
    assert (answer.status, answer.json()["errors"][0]["field"]) == (422, "day")


def test_spoilt_statements_miss_repeat_or_invent_a_line(merchant):
    merchant.paid(APPROVED)
    merchant.paid(APPROVED)
    lines = {}
    for fault in ("ok", "missing-line", "duplicate-line", "unknown-line"):
        merchant.switch(statements=fault)
        lines[fault] = [row[1] for row in _statement(merchant) if row[0] == "LINE"]
    first, second = lines["ok"]
    assert lines["missing-line"] == [first]
    assert lines["duplicate-line"] == [first, second, second]
    assert lines["unknown-line"] == [first, second, "txn_unknown"]
