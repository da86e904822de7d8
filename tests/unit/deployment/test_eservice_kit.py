"""The e-Service kit as a distribution of its own: built whole, and at work where there is no gateway."""

import email
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

import pytest

from tests.linked_libraries import link_libraries, requirements_of

ROOT = Path(__file__).resolve().parents[3]
KIT = ROOT / "counterparts" / "eservice_kit"
BUILT = shutil.ignore_patterns("build", "*.egg-info", "__pycache__")


@dataclass(frozen=True)
class Distribution:
    """What is published."""

    wheel: Path
    source: Path

    def names_in_wheel(self) -> set[str]:
        with zipfile.ZipFile(self.wheel) as archive:
            return set(archive.namelist())

    def names_in_source(self) -> set[str]:
        """Without the folder that all stand in."""
        with tarfile.open(self.source) as archive:
            return {each.name.partition("/")[2] for each in archive.getmembers() if each.isfile()}

    def metadata(self) -> Message:
        (name,) = (each for each in self.names_in_wheel() if each.endswith(".dist-info/METADATA"))
        with zipfile.ZipFile(self.wheel) as archive:
            return email.message_from_bytes(archive.read(name))


@dataclass(frozen=True)
class Environment:
    """An environment with the kit, what it requires, and nothing else."""

    folder: Path
    libraries: Path

    def run(self, *command: str, status: int = 0) -> str:
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, timeout=120, check=False,
            env={"PATH": str(self.folder / "bin"), "PYTHONPATH": str(self.libraries)},
        )  # fmt: skip
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Distribution:
    """The source archive, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("built")
    shutil.copytree(KIT, folder / "kit", ignore=BUILT)
    command = [
        sys.executable,
        "-m",
        "build",
        "--no-isolation",
        "--outdir",
        str(folder / "dist"),
        str(folder / "kit"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = (folder / "dist").glob("*.whl")
    (source,) = (folder / "dist").glob("*.tar.gz")
    return Distribution(wheel, source)


@pytest.fixture(scope="module")
def installed(built: Distribution, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    folder = tmp_path_factory.mktemp("installed")
    environment = Environment(folder / "env", folder / "libraries")
    link_libraries(environment.libraries, *requirements_of(KIT))
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(environment.folder)], check=True, timeout=120
    )
    pip = [sys.executable, "-m", "pip", "--python", str(environment.folder / "bin" / "python")]
    install = [*pip, "install", "--quiet", "--no-index", "--disable-pip-version-check", str(built.wheel)]
    with_libraries = os.environ | {"PYTHONPATH": str(environment.libraries)}
    done = subprocess.run(
        install, capture_output=True, text=True, timeout=120, check=False, env=with_libraries
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return environment


def test_its_description_is_whole(built: Distribution) -> None:
    described = built.metadata()
    assert (described["Name"], described["Requires-Python"]) == ("mpay-eservice-kit", ">=3.11")
    assert (described["License-Expression"], described["License-File"]) == ("Apache-2.0", "LICENSE")
    assert described["Summary"]
    assert described["Keywords"]
    assert "Typing :: Typed" in described.get_all("Classifier", [])
    assert described.get_all("Project-URL", []) == []
    assert described["Description-Content-Type"] == "text/markdown"
    text = described.get_payload(decode=True)
    assert isinstance(text, bytes)
    assert text.decode() == (KIT / "README.md").read_text("utf-8")


def test_its_readme_needs_nothing_beside_it() -> None:
    """Where packages are published there is no folder around it for links to lead into."""
    assert "](" not in (KIT / "README.md").read_text("utf-8")


def test_it_holds_its_modules_its_types_its_description_and_no_tests(built: Distribution) -> None:
    source = KIT / "src"
    modules = {
        path.relative_to(source).as_posix() for path in (source / "eservice_kit").glob("*") if path.is_file()
    }
    assert {"eservice_kit/py.typed", "eservice_kit/service_provider.wsdl"} <= modules
    assert {name for name in built.names_in_wheel() if ".dist-info/" not in name} == modules
    archived = {name for name in built.names_in_source() if ".egg-info/" not in name}
    beside = {"LICENSE", "MANIFEST.in", "PKG-INFO", "README.md", "pyproject.toml", "setup.cfg"}
    assert archived == beside | {f"src/{name}" for name in modules}


def test_its_licence_is_the_projects() -> None:
    assert (KIT / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_it_needs_what_it_says_and_no_gateway(installed: Environment) -> None:
    said = installed.run("python", "-c", "import eservice_kit; print(eservice_kit.__file__)")
    assert said.startswith(str(installed.folder))
    assert "ModuleNotFoundError" in installed.run("python", "-c", "import mpay_gateway", status=1)
    modules = "import pkgutil, eservice_kit, importlib\nfor each in pkgutil.iter_modules(eservice_kit.__path__):\n    "
    installed.run("python", "-c", modules + "importlib.import_module('eservice_kit.' + each.name)")


def test_its_commands_work(installed: Environment) -> None:
    names = ("--common-name", "shop", "--key", "shop.key", "--certificate", "shop.crt")
    installed.run("eservice-kit", "make-certificate", *names)
    assert "BasicHttpBinding_IServiceProvider" in installed.run("eservice-kit", "wsdl")
    (installed.folder / "unsigned.xml").write_text("<nothing/>", "utf-8")
    said = installed.run("eservice-kit", "verify", "unsigned.xml", "--certificate", "shop.crt", status=1)
    assert said.startswith("refused: ")
