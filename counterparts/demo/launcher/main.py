"""From nothing to a running scenario, and back to nothing."""

import argparse
import fcntl
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TextIO

from . import scenario
from .configuration import prepare
from .place import DEFAULT_PORT_BASE, DemoError, Place, read_place
from .processes import Processes, get, refuse_used_ports
from .screen import Screen, read_cards

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Stop:
    """Whether someone asked for the end. A flag and no exception: nothing is started and then forgotten."""

    def __init__(self) -> None:
        self.asked = False
        for number in _SIGNALS:
            signal.signal(number, self._ask)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True


def main(arguments: Sequence[str] | None = None, *, commands: Path | None = None) -> int:
    """Start the demo and watch it; 0 when it was asked to end, 1 when it could not start or broke.

    `commands`: folder of the installed programs, that of the running Python when it is not given.
    """
    options = _parser().parse_args(arguments)
    screen, stop = Screen(), _Stop()
    try:
        place = read_place(os.environ, commands or Path(sys.executable).parent)
        with _alone_in(place.folder):
            prepare(place)
            _run(place, screen, stop, check_only=options.check)
    except DemoError as error:
        screen.complain(str(error))
        return 1
    return 0


def _run(place: Place, screen: Screen, stop: _Stop, *, check_only: bool) -> None:
    hint = f"End it, or choose other ports: MPAY_DEMO_PORT_BASE={_other_base(place)} make demo"
    refuse_used_ports(scenario.ports(place), hint)
    programs, steps = scenario.programs(place), scenario.setup_steps(place)
    processes = Processes(lambda: stop.asked, orphans=False)
    try:
        for step in steps:
            screen.say(f"{step.name} …")
            processes.run(step)
        for program in programs if not stop.asked else ():
            processes.start(program)
        screen.say("waiting until everything answers …")
        processes.wait_until_ready()
        if check_only:
            _check(place, processes, stop, screen)
        elif not stop.asked:
            screen.show_guide(place, read_cards(place))
            processes.watch()
            screen.say("ending …")
    finally:
        processes.stop()
    screen.say("The demo has ended.")


def _check(place: Place, processes: Processes, stop: _Stop, screen: Screen) -> None:
    """Raises: DemoError when a front page does not answer as it should."""
    if stop.asked:
        raise DemoError("Ended before everything was checked.")
    for name, port in scenario.ports(place).items():
        path = "/v1/test-cards" if port == place.bank_port else "/"
        status, _ = get(port, path, timeout=15)
        if status != 200:
            raise DemoError(f"{name}: GET http://127.0.0.1:{port}{path} answered {status or 'nothing'}.")
    processes.check()
    screen.say("Everything answers.")


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Hold the folder against a second demo: two gateways with one database and other ports would quarrel.

    Raises: DemoError when another demo holds it, or it cannot be written.
    """
    with _lock_in(folder) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            hint = "End it, or choose another folder and other ports: MPAY_DEMO_DIR, MPAY_DEMO_PORT_BASE."
            raise DemoError(f"Another demo runs in {folder}.\n{hint}") from None
        yield


def _lock_in(folder: Path) -> TextIO:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return (folder / "lock").open("w")
    except OSError as error:
        raise DemoError(f"The demo's folder cannot be written: {error}") from error


def _other_base(place: Place) -> int:
    return place.port_base + 1000 if place.port_base < 60_000 else DEFAULT_PORT_BASE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="counterparts/demo/start.py",
        description="Start gateway, worker, demo e-Service, sandbox bank and kiosk network on loopback.",
        epilog="MPAY_DEMO_DIR (default var/demo) and MPAY_DEMO_PORT_BASE (default 6543) say where.",
    )
    parser.add_argument("--check", action="store_true", help="start, see that everything answers, end")
    return parser
