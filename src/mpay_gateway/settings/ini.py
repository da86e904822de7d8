"""The ini file that a command or a server is pointed at, and the TOML that it names."""

import os
from configparser import ConfigParser, Error
from pathlib import Path

from mpay_gateway.domain.errors import ConfigurationError

SETTING = "mpay.settings"
_SECTIONS = ("app:main", "app:mpay")


def find_ini(option: Path | None = None) -> Path:
    """The ini to use: the command's option, else MPAY_CONFIG, else ./development.ini."""
    return option or Path(os.environ.get("MPAY_CONFIG") or "development.ini")


def read_ini(path: Path) -> Path:
    """The path of the gateway's TOML that an ini names in `[app:main] mpay.settings`.

    `%(here)s` is the ini's own folder; a relative path starts there too. Raises: ConfigurationError.
    """
    here = path.absolute().parent
    parser = ConfigParser(defaults={"here": str(here), "__file__": str(path.absolute())})
    try:
        with path.open(encoding="utf-8") as file:
            parser.read_file(file)
        section = next((name for name in _SECTIONS if parser.has_option(name, SETTING)), "")
        named = parser.get(section, SETTING) if section else ""
    except OSError as error:
        raise ConfigurationError((f"{path}: cannot be read: {error.strerror}",)) from error
    except (Error, UnicodeDecodeError) as error:
        raise ConfigurationError((f"{path}: not a usable ini: {' '.join(str(error).split())}",)) from error
    if not named:
        raise ConfigurationError((f"{path}: [app:main] {SETTING} is required, and missing",))
    return here / named
