"""A process dies at the point that is armed, at the pass that is counted, and nowhere else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
from mpay_gateway.crash_points import crash_point, outbound_call, wire_point
for _ in range(2):
    with outbound_call("mpay_start_payment"):
        wire_point("before-send")
    print("passed", flush=True)
wire_point("before-send")
print("ended", flush=True)
"""


def run(point):
    return subprocess.run(
        [sys.executable, "-c", PROGRAM], env=os.environ | {"MPAY_CRASHPOINT": point}, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("point", "passed"),
    [
        ("call:mpay_start_payment:before", 0),
        ("call:mpay_start_payment:before-send:2", 1),
        ("call:mpay_start_payment:after:2", 1),
        ("call:elsewhere:before-send", 2),
    ],
)
def test_the_process_dies_at_the_armed_pass_and_says_so(point, passed):
    done = run(point)
    assert (done.returncode, done.stdout) == (-9, "passed\n" * passed)
    assert done.stderr.startswith(f"crash point {point.removesuffix(':2')}: process ")


@pytest.mark.parametrize("point", ["", "call:mpay_start_payment:before:3", "settle:after-commit"])
def test_nothing_happens_at_other_points(point):
    done = run(point)
    assert (done.returncode, done.stdout, done.stderr) == (0, "passed\n" * 2 + "ended\n", "")


def test_a_command_refuses_a_point_that_does_not_exist():
    command = [Path(sys.executable).with_name("mpay"), "states"]
    environment = os.environ | {"MPAY_CRASHPOINT": "settle:after-comit"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr == "mpay: MPAY_CRASHPOINT: no crash point is called 'settle:after-comit'\n"
