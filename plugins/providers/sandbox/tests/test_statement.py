"""A statement is believed as a whole or not at all."""

from datetime import UTC, date, datetime

import pytest

from mpay_gateway.api import InvalidAnswer, Money, StatementLine
from mpay_provider_sandbox.statement import read_statement

DAY = date(2026, 5, 4)
STATEMENT = (
    "HEADER,SB-20260504-abc,demo,2026-05-04,3\r\n"
    "record,transaction_id,session_id,reference,kind,gross_minor,fee_minor,net_minor,currency,time\r\n"
    "LINE,txn_1,ses_1,REF1,capture,10000,150,9850,MDL,2026-05-04T10:00:00.000Z\r\n"
    "LINE,txn_2,ses_1,REF1,reversal,-4000,0,-4000,MDL,2026-05-04T11:00:00.000Z\r\n"
    "LINE,txn_3,ses_2,REF2,capture,500,8,492,EUR,2026-05-04T12:00:00.000Z\r\n"
    "TRAILER,SB-20260504-abc,EUR,1,500,8,492\r\n"
    "TRAILER,SB-20260504-abc,MDL,2,6000,150,5850\r\n"
)
EMPTY = (
    "HEADER,SB-20260504-e,demo,2026-05-04,0\r\n"
    + STATEMENT.splitlines(keepends=True)[1]
    + "TRAILER,SB-20260504-e,MDL,0,0,0,0\r\n"
)


def mdl(minor: int) -> Money:
    return Money.from_minor(minor, "MDL")


def test_lines_are_read_as_the_bank_writes_them() -> None:
    lines = read_statement(STATEMENT.encode(), DAY)
    at = datetime(2026, 5, 4, 11, tzinfo=UTC)
    assert lines[1] == StatementLine("txn_2", "REF1", "reversal", mdl(-4000), mdl(0), mdl(-4000), at)
    assert [line.transaction_id for line in lines] == ["txn_1", "txn_2", "txn_3"]


def test_a_day_without_movements_has_no_lines() -> None:
    assert read_statement(EMPTY.encode(), DAY) == ()


def test_a_line_that_stands_twice_is_passed_on_for_the_books_to_judge() -> None:
    line = STATEMENT.splitlines(keepends=True)[4]
    doubled = STATEMENT.replace(line, line * 2).replace("05-04,3", "05-04,4")
    doubled = doubled.replace("EUR,1,500,8,492", "EUR,2,1000,16,984")
    assert [item.transaction_id for item in read_statement(doubled.encode(), DAY)][2:] == ["txn_3", "txn_3"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("HEADER", "KOPF"),
        (",2026-05-04,3", ",2026-05-05,3"),
        (",2026-05-04,3", ",2026-05-04,2"),
        (",2026-05-04,3", ",2026-05-04,4"),
        (",2026-05-04,3", ",2026-05-04,-3"),
        ("gross_minor,fee_minor", "fee_minor,gross_minor"),
        ("10000,150,9850", "10001,150,9851"),
        ("10000,150,9850", "10000,150,9849"),
        ("10000,150,9850", "1e4,150,9850"),
        ("10000,150,9850", "10 000,150,9850"),
        ("LINE,txn_1", "LINE,"),
        ("TRAILER,SB-20260504-abc,EUR,1,500,8,492\r\n", ""),
        ("EUR,1,500,8,492", "EUR,2,500,8,492"),
        ("TRAILER,SB-20260504-abc,EUR", "TRAILER,SB-20260504-xyz,EUR"),
        ("TRAILER,SB-20260504-abc,MDL,2,6000,150,5850\r\n", ""),
        ("TRAILER,SB-20260504-abc,EUR,1", "TRAILER,SB-20260504-abc,MDL,1"),
        ("2,6000,150,5850\r\n", "2,6000,150,5850\r\nLINE,late\r\n"),
        ("T10:00:00.000Z", ""),
        ("REF2", '"REF2'),
    ],
)
def test_a_statement_that_is_damaged_or_does_not_add_up_is_refused(old: str, new: str) -> None:
    damaged = STATEMENT.replace(old, new)
    assert damaged != STATEMENT
    with pytest.raises(InvalidAnswer):
        read_statement(damaged.encode(), DAY)


@pytest.mark.parametrize("length", range(0, len(STATEMENT) - 2, 7))
def test_a_statement_that_is_cut_short_is_refused(length: int) -> None:
    with pytest.raises(InvalidAnswer):
        read_statement(STATEMENT[:length].encode(), DAY)


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(InvalidAnswer, match="no CSV"):
        read_statement(b"\xff\xfe", DAY)
