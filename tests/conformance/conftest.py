"""Services to test the kit against."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from tests.conformance.bench import Host, new_keys, serving
from tests.conformance.demo import Demo


@pytest.fixture(scope="session")
def host() -> Iterator[Host]:
    with serving(new_keys()) as found:
        yield found


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo service as a process of its own."""
    folder = tmp_path_factory.mktemp("demo")
    keys = new_keys()
    for name, (key, certificate) in (("gateway", keys.gateway), ("service", keys.service)):
        (folder / f"{name}.key").write_bytes(key)
        (folder / f"{name}.crt").write_bytes(certificate)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with subprocess.Popen(
        _command(folder, port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield _ready(Demo(folder, port), process)
        finally:
            process.terminate()


def _command(folder: Path, port: int) -> list[str]:
    return [
        sys.executable, "-m", "demo_service.cli", "--port", str(port), "--database", str(folder / "shop.db"),
        "--gateway-certificate", str(folder / "gateway.crt"), "--key", str(folder / "service.key"),
        "--certificate", str(folder / "service.crt"), "--test-controls",
    ]  # fmt: skip


def _ready(demo: Demo, process: subprocess.Popen[bytes]) -> Demo:
    until = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < until:
        try:
            if demo.http("GET", "/healthz").status == 200:
                return demo
        except urllib3.exceptions.HTTPError:
            time.sleep(0.05)
    raise AssertionError("the demo service does not answer")
