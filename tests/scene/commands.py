"""`mpay` commands that end, run beside a gateway under test as an operator runs them."""

import os
import subprocess

from tests.scene.gateway import Gateway


def mpay(gateway: Gateway, *arguments: str, token: str = "") -> str:
    """What an `mpay` of the gateway's configuration prints. `token`: of the operator who acts."""
    command = [gateway.counterparts.place.command("mpay"), "--config", str(gateway.ini), *arguments]
    environment = os.environ | {"MPAY_OPERATOR_TOKEN": token}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def token_of(gateway: Gateway, name: str) -> str:
    """A token of the operator, who is added if there is none of this name."""
    known = name in mpay(gateway, "operator", "list").split()
    return mpay(gateway, "operator", "add", name, *(("--new-token",) if known else ())).strip()
