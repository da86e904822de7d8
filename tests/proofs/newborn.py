"""Where the processes that die come from: one that has imported everything, and done nothing, forks them.

Importing takes more processor time than what most of them live for. Each is a process of its own that runs `mpay` from
its arguments and its environment, as if it had been started; only the import lies behind it already.
"""

import atexit
import json
import os
import select
import signal
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pkgutil import walk_packages
from typing import Any, NoReturn

from sqlalchemy import Engine, event

from mpay_gateway import boundary, crash_points
from mpay_gateway.cli import serving
from mpay_gateway.cli.main import main

STATEMENT = "statement:"
"""How a death inside a unit of work is armed: `statement:settle:7`, before the unit's seventh statement."""
SURVIVED = "survived:"
"""Begins the name of a death that came when the unit ended: it has fewer statements."""
_LOOK_SECONDS = 0.02
PACKAGES = (
    "mpay_gateway", "mpay_eservice_soap", "mpay_instrument_bank_card", "mpay_instrument_cash_terminal",
    "mpay_provider_collector", "mpay_provider_osmp", "mpay_provider_sandbox",
)  # fmt: skip
LATE = ("alembic.command", "granian", "psycopg", "pyramid.config", "xmlsec", "zeep.client")
"""What the code imports where it is used first."""


def import_everything() -> None:
    """What any of the processes would import."""
    for package in PACKAGES:
        for found in walk_packages([*import_module(package).__path__], f"{package}."):
            if ".migrations" not in found.name:
                import_module(found.name)
    for name in LATE:
        import_module(name)


def serve_births() -> None:
    """Fork what each line of the standard input asks for; say on the standard output who was born and who died."""
    requests = b""
    while True:
        readable, _, _ = select.select([0], [], [], _LOOK_SECONDS)
        if readable:
            read = os.read(0, 1 << 16)
            if not read:
                return
            *lines, requests = (requests + read).split(b"\n")
            for line in lines:
                _say(born=_bear(json.loads(line)))
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                _say(dead=ended[0], code=os.waitstatus_to_exitcode(ended[1]))


def _say(**what: int) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


def _bear(request: dict[str, Any]) -> int:
    pid = os.fork()
    return pid or _live(request)


def _live(request: dict[str, Any]) -> NoReturn:
    """Be an `mpay`. `ahead`: by so many seconds its clock is ahead of the machine's."""
    os.setsid()
    log = os.open(request["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = ["mpay", *request["arguments"]]
    sys.path[:0] = filter(None, request["environment"].get("PYTHONPATH", "").split(os.pathsep))
    _set_clock(request["ahead"])
    serving.warm_up_papers = lambda _: None  # nobody here downloads one, and fonts take seconds
    _arm(request["point"])
    os._exit(_run())


def _run() -> int:
    """What `mpay` does, up to its exit status."""
    status: object = 0
    try:
        main()
    except SystemExit as end:
        status = end.code
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return status if isinstance(status, int) else 1


def _set_clock(ahead: int) -> None:
    if ahead:
        boundary.SystemClock.now = lambda _: datetime.now(UTC) + timedelta(seconds=ahead)  # type: ignore[method-assign]


def _arm(point: str) -> None:
    """What the import of `crash_points` does with its variable, which was not set yet then."""
    if point.startswith(STATEMENT):
        _arm_statement(point)
        return
    name, _, passes = point.rpartition(":")
    counted = passes.isdigit()
    crash_points._armed_point = name if counted else point
    crash_points._passes_left = int(passes) if counted else int(bool(point))


def _arm_statement(point: str) -> None:
    """Die before the statement; at the unit's end, under another name, if it had fewer."""
    name, _, number = point.rpartition(":")
    unit, left = name.removeprefix(STATEMENT), [int(number)]

    def execute(*_: object) -> None:
        if boundary._open_unit.get() == unit:
            left[0] -= 1
            if not left[0]:
                _die(name)

    def commit(_: object) -> None:
        if boundary._open_unit.get() == unit:
            _die(SURVIVED + name)

    event.listen(Engine, "before_cursor_execute", execute)
    event.listen(Engine, "commit", commit)


def _die(point: str) -> NoReturn:
    os.write(2, f"crash point {point}: process {os.getpid()} kills itself\n".encode())
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


if __name__ == "__main__":
    import_everything()
    serve_births()
