"""Files that commands leave behind: whole or not at all, whenever the process dies and however full the disk is."""

import os
import tempfile
from pathlib import Path

import click

from mpay_gateway.crash_points import crash_point

REPORT_FILE = click.Path(path_type=Path, allow_dash=True, dir_okay=False)
"""The type of an option that names where a report goes; `-` is standard output."""


def write_report(path: Path, text: str) -> None:
    """The report where the option says. A device, a pipe or a socket is written to; only files are replaced.

    Raises: OSError, which names the file.
    """
    if str(path) == "-":
        click.echo(text, nl=False)
    elif path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8")
    else:
        write_whole(path, text)


def write_whole(path: Path, text: str) -> None:
    """Put the text into a file of this name: see `write_whole_bytes`."""
    write_whole_bytes(path, text.encode())


def write_whole_bytes(path: Path, content: bytes) -> None:
    """Put the bytes into a file of this name, with its mode if there is one already, else for its owner alone.

    A link stays: what it leads to is replaced. Raises: OSError, which names the file; then it is as it was.
    """
    target = path.resolve()
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        raise _about(path, error) from error
    try:
        with os.fdopen(handle, "wb") as file:
            if target.exists():
                Path(temporary).chmod(target.stat().st_mode & 0o777)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        crash_point("whole-file:before-rename")
        Path(temporary).replace(target)
        crash_point("whole-file:after-rename")
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _about(path, error) from error
        raise


def _about(path: Path, error: OSError) -> OSError:
    """The same, for somebody who named the file."""
    return OSError(error.errno, error.strerror, str(path))
