"""B28: a backup of an hour ago is restored. The hour is noticed, asked about, and costs nobody anything twice.

Real bank, service and kiosk network; the database goes back, they do not.
"""

import json
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from mpay_gateway.domain.errors import Conflict, PaymentsSuspended
from mpay_gateway.domain.payment import DeliveryState, PaymentState
from mpay_gateway.flow.audit.sealing import keep_sealing
from mpay_gateway.flow.bookkeeping.books import check_books
from mpay_gateway.flow.bookkeeping.settlement import PaidBy, settle
from mpay_gateway.flow.operating.restoring import begin_by_hand, compare, finish, look_back
from mpay_gateway.storage.evidence import RESTORATION
from mpay_gateway.texts.local_days import local_day
from tests.scene.books import assert_sound
from tests.scene.commands import mpay
from tests.scene.counterparts import running_counterparts
from tests.scene.gateway import Gateway, Plan, running_gateway
from tests.scene.payer import Payer
from tests.scene.waiting import eventually

TRY_LATER = "1"
"""The kiosk protocol's result for a passing trouble."""


@pytest.fixture
def counterparts(tmp_path_factory):
    """A bank of the test's own: its statement has nothing of anybody else."""
    folder = tmp_path_factory.mktemp("counterparts")
    with running_counterparts(folder, Path(sys.executable).parent) as running:
        yield running


@dataclass
class Backups:
    """Copies of the test's database, and going back to one."""

    url: str
    folder: Path
    server: object

    def take(self) -> None:
        """While the gateway runs, as operators do."""
        name = make_url(self.url).database
        if self.server is None:
            with sqlite3.connect(name) as source, sqlite3.connect(self.folder / "copy.sqlite") as copy:
                source.backup(copy)
            return
        self.server.drop_database("copy")
        self.server.create_database("copy", template=name)

    def restore(self) -> None:
        """Nobody is connected any more."""
        name = make_url(self.url).database
        if self.server is None:
            for path in Path(name).parent.glob(f"{Path(name).name}*"):
                path.unlink()
            shutil.copyfile(self.folder / "copy.sqlite", name)
            return
        self.server.drop_database(name)
        self.server.create_database(name, template="copy")


@pytest.fixture
def backups(database, engine, request, tmp_path) -> Iterator[Backups]:
    server = request.getfixturevalue("postgres_server") if engine == "postgresql" else None
    yield Backups(database, tmp_path, server)
    if server is not None:
        server.drop_database("copy")


@dataclass
class Hour:
    """What was paid before the backup and after it."""

    open_then: str = ""
    untold_then: str = ""
    orders: tuple[object, ...] = ()
    lost_orders: tuple[object, ...] = ()
    lost_transactions: tuple[str, ...] = ()
    lost_references: tuple[str, ...] = ()


def told(gateway: Gateway, payment_id: str) -> bool:
    delivery = gateway.delivery(payment_id)
    return delivery is not None and delivery.state is DeliveryState.CONFIRMED


def live_the_hour(gateway: Gateway, backups: Backups) -> Hour:
    """Before the backup: one payment is at the bank, one is paid and untold. Then the hour that is lost."""
    shop, bank, kiosks = gateway.counterparts.shop, gateway.counterparts.bank, gateway.counterparts.kiosks
    payer = Payer(gateway)
    first, second, third, fourth, fifth = (shop.order(amount=f"{number}0.00") for number in range(1, 6))
    early = kiosks.pay(shop.order(amount="60.00"))
    assert kiosks.settled(early["txn_id"])["state"] == "accepted"
    gateway.settle_down()
    keep_sealing(gateway.parts)
    gateway.clock.advance(minutes=2)
    gateway.work()
    opened = payer.start(first)
    shop.break_down(confirm="down")
    untold = payer.pay(second)
    gateway.settle_down()
    shop.repair()
    look_back(gateway.parts)
    backed_up = gateway.parts
    backed_up.disconnect()  # PostgreSQL copies a database only while nobody is connected
    backups.take()
    bank.pay(gateway.payment(opened.payment_id).remote_reference)
    eventually(lambda: payer.result(opened).says("result.told"))
    gateway.clock.advance(minutes=10)
    gateway.work()
    assert told(gateway, untold.payment_id)
    lost = payer.pay(third)
    eventually(lambda: told(gateway, lost.payment_id))
    shop.break_down(confirm="down")
    lost_untold = payer.pay(fourth)
    gateway.settle_down()
    shop.repair()
    cash = kiosks.pay(fifth)
    assert kiosks.settled(cash["txn_id"])["state"] == "accepted"
    gateway.settle_down()
    gateway.clock.advance(minutes=2)
    keep_sealing(gateway.parts)
    gateway.work()
    look_back(gateway.parts)
    lost_ids = (lost.payment_id, lost_untold.payment_id)
    taken = [each.transaction_id for payment_id in lost_ids for each in gateway.captures(payment_id)]
    return Hour(
        opened.payment_id, untold.payment_id, (first, second), (third, fourth, fifth),
        (*taken, str(cash["txn_id"])), tuple(gateway.payment(each).reference for each in lost_ids),
    )  # fmt: skip


@pytest.fixture
def plan(database, tmp_path) -> Plan:
    return Plan(database=database, watermark=str(tmp_path / "watermark"))


def test_a_lost_hour_is_noticed_asked_about_and_costs_nobody_anything_twice(
    counterparts, plan, backups, tmp_path
):
    with running_gateway(counterparts, plan, tmp_path) as gateway:
        hour = live_the_hour(gateway, backups)
        anchor = mpay(gateway, "audit", "head")
    backups.restore()
    with running_gateway(counterparts, plan, tmp_path) as gateway:
        gateway.clock.advance(minutes=20)  # as far as the hour's clock had come
        noticed = look_back(gateway.parts)
        assert noticed is not None
        assert look_back(gateway.parts) is None
        assert_nothing_new_begins(gateway)
        with pytest.raises(Conflict, match="not every provider has answered"):
            finish(gateway.parts, actor="operator:ana")
        compared = compare(gateway.parts, noticed)
        assert (compared.complete, compared.unheard, compared.unread) == (True, (), ())
        assert {each.line.transaction_id for each in compared.unknown} == set(hour.lost_transactions)
        gateway.settle_down()
        gateway.clock.advance(minutes=10)
        gateway.work()
        assert_told_once(gateway, hour)
        finish(gateway.parts, actor="operator:ana")
        assert_ids_are_new(gateway, hour)
        assert_seals_know(gateway, anchor, noticed.epoch)
        assert_sound(gateway)


def assert_nothing_new_begins(gateway: Gateway) -> None:
    order, kiosks = gateway.counterparts.shop.order(), gateway.counterparts.kiosks
    payer = Payer(gateway)
    page = payer.choose(payer.agree(payer.arrive(order)))
    assert (page.status, page.says("problem.suspended.title"), page.says("problem.no_money")) == (
        503,
        True,
        True,
    )
    assert gateway.payments(order.key) == ()
    refused = kiosks.check(order)
    assert str(refused["result"]) == TRY_LATER
    today = local_day(gateway.clock.now())
    by = PaidBy("main", "operator:ana")
    with pytest.raises(PaymentsSuspended):
        settle(gateway.parts.units, today, by, clock=gateway.clock, ids=gateway.parts.ids)


def assert_told_once(gateway: Gateway, hour: Hour) -> None:
    """Both payments of the backup are booked and told again, with the same content under the same PaymentID."""
    for payment_id, order in zip((hour.open_then, hour.untold_then), hour.orders, strict=True):
        assert gateway.payment(payment_id).state is PaymentState.CAPTURED
        assert gateway.delivery(payment_id).state is DeliveryState.CONFIRMED
        heard = [
            each
            for each in gateway.counterparts.shop.confirmations(order)
            if each["outcome"] != "ignored: down"
        ]
        assert [each["outcome"] for each in heard] == ["applied", "already-applied"]
        assert len({(each["payment_id"], each["content_digest"]) for each in heard}) == 1


def assert_ids_are_new(gateway: Gateway, hour: Hour) -> None:
    """References of another epoch begin with another character: none of the lost hour can come again."""
    payer, shop = Payer(gateway), gateway.counterparts.shop
    page = payer.pay(shop.order(amount="90.00"))
    eventually(lambda: payer.result(page).says("result.told"))
    reference = gateway.payment(page.payment_id).reference
    assert reference[0] not in {each[0] for each in hour.lost_references}
    already = payer.arrive(hour.lost_orders[0])
    assert not [each for each in already.html.forms if each.method == "POST" and "/pay/" in each.action]


def assert_seals_know(gateway: Gateway, anchor: str, epoch: int) -> None:
    """The chains say that an hour is missing; the anchor of a lost seal still tells on them."""
    keep_sealing(gateway.parts)
    gateway.clock.advance(minutes=2)
    gateway.work()
    kept = gateway.read(lambda work: [
        (row.operation, json.loads(work.evidence.body(row.id)))
        for row in work.evidence.of_subject(f"{RESTORATION}{epoch}")
    ])  # fmt: skip
    assert [operation for operation, _ in kept] == [
        "begin-restoration",
        "compare-restoration",
        "finish-restoration",
    ]
    assert kept[0][1]["after_seal"] >= 1
    assert check_books(gateway.parts.units) == ()
    mpay(gateway, "audit", "verify")
    path = gateway.ini.parent / "anchors"
    path.write_text(anchor)
    with pytest.raises(AssertionError):
        mpay(gateway, "audit", "verify", "--anchors", str(path))


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_commands_lead_an_operator_through(counterparts, database, backups, tmp_path, bank):
    """Without a mark nobody notices; an operator says it. A bank that does not answer keeps him from finishing."""
    plan = Plan(database=database)
    with running_gateway(counterparts, plan, tmp_path) as gateway:
        hour = live_the_hour(gateway, backups)
    backups.restore()
    with running_gateway(counterparts, plan, tmp_path) as gateway:
        assert look_back(gateway.parts) is None
        token = mpay(gateway, "operator", "add", "ana").strip()
        mpay(gateway, "restored", "status")
        since = datetime.now(UTC)
        act = ("--operator", "ana")
        begun = mpay(gateway, "restored", "begin", "--since", since.isoformat(), *act, token=token)
        assert "new payments wait" in begun
        bank.break_down(api="down")
        refusals = (("reconcile",), ("finish", *act), ("status",))
        for arguments in refusals:
            with pytest.raises(AssertionError):
                mpay(gateway, "restored", *arguments, token=token)
        bank.repair()
        told = mpay(gateway, "restored", "reconcile")
        assert all(each in told for each in hour.lost_transactions)
        assert "finished" in mpay(gateway, "restored", "finish", *act, token=token)
        mpay(gateway, "restored", "status")
        gateway.settle_down()
        gateway.clock.advance(minutes=10)
        gateway.work()
        assert_told_once(gateway, hour)
        assert_sound(gateway)


def test_an_operator_may_finish_though_a_bank_is_gone_and_says_why(counterparts, plan, tmp_path, bank):
    with running_gateway(counterparts, plan, tmp_path) as gateway:
        begun = begin_by_hand(gateway.parts, gateway.clock.now(), actor="operator:ana")
        with pytest.raises(Conflict, match="not finished"):
            begin_by_hand(gateway.parts, gateway.clock.now(), actor="operator:ana")
        bank.break_down(api="down")
        assert not compare(gateway.parts, begun).complete
        ended = finish(gateway.parts, actor="operator:ana", although="the bank is closed")
        assert ended.finished_by == "operator:ana"
        again = begin_by_hand(gateway.parts, gateway.clock.now(), actor="operator:ana")
        assert again.epoch == begun.epoch + 1
