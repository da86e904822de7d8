"""Names of properties that are longer than the contract lets them come back: shortened so that no two become one."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import Final

_DIGITS: Final = (8, 32)
"""Of a digest: what tells names apart, and what does where names look like digests themselves."""


def short_names(names: Iterable[str], longest: int) -> dict[str, str]:
    """Each name as it comes back, `longest` characters at most (33 or more); what fits stays as it is.

    A longer one is cut. Where that is another's name, it ends in `~` and the beginning of the SHA-256 of the whole
    name: who gets two values under one name cannot tell which is which. The order of the names changes nothing.
    """
    short = {name: name if len(name) <= longest else name[:longest].rstrip() for name in names}
    for digits in _DIGITS:
        used = Counter(short.values())
        short = {
            name: _told_apart(name, longest, digits) if used[cut] > 1 and len(name) > longest else cut
            for name, cut in short.items()
        }
    return short


def _told_apart(name: str, longest: int, digits: int) -> str:
    end = f"~{hashlib.sha256(name.encode()).hexdigest()[:digits]}"
    return name[: longest - len(end)] + end
