"""Money that others collect: a payer transfers it, or a device takes it, a file of the collector tells of it."""

import json
import subprocess
from datetime import datetime, time

import pytest

from mpay_gateway.api import Accepted, CollectedPayment, MessageMeta, Money, OrderName
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.payment import CaptureState, PaymentState
from mpay_gateway.flow.bookkeeping.statement_intake import fetch_statement
from mpay_gateway.flow.inbound.payment_intake import Port
from mpay_gateway.texts.local_format import LOCAL_ZONE, format_date, format_datetime
from tests.scene import commands
from tests.scene.collected import (
    COLLECTED,
    IBAN,
    PARTNER,
    TREASURY,
    camt,
    folder_of,
    number_for,
    yesterday,
)
from tests.scene.waiting import eventually


@pytest.fixture
def collecting(make_gateway, tmp_path):
    """Makes a gateway with an account at the treasury and one at a partner, and their folders."""

    def make(**plan):
        for folder in ("treasury", "partner"):
            (tmp_path / folder).mkdir(exist_ok=True)
        more = COLLECTED.format(iban=IBAN)
        return make_gateway(enabled=("mpay-provider-collector",), more=more, **plan)

    return make


@pytest.fixture
def gateway(collecting):
    return collecting()


def test_a_transfer_is_paid_when_the_statement_says_so_and_the_day_is_closed(gateway, payer, shop, tmp_path):
    order, day = shop.order(amount="150.00"), yesterday()
    number = number_for(payer, order)
    assert (
        mpay(gateway, "reconcile", str(day), "--account", TREASURY, "--fetch").returncode == 1
    )  # no file yet
    assert gateway.payments(order.key)[0].state is PaymentState.CREATED
    (folder_of(gateway, TREASURY) / "zi.xml").write_text(camt(number, "150.00", day=day))
    fetch_statement(gateway.parts, TREASURY, day)
    eventually(lambda: shop.state(order)["state"], lambda state: state == "paid")
    gateway.settle_down()
    closed = mpay(gateway, "reconcile", str(day), "--account", TREASURY, "--fetch", "--probe")
    assert (closed.returncode, "no gaps" in closed.stdout) == (0, True), closed
    pay_out(gateway, day, tmp_path)
    (file,) = tmp_path.glob(f"{day}_*.csv")
    assert gateway.payments(order.key)[0].id in file.read_text("utf-8")
    assert gateway.balances() == {}


def test_whoever_gets_a_number_reads_where_to_pay_it_and_later_the_day_of_it(gateway, payer, shop):
    """A statement that has only a day knows no hour."""
    order, day = shop.order(amount="150.00"), yesterday()
    page = payer.start(order, instrument="transfer")
    assert f"Transferați pe contul {IBAN}." in page.text
    number = gateway.payments(order.key)[0].reference
    (folder_of(gateway, TREASURY) / "zi.xml").write_text(camt(number, "150.00", day=day))
    fetch_statement(gateway.parts, TREASURY, day)
    paid = eventually(lambda: payer.result(page), lambda found: found.says("result.paid.title"))
    paid_on = gateway.payments(order.key)[0].captured_at
    assert format_date(paid_on, Language.RO) in paid.text
    assert format_datetime(paid_on, Language.RO) not in paid.text


def test_a_command_that_prints_for_programs_prints_nothing_else(gateway, payer, shop):
    order, day = shop.order(amount="150.00"), yesterday()
    (folder_of(gateway, TREASURY) / "zi.xml").write_text(camt(number_for(payer, order), "149.00", day=day))
    told = mpay(gateway, "reconcile", str(day), "--account", TREASURY, "--fetch", "--json", "-")
    assert json.loads(told.stdout)
    assert "capture_in_review" in told.stderr
    assert '"hook"' not in told.stderr


def test_a_command_that_reads_the_statement_waits_until_the_service_is_told(gateway, payer, shop):
    """What it reports is what is known when it ends, not what was on its way."""
    order, day = shop.order(amount="150.00"), yesterday()
    (folder_of(gateway, TREASURY) / "zi.xml").write_text(camt(number_for(payer, order), "150.00", day=day))
    told = mpay(gateway, "reconcile", str(day), "--account", TREASURY, "--fetch")
    assert (told.returncode, "no gaps" in told.stdout) == (0, True), told
    assert shop.state(order)["state"] == "paid"


def test_cash_that_a_device_told_of_is_compared_with_the_partners_file(gateway, shop, tmp_path):
    order, day = shop.order(amount="150.00"), yesterday()
    at = datetime.combine(day, time(18), tzinfo=LOCAL_ZONE)
    port = Port(gateway.parts.entrance, f"provider:{PARTNER}").at_device("K7")
    told = CollectedPayment(
        OrderName(order.service_id, order.key), "K7-000001", Money.from_minor(150_00, "MDL"), at,
        message=b"signed", meta=MessageMeta("report"),
    )  # fmt: skip
    accepted = port.accept(told)
    assert isinstance(accepted, Accepted)
    eventually(lambda: shop.state(order)["state"], lambda state: state == "paid")
    gateway.settle_down()
    name = folder_of(gateway, PARTNER) / "partner.csv"
    lines = f"{day:%d.%m.%Y};P-77;nota {accepted.reference};150,00;1,50\r\n"
    name.write_text(f"day;transaction;reference;amount;fee\r\n{lines}TOTAL;1;151,00\r\n")
    refused = mpay(gateway, "reconcile", str(day), "--account", PARTNER, "--fetch")
    assert (refused.returncode, "partner.csv" in refused.stderr) == (1, True), refused
    assert (
        "NOT READ  partner: 'partner.csv': line 3: says '1', '151,00'; counted: 1, in all 150.00 MDL"
        in refused.stdout
    )
    name.write_text(f"day;transaction;reference;amount;fee\r\n{lines}TOTAL;1;150,00\r\n")
    closed = mpay(gateway, "reconcile", str(day), "--account", PARTNER, "--fetch")
    assert (closed.returncode, "no gaps" in closed.stdout) == (0, True), closed
    assert f"receivable:{PARTNER}" not in gateway.balances()
    assert gateway.balances()[f"fees:{PARTNER}"] == 1_50
    pay_out(gateway, day, tmp_path)


def test_another_amount_and_a_strange_reference_wait_for_people(gateway, payer, shop):
    """C39, C44."""
    order, day = shop.order(amount="150.00"), yesterday()
    number = number_for(payer, order)
    folder = folder_of(gateway, TREASURY)
    (folder / "a.xml").write_text(camt(number, "149.00", day=day))
    (folder / "b.xml").write_text(camt("999999999999999", "20.00", day=day, number=2))
    told = mpay(gateway, "reconcile", str(day), "--fetch")
    assert told.returncode == 1
    assert "paid-not-confirmed" in told.stdout
    assert "settled-unknown" in told.stdout
    (payment,) = gateway.payments(order.key)
    assert [each.state for each in gateway.captures(payment.id)] == [CaptureState.REVIEW]
    assert shop.state(order)["state"] != "paid"


def pay_out(gateway, day, folder):
    token = commands.token_of(gateway, "ana")
    commands.mpay(gateway, "settle", str(day), "--output", str(folder), "--operator", "ana", token=token)


def mpay(gateway, *arguments):
    command = [gateway.counterparts.place.command("mpay"), "--config", str(gateway.ini), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
