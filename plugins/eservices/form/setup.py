"""Compile the plugin's message catalogues, if it has any; all else is in pyproject.toml."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build import build

LOCALE = Path("src", "mpay_eservice_form", "locale")
DOMAINS = sorted({path.stem for path in LOCALE.glob("*/LC_MESSAGES/*.po")})

if DOMAINS:
    build.sub_commands.insert(0, ("compile_catalog", None))

setup(options={"compile_catalog": {"directory": str(LOCALE), "domain": " ".join(DOMAINS)}})
