"""Files of reports and settlements: whole, or as they were before."""

import errno
import os
import threading

import pytest

from mpay_gateway.cli.whole_files import write_report, write_whole


@pytest.fixture
def full_disk(monkeypatch):
    """A disk that takes what is written into its cache, and then has no room for it."""

    def refuse(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", refuse)


@pytest.mark.parametrize("write", [write_report, write_whole])
def test_on_a_full_disk_a_file_stays_as_it_was(tmp_path, full_disk, write):
    target = tmp_path / "report.json"
    target.write_text("yesterday's")
    with pytest.raises(OSError, match="No space left on device") as refused:
        write(target, "today's")
    assert refused.value.filename == str(target)
    assert [each.read_text() for each in tmp_path.iterdir()] == ["yesterday's"]


def test_a_file_that_is_replaced_keeps_its_mode_and_the_link_to_it(tmp_path):
    target, link = tmp_path / "report.json", tmp_path / "newest.json"
    target.write_text("yesterday's")
    target.chmod(0o640)
    link.symlink_to(target)
    write_report(link, "today's")
    assert link.is_symlink()
    assert (target.read_text(), target.stat().st_mode & 0o777) == ("today's", 0o640)
    write_report(tmp_path / "new.json", "new")
    assert (tmp_path / "new.json").stat().st_mode & 0o777 == 0o600


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path):
    pipe, heard = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: heard.append(pipe.read_text()), daemon=True)
    reader.start()
    write_report(pipe, "told")
    reader.join(30)
    assert heard == ["told"]
    assert pipe.is_fifo()


@pytest.fixture
def asked(run, ready):
    """A command whose report goes to a file of this name."""
    return {
        "audit": lambda file: run("audit", "verify", "--json", file),
        "json": lambda file: run("reconcile", "2026-11-20", "--json", file),
        "csv": lambda file: run("reconcile", "2026-11-20", "--csv", file),
    }


@pytest.mark.parametrize("command", ["audit", "json", "csv"])
def test_a_command_on_a_full_disk_says_so_and_leaves_the_file_alone(asked, tmp_path, full_disk, command):
    target = tmp_path / "report"
    target.write_text("yesterday's")
    done = asked[command](target)
    assert (done.status, done.err) == (1, f"mpay: {target}: No space left on device\n")
    assert target.read_text() == "yesterday's"


@pytest.mark.parametrize("again", ["out", "./out"])
def test_one_file_for_two_reports_is_wrong_usage(run, ready, tmp_path, monkeypatch, again):
    monkeypatch.chdir(tmp_path)
    done = run("reconcile", "2026-11-20", "--json", "out", "--csv", again)
    assert done.status == 2
    assert "--json and --csv both name" in done.err
    assert not (tmp_path / "out").exists()
