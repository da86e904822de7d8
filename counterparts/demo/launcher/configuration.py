"""The configuration of one demo: the checkout's own files, moved to the demo's folder and ports."""

import re
import shutil
from pathlib import Path

from .keys import ensure_pair, ensure_secret, write_private
from .place import CHECKOUT, DEFAULT_PORT_BASE, DemoError, Place

_INI = CHECKOUT / "development.ini"
_GATEWAY = CHECKOUT / "config" / "demo.toml"
_SERVICES = CHECKOUT / "config" / "services.demo.toml"
_FORMS = CHECKOUT / "config" / "forms.demo.toml"
_LOGOS = CHECKOUT / "config" / "logos"
_FOLDER_IN_FILES = "../var/demo/"
_ADDRESS = re.compile(r"\b(127\.0\.0\.1:)([0-9]{4})\b")
_TOML_IN_INI = "%(here)s/config/demo.toml"


def prepare(place: Place) -> None:
    """Make the folder with everything that the programs are started with; what is there already stays.

    Raises: DemoError when the folder cannot be written.
    """
    try:
        for folder in (place.folder, place.folder / "keys", place.folder / "secrets"):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in ("gateway", "service"):
            ensure_pair(place.folder / "keys", name)
        bank_secrets(place)
        kiosk_secret(place)
        shutil.copytree(_LOGOS, place.folder / "logos", dirs_exist_ok=True)
        _write(place.ini, _moved(_INI, place).replace(_TOML_IN_INI, "%(here)s/gateway.toml"))
        _write(place.folder / "gateway.toml", _moved(_GATEWAY, place))
        _write(place.services, _moved(_SERVICES, place))
        _write(place.forms, _moved(_FORMS, place))
    except OSError as error:
        raise DemoError(f"The demo's folder cannot be written: {error}") from error


def bank_secrets(place: Place) -> dict[str, str]:
    """The two secrets that gateway and bank share, as the bank's environment."""
    folder = place.folder / "secrets"
    return {
        "SANDBOX_SECRET": ensure_secret(folder / "bank-api"),
        "SANDBOX_CALLBACK_SECRET": ensure_secret(folder / "bank-callbacks"),
    }


def kiosk_secret(place: Place) -> dict[str, str]:
    """The password by which the kiosk network calls the gateway, as the network's environment."""
    return {"KIOSK_PASSWORD": ensure_secret(place.folder / "secrets" / "kiosk-network")}


def _moved(file: Path, place: Place) -> str:
    """A file of the checkout with the demo's ports, and with paths that start at the demo's folder."""
    offset = place.port_base - DEFAULT_PORT_BASE
    text = file.read_text("utf-8").replace(_FOLDER_IN_FILES, "")
    return _ADDRESS.sub(lambda found: f"{found[1]}{int(found[2]) + offset}", text)


def _write(path: Path, text: str) -> None:
    write_private(path, text.encode())
