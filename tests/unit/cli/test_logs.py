"""Logs: an event a line with what it is about, and nothing of a person in a traceback."""

import json
import logging

import pytest
import structlog

from mpay_gateway.cli.logs import LogFormat, configure_logs

NAME = "Ion Creanga"


def fail_with(secret: str) -> None:
    local = secret
    raise ValueError(len(local))


def logged(capsys, form: LogFormat, log) -> str:
    configure_logs(form)
    log()
    return capsys.readouterr().err


def test_an_event_is_an_object_a_line(capsys):
    written = logged(
        capsys, LogFormat.JSON, lambda: structlog.get_logger("delivery").warning("late", delivery="d1")
    )
    event = json.loads(written)
    assert (event["event"], event["delivery"], event["logger"], event["level"]) == (
        "late",
        "d1",
        "delivery",
        "warning",
    )
    assert event["timestamp"].endswith("Z")


def test_what_libraries_log_has_the_same_form(capsys):
    written = logged(capsys, LogFormat.JSON, lambda: logging.getLogger("granian.x").warning("no %s", "luck"))
    assert json.loads(written)["event"] == "no luck"


def test_details_for_developers_are_left_out(capsys):
    assert logged(capsys, LogFormat.JSON, lambda: structlog.get_logger("mpay.plugins").debug("hook")) == ""


@pytest.mark.parametrize("form", LogFormat)
def test_a_traceback_shows_no_values(capsys, form):
    def log():
        try:
            fail_with("2001" + NAME)
        except ValueError:
            structlog.get_logger("worker").exception("task_failed", subject="d1")

    written = logged(capsys, form, log)
    assert "ValueError" in written
    assert "fail_with" in written
    assert NAME not in written
