"""Requests that are read strictly, replies that are written to the letter."""

from datetime import UTC, datetime

import pytest

from mpay_gateway.api import Money, OrderName, Secret
from mpay_provider_osmp.results import Result
from mpay_provider_osmp.settings import OsmpSettings
from mpay_provider_osmp.wire import LOCAL, Command, Reply, Unreadable, read, write

CHECK = {"command": "check", "txn_id": "1234567", "account": "DEMO01:K-1", "sum": "10.45"}
PAY = CHECK | {"command": "pay", "txn_date": "20260815120133"}


def settings(**changes: object) -> OsmpSettings:
    usual = {"networks": ("127.0.0.0/8",), "user": "n", "password": Secret("p")}
    return OsmpSettings(**usual | changes)


def test_a_pay_is_read() -> None:
    asked = read((PAY | {"trm_id": "K7", "pay_type": "1"}).items(), settings())
    assert (asked.command, asked.txn_id) == (Command.PAY, "1234567")
    assert asked.order == OrderName("DEMO01", "K-1")
    assert asked.amount == Money.from_minor(1045, "MDL")
    assert asked.taken_at == datetime(2026, 8, 15, 9, 1, 33, tzinfo=UTC)
    assert asked.device == "K7"


@pytest.mark.parametrize(
    ("stamp", "utc"),
    [
        ("20260115120000", datetime(2026, 1, 15, 10, tzinfo=UTC)),
        ("20260715120000", datetime(2026, 7, 15, 9, tzinfo=UTC)),
    ],
)
def test_times_are_chisinaus(stamp: str, utc: datetime) -> None:
    assert read((PAY | {"txn_date": stamp}).items(), settings()).taken_at == utc


def test_of_the_hour_that_comes_twice_it_is_the_first() -> None:
    nights = (datetime(2026, 10, 25, hour, 30, tzinfo=LOCAL) for hour in range(6))
    (twice,) = (each for each in nights if each.utcoffset() != each.replace(fold=1).utcoffset())
    stamp = twice.strftime("%Y%m%d%H%M%S")
    assert read((PAY | {"txn_date": stamp}).items(), settings()).taken_at == twice.astimezone(UTC)


@pytest.mark.parametrize(
    ("own", "account", "more", "order"),
    [
        ({}, "A:B:C", {}, OrderName("A", "B:C")),
        ({"separator": "/"}, "A/B", {}, OrderName("A", "B")),
        ({"service": "MDS02"}, "A:B", {}, OrderName("MDS02", "A:B")),
        ({"service_parameter": "svc"}, "K", {"svc": "MDS02"}, OrderName("MDS02", "K")),
    ],
)
def test_an_account_names_an_order_as_the_settings_say(own, account, more, order) -> None:
    assert read((CHECK | {"account": account} | more).items(), settings(**own)).order == order


@pytest.mark.parametrize("wrong", ["", "nothing", ":K", "S:", " : ", "x" * 201])
def test_an_account_of_another_form_is_told_so(wrong: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read((CHECK | {"account": wrong}).items(), settings())
    assert (caught.value.txn_id, caught.value.result) == ("1234567", Result.ACCOUNT_FORM)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("", Result.OTHER), ("10", Result.OTHER), ("10.4", Result.OTHER), ("10.450", Result.OTHER),
        ("-1.00", Result.OTHER), ("+1.00", Result.OTHER), ("1e3", Result.OTHER), ("10,45", Result.OTHER),
        ("NaN", Result.OTHER), ("١٠.٤٥", Result.OTHER), ("1.00\n", Result.OTHER), ("1" * 400 + ".00", Result.OTHER),
        ("0.00", Result.SUM_TOO_SMALL), ("100000.01", Result.SUM_TOO_BIG),
    ],
)  # fmt: skip
def test_a_sum_is_read_strictly(text: str, result: Result) -> None:
    with pytest.raises(Unreadable) as caught:
        read((PAY | {"sum": text}).items(), settings())
    assert caught.value.result is result


@pytest.mark.parametrize("text", ["", "0.00"])
def test_a_check_may_come_without_a_sum(text: str) -> None:
    assert not read((CHECK | {"sum": text}).items(), settings()).amount


@pytest.mark.parametrize("wrong", ["", "x", "1" * 21, "-1", "1 ", "１"])
def test_a_request_without_a_number_is_answered_without_one(wrong: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read((CHECK | {"txn_id": wrong}).items(), settings())
    assert (caught.value.txn_id, caught.value.result) == ("", Result.OTHER)


@pytest.mark.parametrize(
    "wrong",
    [
        {"command": "getInfo"},
        {"command": ""},
        {"txn_date": ""},
        {"txn_date": "20261301000000"},
        {"txn_date": "00010101000000"},
        {"txn_date": "00000101000000"},
        {"txn_date": "99991231235959"},
        {"txn_date": "19991231235959"},
        {"txn_date": "22000101000000"},
    ],
)
def test_what_is_not_the_protocols_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(Unreadable) as caught:
        read((PAY | wrong).items(), settings())
    assert caught.value.result is Result.OTHER


def test_a_parameter_that_stands_twice_is_refused() -> None:
    with pytest.raises(Unreadable):
        read([*PAY.items(), ("sum", "99.00")], settings())


def test_a_reply_is_written_in_the_documented_order() -> None:
    reply = Reply("1234567", Result.OK, "OK", prv_txn="2016", amount=Money.from_minor(1045, "MDL"))
    assert write(reply) == (
        b'<?xml version="1.0" encoding="UTF-8"?><response><osmp_txn_id>1234567</osmp_txn_id><prv_txn>2016</prv_txn>'
        b"<sum>10.45</sum><result>0</result><comment>OK</comment></response>"
    )


def test_fields_are_shown_and_nothing_in_them_is_markup() -> None:
    reply = Reply("1", Result.OK, "<b>&", fields=(("payee", "Școala & <co>\x00\x0b"),))
    assert (
        write(reply)
        .decode()
        .endswith(
            "<result>0</result><comment>&lt;b&gt;&amp;</comment>"
            '<fields><field1 name="payee" type="disp">Școala &amp; &lt;co&gt;</field1></fields></response>'
        )
    )


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"networks": ()}, "nobody could call"),
        ({"networks": ("127.0.0.1/8",)}, "host bits set"),
        ({"user": ""}, "user and password go together"),
        ({"user": "", "password": None}, "an address proves little"),
        ({"certificate_header": "X-Client"}, "certificate_header and certificates"),
        ({"service": "A", "service_parameter": "b"}, "not both"),
        ({"claim_minutes": 61}, "claim_minutes"),
        ({"register_url": "https://n.example/today"}, "names no {day}"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        settings(**changes)
