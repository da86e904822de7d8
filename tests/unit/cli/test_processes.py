"""`mpay serve` and `mpay worker` as processes: they say when they are ready, and end in order when told to."""

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mpay_gateway.documents import fonts
from tests.postgres import PostgresServer
from tests.scene.waiting import eventually
from tests.unit.databases import make_tables

PROGRAM = "from mpay_gateway.cli import main; main()"
PATIENCE = 60


@contextmanager
def running(place, *arguments: str) -> Iterator[tuple[subprocess.Popen, Path]]:
    """A command as a process of its own, and the file that its log goes to; ended at the end, however it stands."""
    log = place.folder / "log"
    with log.open("wb") as file:
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], stdout=file, stderr=file)
    try:
        yield process, log
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_for(event: str, process: subprocess.Popen, log: Path) -> list[dict[str, object]]:
    """The log's events once `event` is among them."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        events = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
        if any(each["event"] == event for each in events):
            return events
        assert process.poll() is None, log.read_text("utf-8")
        time.sleep(0.05)
    raise AssertionError(log.read_text("utf-8"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def children_of(pid: int) -> set[int]:
    """Every process that `pid` started, and theirs."""
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_gateway_serves_and_ends_in_order(ready, number):
    port = free_port()
    with running(ready, "serve", "--port", str(port), "--threads", "4") as (process, log):
        wait_for("papers_ready", process, log)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as answer:
            assert answer.status == 200
        children = children_of(process.pid)
        process.send_signal(number)
        assert process.wait(30) == 0
        events = [json.loads(line)["event"] for line in log.read_text("utf-8").splitlines()]
        assert events[0] == "gateway_listens"
        assert events[-1] == "gateway_stopped"
    assert children
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{child}").exists() for child in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [child for child in children if Path(f"/proc/{child}").exists()]


def ask(port: int, path: str) -> tuple[int, str]:
    """Status and Connection header of an answer."""
    address = f"http://127.0.0.1:{port}{path}"
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return answer.status, answer.headers.get("Connection", "")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers.get("Connection", "")


def test_a_server_that_leaves_says_so_and_serves_on_until_the_second_signal(ready):
    port = free_port()
    with running(ready, "serve", "--port", str(port), "--drain", "300") as (process, log):
        wait_for("papers_ready", process, log)
        assert ask(port, "/readyz")[0] == 200
        process.send_signal(signal.SIGTERM)
        status, _ = eventually(lambda: ask(port, "/readyz"), lambda answer: answer[0] == 503)
        assert (status, ask(port, "/healthz")) == (503, (200, "close"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_a_server_ends_when_its_time_to_leave_is_over(ready):
    port = free_port()
    with running(ready, "serve", "--port", str(port), "--drain", "0.5") as (process, log):
        wait_for("papers_ready", process, log)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_no_two_processes_ever_have_one_name(ready):
    names = set()
    for _ in range(2):
        with running(ready, "worker") as (process, log):
            names |= {each.get("process") for each in wait_for("worker_ready", process, log)} - {None}
    assert len(names) == 2
    assert {name.rpartition("-")[0].rpartition("-")[0] for name in names} == {socket.gethostname()[:40]}


def test_when_the_first_process_is_killed_its_children_end_and_the_address_is_free(ready):
    port = free_port()
    with running(ready, "serve", "--port", str(port)) as (process, log):
        wait_for("papers_ready", process, log)
        children = children_of(process.pid)
        process.kill()
        process.wait(30)
    assert children
    deadline = time.monotonic() + PATIENCE
    while any(Path(f"/proc/{child}").exists() for child in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [child for child in children if Path(f"/proc/{child}").exists()]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", port))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_says_that_it_is_ready_and_ends_in_order(ready, number):
    with running(ready, "worker", "--threads", "2") as (process, log):
        events = wait_for("worker_ready", process, log)
        assert (events[-1]["threads"], events[-1]["level"]) == (2, "info")
        process.send_signal(number)
        assert process.wait(30) == 0
        assert json.loads(log.read_text("utf-8").splitlines()[-1])["event"] == "worker_stopped"


def test_a_log_for_people_is_no_json(ready):
    with running(ready, "worker", "--log-format", "console") as (_, log):
        deadline = time.monotonic() + PATIENCE
        while "worker_ready" not in log.read_text("utf-8") and time.monotonic() < deadline:
            time.sleep(0.05)
        line = log.read_text("utf-8")
    assert "[info" in line
    assert "{" not in line


def test_an_address_that_is_taken_is_told_in_one_line(run, ready):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run("serve", "--port", str(port))
    assert (done.status, done.err) == (2, f"mpay: --host 127.0.0.1 --port {port}: Address already in use\n")


def test_an_address_that_is_not_ours_is_told_in_one_line(run, ready):
    done = run("serve", "--host", "192.0.2.1")
    assert done.status == 2
    assert done.err.startswith("mpay: --host 192.0.2.1 --port 6543: ")


def test_sqlite_serves_one_process(run, ready):
    done = run("serve", "--workers", "2", "--port", str(free_port()))
    assert (done.status, done.err) == (
        2,
        "mpay: --workers: SQLite serves one process; more than one needs PostgreSQL\n",
    )


def test_nothing_starts_without_tables(run, place):
    for command in (("serve", "--port", str(free_port())), ("worker",)):
        done = run(*command)
        assert done.status == 2
        assert "run `mpay init-db`" in done.err


def test_a_gateway_whose_papers_lack_their_font_does_not_start(run, ready, monkeypatch):
    monkeypatch.setattr(fonts, "_PACKAGE", "fontpkg_that_is_not_there")
    done = run("serve", "--port", str(free_port()))
    assert done.status == 2
    assert "install the distribution fontpkg-fira-sans" in done.err


@pytest.fixture
def sleeping_server() -> Iterator[PostgresServer]:
    """A PostgreSQL of the test's own, which does not run yet but has run."""
    server = PostgresServer()
    server.start()
    server.create_database("gateway")
    make_tables(server.url("gateway"))
    server.stop()
    yield server
    server.remove()


@pytest.mark.parametrize(("command", "event"), [("worker", "worker_ready"), ("serve", "gateway_ready")])
def test_a_process_that_starts_before_its_database_waits_for_it(place, sleeping_server, command, event):
    """After a power failure everything starts at once, and the database recovers first."""
    place.configure(sleeping_server.url("gateway"))
    arguments = ("--port", str(free_port())) if command == "serve" else ()
    with running(place, command, *arguments) as (process, log):
        wait_for("database_awaited", process, log)
        sleeping_server.start()
        events = wait_for(event, process, log)
    assert [each["event"] for each in events].count("database_awaited") == 1


def test_a_log_that_cannot_be_written_keeps_nobody_from_being_served(ready):
    """G89: the disk of the log is full. What must be written down is in the database, whose own disk is B25's."""
    port = free_port()
    command = [sys.executable, "-c", PROGRAM, "serve", "--port", str(port)]
    with Path("/dev/full").open("wb") as full:
        process = subprocess.Popen(command, stdout=full, stderr=full)
    try:
        eventually(lambda: _answer(port, "/readyz"), lambda answer: answer == "ready\n", within=PATIENCE)
        assert "<h1" in _answer(port, "/")
        assert process.poll() is None
    finally:
        process.terminate()
        assert process.wait(60) == 0


def _answer(port: int, path: str) -> str:
    try:
        asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers={"Host": "mpay.example"})
        with urllib.request.urlopen(asked, timeout=5) as answer:
            return str(answer.read().decode())
    except (urllib.error.URLError, OSError):
        return ""
