"""`mpay settle` as an operator runs it: files that are whole, the same at every run, whatever dies on the way."""

import os
import subprocess
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from mpay_gateway.flow.bookkeeping.settlement import preview
from mpay_gateway.texts.local_days import local_day
from tests.scene import commands

YESTERDAY = "UPDATE captures SET captured_at = :at"


@pytest.fixture
def paid_day(gateway, payer, shop):
    """A day that is over, with two payments; the clock cannot go back, so a hand in the books sets it."""
    for _ in range(2):
        page = payer.pay(shop.order(amount="100.00"))
        assert gateway.captures(page.payment_id)
    gateway.settle_down()
    at = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)  # the day on which the clock goes forward
    stored = (
        at.replace(tzinfo=None).isoformat(" ", "microseconds") if "sqlite" in gateway.plan.database else at
    )
    with gateway.parts.units.engine.execution_options(purpose="write").begin() as connection:
        assert connection.execute(text(YESTERDAY), {"at": stored}).rowcount == 2
    return local_day(at).isoformat()


def test_a_day_is_settled_once_into_the_same_files(gateway, paid_day, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    shown = mpay(gateway, paid_day, "--dry-run")
    assert (shown.returncode, "200.00 MDL" in shown.stdout) == (0, True), shown
    assert "bank:main" not in gateway.balances()
    for folder in (first, second):
        done = mpay(gateway, paid_day, "--output", str(folder))
        assert done.returncode == 0, done
        assert gateway.balances()["bank:main"] == -200_00
    assert files(first) == files(second)
    assert {name.split("_")[:2] == [paid_day, "DEMO01"] for name in files(first)} == {True}
    assert all(body.endswith(b",MDL\r\n") and b"TOTAL" in body for body in files(first).values())


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_day_that_is_not_over_is_only_shown(gateway):
    today = local_day(datetime.now(UTC)).isoformat()
    for wrong in ([today], ["9999-01-01"], ["29.03.2026"], ["2026-03-29", "--output", "/no/such/folder"]):
        assert mpay(gateway, *wrong).returncode == 2
    assert preview(gateway.parts.units, local_day(datetime.now(UTC))) == ()


def files(folder):
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def shown(folder):
    """The files that have their names; one that was being written is hidden."""
    return {name: body for name, body in files(folder).items() if not name.startswith(".")}


def mpay(gateway, *arguments, token=None):
    """`mpay settle`, by the operator ana unless it only shows."""
    command = [gateway.counterparts.place.command("mpay"), "--config", str(gateway.ini)]
    if "--dry-run" not in arguments:
        token = commands.token_of(gateway, "ana") if token is None else token
        arguments = (*arguments, "--operator", "ana")
    return subprocess.run(
        [*command, "settle", *arguments], capture_output=True, text=True, timeout=120, check=False,
        env=os.environ | {"MPAY_OPERATOR_TOKEN": token or ""},
    )  # fmt: skip
