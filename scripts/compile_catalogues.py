"""Compile every message catalogue of the checkout that is older than its source.

A build does the same; this keeps an editable installation fresh after a text was changed.
"""

import sys
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("src", "plugins/*/*/src", "counterparts/*/src")


def catalogues() -> list[Path]:
    """All catalogues of the checkout, in a stable order."""
    found = (path for folder in SOURCES for path in ROOT.glob(f"{folder}/*/locale/*/LC_MESSAGES/*.po"))
    return sorted(found)


def is_stale(source: Path) -> bool:
    """Tell whether the compiled catalogue is missing or older than its source."""
    compiled = source.with_suffix(".mo")
    return not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime


def compile_catalogue(source: Path) -> list[str]:
    """Write the compiled catalogue beside its source, unless there are errors, which are returned."""
    locale = source.parent.parent.name
    try:
        with source.open("rb") as file:
            catalogue = read_po(file, locale=locale, domain=source.stem, abort_invalid=True)
    except PoFileError as error:
        return [f"{source.relative_to(ROOT)}: {error}"]
    errors = [
        f"{source.relative_to(ROOT)}:{message.lineno}: {error}"
        for message, found in catalogue.check()
        for error in found
    ]
    if not errors:
        with source.with_suffix(".mo").open("wb") as file:
            write_mo(file, catalogue)
    return errors


def main() -> int:
    """Compile what is stale; the exit status is 1 if a catalogue has errors."""
    errors = [error for source in catalogues() if is_stale(source) for error in compile_catalogue(source)]
    for error in errors:
        print(error, file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
