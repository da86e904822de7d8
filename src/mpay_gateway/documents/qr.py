"""QR codes as one vector path."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import segno

QUIET_ZONE = 4  # modules, ISO/IEC 18004


@dataclass(frozen=True, slots=True)
class QrDrawing:
    """An SVG path to be stroked one unit wide in a square of `side` units; one unit is one module.

    The square includes the quiet zone.
    """

    path: str
    side: int


def draw_qr(address: str) -> QrDrawing:
    """The QR code of an address, error correction M or better.

    Raises: ValueError when the address is too long for a QR code.
    """
    code = segno.make_qr(address, error="m")
    rows = [list(row) for row in code.matrix]
    return QrDrawing(path="".join(_runs(rows)), side=len(rows) + 2 * QUIET_ZONE)


def _runs(rows: list[list[int]]) -> Iterator[str]:
    """A stroke along each dark run of a row: the shortest path there is, and one that shows no seams."""
    for y, row in enumerate(rows, start=QUIET_ZONE):
        x = QUIET_ZONE
        for dark, modules in groupby(row):
            width = len(list(modules))
            if dark:
                yield f"M{x} {y}.5h{width}"
            x += width
