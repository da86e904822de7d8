"""The documents tell the truth: links lead somewhere, and settings, commands, metrics, events, functions exist.

Each check works both ways where it can: what exists is documented, and what is documented exists.
"""

import ast
import dataclasses
import importlib
import re
import shlex
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

import click
import pytest
from babel.messages.pofile import read_po

from mpay_eservice_soap.settings import ServiceSettings
from mpay_gateway.cli.installed import installed_distributions
from mpay_gateway.cli.main import cli
from mpay_gateway.plugin_host.command_groups import load_commands, place_of_commands
from mpay_gateway.plugin_host.discovery import find_plugins
from mpay_gateway.settings import access, gateway, retention, services
from mpay_gateway.web.routes import ROUTES
from tests.architecture import checkout

DOCS = checkout.ROOT / "docs"
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
ROW = re.compile(r"^\| *`([^`]+)`(.*)$", re.MULTILINE)
BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
UNIT_NAMES = re.compile(r"`((?:[a-z]+-)+[a-z]+|settle|agree|captured)`")
LOUD = {"warning", "error", "exception"}

SETTINGS = {
    ("operations.md", "`[gateway]`"): gateway.GatewaySection,
    ("operations.md", "`[plugins]`"): gateway.PluginSettings,
    ("operations.md", "`[outbound]`"): gateway.OutboundSettings,
    ("operations.md", "`[limits]`"): gateway.LimitSettings,
    ("operations.md", "`[access]`"): access.AccessSettings,
    ("operations.md", "`[evidence]`"): retention.EvidenceSettings,
    ("operations.md", "`[access.callers.<id>]`"): access.Caller,
    ("operations.md", "`[provider.<id>]`"): gateway._ProviderKeys,
    ("operations.md", "`[instrument.<id>]`"): gateway._InstrumentKeys,
    ("integrators.md", "Keys of `[[service]]`"): services._Registration,
    ("integrators.md", 'Keys of `[service.settings]` with `connector = "soap"`'): ServiceSettings,
}


def pages() -> list[Path]:
    """Every document under version control."""
    return [path for path in checkout.files_under_version_control() if path.suffix == ".md"]


def text_of(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def section(name: str, heading: str) -> str:
    """The text below a heading, up to the next one."""
    _, found, rest = text_of(name).partition(f"# {heading}\n")
    assert found, f"{name} has no heading {heading!r}"
    return re.split(r"^#", rest, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> dict[str, list[str]]:
    """The rows of the tables in a text by their first cell, when that is code; the other cells."""
    return {first: [cell.strip() for cell in rest.split("|")[1:-1]] for first, rest in ROW.findall(text)}


def anchors(page: Path) -> set[str]:
    """The places in a page that links can name."""
    headings = re.findall(r"^#+ +(.+)$", BLOCK.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> Iterator[str]:
    for target in LINK.findall(BLOCK.sub("", page.read_text("utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        found = (page.parent / file).resolve() if file else page
        if not found.exists():
            yield f"{checkout.relative(page)}: {target}"
        elif anchor and anchor not in anchors(found):
            yield f"{checkout.relative(page)}: {target} (no such heading)"


def test_every_relative_link_leads_somewhere() -> None:
    found = pages()
    assert len(found) > 20
    assert [link for page in found for link in broken_links(page)] == []


def test_the_check_of_links_sees_a_missing_file_and_a_missing_heading(tmp_path: Path) -> None:
    page = checkout.ROOT / "docs" / "flow.md"
    assert {"the-flow", "when-a-step-fails"} <= anchors(page)
    other = tmp_path / "page.md"
    other.write_text(
        "# One\n[a](page.md#one) [b](page.md#two) [c](none.md) [d](https://x.example)\n", "utf-8"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkout, "ROOT", tmp_path)
        assert list(broken_links(other)) == ["page.md: page.md#two (no such heading)", "page.md: none.md"]


def test_the_index_names_every_page() -> None:
    linked = {(DOCS / link.partition("#")[0]).resolve() for link in LINK.findall(text_of("README.md"))}
    missing = [page.name for page in DOCS.rglob("*.md") if page.name != "README.md" and page not in linked]
    assert missing == []


@pytest.mark.parametrize("place", SETTINGS, ids=lambda place: place[1])
def test_every_setting_is_documented_with_its_default(place: tuple[str, str]) -> None:
    documented = rows(section(*place))
    expected = {field.name: default_of(field) for field in dataclasses.fields(SETTINGS[place])}
    assert {name: cells[0] for name, cells in documented.items()} == expected
    assert all(cells[1] for cells in documented.values())


def default_of(field: "dataclasses.Field[object]") -> str:
    """A field's default as the documents write it: nothing when it is required."""
    if field.default_factory is not dataclasses.MISSING:
        value = field.default_factory()
        return "" if field.name == "settings" else f"`{value}`"
    return "" if field.default is dataclasses.MISSING else written(field.default)


def written(value: object) -> str:
    return "none" if value is None else f"`{toml(value)}`"


def toml(value: object) -> str:
    """A default as TOML. A table of which nothing is set is empty, a text in three languages too."""
    match value:
        case bool():
            return str(value).lower()
        case Enum():
            return toml(value.value)
        case tuple():
            return f"[{', '.join(map(toml, value))}]"
        case int() | float():
            return repr(value)
        case str():
            return f'"{value}"'
        case _ if type(value).__name__ == "LocalText":
            return '""'
    return "{}"


def commands(command: click.Command, *path: str) -> Iterator[tuple[str, click.Command]]:
    """Every command below, with its words."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from commands(found, *path, name)
    else:
        yield " ".join(path), command


def test_every_command_is_documented() -> None:
    documented = {name for name in rows(section("operations.md", "Commands")) if name.startswith("mpay ")}
    assert documented == {name for name, _ in commands(cli, "mpay")}


def commands_of_plugins() -> Iterator[tuple[str, click.Command]]:
    """What the installed plugins add to `mpay`."""
    for plugin in find_plugins(tuple(installed_distributions())).plugins.values():
        if place_of_commands(plugin):
            group = load_commands(plugin)
            assert isinstance(group, click.Group)
            yield from commands(group, "mpay", plugin.name)


def test_every_command_that_is_printed_can_be_typed() -> None:
    known = dict(commands(cli, "mpay")) | dict(commands_of_plugins())
    groups = {name.rpartition(" ")[0] for name in known}
    unknown = []
    seen = 0
    for page in pages():
        for line in printed_commands(page.read_text("utf-8")):
            seen += 1
            if problem := mistyped(line, known, groups):
                unknown.append(f"{checkout.relative(page)}: {line}: {problem}")
    assert seen > 40
    assert unknown == []


def printed_commands(text: str) -> Iterator[str]:
    """Lines of blocks, and pieces of code in the text, that begin with `mpay`."""
    for _, block in BLOCK.findall(text):
        for line in re.sub(r"\\\n\s*", " ", block).splitlines():
            if found := re.match(r"\s*(?:\S*/)?(mpay [a-z-].*)", line):
                yield found[1]
    for code in CODE.findall(BLOCK.sub("", text)):
        if re.match(r"mpay [a-z-]", code):
            yield code


def mistyped(line: str, known: dict[str, click.Command], groups: set[str]) -> str:
    """What is wrong with a command line, empty when nothing is."""
    words = [word for word in re.split(r"\s#|[|>]| {3,}", line)[0].split() if word != "…"]
    if words[1:2] == ["--config"]:
        del words[1:3]
    name = " ".join(words[:3]) if " ".join(words[:2]) in groups else " ".join(words[:2])
    if name in groups or "|" in line:
        return ""
    if name not in known:
        return "no such command"
    options = {option for parameter in known[name].params for option in parameter.opts} | {"--help"}
    used = [word for word in shlex.split(" ".join(words).replace("`", "")) if word.startswith("--")]
    return ", ".join(f"no option {option}" for option in used if option not in options)


def test_the_check_of_commands_sees_mistakes() -> None:
    known = dict(commands(cli, "mpay"))
    groups = {name.rpartition(" ")[0] for name in known}
    assert not mistyped("mpay --config a.ini serve --port 1", known, groups)
    assert mistyped("mpay sevre", known, groups) == "no such command"
    assert mistyped("mpay services aply x", known, groups) == "no such command"
    assert mistyped("mpay soap verify x --certifcate y", known, groups) == "no option --certifcate"


def test_every_make_target_that_is_printed_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (checkout.ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    printed = {
        target
        for page in pages()
        for target in re.findall(r"(?:^|`|DIR=\S+ )make ([a-z-]+)", page.read_text("utf-8"), re.MULTILINE)
    }
    assert {"demo", "test"} <= printed
    assert printed - targets == set()


def core_modules() -> Iterator[ast.Module]:
    yield from (checkout.parse(path) for path in checkout.modules(checkout.CORE))


def string_calls(names: set[str]) -> Iterator[str]:
    """The first argument, where it is a text, of every call in the core of a function or method of these names."""
    for tree in core_modules():
        for node in ast.walk(tree):
            match node:
                case ast.Call(
                    func=ast.Attribute(attr=name) | ast.Name(id=name),
                    args=[ast.Constant(value=str(text)), *_],
                ) if name in names:
                    yield text


def test_every_metric_is_documented() -> None:
    counted = {f"{name}_total" for name in string_calls({"Counter"})}
    measured = set(string_calls({"Gauge", "Histogram", "Summary"})) | counted
    assert set(rows(section("operations.md", "Metrics"))) == {name for name in measured if "mpay_" in name}


def test_every_event_that_wants_somebody_is_documented() -> None:
    first_cells = re.findall(r"^\| (`.*?) \|", section("operations.md", "Logs"), re.MULTILINE)
    documented = {name for cell in first_cells for name in CODE.findall(cell)}
    assert documented == {text for text in string_calls(LOUD) if "%" not in text}


def test_every_function_of_the_flow_exists() -> None:
    named = re.findall(r"`([a-z_.]+)\.([a-z_]+)`", text_of("flow.md"))
    assert len(named) > 25
    for module, function in named:
        assert hasattr(importlib.import_module(f"mpay_gateway.flow.{module}"), function), (
            f"{module}.{function}"
        )


def test_every_commit_of_the_flow_exists() -> None:
    named = set(UNIT_NAMES.findall("\n".join(re.findall(r"^\|.*\|$", text_of("flow.md"), re.MULTILINE))))
    assert len(named) > 12
    assert named - set(string_calls({"run", "_keep"})) == set()


def test_every_address_of_the_flow_exists() -> None:
    known = {re.sub(r"\{(\w+):[^/]*?\}(?=/|$|\.)", r"{\1}", route.path) for route in ROUTES}
    named = set(re.findall(r"`(/[\w{}./-]*)`", text_of("flow.md")))
    assert len(named) > 10
    assert named - known == set()


def test_what_payers_read_is_quoted_from_the_pages() -> None:
    catalogue = checkout.CORE / "locale" / "en" / "LC_MESSAGES" / "portal.po"
    with catalogue.open("rb") as file:
        texts = {message.string for message in read_po(file)}
    quoted = set(re.findall(r'^\| "(.+?)" \|', text_of("payers.md"), re.MULTILINE))
    assert len(quoted) > 8
    assert quoted - texts == set()
