"""Texts in the one form in which they are compared, kept and sent (Unicode's NFC), however hostile they are."""

import unicodedata

MOST_MARKS = 30
"""Marks on one letter that are kept (UAX 15, Stream-Safe Text Format); no language comes near it."""


def normal_form(text: str) -> str:
    """The text in NFC. Of letters under more than 30 marks the further marks are left out."""
    return unicodedata.normalize("NFC", stream_safe(text))


def stream_safe(text: str) -> str:
    """The text without the marks beyond 30 on one letter.

    To bring marks into order takes the library the square of their number: seconds for one form of 64 KiB, during which
    nobody else in the process is served.
    """
    if text.isascii():
        return text
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= MOST_MARKS:
            kept.append(character)
    return "".join(kept)
