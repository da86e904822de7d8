"""What the checkout holds: the packages of each distribution, their modules, the versioned files."""

import ast
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "src" / "mpay_gateway"
PLUGIN_SOURCES = "plugins/*/*/src"
COUNTERPART_SOURCES = "counterparts/*/src"


def packages(pattern: str) -> dict[str, Path]:
    """The top-level packages in the source folders that match, by name."""
    inits = ROOT.glob(f"{pattern}/*/__init__.py")
    return {init.parent.name: init.parent for init in sorted(inits)}


def core_packages() -> dict[str, Path]:
    """The gateway's own package."""
    return packages("src")


def plugin_packages() -> dict[str, Path]:
    """The packages of the bundled plugins."""
    return packages(PLUGIN_SOURCES)


def counterpart_packages() -> dict[str, Path]:
    """The packages of the other side: a demo e-Service, its kit, a sandbox bank."""
    return packages(COUNTERPART_SOURCES)


def all_packages() -> dict[str, Path]:
    """Every package that a distribution of this checkout installs."""
    return core_packages() | plugin_packages() | counterpart_packages()


def modules(package: Path) -> Iterator[Path]:
    """The Python files of a package."""
    return iter(sorted(package.rglob("*.py")))


def children(package: Path) -> set[str]:
    """The names of the modules and packages directly below a package."""
    found = {path.parent.name for path in package.glob("*/__init__.py")}
    return found | {path.stem for path in package.glob("*.py") if path.stem not in {"__init__", "__main__"}}


def parse(module: Path) -> ast.Module:
    """The syntax tree of a module."""
    return ast.parse(module.read_text("utf-8"), filename=str(module))


def imported_names(module: Path) -> Iterator[str]:
    """The dotted name of each absolute import of a module, wherever in it."""
    for node in ast.walk(parse(module)):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(name), level=0):
                yield name


def relative(path: Path) -> str:
    """The path as a message shows it."""
    return path.relative_to(ROOT).as_posix()


def files_under_version_control() -> list[Path]:
    """What a clone would hold, with what is new and not ignored; every file when this is no clone."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    if not (ROOT / ".git").exists():
        return [path for path in sorted(ROOT.rglob("*")) if path.is_file() and ".venv" not in path.parts]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [path for name in sorted(filter(None, listed.split("\0"))) if (path := ROOT / name).is_file()]


def source_path() -> str:
    """A PYTHONPATH with every source folder, so that the checks need no installation."""
    folders = [ROOT / "src", *sorted(ROOT.glob(PLUGIN_SOURCES)), *sorted(ROOT.glob(COUNTERPART_SOURCES))]
    return os.pathsep.join(map(str, folders))
