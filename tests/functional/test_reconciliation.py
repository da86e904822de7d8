"""A day of our books against the bank's statement and the shop's word: the gaps that are there, and no others."""

import csv
import io
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mpay_gateway.domain.identifiers import AccountId
from mpay_gateway.flow.bookkeeping.reconciliation import GapKind, ServiceSide, reconcile, statement_days
from mpay_gateway.flow.bookkeeping.statement_intake import fetch_statement
from mpay_gateway.texts.local_days import local_day
from tests.scene.counterparts import running_counterparts
from tests.scene.payer import Payer
from tests.scene.waiting import eventually

ACCOUNT = AccountId("sandbox-main")


@pytest.fixture
def counterparts(tmp_path_factory):
    """A bank of the test's own: its statement has nothing of anybody else."""
    folder = tmp_path_factory.mktemp("counterparts")
    with running_counterparts(folder, Path(sys.executable).parent) as running:
        yield running


@pytest.fixture
def compared(gateway):
    """Reads the statements and compares all days that the test may have touched, by payment."""

    def compare(*, probe=False):
        today = local_day(datetime.now(UTC))
        days = (today - timedelta(days=1), today)  # the test may have begun before midnight
        for provider_day in sorted({each for day in days for each in statement_days(day)}):
            fetch_statement(gateway.parts, ACCOUNT, provider_day)
        return [reconcile(gateway.parts, day, probe=probe) for day in days]

    return compare


def gaps(reports):
    return [
        (gap.kind, gap.payment_id, *(each and each.minor for each in (gap.ours, gap.theirs)))
        for report in reports
        for gap in report.gaps
    ]


@pytest.fixture
def pay(payer, shop):
    def with_card(card="approved", told="result.told"):
        page = payer.pay(shop.order(amount="100.00"), card)
        return eventually(lambda: payer.result(page), lambda page: page.says(told)).payment_id

    return with_card


def test_a_full_day_has_the_gaps_that_are_there_and_no_others(pay, compared, gateway, bank, shop):
    """C38, C39, C47, D57: approved and captured twice are in order, all else is named."""
    pay()
    pay("captured-twice")
    gateway.work()
    odd = pay("wrong-amount", "result.being-checked.title")
    charged_back = pay("charged-back")
    reference = gateway.payment(charged_back).reference
    eventually(lambda: bank.session(reference)["status"], lambda status: status == "reversed")
    shop.break_down(confirm="down")
    untold = Payer(gateway).pay(shop.order(amount="70.00")).payment_id
    gateway.settle_down()
    assert sorted(gaps(compared())) == sorted(
        [
            (GapKind.PAID_NOT_CONFIRMED, odd, 99_00, 99_00),
            (GapKind.CHARGED_BACK, charged_back, None, -100_00),
            (GapKind.PAID_NOT_CONFIRMED, untold, 70_00, 70_00),
        ]
    )


def test_a_surplus_is_a_gap_until_it_went_back(pay, compared, gateway):
    """C47."""
    pay()
    assert gaps(compared()) == []
    payment_id = pay("captured-twice")
    assert gaps(compared()) == [(GapKind.PAID_NOT_CONFIRMED, payment_id, 100_00, 100_00)]
    gateway.work()
    assert gaps(compared()) == []


def test_a_reversed_payment_has_no_gap(compared, gateway, payer, shop, bank):
    """D59: the service refuses, the money goes back, and the statement says both."""
    fine = shop.fine("confirm-refused", plate_number="CDR 482")
    invoice = payer.send(payer.open("/services/DEMO02"), order_key=fine.key, factor="CDR 482")
    started = payer.choose(payer.agree(invoice))
    bank.pay(gateway.payment(started.payment_id).remote_reference)
    assert payer.result(started).says("result.back_due")
    gateway.work()
    reports = compared()
    assert gaps(reports) == []
    assert sum(account.lines for report in reports for account in report.accounts) == 2


def test_confirmed_money_that_the_bank_does_not_list(pay, compared, bank):
    """C48."""
    first = pay()
    missing = pay()
    bank.break_down(statements="missing-line")
    assert gaps(compared()) == [(GapKind.CONFIRMED_NOT_SETTLED, missing, 100_00, None)]
    bank.repair()
    assert (gaps(compared()), first != missing) == ([], True)


@pytest.mark.parametrize("fault", ["unknown-line", "duplicate-line"])
def test_lines_that_we_cannot_explain(fault, pay, compared, bank):
    """C49."""
    pay()
    bank.break_down(statements=fault)
    assert gaps(compared()) == [(GapKind.SETTLED_UNKNOWN, "", None, 100_00)]


def test_a_statement_that_was_never_read_is_no_sound_day(pay, gateway):
    pay()
    report = reconcile(gateway.parts, local_day(gateway.captures(pay())[0].captured_at))
    assert not report.sound
    assert not any(account.complete for account in report.accounts)
    assert report.accounts
    assert {gap.kind for gap in report.gaps} == {GapKind.CONFIRMED_NOT_SETTLED}


def test_probing_reads_the_orders_again_and_says_so(pay, compared, payer, shop):
    pay()
    shop.break_down(confirm="down")
    untold = payer.pay(shop.order(amount="70.00")).payment_id
    reports = compared(probe=True)
    assert {report.service_side for report in reports} == {ServiceSide.PROBED}
    assert sum(report.probed for report in reports) == 2
    (gap,) = [gap for report in reports for gap in report.gaps]
    assert (gap.payment_id, "the order reads Active" in gap.detail) == (untold, True)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_the_command_reads_compares_and_tells_by_its_exit_status(pay, gateway, bank, shop, tmp_path):
    payment_id = pay()
    bank.break_down(statements="missing-line")
    day = local_day(gateway.captures(payment_id)[0].captured_at).isoformat()
    file = tmp_path / "report.json"
    assert mpay(gateway, day, "--account", ACCOUNT, "--fetch", "--json", str(file)).returncode == 1
    told = json.loads(file.read_text("utf-8"))
    assert (told["day"], told["sound"], told["service_side"]) == (day, False, "signed_replies")
    assert told["gaps"] == [
        {
            "kind": "confirmed-not-settled",
            "account": ACCOUNT,
            "payment": payment_id,
            "transaction": gateway.captures(payment_id)[0].transaction_id,
            "ours": {"amount": "100.00", "currency": "MDL"},
            "theirs": None,
            "detail": "the service confirmed it, and it stands in no statement",
        }
    ]
    table = mpay(gateway, day, "--account", ACCOUNT, "--csv", "-")
    (row,) = csv.DictReader(io.StringIO(table.stdout, newline=""))
    assert (table.returncode, row["gap"], row["payment"], row["ours"], row["theirs"]) == (
        1, "confirmed-not-settled", payment_id, "100.00", "",
    )  # fmt: skip
    shown = mpay(gateway, day)
    assert (shown.returncode, payment_id in shown.stdout) == (1, True)
    bank.repair()
    sound = mpay(gateway, day, "--fetch", "--probe")
    assert (sound.returncode, "no gaps" in sound.stdout) == (0, True), sound
    assert "their orders read again" in sound.stdout
    shop.break_down(lookup="down")
    silent = mpay(gateway, day, "--probe")
    assert (silent.returncode, "0 orders read again, 1 COULD NOT BE READ" in silent.stdout) == (
        1,
        True,
    ), silent
    shop.repair()
    for wrong in (["yesterday"], ["9999-01-01"], [day, "--account", "nobody"]):
        assert mpay(gateway, *wrong).returncode == 2


def mpay(gateway, *arguments):
    command = [
        gateway.counterparts.place.command("mpay"),
        "--config",
        str(gateway.ini),
        "reconcile",
        *arguments,
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
