"""A rendering process: papers in on standard input, PDFs out on standard output, until the input ends.

Started by `rendering_process` as `python -m mpay_gateway.documents.worker`. It draws what strangers wrote, so
it has no secrets in its environment, no network where the system lets it leave, and bounded memory and time.
"""

import ctypes
import os
import resource
import signal
import sys
from datetime import UTC, datetime
from typing import BinaryIO

from mpay_gateway.documents.frames import Kind, read_frame, write_frame
from mpay_gateway.documents.paper import Paper

MEMORY_LIMIT = 1536 * 1024 * 1024
"""Bytes of address space: a hundred times what a paper takes."""
ALARM_SECONDS = 60
"""Ends a process whose gateway died in the middle of a paper that never ends; else the gateway is quicker."""
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_WARM_UP = Paper(
    html="<html lang='ro'><title>x</title><body><h1>Ș</h1><p>Ж <strong>1</strong></p></body></html>",
    data="{}",
    data_name="x.json",
    data_description="x",
    dated=datetime(2000, 1, 1, tzinfo=UTC),
)


def main() -> None:
    """Draw until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the gateway, which then closes the pipe
    papers, answers = _take_pipes()
    try:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
        note = "no network" if leave_network() else "network not left"
        from mpay_gateway.documents.drawing import Drawer

        drawer = Drawer()
        drawer.draw(_WARM_UP)
    except Exception as error:  # noqa: BLE001 -- said to the gateway, which tells the operator
        write_frame(answers, Kind.FAILED, _described(error))
        return
    write_frame(answers, Kind.READY, note.encode())
    while True:
        try:
            _, wire = read_frame(papers)
        except EOFError:
            return
        signal.alarm(ALARM_SECONDS)
        try:
            kind, content = Kind.PDF, drawer.draw(Paper.from_wire(wire))
        except Exception as error:  # noqa: BLE001 -- one paper fails, not the next
            kind, content = Kind.FAILED, _described(error)
        signal.alarm(0)
        write_frame(answers, kind, content)


def leave_network() -> bool:
    """Move this process to a network of its own, without any way out. False where that is not allowed."""
    flags = _CLONE_NEWNET if os.geteuid() == 0 else _CLONE_NEWUSER | _CLONE_NEWNET
    try:
        return bool(ctypes.CDLL(None).unshare(flags) == 0)
    except (OSError, AttributeError):
        return False


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Keep both pipes for messages: what a library prints goes to standard error."""
    papers = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return papers, answers


def _described(error: Exception) -> bytes:
    return f"{type(error).__name__}: {error}"[:500].encode()


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        sys.exit(0)
