"""`mpay statement`: lines that nothing explains, as operators see them and see to them."""

import csv
import io
import json

import pytest

from mpay_gateway.domain.provider_answer import StatementLine
from tests.unit.flow.scripted import NOON, lei
from tests.unit.flow.stating import give_statements

DAY = NOON.date().isoformat()


@pytest.fixture
def act(run, gateway, monkeypatch):
    """A function that gives a command as one of two operators."""
    stranger = StatementLine("TXN-9", "NOBODY", "capture", lei("5"), lei("0"), lei("5"), NOON)
    give_statements(gateway).write(stranger)
    tokens = {name: run("operator", "add", name).out.strip() for name in ("ana", "ion")}

    def command(name, *arguments):
        monkeypatch.setenv("MPAY_OPERATOR_TOKEN", tokens[name])
        return run("statement", *arguments, "--operator", name)

    return command


def test_a_line_is_dismissed_by_two_operators(run, act):
    listed = run("statement", "list").out.splitlines()
    line = listed[1].split()[0]
    assert "TXN-9" in listed[1]
    proposed = act("ana", "dismiss", line, "--reason", "a test of the bank's")
    assert proposed.status == 0
    dismissal = proposed.out.partition(":")[0]
    assert f"mpay statement approve {dismissal}" in proposed.err
    assert f"{dismissal}  {line}" in run("statement", "list").out
    own = act("ana", "approve", dismissal)
    assert (own.status, "another operator" in own.err) == (1, True)
    approved = act("ion", "approve", dismissal)
    assert (approved.status, approved.out) == (0, f"{dismissal}: dismiss line {line}, approved\n")
    assert run("statement", "list").out == "no line waits for a person\n"
    assert run("payment", "find", "--stuck").out == "no payment waits for a person\n"


def test_reconcile_names_what_is_dismissed_apart_from_gaps(run, act, tmp_path):
    (line,) = json.loads(run("statement", "list", "--json").out)["lines"]
    dismissal = act("ana", "dismiss", str(line["id"]), "--reason", "=a test").out.partition(":")[0]
    act("ion", "approve", dismissal)
    shown = run("reconcile", DAY).out
    assert "no gaps" in shown
    assert "operator:ana, operator:ion  =a test" in shown
    report = json.loads(run("reconcile", DAY, "--json", "-").out)
    assert report["gaps"] == []
    assert report["dismissed"] == [
        {
            "line": line["id"], "account": "bank-main", "transaction": "TXN-9",
            "theirs": {"amount": "5.00", "currency": "MDL"}, "proposed_by": "operator:ana",
            "approved_by": "operator:ion", "reason": "=a test",
        }
    ]  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(run("reconcile", DAY, "--csv", "-").out)))
    (row,) = [each for each in rows if each["gap"] == "dismissed"]
    assert (row["transaction"], row["theirs"], row["what"]) == (
        "TXN-9", "5.00", "operator:ana, operator:ion: =a test",
    )  # fmt: skip


def test_a_rejected_proposal_leaves_the_line_to_people(run, act):
    (line,) = json.loads(run("statement", "list", "--json").out)["lines"]
    dismissal = act("ana", "dismiss", str(line["id"]), "--reason", "perhaps").out.partition(":")[0]
    assert act("ion", "reject", dismissal).out == f"{dismissal}: dismiss line {line['id']}, rejected\n"
    found = json.loads(run("statement", "list", "--json").out)
    assert (len(found["lines"]), found["proposals"]) == (1, [])


@pytest.mark.parametrize("line", ["0", "x", "1.5", "9" * 30])
def test_what_is_no_line_is_wrong_usage(act, line):
    assert act("ana", "dismiss", line, "--reason", "r").status == 2


def test_a_line_that_is_not_there_is_said(act):
    missing = act("ana", "dismiss", "99", "--reason", "r")
    assert (missing.status, missing.err.splitlines()[-1]) == (1, "mpay: not found: line 99 of a statement")
