"""The systemd units: every command line can be typed, every time fits, and systemd itself finds nothing wrong."""

import configparser
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from mpay_gateway.cli.main import cli
from mpay_gateway.cli.running import FINISH_SECONDS
from mpay_gateway.flow.schedules import LEASE
from mpay_gateway.settings.gateway import MOST_CALL_SECONDS
from tests.architecture import checkout

FOLDER = checkout.ROOT / "config" / "systemd"
UNITS = sorted(FOLDER.glob("*.service"))
HARDENED = {
    "NoNewPrivileges": "true", "ProtectSystem": "strict", "ProtectHome": "true", "PrivateTmp": "true",
    "PrivateDevices": "true", "CapabilityBoundingSet": "", "RestrictSUIDSGID": "true", "UMask": "0077",
    "LimitCORE": "0", "User": "mpay", "EnvironmentFile": "/etc/mpay-gateway/secrets",
}  # fmt: skip
"""LimitCORE: a core dump would hold keys and people's data."""


class _Options(configparser.RawConfigParser):
    def optionxform(self, optionstr: str) -> str:
        return optionstr


def service_of(unit: Path) -> dict[str, str]:
    parser = _Options(delimiters=("=",), comment_prefixes=("#",), strict=True)
    parser.read(unit, "utf-8")
    return dict(parser["Service"])


def typed(unit: Path) -> tuple[click.Command, dict[str, object]]:
    """The command that the unit starts, and its parameters as click reads them."""
    program, name, *arguments = shlex.split(service_of(unit)["ExecStart"].replace("%i", "6543"))
    assert program == "/opt/mpay-gateway/venv/bin/mpay"
    command = cli.get_command(click.Context(cli), name)
    assert command is not None, name
    return command, command.make_context(name, arguments).params


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_what_a_unit_starts_can_be_typed(unit):
    command, _ = typed(unit)
    assert command.name == {"mpay-gateway@": "serve", "mpay-worker@": "worker"}[unit.stem]


def test_there_is_a_unit_for_each_kind_of_process():
    assert [unit.name for unit in UNITS] == ["mpay-gateway@.service", "mpay-worker@.service"]


def test_a_mistyped_option_is_seen(tmp_path):
    unit = tmp_path / "mpay-gateway@.service"
    unit.write_text((FOLDER / unit.name).read_text("utf-8").replace("--drain", "--drian"), "utf-8")
    with pytest.raises(click.NoSuchOption):
        typed(unit)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_ends_in_order_and_is_started_again(unit):
    """Signals go to the first process alone: told to all, the server's processes would not drain."""
    service = service_of(unit)
    assert (service["Restart"], service["KillSignal"], service["KillMode"]) == ("always", "SIGTERM", "mixed")
    assert int(service["LimitNOFILE"]) >= 65536


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_may_do_no_more_than_it_must(unit):
    service = service_of(unit)
    assert {name: service.get(name) for name in HARDENED} == HARDENED


def test_nobody_is_killed_before_his_time_is_over():
    gateway, worker = (service_of(FOLDER / f"mpay-{kind}@.service") for kind in ("gateway", "worker"))
    _, parameters = typed(FOLDER / "mpay-gateway@.service")
    assert int(gateway["TimeoutStopSec"]) >= parameters["drain"] + FINISH_SECONDS + 10
    assert int(worker["TimeoutStopSec"]) >= max(MOST_CALL_SECONDS, LEASE.total_seconds())


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_finds_nothing_wrong(unit, tmp_path, find_program):
    program = find_program("systemd-analyze")
    if program is None:
        return
    done = verify(program, unit.read_text("utf-8"), tmp_path / unit.name.replace("@", "@6543"))
    assert (done.returncode, done.stderr) == (0, "")
    wrong = unit.read_text("utf-8").replace("ProtectHome=", "ProtectHouse=")
    assert "ProtectHouse" in verify(program, wrong, tmp_path / unit.name.replace("@", "@6544")).stderr


def verify(program: str, text: str, place: Path) -> "subprocess.CompletedProcess[str]":
    """As systemd reads the unit, with the program where this checkout has it."""
    installed = Path(sys.executable).parent / "mpay"
    assert installed.exists()
    text = text.replace("/opt/mpay-gateway/venv/bin/mpay", str(installed))
    place.write_text(text.replace("file:/opt/mpay-gateway/docs", f"file:{checkout.ROOT / 'docs'}"), "utf-8")
    return subprocess.run(
        [program, "verify", "--man=no", str(place)], capture_output=True, text=True, check=False, timeout=60,
        env={"SYSTEMD_LOG_LEVEL": "warning"},
    )  # fmt: skip
