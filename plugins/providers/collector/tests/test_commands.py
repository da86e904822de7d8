"""`mpay collector check|import`: what a file tells before it counts, and how it gets to where it is read."""

import os
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from mpay_gateway.api import CommandContext
from mpay_provider_collector.commands import collector
from plugins.providers.collector.tests.files import REFERENCE, Camt, entry, settings

SOUND = Camt(entries=(entry(),), closing="1150.00").body


class Noon:
    def now(self):
        return datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "treasury"
    made.mkdir()
    return made


@pytest.fixture
def file(tmp_path):
    """Writes a file as somebody sent it."""

    def write(body=SOUND, name="zi.xml"):
        path = tmp_path / name
        path.write_bytes(body)
        return path

    return write


@pytest.fixture
def run(folder):
    def call(*arguments, accounts=("treasury",)):
        context = CommandContext({name: settings(folder) for name in accounts}, Noon())
        return CliRunner().invoke(collector, [str(each) for each in arguments], obj=context)

    return call


def test_a_file_is_told_before_it_counts(run, file, folder):
    done = run("check", file())
    assert (done.exit_code, done.output) == (
        0, "zi.xml: about 2026-11-23; lines: 1, in all 150.00 MDL; with a reference: 1\n",
    )  # fmt: skip
    assert list(folder.iterdir()) == []
    assert REFERENCE.isdigit()


@pytest.mark.parametrize(
    "refused",
    [
        (Camt(entries=(entry(),)).body, "zi.xml", "statement 1, Bal"),
        (b"day,transaction,reference,amount\n2026-11-23,T,R,abc\n", "zi.csv", "line 2"),
        (SOUND, "zi.txt", "names that end in .xml or .csv"),
        (SOUND, ".zi.xml", "begins with a dot"),
    ],
)
def test_a_file_that_would_be_refused_is_refused_here_and_put_nowhere(run, file, folder, refused):
    body, name, reason = refused
    path = file(body, name)
    for command in ("check", "import"):
        done = run(command, path)
        assert (done.exit_code, reason in done.output) == (1, True), done.output
    assert list(folder.iterdir()) == []


def test_a_sound_file_is_put_whole_and_once(run, file, folder):
    first, again = run("import", file()), run("import", file())
    assert (first.exit_code, again.exit_code) == (0, 0)
    assert f"put into {folder}" in first.output
    assert "mpay reconcile 2026-11-23 --account treasury --fetch" in first.output
    assert f"is already in {folder}" in again.output
    assert [(each.name, each.read_bytes()) for each in folder.iterdir()] == [("zi.xml", SOUND)]


def test_nothing_is_written_over_another_file(run, file, folder):
    run("import", file())
    other = Camt(entries=(entry(),), closing="1150.00", statement_id="STMT-2").body
    done = run("import", file(other))
    assert (done.exit_code, "already, with other content" in done.output) == (1, True)
    assert [each.read_bytes() for each in folder.iterdir()] == [SOUND]


def test_a_statement_of_the_same_name_with_other_content_is_refused(run, file, folder):
    run("import", file())
    other = Camt(entries=(entry("160.00"),), closing="1160.00").body
    done = run("import", file(other, "other.xml"))
    assert (done.exit_code, "'STMT-1' stands in 'zi.xml' too" in done.output) == (1, True)
    assert len(list(folder.iterdir())) == 1


def test_a_file_for_which_the_folder_has_no_room_is_put_nowhere(run, file, folder):
    with (folder / "older.csv").open("wb") as large:
        large.truncate((16 << 20) - len(SOUND) + 1)
    done = run("import", file())
    assert (done.exit_code, "more than 16 MiB with it: move what is old away" in done.output) == (1, True)
    assert [each.name for each in folder.iterdir()] == ["older.csv"]
    with (folder / "older.csv").open("r+b") as large:
        large.truncate((16 << 20) - len(SOUND))
    assert run("import", file()).exit_code == 0


def test_what_is_no_file_is_refused_at_once(run, tmp_path):
    os.mkfifo(tmp_path / "zi.csv")
    done = run("check", tmp_path / "zi.csv")
    assert (done.exit_code, done.output) == (1, "Error: zi.csv: it is no file\n")


def test_a_line_beyond_all_bounds_is_named(run, file):
    lines = b"day,transaction,reference,amount\n2026-11-23,T,R,10000000000000.01\n"
    assert "line 2" in run("check", file(lines, "zi.csv")).output


def test_of_several_accounts_one_is_chosen(run, file):
    both = ("treasury", "partner")
    assert run("check", file(), accounts=both).exit_code == 2
    assert run("check", file(), "--account", "partner", accounts=both).exit_code == 0
    assert "none is configured" in run("check", file(), accounts=()).output
