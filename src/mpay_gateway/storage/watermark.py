"""How far the database had come, kept in a file beside it: a restored backup does not know that it is one.

The file names a row of the audit that was committed. A database without that row has gone back in time. Rows are
seen here only once they are acknowledged, so a synchronous standby that is promoted has them all.
"""

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from mpay_gateway.domain.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Mark:
    """A row of the audit by its number and digest; 0 before there is any. `epoch`: of the database that had it."""

    epoch: int
    row: int
    digest: str


class Watermark:
    """The file. Processes of one machine may share it: an older mark than the newest is true, too."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Mark | None:
        """None before the first mark. Raises: ConfigurationError when it cannot be read: nobody may guess then."""
        try:
            found = json.loads(self._path.read_text("utf-8"))
            return Mark(int(found["epoch"]), int(found["row"]), str(found["digest"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigurationError(
                (f"[gateway] watermark: {self._path} cannot be read: {error}",)
            ) from error

    def write(self, mark: Mark) -> None:
        """The whole mark or the one before, durable on return. Raises: OSError."""
        handle, temporary = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(asdict(mark), file)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(self._path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
