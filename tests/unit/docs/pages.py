"""Pages of docs/ as data: the files that they print, their blocks."""

import re
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).resolve().parents[3] / "docs"
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"^`([\w./-]+)`\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_STEP = re.compile(r"(?:^`([\w./-]+)`\n)?^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Step:
    """A block of a page; `file` is the path that it is written to, empty for a block that is no file."""

    file: str
    language: str
    content: str


def files_in(page: str) -> dict[str, str]:
    """The files that a page prints: a line with the path alone, then the block."""
    return dict(_FILE.findall((DOCS / page).read_text("utf-8")))


def blocks_in(page: str, language: str) -> list[str]:
    """The blocks of one language that are no files."""
    text = _FILE.sub("", (DOCS / page).read_text("utf-8"))
    return [content for found, content in _BLOCK.findall(text) if found == language]


def steps_in(page: str, heading: str) -> list[Step]:
    """The blocks below a heading of the second level, in their order."""
    _, found, rest = (DOCS / page).read_text("utf-8").partition(f"\n## {heading}\n")
    assert found, f"{page} has no heading {heading!r}"
    return [Step(*step) for step in _STEP.findall(re.split(r"^## ", rest, maxsplit=1, flags=re.MULTILINE)[0])]
