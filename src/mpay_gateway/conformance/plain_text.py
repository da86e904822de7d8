"""What a service said, fit to be shown: it may hold escapes for terminals, and it may be a megabyte."""

import re
from typing import Final

LONGEST: Final = 400
"""Characters. Nobody reads more of one answer in a report; every byte is in the folder."""
_UNFIT: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
"""Control characters, what turns the direction of writing, and what no XML document may hold."""


def plain(text: str, longest: int = LONGEST) -> str:
    """On one line, each character visible, cut where it goes on for too long."""
    shown = _UNFIT.sub("�", " ".join(text[: 2 * longest].split()))
    if len(text) <= longest:
        return shown
    return f"{shown[:longest]}… ({len(text)} characters)"
