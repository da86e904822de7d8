"""The launcher with the real shop and bank, and with a stand-in for the gateway's command."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from counterparts.demo.launcher.place import DemoError
from counterparts.demo.launcher.processes import Processes, Program

DEMO = Path(__file__).resolve().parents[1]
DRIVER = (
    "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path; from launcher.main import main;"
    "sys.exit(main(sys.argv[3:], commands=Path(sys.argv[2])))"
)
_PORTS = range(30_000, 32_000, 4)
"""Below those that outgoing connections take, beside those of the journeys."""


@dataclass(frozen=True, slots=True)
class Demo:
    """A way to run the launcher in a folder and on ports of its own."""

    folder: Path
    port_base: int
    commands: Path

    @contextmanager
    def running(self, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
        own = {"MPAY_DEMO_DIR": str(self.folder), "MPAY_DEMO_PORT_BASE": str(self.port_base)}
        process = subprocess.Popen(
            [sys.executable, "-c", DRIVER, str(DEMO), str(self.commands), *arguments],
            env=os.environ | own | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            process.communicate(timeout=30)

    def run(self, *arguments: str, **environment: str) -> tuple[int, str]:
        """Exit status and everything said."""
        with self.running(*arguments, **environment) as process:
            said, _ = process.communicate(timeout=90)
            return process.returncode, said

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text()

    def ports_in_use(self) -> list[int]:
        return [port for port in range(self.port_base, self.port_base + 4) if not is_free(port)]


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def four_free_ports() -> int:
    """The first of four free ports in a row."""
    for _ in range(100):
        base = random.choice(_PORTS)
        if all(is_free(port) for port in range(base, base + 4)):
            return base
    raise AssertionError("no four free ports in a row")


@pytest.fixture
def demo(tmp_path: Path) -> Demo:
    commands = tmp_path / "bin"
    commands.mkdir()
    for name in ("demo-service", "sandbox-bank", "kiosk-network"):
        (commands / name).symlink_to(Path(sys.executable).with_name(name))
    mpay = commands / "mpay"
    mpay.write_text(f'#!/bin/sh\nexec {sys.executable} {Path(__file__).with_name("standin_mpay.py")} "$@"\n')
    mpay.chmod(0o755)
    return Demo(tmp_path / "demo", four_free_ports(), commands)


def read_until(process: subprocess.Popen[str], words: str) -> str:
    """What was said up to the line with these words."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if words in line:
            return said
    raise AssertionError(f"ended before {words!r}:\n{said}")


def is_gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has reaped yet counts as ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_a_check_starts_everything_sees_it_answer_and_ends(demo: Demo) -> None:
    status, said = demo.run("--check")
    assert (status, demo.ports_in_use()) == (0, []), said
    assert said.splitlines()[-2:] == ["Everything answers.", "The demo has ended."]
    assert f"serve --host 127.0.0.1 --port {demo.port_base}" in demo.log("gateway")
    assert demo.log("services-apply") == f"stand-in: services apply {demo.folder}/services.toml\n"
    assert "stand-in: worker" in demo.log("worker")


def test_a_second_start_keeps_the_keys_and_takes_seconds(demo: Demo) -> None:
    demo.run("--check")
    keys = {path: path.read_bytes() for path in demo.folder.glob("[ks]e*/*")}
    begun = time.monotonic()
    status, said = demo.run("--check")
    assert status == 0, said
    assert time.monotonic() - begun < 20
    assert len(keys) == 7
    assert {path: path.read_bytes() for path in keys} == keys


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything_that_was_started(demo: Demo, number: signal.Signals) -> None:
    with demo.running() as process:
        said = read_until(process, "Ctrl-C ends everything.")
        assert f"export MPAY_CONFIG={demo.folder}/gateway.ini" in said
        assert f"http://127.0.0.1:{demo.port_base + 1}/" in said
        assert "4000 0000 0000 1000" in said
        assert len(demo.ports_in_use()) == 4
        process.send_signal(number)
        rest, _ = process.communicate(timeout=30)
    assert (process.returncode, demo.ports_in_use()) == (0, [])
    assert "The demo has ended." in rest
    assert is_gone(int((demo.folder / "stubborn.pid").read_text()))


def test_a_signal_during_the_start_ends_it(demo: Demo) -> None:
    with demo.running() as process:
        read_until(process, "waiting until everything answers")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert (process.returncode, demo.ports_in_use()) == (0, [])


def test_a_program_that_dies_is_named_with_its_last_words_and_all_others_end(demo: Demo) -> None:
    status, said = demo.run(STANDIN_FAILS="worker-later")
    assert (status, demo.ports_in_use()) == (1, [])
    assert "worker ended with status 7. Its last lines in" in said
    assert "  stand-in: the worker's last words" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("fails", "name"), [("init-db", "init-db"), ("services", "services apply"), ("serve", "gateway")]
)
def test_a_step_that_fails_says_why(demo: Demo, fails: str, name: str) -> None:
    status, said = demo.run(STANDIN_FAILS=fails)
    assert (status, demo.ports_in_use()) == (1, [])
    assert f"{name} ended with status 3." in said
    assert "  stand-in: what went wrong" in said


def test_ports_in_use_are_named_and_nothing_is_started(demo: Demo) -> None:
    with ExitStack() as taken:
        for port in (demo.port_base, demo.port_base + 2):
            listener = taken.enter_context(socket.socket())
            listener.bind(("127.0.0.1", port))
            listener.listen()
        status, said = demo.run()
    assert status == 1
    assert f"port {demo.port_base} (gateway), port {demo.port_base + 2} (sandbox bank)" in said
    assert "MPAY_DEMO_PORT_BASE=" in said
    assert not (demo.folder / "init-db.log").exists()


def test_two_demos_do_not_share_a_folder(demo: Demo) -> None:
    with demo.running() as first:
        read_until(first, "init-db")
        settings = (demo.folder / "gateway.toml").read_text()
        status, said = Demo(demo.folder, four_free_ports(), demo.commands).run()
        assert (demo.folder / "gateway.toml").read_text() == settings
    assert status == 1
    assert "Another demo runs in" in said


def test_a_program_that_is_not_installed_is_named(demo: Demo) -> None:
    (demo.commands / "sandbox-bank").unlink()
    status, said = demo.run()
    assert status == 1
    assert "sandbox-bank is not installed" in said
    assert "make setup" in said


@pytest.mark.parametrize("base", ["80", "65536", "x", "٦٥٤٣", "-1"])
def test_a_port_base_that_cannot_be_used_is_refused(demo: Demo, base: str) -> None:
    status, said = demo.run(MPAY_DEMO_PORT_BASE=base)
    assert status == 1
    assert "MPAY_DEMO_PORT_BASE is" in said


def test_a_folder_that_cannot_be_written_is_refused(demo: Demo) -> None:
    demo.folder.write_text("a file is in the way")
    status, said = demo.run()
    assert status == 1
    assert "cannot be written" in said


@pytest.fixture
def processes() -> Iterator[Callable[[], Processes]]:
    made: list[Processes] = []

    def make() -> Processes:
        made.append(Processes(lambda: False))
        return made[-1]

    yield make
    for each in made:
        each.stop()


def test_a_program_that_never_answers_is_given_up(
    tmp_path: Path, processes: Callable[[], Processes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("counterparts.demo.launcher.processes.READY_WITHIN", 0.5)
    one = processes()
    deaf = (sys.executable, "-c", "import time; print('busy', flush=True); time.sleep(60)")
    one.start(Program("deaf one", deaf, tmp_path / "deaf.log", port=four_free_ports()))
    with pytest.raises(DemoError, match=r"Not ready after 0 s: deaf one\. (.|\n)*busy"):
        one.wait_until_ready()


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux tells a process that its parent has gone"
)
def test_programs_end_when_their_launcher_is_killed(demo: Demo) -> None:
    with demo.running() as process:
        await_true(lambda: len(demo.ports_in_use()) == 4)
        process.kill()
        process.wait(timeout=30)
        await_true(lambda: demo.ports_in_use() == [])
    # A program's own child that ignores the request is beyond the system's help; here it is ours to end.
    os.kill(int((demo.folder / "stubborn.pid").read_text()), signal.SIGKILL)


def await_true(found: Callable[[], bool], *, within: float = 60) -> None:
    until = time.monotonic() + within
    while not found():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_program_that_does_not_end_is_killed(
    tmp_path: Path, processes: Callable[[], Processes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("counterparts.demo.launcher.processes.END_WITHIN", 0.5)
    one = processes()
    code = (
        "import os, signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(60)"
    )
    pid = tmp_path / "pid"
    one.start(Program("stubborn", (sys.executable, "-c", code, str(pid)), tmp_path / "stubborn.log"))
    until = time.monotonic() + 10
    while not (pid.exists() and pid.read_text()) and time.monotonic() < until:
        time.sleep(0.02)
    one.stop()
    assert is_gone(int(pid.read_text()))


def test_a_program_that_a_signal_ended_says_which(tmp_path: Path, processes: Callable[[], Processes]) -> None:
    one = processes()
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    with pytest.raises(DemoError, match="short one was ended by SIGKILL"):
        one.run(Program("short one", (sys.executable, "-c", code), tmp_path / "short.log"))


def test_the_log_of_the_run_before_is_kept_beside(tmp_path: Path, processes: Callable[[], Processes]) -> None:
    one = processes()
    for word in ("first", "second"):
        one.run(Program("speaker", (sys.executable, "-c", f"print({word!r})"), tmp_path / "speaker.log"))
    assert (tmp_path / "speaker.log").read_text() == "second\n"
    assert (tmp_path / "speaker.log.1").read_text() == "first\n"
