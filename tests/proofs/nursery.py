"""The test's side of `newborn`: asks for processes, and knows which of them are dead."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.scene.gateway import Gateway
from tests.scene.waiting import eventually

CHECKOUT = Path(__file__).parents[2]


class Nursery:
    """Forks `mpay` processes. One for the whole run of the tests; ends with it."""

    def __init__(self) -> None:
        self._parent = subprocess.Popen(
            [sys.executable, "-m", "tests.proofs.newborn"],
            cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        self._news = threading.Condition()
        self._born: list[int] = []
        self._codes: dict[int, int] = {}
        self._ear = threading.Thread(target=self._listen, daemon=True)
        self._ear.start()

    def close(self) -> None:
        """Let the parent end."""
        assert self._parent.stdin is not None
        self._parent.stdin.close()
        self._parent.wait(20)
        self._ear.join(20)
        assert self._parent.stdout is not None
        self._parent.stdout.close()

    @contextmanager
    def process(
        self, gateway: Gateway, *arguments: str, point: str = "", ahead: int = 0,
        environment: Mapping[str, str] | None = None,
    ) -> Iterator["Newborn"]:  # fmt: skip
        """An `mpay` of the gateway's configuration, killed at the end if it lives. Writes to its command's log."""
        request = {
            "arguments": ["--config", str(gateway.ini), *arguments],
            "log": str(gateway.ini.parent / f"{arguments[0]}.log"),
            "environment": {**os.environ, **(environment or {})},
            "point": point,
            "ahead": ahead,
        }
        newborn = Newborn(self, self._bear(request))
        try:
            yield newborn
        finally:
            newborn.end()

    def code(self, pid: int, seconds: float) -> int | None:
        """The exit code of a child, None when it lives on after so many seconds."""
        with self._news:
            self._news.wait_for(lambda: pid in self._codes, seconds)
            return self._codes.get(pid)

    def _bear(self, request: object) -> int:
        assert self._parent.stdin is not None
        self._parent.stdin.write(json.dumps(request).encode() + b"\n")
        self._parent.stdin.flush()
        with self._news:
            assert self._news.wait_for(lambda: self._born, 60), "no process was forked"
            return self._born.pop()

    def _listen(self) -> None:
        assert self._parent.stdout is not None
        for line in self._parent.stdout:
            told = json.loads(line)
            with self._news:
                if "born" in told:
                    self._codes.pop(told["born"], None)  # of an earlier process with this number
                    self._born.append(told["born"])
                else:
                    self._codes[told["dead"]] = told["code"]
                self._news.notify_all()


class Newborn:
    """A process of the nursery, a group of its own."""

    def __init__(self, nursery: Nursery, pid: int) -> None:
        self._nursery = nursery
        self.pid = pid

    def wait(self, seconds: float) -> int:
        """Its exit code; below zero the signal that ended it. Raises: AssertionError when it lives on."""
        until = time.monotonic() + seconds
        code = self._nursery.code(self.pid, until - time.monotonic())
        assert code is not None, f"process {self.pid} lives on after {seconds} s"
        return code

    def end(self) -> None:
        """Kill it with its children, if it lives."""
        if self._nursery.code(self.pid, 0) is None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
                eventually(self._is_alone)  # a child may hold the address on which another one is to listen
            self.wait(20)

    def _is_alone(self) -> bool:
        """Whether nothing of its group lives on."""
        try:
            os.killpg(self.pid, 0)
        except ProcessLookupError:
            return True
        return False
