"""The one module that reaches out: reads the files of the account's folder, and leaves them where they are."""

import errno
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from mpay_gateway.api import Money, RemoteUnavailable, sum_money
from mpay_provider_collector import camt, csv_file
from mpay_provider_collector.settings import CURRENCY, CollectorSettings
from mpay_provider_collector.statement_file import StatementFile, Unreadable, shown

LARGEST_FILE = 16 << 20
LARGEST_FOLDER = 16 << 20
"""Bytes of all files: what is read within half the deadline of a call, the shortest lines on a busy machine."""
_READERS: Mapping[str, Callable[[str, bytes, CollectorSettings], StatementFile]] = {
    ".xml": camt.read,
    ".csv": csv_file.read,
}


@dataclass(frozen=True, slots=True)
class Found:
    """A file that was read. `body`: as it is. `total`: what its lines come to."""

    name: str
    body: bytes
    file: StatementFile
    total: Money


@dataclass
class Folder:
    """All files of a folder that are statements. `problems`: those that are not believed, and why.

    `others`: how many are neither .xml nor .csv. The same content under another name is the same file.
    """

    found: list[Found] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    others: int = 0

    def of(self, day: date) -> list[Found]:
        """The files that tell of a day."""
        return [each for each in self.found if day in each.file.days]


def read_folder(settings: CollectorSettings) -> Folder:
    """Read every file that is there now. Raises: RemoteUnavailable when the folder cannot be read."""
    folder, seen, names = Folder(), set[str](), dict[str, str]()
    for path in _files(settings.statements):
        if path.suffix.lower() not in _READERS:
            folder.others += 1
            continue
        try:
            body = _content(path)
            if (digest := hashlib.sha256(body).hexdigest()) in seen:
                continue
            seen.add(digest)
            found = _read(path, body, settings)
            _check_names(found.file, path.name, names)
        except Unreadable as problem:
            if os.path.lexists(path):  # else it was moved away while the folder was read
                folder.problems.append(f"{shown(path.name)}: {problem}")
        else:
            folder.found.append(found)
    return folder


def read_file(path: Path, settings: CollectorSettings) -> Found:
    """One file by itself, wherever it lies. Raises: Unreadable."""
    if path.suffix.lower() not in _READERS or path.name.startswith("."):
        raise Unreadable("names that end in .xml or .csv are read, and none that begins with a dot")
    return _read(path, _content(path), settings)


def put(found: Found, settings: CollectorSettings) -> bool:
    """Put a file that was read into the account's folder, whole or not at all. False when it is there already.

    Raises: Unreadable when another file is there under its name, or a statement of its name with other content, or no
    room for it; RemoteUnavailable.
    """
    folder = read_folder(settings)
    if any(each.body == found.body for each in folder.found):
        return False
    _check_names(found.file, found.name, {name: each.name for each in folder.found for name in each.file.ids})
    if _counted(_sizes(settings.statements)) + len(found.body) > LARGEST_FOLDER:
        raise Unreadable(
            f"{settings.statements} would hold more than {LARGEST_FOLDER >> 20} MiB with it: move what is old away"
        )
    target = settings.statements / found.name
    handle, unfinished = tempfile.mkstemp(dir=settings.statements, prefix=f".{found.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(found.body)
            file.flush()
            os.fsync(file.fileno())
        Path(unfinished).chmod(0o640)
        os.link(unfinished, target)  # unlike a rename, never over another file
    except FileExistsError as error:
        raise Unreadable(
            f"{shown(found.name)} is in {settings.statements} already, with other content"
        ) from error
    finally:
        Path(unfinished).unlink()
    return True


def _read(path: Path, body: bytes, settings: CollectorSettings) -> Found:
    try:
        file = _READERS[path.suffix.lower()](path.name, body, settings)
        total = sum_money((each.line.gross for each in file.lines), CURRENCY)
    except ValueError as error:
        raise Unreadable("its amounts are out of range") from error
    return Found(path.name, body, file, total)


def _files(folder: Path) -> Iterator[Path]:
    """The folder's own files in the order of their names. Raises: RemoteUnavailable."""
    sizes = _sizes(folder)
    if _counted(sizes) > LARGEST_FOLDER:
        raise RemoteUnavailable(
            f"the folder {folder} holds more than {LARGEST_FOLDER >> 20} MiB: move what is old away"
        )
    return iter(sizes)


def _sizes(folder: Path) -> dict[Path, int]:
    """Of the folder's own files in the order of their names; hidden ones are not finished yet.

    Raises: RemoteUnavailable.
    """
    try:
        paths = sorted(each for each in folder.iterdir() if not each.name.startswith("."))
    except OSError as error:
        raise RemoteUnavailable(f"the folder {folder} cannot be read: {error.strerror}") from error
    sizes = {path: _size(path) for path in paths}
    return {path: size for path, size in sizes.items() if size is not None}


def _counted(sizes: Mapping[Path, int]) -> int:
    """Bytes of all that are read."""
    return sum(size for size in sizes.values() if size <= LARGEST_FILE)


def _size(path: Path) -> int | None:
    """None for what is no file. Zero for what does not say: whoever opens it is told why."""
    try:
        known = path.stat()
    except OSError:
        return 0
    return known.st_size if stat.S_ISREG(known.st_mode) else None


def _content(path: Path) -> bytes:
    """Raises: Unreadable; also for a link, which may lead to what whoever put it there must not see."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            known = os.fstat(file.fileno())
            if not stat.S_ISREG(known.st_mode):
                raise Unreadable("it is no file")
            if known.st_size > LARGEST_FILE:
                raise Unreadable(f"it is larger than {LARGEST_FILE >> 20} MiB")
            return file.read(LARGEST_FILE)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise Unreadable("it is a link: put the file itself there") from error
        raise Unreadable(f"it cannot be read: {error.strerror}") from error


def _check_names(file: StatementFile, name: str, names: dict[str, str]) -> None:
    """A statement's own name stands for one content. Raises: Unreadable."""
    for each in file.ids:
        if (other := names.get(each)) is not None:
            raise Unreadable(f"statement {shown(each)} stands in {shown(other)} too, with other content")
    names |= dict.fromkeys(file.ids, name)
