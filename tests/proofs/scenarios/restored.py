"""A backup was restored: what an operator does then dies, and is given again."""

from datetime import UTC, datetime

from tests.proofs.dying import Command
from tests.proofs.stage import Stage, scenario

SINCE = ("restored", "begin", "--since", datetime.now(UTC).isoformat(timespec="seconds"), "--operator", "ana")
FINISH = ("restored", "finish", "--operator", "ana")


@scenario(units=("begin-restoration",))
def a_restored_backup_is_said(stage: Stage) -> None:
    """It is said again unless it is known."""
    token = _operator(stage)
    stage.dies(Command(SINCE, token=token))
    if not _waits(stage):
        stage.mpay(*SINCE, token=token)
    assert _waits(stage)
    stage.mpay("restored", "reconcile")
    stage.mpay(*FINISH, token=token)
    _assert_pays(stage)


@scenario(units=("compare-restoration",))
def everybody_is_asked_after_a_restored_backup(stage: Stage) -> None:
    token = _operator(stage)
    order = stage.shop.order()
    stage.payer.pay(order)
    stage.gateway.settle_down()
    stage.mpay(*SINCE, token=token)
    stage.dies(Command(("restored", "reconcile")))
    stage.mpay("restored", "reconcile")
    stage.mpay(*FINISH, token=token)
    stage.assert_paid_once(order)


@scenario(units=("finish-restoration",))
def payments_begin_again_after_a_restored_backup(stage: Stage) -> None:
    token = _operator(stage)
    stage.mpay(*SINCE, token=token)
    stage.mpay("restored", "reconcile")
    stage.dies(Command(FINISH, token=token))
    if _waits(stage):
        stage.mpay(*FINISH, token=token)
    _assert_pays(stage)


def _operator(stage: Stage) -> str:
    return stage.mpay("operator", "add", "ana").strip().splitlines()[-1]


def _waits(stage: Stage) -> bool:
    return stage.gateway.read(lambda work: work.restorations.open()) is not None


def _assert_pays(stage: Stage) -> None:
    order = stage.shop.order()
    stage.payer.pay(order)
    stage.recover()
    stage.assert_paid_once(order)
