"""Check the wheels as a user meets them: nothing is missing in them, and they install and work by themselves.

    python scripts/check_wheels.py WHEELS

Our own distributions come from the folder alone; what they need comes from where pip finds it here.
"""

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = (ROOT / "src", *ROOT.glob("plugins/*/*/src"), *ROOT.glob("counterparts/*/src"))
CORE = "mpay-gateway"
PLUGIN = "mpay-eservice-soap"
PACKAGES = ("mpay_gateway.api", "mpay_gateway.cli", "mpay_gateway.web", "mpay_eservice_soap")


def missing_files(wheels: Path) -> list[str]:
    """The files of each package that no wheel holds, the compiled catalogues among them."""
    packed = {name for wheel in wheels.glob("*.whl") for name in zipfile.ZipFile(wheel).namelist()}
    return sorted(name for source in SOURCES for name in expected_files(source) if name not in packed)


def expected_files(source: Path) -> set[str]:
    """What a wheel must hold of a source folder, as paths inside the wheel."""
    files = (path for path in source.glob("*/**/*") if path.is_file())
    kept = [path for path in files if "__pycache__" not in path.parts and ".egg-info" not in path.parts[-2]]
    catalogues = [path.with_suffix(".mo") for path in kept if path.suffix == ".po"]
    return {path.relative_to(source).as_posix() for path in (*kept, *catalogues)}


def run(*command: str | Path, folder: Path) -> str:
    """Run a command outside the checkout and return what it wrote; end the check if it fails."""
    done = subprocess.run(command, cwd=folder, text=True, capture_output=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def install(wheels: Path, folder: Path) -> Path:
    """Install the core and one plugin into a fresh environment; return its folder of programs."""
    run(sys.executable, "-m", "venv", folder / "env", folder=folder)
    programs = folder / "env" / "bin"
    pip = (programs / "python", "-m", "pip", "install", "-q", "--find-links", wheels)
    run(*pip, "--no-index", "--no-deps", CORE, PLUGIN, folder=folder)
    run(*pip, "--constraint", ROOT / "constraints.txt", CORE, PLUGIN, folder=folder)
    run(programs / "python", "-m", "pip", "check", folder=folder)
    return programs


def use(programs: Path, folder: Path) -> None:
    """Import what was installed and see that the core finds the plugin."""
    imports = "; ".join(f"import {name}" for name in PACKAGES)
    place = run(programs / "python", "-c", f"{imports}; print(mpay_gateway.__file__)", folder=folder)
    if not place.startswith(str(folder)):
        sys.exit(f"the package was imported from {place}")
    listed = run(programs / "mpay", "plugins", folder=folder)
    if PLUGIN not in listed:
        sys.exit(f"`mpay plugins` does not list {PLUGIN}:\n{listed}")


def main() -> None:
    """Check the folder of wheels that the command line names."""
    wheels = Path(sys.argv[1]).resolve()
    missing = missing_files(wheels)
    if missing:
        sys.exit("\n".join(["no wheel holds:", *missing]))
    with tempfile.TemporaryDirectory(prefix="mpay-wheels-") as folder:
        use(install(wheels, Path(folder)), Path(folder))
    print(f"{len(list(wheels.glob('*.whl')))} wheels are complete; {CORE} and {PLUGIN} install and work")


if __name__ == "__main__":
    main()
