"""A plugin of the proofs' own: jobs that a worker runs, hearing of changes, a view that sends and keeps records."""

import os
import shutil
import sys
from importlib import invalidate_caches
from pathlib import Path

from mpay_gateway.storage.tasks import TaskKind
from tests.proofs.dying import Served, Worker
from tests.proofs.stage import Stage, scenario
from tests.scene.gateway import Gateway
from tests.scene.payer import Payer

INSTANCE = "provider:proof"
JOB = f"{INSTANCE}:knock"
SECTIONS = """
[provider.proof]
plugin = "proof"
listener = "{bank}/v1/test-cards"

[instrument.proof-cash]
plugin = "cash_terminal"
providers = ["proof"]
channels = ["counter"]
"""


@scenario(units=("schedule-jobs", "job-done"), calls=("mpay_run_job",))
def a_job_of_a_plugin_is_done(stage: Stage) -> None:
    """At least once each time: what was not written down as done is done again."""
    _with_plugin(stage)
    if "schedule-jobs" not in stage.point:
        _make_due(stage, JOB)
    stage.dies(Worker())
    _make_due(stage, JOB)
    before = _counted(stage, "knock")
    stage.recover()
    assert _counted(stage, "knock") > before


@scenario(units=("job-gone",))
def a_job_rests_that_no_plugin_declares(stage: Stage) -> None:
    gone = f"{INSTANCE}:of-an-older-version"
    _make_due(stage, gone)
    stage.dies(Worker())
    stage.recover()
    assert stage.gateway.read(lambda work: work.tasks.due_at(TaskKind.JOB, gone)) is None


@scenario(calls=("mpay_payment_changed",))
def a_plugin_hears_that_a_payment_changed(stage: Stage) -> None:
    """It is told after the commit, so that nothing hangs on it."""
    _with_plugin(stage)
    order = stage.shop.order()
    stage.paid_at_bank(order)
    stage.dies(Worker())
    stage.recover()
    stage.assert_paid_once(order)


@scenario(units=("put-record",), exchanges=("elsewhere",))
def a_plugin_sends_and_keeps_a_record_from_its_own_view(stage: Stage) -> None:
    _with_plugin(stage)

    def visit(gateway: Gateway) -> None:
        Payer(gateway).open("/x/proof/count/visits")

    stage.dies(Served(visit))
    counted = _counted(stage, "visits")
    assert counted == (2 if stage.point == "put-record:after-commit" else 1)


def _with_plugin(stage: Stage) -> None:
    """A gateway with the plugin, installed where this process and those that it starts find it."""
    folder = stage.folder / "site"
    information = folder / "mpay_proof-1.0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: mpay-proof\nVersion: 1.0\n", "utf-8")
    entry = "[mpay_gateway.providers]\nproof = mpay_proof:ProofProvider\n"
    (information / "entry_points.txt").write_text(entry, "utf-8")
    shutil.copyfile(Path(__file__).parents[1] / "mpay_proof.py", folder / "mpay_proof.py")
    inherited = os.environ.get("PYTHONPATH")
    stage.environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(folder), inherited)))
    sys.path.insert(0, str(folder))
    invalidate_caches()
    try:
        stage.prepare(enabled=("mpay-proof",), more=SECTIONS.format(bank=stage.bank.url))
    finally:
        sys.path.remove(str(folder))


def _make_due(stage: Stage, subject: str) -> None:
    now = stage.gateway.clock.now()
    stage.gateway.parts.units.run("due", lambda work: work.tasks.schedule(TaskKind.JOB, subject, now))


def _counted(stage: Stage, key: str) -> int:
    record = stage.gateway.read(lambda work: work.records.get(INSTANCE, key))
    return int(record.value) if record else 0
