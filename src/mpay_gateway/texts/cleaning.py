"""Text of strangers, made fit to be shown and printed."""

import unicodedata

from mpay_gateway.domain.normal_form import normal_form

_COMBINING_RUN = 2  # no word of any language that is written here stacks more marks on a letter
_SPACES = {"Zs", "Zl", "Zp", "Cc"}


def clean_text(text: str) -> str:
    """`text` in NFC on one line, without control, directional, private and unassigned characters.

    Directional characters could show another amount or name than the one that was sent; marks stacked on a
    letter could paint over the lines above. Runs of white space and line ends are one space.
    """
    kept: list[str] = []
    marks = 0
    for character in normal_form(text):
        category = unicodedata.category(character)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if category in _SPACES:
            kept.append(" ")
        elif not category.startswith("C") and marks <= _COMBINING_RUN:
            kept.append(character)
    return " ".join("".join(kept).split())
