"""Who may import whom: the contracts in pyproject.toml hold, name everybody, and catch each breach."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture import checkout

CONFIGURATION = checkout.ROOT / "pyproject.toml"
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")
OPEN_TO_PLUGINS = {"api", "wssecurity"}


def settings() -> dict:
    """The import-linter section of pyproject.toml."""
    return tomllib.loads(CONFIGURATION.read_text("utf-8"))["tool"]["importlinter"]


def contract(identifier: str) -> dict:
    """One contract, by its id."""
    return next(found for found in settings()["contracts"] if found["id"] == identifier)


def lint_imports(source_path: str) -> subprocess.CompletedProcess:
    """Run import-linter over the packages in these folders."""
    return subprocess.run(
        [LINT_IMPORTS, "--config", CONFIGURATION, "--no-cache"],
        env=os.environ | {"PYTHONPATH": source_path},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copied_sources(tmp_path) -> Path:
    """A copy of every package, to be broken; the editable installation does not reach it."""
    for package in checkout.all_packages().values():
        shutil.copytree(package, tmp_path / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_the_contracts_hold():
    result = lint_imports(checkout.source_path())
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_package_of_the_checkout_is_looked_at():
    assert set(settings()["root_packages"]) == set(checkout.all_packages())


def test_every_plugin_has_a_contract_of_its_own():
    for package in checkout.plugin_packages():
        found = contract(package)
        others = set(checkout.plugin_packages()) - {package}
        assert found["source_modules"] == [package]
        assert found["allow_indirect_imports"] is True
        assert set(found["forbidden_modules"]) == {"mpay_gateway.*", *others}
        allowed = {line.split(" -> ")[1].removesuffix(".**") for line in found["ignore_imports"]}
        assert allowed == {f"mpay_gateway.{name}" for name in OPEN_TO_PLUGINS}


def test_counterparts_and_gateway_are_strangers():
    own = {*checkout.core_packages(), *checkout.plugin_packages()}
    counterparts = set(checkout.counterpart_packages())
    there, back = contract("counterparts"), contract("production")
    assert set(there["source_modules"]) == counterparts == set(back["forbidden_modules"])
    assert set(there["forbidden_modules"]) == own == set(back["source_modules"])


def test_the_conformance_kit_and_the_gateway_are_strangers():
    own = {f"mpay_gateway.{name}" for name in checkout.children(checkout.CORE)}
    own -= {"mpay_gateway.cli", "mpay_gateway.conformance", "mpay_gateway.testing"}
    alone, users = contract("conformance-alone"), contract("conformance-users")
    assert set(alone["forbidden_modules"]) == own - {"mpay_gateway.boundary"}
    assert set(users["source_modules"]) == own


BREACHES = {
    "a plugin reaches into the domain": ("mpay_eservice_soap", "import mpay_gateway.domain.money"),
    "a plugin reaches into the hooks": ("mpay_instrument_bank_card", "from mpay_gateway import hooks"),
    "a plugin knows another": ("mpay_provider_sandbox", "import mpay_eservice_soap"),
    "a lower layer knows a higher one": ("mpay_gateway/domain", "import mpay_gateway.hooks"),
    "the domain knows the database": ("mpay_gateway/domain", "import sqlalchemy"),
    "the core knows SOAP": ("mpay_gateway/hooks", "import zeep"),
    "a counterpart knows the gateway": ("sandbox_bank", "import mpay_gateway.api"),
    "the gateway knows a counterpart": ("mpay_gateway/domain", "import sandbox_bank"),
    "the kit reads as the gateway reads": ("mpay_gateway/conformance", "import mpay_gateway.wssecurity"),
    "the gateway knows the kit": ("mpay_gateway/web", "import mpay_gateway.conformance"),
    "a new package has no layer": ("mpay_gateway/novelty", "import json"),
}


@pytest.mark.parametrize("breach", BREACHES)
def test_a_breach_is_caught(breach, copied_sources):
    package, statement = BREACHES[breach]
    module = copied_sources / package / "breach.py"
    module.parent.mkdir(exist_ok=True)
    (module.parent / "__init__.py").touch()
    module.write_text(statement + "\n", "utf-8")
    result = lint_imports(str(copied_sources))
    assert result.returncode == 1, result.stdout + result.stderr
    assert "BROKEN" in result.stdout
    assert "breach" in result.stdout or "novelty" in result.stdout
