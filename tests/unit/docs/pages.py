"""Pages of docs/ as data: the files that they print, their blocks."""

import re
from pathlib import Path

DOCS = Path(__file__).resolve().parents[3] / "docs"
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"^`([\w./-]+)`\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def files_in(page: str) -> dict[str, str]:
    """The files that a page prints: a line with the path alone, then the block."""
    return dict(_FILE.findall((DOCS / page).read_text("utf-8")))


def blocks_in(page: str, language: str) -> list[str]:
    """The blocks of one language that are no files."""
    text = _FILE.sub("", (DOCS / page).read_text("utf-8"))
    return [content for found, content in _BLOCK.findall(text) if found == language]
