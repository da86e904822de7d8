"""Libraries of this environment for an environment that is to hold nothing else: by links, without the network."""

import importlib.metadata
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement


def requirements_of(project: Path) -> tuple[str, ...]:
    """The names of what the distribution in this folder requires."""
    described = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]
    return tuple(Requirement(each).name for each in described["dependencies"])


def link_libraries(folder: Path, *names: str) -> None:
    """Make a folder for PYTHONPATH in which these distributions are, what they require, and no other."""
    folder.mkdir()
    for entry in sorted({entry for name in names for entry in _entries(name)}):
        (folder / entry.name).symlink_to(entry)


def _entries(name: str) -> Iterator[Path]:
    found = importlib.metadata.distribution(name)
    for file in found.files or ():
        if ".." not in file.parts and file.parts[0] != "__pycache__":
            yield Path(str(found.locate_file(file.parts[0])))
    for requirement in map(Requirement, found.requires or ()):
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield from _entries(requirement.name)
