"""Every mistake is told in clear lines, with an exit status, and never with a trace."""

import sqlite3
import subprocess
import sys

import click
import pytest

from mpay_gateway.cli.main import Commands
from mpay_gateway.domain.errors import OutcomeUnknown


def test_each_command_is_listed_with_the_line_that_begins_its_own_help(run):
    listed = run("--help").out
    for name, entry in Commands.entries.items():
        assert f"  {name} " in listed
        command = entry.load()
        assert command.name == name
        assert command.help
        assert run(name, "--help").status == 0


def test_no_group_cuts_off_what_it_says_of_its_commands(run):
    groups = [name for name, entry in Commands.entries.items() if isinstance(entry.load(), click.Group)]
    assert groups
    for name in groups:
        _, _, listed = run(name, "--help").out.partition("Commands:")
        assert listed
        assert "..." not in listed


def test_help_needs_none_of_the_heavy_libraries():
    script = (
        "import sys; from mpay_gateway.cli.main import cli\n"
        "try: cli(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'sqlalchemy', 'zeep', 'weasyprint', 'granian', 'structlog'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_without_a_configuration_the_missing_file_is_named(run, tmp_path, monkeypatch):
    monkeypatch.delenv("MPAY_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    done = run("services", "list")
    assert (done.status, done.out) == (2, "")
    assert done.err == "mpay: development.ini: cannot be read: No such file or directory\n"


def test_the_command_line_wins_over_the_environment(run, ready, tmp_path):
    done = run("--config", str(tmp_path / "other.ini"), "services", "list")
    assert done.status == 2
    assert "other.ini" in done.err


def test_every_problem_of_the_settings_is_listed_at_once(run, place):
    place.configure(replace=('url = "https://bank.example"', 'urk = "https://bank.example"\nmode = "thrice"'))
    done = run("services", "list")
    assert done.status == 2
    assert len(done.err.splitlines()) > 1
    assert "did you mean 'url'" in done.err


def test_a_database_without_tables_says_what_to_do(run, place):
    done = run("payment", "find", "x")
    assert done.status == 2
    assert "run `mpay init-db`" in done.err


def test_a_database_that_cannot_be_reached_is_told_in_one_line(run, place):
    place.configure("postgresql+psycopg://nobody@/none?host=/proc/none")
    done = run("operator", "list")
    assert done.status == 2
    assert done.err.startswith("mpay: the database cannot be used: ")
    assert done.err.count("\n") == 1


def test_trouble_with_the_database_on_the_way_is_told_in_one_line(run, ready):
    with sqlite3.connect(ready.folder / "gateway.sqlite") as connection:
        connection.execute("DROP TABLE operators")
    done = run("operator", "list")
    assert done.status == 1
    assert done.err.startswith("mpay: database: ")
    assert done.err.count("\n") == 1


def test_an_unknown_command_is_wrong_usage(run):
    done = run("pay")
    assert done.status == 2
    assert "No such command 'pay'" in done.err


def test_a_fault_of_the_program_is_one_line_and_a_trace_for_whoever_asks(run, monkeypatch, ready):
    def fail(*_):
        raise ValueError("amount\n\x1b[31mout of range")

    monkeypatch.setattr("mpay_gateway.cli.payments.tell_story", fail)
    done = run("payment", "show", "X")
    assert (done.status, done.err.count("\n"), "\x1b" in done.err) == (1, 1, False)
    assert done.err.startswith("mpay: a fault of this program: ValueError: amount")
    assert done.err.endswith("; MPAY_TRACE=1 shows where\n")
    monkeypatch.setenv("MPAY_TRACE", "1")
    with pytest.raises(ValueError, match="out of range"):
        run("payment", "show", "X")


def test_the_gateways_own_errors_read_as_sentences(run, monkeypatch, ready):
    def fail(*_):
        raise OutcomeUnknown("no answer")

    monkeypatch.setattr("mpay_gateway.cli.payments.tell_story", fail)
    done = run("payment", "show", "X")
    assert (done.status, done.err) == (1, "mpay: outcome unknown: no answer\n")
