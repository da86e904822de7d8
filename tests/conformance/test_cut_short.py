"""A run that does not come to its end: by its deadline, by Ctrl-C. It is no success, and what it paid is said."""

import errno
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from mpay_gateway.cli import conformance as command
from mpay_gateway.conformance import CATALOGUE, Check, Report, Status, run_checks
from mpay_gateway.conformance.answer import Answer
from mpay_gateway.conformance.caller import Kept
from mpay_gateway.conformance.reports import html_report, json_report, junit_report, text_report
from tests.conformance import books
from tests.conformance.bench import Host
from tests.conformance.service import Call, Reply, Service

MINUTE = timedelta(minutes=1)
OVER = "the run was over after 60 s"
INTERRUPTED = "the run was interrupted"


def run(
    host: Host, service: Service, progress: Callable[[int, int, Check], None] = lambda *_: None, *,
    kept: Kept = lambda *_: None,
) -> Report:  # fmt: skip
    """A run of a minute, on the service's stopwatch."""
    target = host.target(service)
    return run_checks(
        replace(target, limits=replace(target.limits, run=MINUTE)), service.stopwatch, CATALOGUE,
        kept=kept, progress=progress,
    )  # fmt: skip


def statuses(report: Report) -> dict[str, tuple[Status, str]]:
    return {each.check.id: (each.status, each.detail) for each in report.results}


def reports(report: Report) -> tuple[str, ...]:
    return "\n".join(text_report(report)), html_report(report)


def time_flies_at(service: Service, identifier: str) -> Callable[[int, int, Check], None]:
    """The minute is over when this check comes."""

    def progress(_done: int, _total: int, check: Check) -> None:
        if check.id == identifier:
            service.stopwatch.push(60)

    return progress


def interrupted_at(identifier: str) -> Callable[[int, int, Check], None]:
    """Somebody presses Ctrl-C when this check comes."""

    def progress(_done: int, _total: int, check: Check) -> None:
        if check.id == identifier:
            raise KeyboardInterrupt

    return progress


def test_what_the_deadline_leaves_is_not_run_and_every_report_says_so(host: Host) -> None:
    service = host.service("over")
    report = run(host, service, time_flies_at(service, "SIG-20"))
    found = statuses(report)
    assert report.passes
    assert report.cut_short == OVER
    assert found["LOK-01"] == found["ENC-11"] == (Status.NOT_RUN, OVER)
    assert found["SHP-01"][0] is Status.PASSED
    left = sum(detail == OVER for _, detail in found.values())
    for said in reports(report):
        assert f"NOT FINISHED: {OVER}. Checks that were not tried to their end: {left}." in said
        assert "No check above advice failed." not in said
    by_id = {each["id"]: each for each in json.loads(json_report(report))}
    assert (by_id["LOK-01"]["status"], by_id["LOK-01"]["detail"]) == ("not_run", OVER)
    assert f'<skipped message="{OVER}"/>' in junit_report(report)


def test_a_refusal_whose_proof_the_deadline_left_says_why_it_proves_nothing(host: Host) -> None:
    service = host.service("over-before-proof")
    found = statuses(run(host, service, time_flies_at(service, "CNF-16")))
    status, detail = found["CNF-01"]
    assert status is Status.NOT_RUN
    assert detail.startswith(f"CNF-20 was not run ({OVER})")


def is_payment(call: Call) -> bool:
    return b"<PaymentID>" in call.body


def unanswered_past_the_deadline(service: Service, is_meant: Callable[[Call], bool]) -> None:
    """The minute is over while the service answers, and of its answer not all comes."""

    def cut(call: Call, reply: Reply) -> Reply:
        if not is_meant(call):
            return reply
        service.stopwatch.push(60)
        return replace(reply, headers=reply.headers | {"Content-Length": "99999"})

    service.replies.append(cut)


def test_who_had_no_time_left_to_answer_is_not_blamed(host: Host) -> None:
    service = host.service("over-in-an-answer")
    unanswered_past_the_deadline(service, is_payment)
    report = run(host, service)
    first_told = statuses(report)["CNF-01"]
    assert first_told == (Status.NOT_RUN, OVER)
    assert report.passes
    assert [(each.order_key, each.is_certain) for each in report.spendings] == [(books.RIGID[0], False)]


def test_a_run_whose_first_question_takes_all_its_time_has_reached_nobody(host: Host) -> None:
    service = host.service("over-at-once")
    unanswered_past_the_deadline(service, lambda _call: True)
    report = run(host, service)
    assert not report.reached
    assert {each.status for each in report.results} == {Status.NOT_RUN}


def test_ctrl_c_ends_the_run_and_not_its_report(host: Host) -> None:
    report = run(host, host.service("interrupted"), interrupted_at("CNF-22"))
    found = statuses(report)
    assert report.is_interrupted
    assert found["CNF-20"][0] is Status.PASSED
    assert found["CNF-22"] == found["ENC-11"] == (Status.NOT_RUN, INTERRUPTED)
    paid = [each for each in report.spendings if each.order_key == books.RIGID[0]]
    assert [each.is_certain for each in paid] == [True]
    for said in reports(report):
        assert f"NOT FINISHED: {INTERRUPTED}." in said
        assert str(paid[0]) in said


def test_a_full_disk_ends_the_run_and_not_its_report(host: Host) -> None:
    def kept(answer: Answer, _at: datetime) -> None:
        if answer.said.startswith("ConfirmOrderPayment"):
            raise OSError(errno.ENOSPC, "No space left on device")

    report = run(host, host.service("full"), kept=kept)
    assert report.cut_short == "a message could not be kept: No space left on device"
    assert statuses(report)["ENC-11"] == (Status.NOT_RUN, report.cut_short)
    assert [each.is_certain for each in report.spendings] == [False]
    for said in reports(report):
        assert f"NOT FINISHED: {report.cut_short}." in said
        assert str(report.spendings[0]) in said


def words(host: Host, service: Service, folder: Path) -> list[str]:
    """The arguments of the command, with the keys in files."""
    files = {
        "gateway.key": host.keys.gateway[0],
        "gateway.crt": host.keys.gateway[1],
        "service.crt": host.keys.service[1],
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return [
        service.url, "--service-id", books.SERVICE_ID, "--order-key", books.READ, "--pay-order-key", books.RIGID[0],
        "--certificate", str(folder / "service.crt"), "--key", str(folder / "gateway.key"),
        "--key-certificate", str(folder / "gateway.crt"), "--messages", str(folder / "messages"),
    ]  # fmt: skip


def test_a_run_that_its_deadline_cut_short_is_status_4(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = host.service("status-4")
    asked: list[Call] = []

    def intercept(call: Call) -> None:
        asked.append(call)
        if len(asked) == 10:
            service.stopwatch.push(60)

    service.intercept = intercept
    monkeypatch.setattr(command, "SystemClock", lambda: service.stopwatch)
    result = CliRunner().invoke(
        command.conformance, [*words(host, service, tmp_path), "--deadline", "60"], catch_exceptions=False
    )
    assert result.exit_code == 4, result.output
    assert len(asked) == 10
    assert f"NOT FINISHED: {OVER}." in result.output


_COMMAND = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background may have been started without
from mpay_gateway.cli.main import main
main()
"""


def test_ctrl_c_in_the_middle_of_a_payment_says_which_and_is_status_130(host: Host, tmp_path: Path) -> None:
    service = host.service("status-130")
    told: list[bytes] = []
    started, ended = threading.Event(), threading.Event()

    def intercept(call: Call) -> None:
        if is_payment(call) and not told:
            assert started.wait(60)
            told.append(call.body)
            os.kill(process.pid, signal.SIGINT)
            ended.wait(60)

    service.intercept = intercept
    arguments = [sys.executable, "-c", _COMMAND, "conformance", *words(host, service, tmp_path)]
    report = tmp_path / "report.html"
    with subprocess.Popen([*arguments, "--html", str(report)], stdout=subprocess.PIPE, text=True) as process:
        started.set()
        try:
            output, _ = process.communicate(timeout=120)
        finally:
            ended.set()
            process.kill()
    assert process.returncode == 130, output
    found = re.search(rb"<PaymentID>([^<]+)</PaymentID>", told[0])
    assert found is not None
    paid = f"{books.RIGID[0]}: 200.00 MDL, payment {found[1].decode()}, not answered: it may have been taken"
    assert paid in output
    assert paid in report.read_text("utf-8")
