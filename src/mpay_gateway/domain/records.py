"""A plugin's own data in the core's database: bytes under a key, with a version to compare and set by."""

import re
from dataclasses import dataclass

LARGEST_RECORD = 64 * 1024
"""Bytes of one record."""
MOST_LISTED = 1000
"""Records in one answer."""
_KEY = re.compile(r"[!-~]{1,128}\Z", re.ASCII)
_PREFIX = re.compile(r"[!-~]{0,128}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Record:
    """One record as stored. `version`: 1 when it is new, one more at each change."""

    key: str
    value: bytes
    version: int


def check_record(key: str, value: bytes) -> None:
    """Raises: ValueError when the key or the value is out of bounds."""
    if not _KEY.match(key):
        raise ValueError("a record's key has 1 to 128 printable ASCII characters and no space")
    if len(value) > LARGEST_RECORD:
        raise ValueError(f"a record has {LARGEST_RECORD} bytes at most, not {len(value)}")


def check_listing(prefix: str, limit: int) -> None:
    """Raises: ValueError when the prefix cannot begin a key, or too much is asked for."""
    if not _PREFIX.match(prefix):
        raise ValueError("the prefix of a record's key is printable ASCII without space")
    if not 1 <= limit <= MOST_LISTED:
        raise ValueError(f"1 to {MOST_LISTED} records can be listed at once")
