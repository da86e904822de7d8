"""Build of the core distribution; the plugins and counterparts are distributions of their own."""

import re
from pathlib import Path

from babel.messages.setuptools_frontend import compile_catalog
from setuptools import find_packages, setup
from setuptools.command.build import build

ROOT = Path(__file__).parent
PACKAGE = ROOT / "src" / "mpay_gateway"
LOCALE = Path("src", "mpay_gateway", "locale")

REQUIREMENTS = [
    "alembic>=1.16",
    "argon2-cffi>=25.1",
    "babel>=2.17",
    "cattrs>=25.1",
    "chameleon>=4.6",
    "click>=8.2",
    "cryptography>=50",
    # The face of the papers: the same bytes on every machine, unlike a font of the system.
    "fontpkg-fira-sans>=4.203",
    "fonttools>=4.60",
    "granian>=2.8",
    "itsdangerous>=2.2",
    "limits>=5.8",
    # lxml and xmlsec must carry the same libxml2, or xmlsec fails at import.
    "lxml>=6.1.0,<7",
    "pillow>=12",
    "pluggy>=1.7,<2",
    "prometheus-client>=0.22",
    "psycopg[binary]>=3.2.2",
    "pydyf>=0.12",
    "pyramid>=2.0.2,<3",
    "python-stdnum>=2.0",
    "rich>=14",
    "segno>=1.6",
    # pyramid imports pkg_resources, which setuptools 82 no longer has.
    "setuptools>=77,<82",
    "sqlalchemy>=2.1,<3",
    "structlog>=25.1",
    "transaction>=5.0",
    # Chisinau's time on machines without a zone database of their own.
    "tzdata",
    "urllib3>=2.8.0,<3",
    "waitress>=3.0.1",
    # Older releases let a document fetch what the URL fetcher forbids.
    "weasyprint>=70.0",
    "webob>=1.8.11",
    "xmlsec>=1.3.17,<1.4",
    "zope.sqlalchemy>=4.1",
]

DEVELOPMENT = [
    "axe-playwright-python>=0.1.7",
    "build>=1.2",
    "coverage>=7.10",
    "hypothesis>=6.140",
    "import-linter>=2.16",
    "lxml-stubs>=0.5.1",
    "mypy>=2.4",
    "openapi-spec-validator>=0.7",
    "pdfplumber>=0.11",
    "pikepdf>=10",
    "playwright>=1.55",
    "pypdf>=6",
    "pytest>=9",
    "pytest-xdist>=3.8",
    "ruff>=0.17",
    "schemathesis>=4",
    "signxml>=4.0.4",
    "time-machine>=3",
    "types-requests>=2.32",
    "webtest>=3.0.7",
    "wheel>=0.45",
    "zxing-cpp>=2.3",
]

PACKAGE_DATA = [
    "py.typed",
    "locale/*/LC_MESSAGES/*.[pm]o",
    "storage/migrations/**/*.py",
    *(f"**/*.{suffix}" for suffix in ("pt", "css", "js", "svg", "png", "ico", "wsdl", "xsd", "mako", "toml")),
    *(f"**/*.{suffix}" for suffix in ("ttf", "otf", "woff2", "txt")),
]


class CompileCatalogues(compile_catalog):
    """Babel's command, except that a catalogue with errors stops the build."""

    # Options are looked up under this name; by default it is the class's.
    command_name = "compile_catalog"

    def run(self) -> None:
        if super().run():
            raise SystemExit("a message catalogue has errors, see above")


def version() -> str:
    """Read the version from the package without importing it."""
    found = re.search(r'^__version__ = "([^"]+)"', (PACKAGE / "__init__.py").read_text("utf-8"), re.MULTILINE)
    if found is None:
        raise SystemExit(f"{PACKAGE / '__init__.py'} states no __version__")
    return found[1]


def catalogue_domains() -> str:
    """Name the domains that have a catalogue, as Babel's command wants them: parted by spaces."""
    return " ".join(sorted({path.stem for path in (ROOT / LOCALE).glob("*/LC_MESSAGES/*.po")}))


# A sub-command of `build` runs for wheels and for editable installs alike; the latter ignore an overridden
# build_py's errors, not a sub-command's.
if catalogue_domains():
    build.sub_commands.insert(0, ("compile_catalog", None))

setup(
    name="mpay-gateway",
    version=version(),
    description="A plugin-based gateway between payable e-Services and payment providers",
    long_description=(ROOT / "README.md").read_text("utf-8") if (ROOT / "README.md").exists() else "",
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.11",
    package_dir={"": "src"},
    packages=find_packages("src"),
    package_data={"mpay_gateway": PACKAGE_DATA},
    include_package_data=False,
    zip_safe=False,
    install_requires=REQUIREMENTS,
    extras_require={"dev": DEVELOPMENT},
    entry_points={
        "console_scripts": ["mpay = mpay_gateway.cli:main"],
        "paste.app_factory": ["main = mpay_gateway.web:main"],
    },
    cmdclass={"compile_catalog": CompileCatalogues},
    options={"compile_catalog": {"directory": str(LOCALE), "domain": catalogue_domains()}},
)
