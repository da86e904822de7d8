"""Messages on the pipes between the gateway and a rendering process: kind, length, content."""

import struct
from enum import Enum
from typing import BinaryIO

_HEAD = struct.Struct(">cI")


class Kind(Enum):
    """`READY` and `FAILED` carry text for the log, `PAPER` goes in, `PDF` comes out."""

    READY = b"r"
    PAPER = b"p"
    PDF = b"d"
    FAILED = b"f"


def write_frame(stream: BinaryIO, kind: Kind, content: bytes) -> None:
    """Write one message and push it out.

    Raises: OSError when the other side is gone.
    """
    stream.write(_HEAD.pack(kind.value, len(content)) + content)
    stream.flush()


def read_frame(stream: BinaryIO) -> tuple[Kind, bytes]:
    """Wait for one message.

    Raises: EOFError when the other side is gone, ValueError for what is no message.
    """
    kind, length = _HEAD.unpack(_read_exactly(stream, _HEAD.size))
    return Kind(kind), _read_exactly(stream, length)


def _read_exactly(stream: BinaryIO, length: int) -> bytes:
    content = stream.read(length)
    if content is None or len(content) < length:
        raise EOFError("the other side is gone")
    return content
