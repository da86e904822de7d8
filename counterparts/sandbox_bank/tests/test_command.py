"""The command: its options, its end, and the check of the books."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys

import pytest
import urllib3
import yaml
from openapi_spec_validator import validate

from sandbox_bank.cli import main


def _run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sandbox_bank", *arguments]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SANDBOX_")}
    return subprocess.run(
        command, env=clean | environment, check=False, capture_output=True, text=True, timeout=30
    )


@pytest.mark.parametrize(
    ("options", "environment", "said"),
    [
        ((), {}, "SANDBOX_SECRET"),
        ((), {"SANDBOX_SECRET": "12345678"}, "SANDBOX_CALLBACK_SECRET"),
        ((), {"SANDBOX_SECRET": "12345678", "SANDBOX_CALLBACK_SECRET": "12345678"}, "must differ"),
        (("--time-scale", "0"), {}, "more than 0"),
        (("--time-scale", "soon"), {}, "invalid"),
        (
            ("--public-url", "ftp://bank"),
            {"SANDBOX_SECRET": "12345678", "SANDBOX_CALLBACK_SECRET": "87654321"},
            "http",
        ),
        (
            ("--database", "/proc/nowhere/bank.db"),
            {"SANDBOX_SECRET": "12345678", "SANDBOX_CALLBACK_SECRET": "87654321"},
            "cannot start",
        ),
    ],
)
def test_wrong_use_is_explained_without_a_trace(tmp_path, monkeypatch, capsys, *, options, environment, said):
    for variable in ("SANDBOX_SECRET", "SANDBOX_CALLBACK_SECRET"):
        monkeypatch.delenv(variable, raising=False)
    for variable, secret in environment.items():
        monkeypatch.setenv(variable, secret)
    try:
        code = main(["serve", "--database", str(tmp_path / "bank.db"), *options])
    except SystemExit as ended:
        code = ended.code
    assert code == 2
    assert said in capsys.readouterr().err


def test_a_port_in_use_is_explained(start_bank, tmp_path):
    bank = start_bank()
    secrets = {"SANDBOX_SECRET": "12345678", "SANDBOX_CALLBACK_SECRET": "87654321"}
    ended = _run("serve", "--database", str(tmp_path / "b.db"), "--port", str(bank.port), **secrets)
    assert ended.returncode == 2
    assert "cannot start" in ended.stderr


def test_the_bank_ends_cleanly_when_asked(start_bank):
    assert start_bank().stop() == 0


def test_check_books_finds_sound_books_sound_and_tampered_books_not(start_bank, merchant_of, capsys):
    bank = start_bank()
    merchant_of(bank).paid("4000000000001000")
    assert main(["check-books", "--database", str(bank.database)]) == 0
    assert capsys.readouterr().out == "transactions: 1, problems: 0\n"
    _tamper(bank.database, "UPDATE transactions SET amount_minor = amount_minor + 1")
    assert main(["check-books", "--database", str(bank.database)]) == 1
    assert "do not carry its capture of 25001" in capsys.readouterr().out
    _tamper(bank.database, "UPDATE transactions SET amount_minor = amount_minor - 1")


def test_ledger_entries_can_be_neither_changed_nor_removed(start_bank, merchant_of):
    bank = start_bank()
    merchant_of(bank).paid("4000000000001000")
    for statement in ("UPDATE entries SET amount_minor = 0", "DELETE FROM entries"):
        with pytest.raises(sqlite3.IntegrityError, match="insert only"):
            _tamper(bank.database, statement)


@pytest.mark.parametrize("content", [None, "not a database", ""])
def test_check_books_needs_a_banks_database(tmp_path, capsys, content):
    path = tmp_path / "other.db"
    if content is not None:
        path.write_text(content)
    assert main(["check-books", "--database", str(path)]) == 2
    assert capsys.readouterr().err.startswith("sandbox-bank: ")


def test_without_test_controls_there_are_none(tmp_path):
    from webtest import TestApp

    from sandbox_bank.bank import Bank
    from sandbox_bank.settings import Settings
    from sandbox_bank.web import make_app

    settings = Settings(
        database=tmp_path / "bank.db",
        merchant="m",
        secret="s" * 8,
        callback_secret="c" * 8,
        public_url="http://x",
    )
    bank = Bank(settings)
    try:
        app = TestApp(make_app(bank))
        for path in ("/console", "/test/faults", "/test/books.json"):
            app.get(path, status=404)
        app.post_json("/test/sessions/any/pay", {"card": "4000000000001000"}, status=404)
    finally:
        bank.stop()


def test_the_description_is_served_and_valid(bank):
    with urllib3.PoolManager() as http:
        answer = http.request("GET", f"{bank.url}/openapi.yaml")
    assert answer.headers["Content-Type"].startswith("application/yaml")
    validate(yaml.safe_load(answer.data))


def _tamper(database, statement: str) -> None:
    connection = sqlite3.connect(database)
    try:
        with connection:
            connection.execute(statement)
    finally:
        connection.close()
