"""The face of the papers: Fira Sans (SIL Open Font License 1.1), from the distribution `fontpkg-fira-sans`.

The files come with a Python package, not from the system: the same bytes on every machine, and no font of
another name can slip in between.
"""

from importlib.util import find_spec
from pathlib import Path

from mpay_gateway.domain.errors import ConfigurationError

FAMILY = "Fira Sans"
_PACKAGE = "fontpkg_fira_sans"
_FACES = {400: "FiraSans-Regular.ttf", 500: "FiraSans-Medium.ttf", 600: "FiraSans-SemiBold.ttf"}
_NEEDED = "ĂăÂâÎîȘșȚț" + "АБВЯабвяЁёЪъЫыЭэ№" + "„”«»“”’–—·%0123456789"


def font_files() -> dict[int, Path]:
    """The file of each weight that the papers use, by CSS weight; they may not exist."""
    spec = find_spec(_PACKAGE)
    folder = Path(spec.origin).parent / "files" if spec and spec.origin else Path(_PACKAGE)
    return {weight: folder / name for weight, name in _FACES.items()}


def check_fonts() -> None:
    """Make sure that every face is there, bears the right name and has Romanian and Cyrillic letters.

    Raises: ConfigurationError that names each face that is missing or unfit, and what to install.
    """
    problems = tuple(problem for path in font_files().values() if (problem := _problem(path)))
    if problems:
        raise ConfigurationError(problems)


def _problem(path: Path) -> str:
    from fontTools.ttLib import TTFont, TTLibError  # type: ignore[import-untyped]

    if not path.is_file():
        return f"font {FAMILY!r}: no file {path.name}; install the distribution fontpkg-fira-sans"
    try:
        with path.open("rb") as file, TTFont(file, lazy=True) as font:
            name = font["name"].getDebugName(16) or font["name"].getDebugName(1)
            missing = sorted({letter for letter in _NEEDED if ord(letter) not in font.getBestCmap()})
    except (TTLibError, OSError) as error:
        return f"font {FAMILY!r}: {path.name} cannot be read: {error}"
    if name != FAMILY:
        return f"font {FAMILY!r}: {path.name} is {name!r}"
    if missing:
        return f"font {FAMILY!r}: {path.name} has no {''.join(missing)}"
    return ""
