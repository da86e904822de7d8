"""A folder that people put files into: what is wrong is named, and the rest is read."""

import os
import shutil
from datetime import date
from pathlib import Path

import pytest

from mpay_gateway.api import (
    AccountId,
    Confirms,
    PluginContext,
    RemoteUnavailable,
    StatementPeriod,
)
from mpay_provider_collector import CollectorProvider
from mpay_provider_collector.settings import Way
from plugins.providers.collector.tests.files import DAY, Camt, entry, settings

GOOD = "day,transaction,reference,amount\n2026-11-23,TR-1,700000000000001,150.00\n"
PERIOD = StatementPeriod(AccountId("treasury"), date.fromisoformat(DAY))


class Evidence:
    """Keeps what was reported."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, bytes]] = []

    def sent(self, body, meta):
        raise AssertionError("nothing is sent")

    def received(self, body, meta):
        self.kept.append((meta.address, body))


@pytest.fixture
def evidence():
    return Evidence()


@pytest.fixture
def read(tmp_path, evidence):
    def read_day(**account):
        provider = CollectorProvider(PluginContext("treasury", None, None), settings(tmp_path, **account))
        return provider.mpay_read_statement(PERIOD, evidence)

    return read_day


def ids(reading):
    return [each.transaction_id for each in reading.lines]


def test_the_settings_say_whose_word_is_taken(tmp_path):
    for way in Way:
        provider = CollectorProvider(PluginContext("a", None, None), settings(tmp_path, confirms=way))
        assert provider.account_confirms is Confirms(way.value)


def test_all_files_of_the_day_are_read_and_kept_as_evidence(tmp_path, read, evidence):
    (tmp_path / "b.csv").write_text(GOOD)
    (tmp_path / "a.XML").write_bytes(Camt(entries=(entry(),), closing="1150.00").body)
    (tmp_path / "other-day.csv").write_text(GOOD.replace("11-23", "11-22"))
    (tmp_path / ".half.csv").write_text("being written")
    (tmp_path / "notes.txt").write_text("not a statement")
    (tmp_path / "older").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    reading = read()
    assert (ids(reading), reading.problems) == (["BANK-1", "TR-1"], ())
    assert [name for name, _ in evidence.kept] == ["a.XML", "b.csv"]


def test_a_file_that_is_refused_is_named_and_the_others_go_on(tmp_path, read):
    (tmp_path / "a.csv").write_text(GOOD + "2026-11-23,TR-2,,1.005\n")
    (tmp_path / "b.csv").write_text(GOOD.replace("TR-1", "TR-3"))
    reading = read()
    assert ids(reading) == ["TR-3"]
    (problem,) = reading.problems
    assert problem.startswith("'a.csv': line 3: column 'amount'")


def test_the_same_content_under_two_names_is_one_file(tmp_path, read, evidence):
    (tmp_path / "a.csv").write_text(GOOD)
    shutil.copy(tmp_path / "a.csv", tmp_path / "b.csv")
    assert ids(read()) == ["TR-1"]
    assert len(evidence.kept) == 1


def test_a_movement_that_stands_in_two_files_is_one_and_twice_in_one_is_two(tmp_path, read):
    """C49: whether a movement that one file has twice is two is the core's question."""
    (tmp_path / "day.csv").write_text(GOOD)
    (tmp_path / "week.csv").write_text(GOOD + GOOD.splitlines()[1].replace("TR-1", "TR-2") + "\n")
    assert ids(read()) == ["TR-1", "TR-2"]
    (tmp_path / "week.csv").write_text(GOOD + GOOD.splitlines()[1] + "\n")
    assert ids(read()) == ["TR-1", "TR-1"]


def test_one_statement_with_two_contents_is_believed_once(tmp_path, read):
    (tmp_path / "a.xml").write_bytes(Camt(entries=(entry(),), closing="1150.00").body)
    (tmp_path / "b.xml").write_bytes(Camt(entries=(entry("1.00"),), closing="1001.00").body)
    reading = read()
    assert [each.gross.minor for each in reading.lines] == [150_00]
    assert "'STMT-1' stands in 'a.xml' too" in reading.problems[0]


def test_a_day_of_which_no_file_tells_is_not_there_yet(tmp_path, read):
    (tmp_path / "a.csv").write_text(GOOD.replace("11-23", "11-22"))
    (tmp_path / "b.xlsx").write_bytes(b"PK")
    with pytest.raises(RemoteUnavailable, match=r"is about 2026-11-23; read: 1, neither \.xml"):
        read()
    (tmp_path / "c.csv").write_text("not,what,it,should,be")
    reading = read()  # it may be the file of this very day
    assert (reading.lines, [each[:7] for each in reading.problems]) == ((), ["'c.csv'"])


def test_an_empty_day_may_be_told_by_the_name_of_its_file(tmp_path, read):
    (tmp_path / f"partner-{DAY}.csv").write_text(GOOD.splitlines()[0] + "\n")
    assert read().lines == ()


def test_a_folder_that_is_not_there_is_said_so(tmp_path, read):
    tmp_path.rmdir()
    with pytest.raises(RemoteUnavailable, match="No such file or directory"):
        read()


def test_a_file_that_cannot_be_read_or_is_too_large_stops_nobody(tmp_path, read):
    (tmp_path / "a.csv").write_text(GOOD)
    with (tmp_path / "b.csv").open("wb") as large:
        large.truncate(50 << 20)
    reading = read()
    assert ids(reading) == ["TR-1"]
    assert reading.problems == ("'b.csv': it is larger than 16 MiB",)


def test_a_link_is_named_and_not_followed_and_stops_nobody(tmp_path, read, evidence):
    """It may lead to what whoever put it there must not see: no word of that is told."""
    (tmp_path / "a.csv").write_text(GOOD)
    (tmp_path / "secret").write_text("hunter2\n")
    for name, target in (("b.csv", "gone"), ("c.csv", "c.csv"), ("d.csv", "secret"), ("e.csv", "a.csv")):
        (tmp_path / name).symlink_to(tmp_path / target)
    reading = read()
    assert ids(reading) == ["TR-1"]
    links = ("b.csv", "c.csv", "d.csv", "e.csv")
    assert reading.problems == tuple(f"'{name}': it is a link: put the file itself there" for name in links)
    assert [name for name, _ in evidence.kept] == ["a.csv"]


def test_a_file_whose_amounts_are_beyond_all_bounds_is_named_and_the_others_go_on(tmp_path, read):
    most = "9999999999999.99"
    (tmp_path / "a.csv").write_text(GOOD)
    entries = tuple(entry(most, servicer=f"BANK-{number}") for number in (1, 2))
    (tmp_path / "b.xml").write_bytes(Camt(entries=entries).body)
    header, line = GOOD.splitlines()
    lines = (line.replace("150.00", most).replace("TR-1", f"TR-{number}") for number in (2, 3))
    (tmp_path / "c.csv").write_text("\n".join((header, *lines, "")))
    reading = read()
    assert ids(reading) == ["TR-1"]
    assert reading.problems == (
        "'b.xml': statement 1, amount out of range", "'c.csv': its amounts are out of range",
    )  # fmt: skip


@pytest.mark.parametrize(("place", "looked_at"), [(Path, "stat"), (os, "open")])
def test_a_file_that_is_moved_away_while_the_folder_is_read_is_not_missed(
    tmp_path, read, monkeypatch, place, looked_at
):
    (tmp_path / "a.csv").write_text(GOOD)
    (tmp_path / "b.csv").write_text(GOOD.replace("TR-1", "TR-2"))
    look = getattr(place, looked_at)

    def moved_first(path: Path, *given, **named):
        if Path(path).name == "b.csv":
            Path(path).unlink(missing_ok=True)
        return look(path, *given, **named)

    monkeypatch.setattr(place, looked_at, moved_first)
    reading = read()
    assert (ids(reading), reading.problems) == (["TR-1"], ())


def test_of_many_files_that_are_refused_the_first_are_named(tmp_path, read):
    for number in range(25):
        (tmp_path / f"{number:02}.csv").write_text(f"wrong {number}\n")
    assert [len(read().problems), read().problems[-1]] == [21, "refused besides: 5"]


def test_a_name_of_a_stranger_is_shown_on_one_line(tmp_path, read):
    (tmp_path / "a.csv").write_text(GOOD)
    (tmp_path / "b\n\x1b[31m.csv").write_text("nothing")
    (problem,) = read().problems
    assert problem.isprintable()


@pytest.mark.parametrize(
    "wrong",
    [
        {"iban": "MD24 AG00"},
        {"reference": "("},
        {"reference": "[0-9]*"},
        {"iban": "nobody"},
        {"own_debits": "["},
        {"own_debits": ".*"},
    ],
)
def test_settings_that_cannot_be_are_refused_at_the_start(wrong):
    with pytest.raises(ValueError, match=r"iban|reference|own_debits"):
        settings(**wrong)


def test_a_folder_that_is_too_large_to_be_read_in_time_says_what_to_do(tmp_path, read):
    for number in range(2):
        with (tmp_path / f"{number}.csv").open("wb") as large:
            large.truncate(9 << 20)
    with pytest.raises(RemoteUnavailable, match="more than 16 MiB: move what is old away"):
        read()
