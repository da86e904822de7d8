"""`mpay form export|release`: what was paid, for the accountant, and what the beneficiary lets go back."""

import csv

import pytest
from click.testing import CliRunner

from mpay_eservice_form.commands import form
from mpay_eservice_form.filling import fill_in
from mpay_eservice_form.order_book import OrderBook
from mpay_eservice_form.stored_order import make_order
from mpay_gateway.api import CommandContext, Language, NotAuthorised
from plugins.eservices.form.tests.shelf import FORM, NOW, SERVICE, Shelf, confirmation

DAY = "2026-11-23"
WORDS = ("--operator", "ana", "--reason", "letter 12")


class Now:
    def now(self):
        return NOW


def identify(name):
    """Ana and Ion have shown their tokens, nobody else has."""
    if name not in ("ana", "ion"):
        raise NotAuthorised("no such operator, or another token")
    return f"operator:{name}"


@pytest.fixture
def shelf():
    return Shelf()


@pytest.fixture
def run(shelf):
    def call(*arguments):
        context = CommandContext({"form": None}, Now(), lambda _: shelf, identify)
        return CliRunner().invoke(form, [str(each) for each in arguments], obj=context)

    return call


@pytest.fixture
def order(shelf):
    """An order that was paid."""
    book = OrderBook(lambda: shelf)
    typed = {"field-child": "Ion", "field-day": "1.9.2026", "field-who": "Maria"}
    made = book.add(make_order(SERVICE, FORM, fill_in(FORM, typed, Language.RO), NOW))
    book.confirm(confirmation(made), NOW)
    return made


def test_what_was_paid_is_written_and_counted_apart(run, order, tmp_path):
    done = run("export", "K1", DAY)
    assert (done.exit_code, len(done.stdout.splitlines())) == (0, 3)
    assert f"K1, {DAY} to {DAY}: paid orders: 1" in done.stderr
    file = tmp_path / "november.csv"
    assert run("export", "K1", "2026-11-01..2026-11-30", "--output", file).stdout == ""
    with file.open(newline="", encoding="utf-8") as written:
        assert [row["child"] for row in csv.DictReader(written)] == ["Ion", "Ion"]
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_file_that_cannot_be_written_is_named(run, order, tmp_path):
    file = tmp_path / "no" / "november.csv"
    done = run("export", "K1", DAY, "--output", file)
    assert isinstance(done.exception, OSError)
    assert done.exception.filename == str(file)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("export", "K1", "yesterday"), "is no day as 2026-11-23"),
        (("export", "K1", "2026-11-30..2026-11-01"), "from 1 to 400 days"),
        (("export", "K1", "2026-01-01..2027-12-31"), "from 1 to 400 days"),
        (("export", "../K1", DAY), "can be no service's id"),
        (("release", "K1", "0" * 16, "--operator", "ana"), "Missing option '--reason'"),
        (
            ("release", "K1", "0" * 16, "--operator", " ", "--reason", "x"),
            "1 to 200 characters that can be printed",
        ),
        (
            ("release", "K1", "0" * 16, "--operator", "ana", "--reason", "\x1b[2J"),
            "1 to 200 characters that can be",
        ),
        (
            ("release", "K1", "0" * 16, "--operator", "ana", "--reason", "x" * 201),
            "1 to 200 characters that can be",
        ),
    ],
)
def test_wrong_usage_is_told_clearly(run, shelf, arguments, said):
    done = run(*arguments)
    assert (done.exit_code, said in done.stderr) == (2, True), done.stderr
    assert shelf.kept == {}


def test_a_release_says_since_when_and_on_whose_word_and_changes_nothing_the_second_time(run, order, shelf):
    done = run("release", "K1", order.key, *WORDS)
    said = f"{order.key}: 700.50 MDL released by operator:ana, 2026-11-23T23:59:59+02:00: letter 12\n"
    assert (done.exit_code, done.stdout) == (0, said)
    kept = dict(shelf.kept)
    assert run("release", "K1", order.key, "--operator", "ion", "--reason", "again").stdout == said
    assert shelf.kept == kept
    assert "2026-11-23T23:59:59+02:00" in run("export", "K1", DAY).stdout.splitlines()[1].split(",")[10]


def test_who_does_not_prove_who_he_is_releases_nothing(run, order, shelf):
    kept = dict(shelf.kept)
    done = run("release", "K1", order.key, "--operator", "eve", "--reason", "letter 12")
    assert isinstance(done.exception, NotAuthorised)
    assert shelf.kept == kept


def test_only_a_paid_order_can_be_released(run, order, shelf):
    kept = dict(shelf.kept)
    done = run("release", "K1", "0" * 16, *WORDS)
    assert (done.exit_code, done.stderr) == (1, f"Error: K1 has no paid order '{'0' * 16}'\n")
    assert shelf.kept == kept
