"""Somebody who follows a page from an empty folder: writes its files, types its commands, sees what it prints.

Nothing is fetched: pip finds what the page's packages need among libraries of this environment, and those alone.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.linked_libraries import link_libraries
from tests.unit.docs.pages import Step

ROOT = Path(__file__).resolve().parents[3]
LONGEST = 300
BUILT = shutil.ignore_patterns("build", "*.egg-info", "__pycache__")


@dataclass(frozen=True)
class Typed:
    """Commands that were typed, what came of them, and what the page says of it."""

    commands: str
    status: int
    output: str
    promised: str = ""


@dataclass
class Follower:
    """`home` is his home with the checkout in it, `folder` the empty one in which he begins."""

    home: Path
    folder: Path
    server: str
    port: int
    typed: list[Typed] = field(default_factory=list)
    _exports: str = ""
    _running: subprocess.Popen[bytes] | None = None

    def follow(self, steps: list[Step]) -> None:
        """Do what the page says. A `text` block is what the commands before it are said to print."""
        for number, step in enumerate(steps):
            content = step.content.replace("8181", str(self.port))
            if step.file:
                (self.folder / step.file).write_text(content, "utf-8")
            elif step.language == "sh" and content.strip() == self.server:
                self._serve()
            elif step.language == "sh":
                promised = steps[number + 1] if number + 1 < len(steps) else Step("", "", "")
                self._type(content, promised.content if promised.language == "text" else "")
            else:
                assert step.language == "text", f"what is to be done with a block of {step.language}?"

    def stop(self) -> None:
        """End the server, if it runs."""
        if self._running is not None:
            self._running.terminate()
            self._running.wait(30)
            self._running = None

    def _type(self, commands: str, promised: str) -> None:
        done = subprocess.run(
            ["bash", "-euc", self._exports + commands], cwd=self.folder, env=self._environment(), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LONGEST, check=False,
        )  # fmt: skip
        self._exports += "".join(re.findall(r"^export .*\n", commands, re.MULTILINE))
        self.typed.append(Typed(commands, done.returncode, done.stdout, promised))

    def _serve(self) -> None:
        self.stop()
        with (self.folder / "server.log").open("ab") as log:
            self._running = subprocess.Popen(
                self.server.split(), cwd=self.folder, env=self._environment(), stdout=log, stderr=log
            )
        until = time.monotonic() + 60
        while not _listens(self.port):
            assert self._running.poll() is None, (self.folder / "server.log").read_text("utf-8")
            assert time.monotonic() < until, "the server does not listen"
            time.sleep(0.05)

    def _environment(self) -> dict[str, str]:
        """As on a machine of his own, but that pip fetches nothing and builds with our setuptools."""
        return {
            "HOME": str(self.home),
            "PATH": os.pathsep.join([str(Path(sys.base_prefix, "bin")), os.environ["PATH"]]),
            "PYTHONPATH": str(self.home / "libraries"),
            "LANG": "C.UTF-8",
            "PIP_NO_INDEX": "1",
            "PIP_NO_BUILD_ISOLATION": "0",
            "PIP_NO_CACHE_DIR": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }


def newcomer(home: Path, *, server: str, libraries: tuple[str, ...]) -> Follower:
    """A follower in an empty folder, with a checkout that holds the kit's source and this environment's commands."""
    checkout = home / "mpay-gateway"
    kit = Path("counterparts", "eservice_kit")
    shutil.copytree(ROOT / kit, checkout / kit, ignore=BUILT)
    (checkout / ".venv").symlink_to(sys.prefix)
    link_libraries(home / "libraries", *libraries)
    folder = home / "work"
    folder.mkdir()
    return Follower(home, folder, server, _free_port())


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
