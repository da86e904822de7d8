"""The network's daily register: believed as a whole or not at all, from a folder or an address."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from mpay_gateway.api import (
    AccountId,
    HttpAnswer,
    HttpRequest,
    InvalidAnswer,
    Money,
    OutcomeUnknown,
    PluginContext,
    RemoteRefused,
    RemoteUnavailable,
    Secret,
    StatementLine,
    StatementPeriod,
)
from mpay_provider_osmp import OsmpProvider
from mpay_provider_osmp.register import read
from mpay_provider_osmp.settings import OsmpSettings

DAY = date(2026, 8, 15)
GOOD = """txn_id;txn_date;account;sum;fee
77;20260815120133;DEMO01:K-1;150.00;1.50
78;20260815235959;DEMO01:K-2;10.45;0.00
TOTAL;2;160.45;1.50
"""


def lei(minor: int) -> Money:
    return Money.from_minor(minor, "MDL")


@dataclass
class Http:
    status: int = 200
    body: bytes = GOOD.encode()
    asked: list[HttpRequest] = field(default_factory=list)

    def send(self, request: HttpRequest) -> HttpAnswer:
        self.asked.append(request)
        return HttpAnswer(self.status, (), self.body)


@dataclass
class Evidence:
    kept: list[str] = field(default_factory=list)

    def sent(self, body: bytes, meta: object) -> None:
        self.kept.append("sent")

    def received(self, body: bytes, meta: object) -> None:
        self.kept.append("received")


def statement(http: Http, evidence: Evidence, **settings: object) -> tuple[StatementLine, ...]:
    usual = {"networks": ("127.0.0.0/8",), "user": "n", "password": Secret("p")}
    provider = OsmpProvider(PluginContext("net", http, None), OsmpSettings(**usual | settings))
    return provider.mpay_read_statement(StatementPeriod(AccountId("net"), DAY), evidence)


def test_every_payment_is_a_line() -> None:
    first, second = read(GOOD.encode(), DAY)
    assert first == StatementLine(
        "77", "", "payment", lei(15000), lei(150), lei(14850), datetime(2026, 8, 15, 9, 1, 33, tzinfo=UTC)
    )
    assert (second.transaction_id, second.net) == ("78", lei(1045))


def test_a_day_without_payments_is_an_empty_register() -> None:
    assert read(b"txn_id;txn_date;account;sum;fee\nTOTAL;0;0.00;0.00\n", DAY) == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("TOTAL;2;160.45;1.50\n", ""),
        ("TOTAL;2;", "TOTAL;3;"),
        ("160.45", "160.46"),
        ("1.50\n78", "1.49\n78"),
        ("txn_id;", "id;"),
        ("150.00;", "150;"),
        ("150.00;", "-150.00;"),
        ("78;2026", "77;2026"),
        ("20260815120133", "20260814120133"),
        ("20260815120133", "2026-08-15"),
        ("20260815120133", "00010101000000"),
        ("DEMO01:K-1;", ""),
        ("10.45;0.00", "0.00;0.00"),
        ("78;", "x;"),
    ],
)
def test_a_register_that_does_not_add_up_is_not_believed_at_all(old: str, new: str) -> None:
    assert old in GOOD
    with pytest.raises(InvalidAnswer):
        read(GOOD.replace(old, new, 1).encode(), DAY)


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b'"', b"<html>"])
def test_what_is_no_register_is_said_so(body: bytes) -> None:
    with pytest.raises(InvalidAnswer):
        read(body, DAY)


def test_a_register_is_fetched_by_its_day_and_kept_as_evidence() -> None:
    http, evidence = Http(), Evidence()
    assert len(statement(http, evidence, register_url="https://n.example/r-{day}.csv")) == 2
    assert http.asked[0].url == "https://n.example/r-2026-08-15.csv"
    assert evidence.kept == ["sent", "received"]


@pytest.mark.parametrize(
    ("status", "error"), [(500, OutcomeUnknown), (404, RemoteUnavailable), (403, RemoteRefused)]
)
def test_an_address_that_gives_none_is_told_apart(status: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        statement(Http(status), Evidence(), register_url="https://n.example/{day}")


def test_a_register_is_read_from_a_folder(tmp_path: Path) -> None:
    evidence = Evidence()
    with pytest.raises(RemoteUnavailable):
        statement(Http(), evidence, register_directory=tmp_path)
    (tmp_path / "register-2026-08-15.csv").write_text(GOOD, "utf-8")
    assert len(statement(Http(), evidence, register_directory=tmp_path)) == 2
    assert evidence.kept == ["received"]


def test_an_account_without_a_register_says_so() -> None:
    with pytest.raises(RemoteRefused, match="neither register_directory nor register_url"):
        statement(Http(), Evidence())
