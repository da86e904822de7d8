"""Rules on code that no general tool knows. Each says what it found, file by file."""

import ast
import importlib.metadata
import re
import sys
import tomllib

from packaging.specifiers import SpecifierSet

from mpay_gateway.hooks.specs import HookSpecs
from tests.architecture import checkout

CATCH_ALL = {"Exception", "BaseException"}
# Where an unknown failure of one call is turned into a declared one, so that the next call goes on.
MAY_CATCH_ALL = (
    "src/mpay_gateway/plugin_host/",
    "src/mpay_gateway/worker/",
    "src/mpay_gateway/storage/unit_of_work.py",  # what follows a commit cannot undo it
    "src/mpay_gateway/documents/worker.py",  # a process that draws papers; its pipe is the boundary
    "src/mpay_gateway/cli/main.py",  # a person at the terminal reads one line, or asks for the trace
)
LONGEST_MODULE = 300
# Each migration is one step that is written once.
MIGRATIONS = "src/mpay_gateway/storage/migrations/versions/"
# Modules that are long for a reason; the reason is for the reader who wants to add another.
LONG_MODULES = {
    "src/mpay_gateway/storage/tables.py": "one table after another, read as a list",
}
# Other people's machines and registries: where we install from is each machine's own affair.
PLACES = re.compile(
    r"(?<![\w.:/*}])/(?:home|root|Users|work|workspace|mnt)/\w"
    r"|py" r"pi\.org|python" r"hosted|npm" r"js\.|deb\.deb" r"ian|index-" r"url"
)  # fmt: skip
TEXT_SUFFIXES = {
    "", ".cfg", ".css", ".ini", ".json", ".md", ".mako", ".po", ".pot", ".pt", ".py", ".sh", ".sql", ".svg",
    ".toml", ".txt", ".yaml", ".yml",
}  # fmt: skip
# Debian 12's.
OLDEST_PYTHON = "3.11.2"
STEP = re.compile(r"(Start|Steps? \d+|Back|Books|Any step)\b")


def our_modules():
    """The modules of the gateway and of the bundled plugins."""
    for package in (checkout.core_packages() | checkout.plugin_packages()).values():
        yield from checkout.modules(package)


def every_module():
    """The modules of every distribution of the checkout."""
    for package in checkout.all_packages().values():
        yield from checkout.modules(package)


def catches_all(node):
    """Tell whether an except clause keeps what nobody declared, instead of raising it again."""
    if not isinstance(node, ast.ExceptHandler) or is_bare_raise(node.body[-1]):
        return False
    caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    return any(name is None or (isinstance(name, ast.Name) and name.id in CATCH_ALL) for name in caught)


def durations(tree):
    """The annotations of what is named as a number of seconds: no money, so it may be a float."""
    for node in ast.walk(tree):
        match node:
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.arg(arg=name) if name.endswith("_seconds"):
                yield from map(id, ast.walk(node.annotation) if node.annotation else ())


def is_bare_raise(statement):
    """Tell whether a statement raises again what was caught."""
    return isinstance(statement, ast.Raise) and statement.exc is None


def is_float(node):
    """Tell whether a node names the type or writes a number of it."""
    if isinstance(node, ast.Name):
        return node.id == "float"
    return isinstance(node, ast.Constant) and isinstance(node.value, float | complex)


def found_by(test, paths):
    """Where a test on syntax nodes is true, as `file:line`."""
    return [
        f"{checkout.relative(path)}:{node.lineno}"
        for path in paths
        for node in ast.walk(checkout.parse(path))
        if test(node)
    ]


def floats_of_value(tree):
    """The lines that use floating point for anything but a duration."""
    exempt = set(durations(tree))
    return [node.lineno for node in ast.walk(tree) if is_float(node) and id(node) not in exempt]


def test_only_boundaries_catch_everything():
    places = found_by(catches_all, our_modules())
    assert [place for place in places if not place.startswith(MAY_CATCH_ALL)] == []


def test_the_rule_on_catching_sees_every_form():
    source = "try: pass\nexcept {}: pass"
    for form in ("Exception", "BaseException as e", "(ValueError, Exception)", ""):
        handler = ast.parse(source.format(form)).body[0].handlers[0]
        assert catches_all(handler), form
    assert not catches_all(ast.parse(source.format("(ValueError, OSError)")).body[0].handlers[0])
    assert not catches_all(ast.parse("try: pass\nexcept Exception:\n close()\n raise").body[0].handlers[0])


def test_the_domain_knows_no_floating_point():
    found = [
        f"{checkout.relative(path)}:{line}"
        for path in checkout.modules(checkout.CORE / "domain")
        for line in floats_of_value(checkout.parse(path))
    ]
    assert found == []


def test_the_rule_on_floating_point_spares_durations_alone():
    source = "skew_seconds: float | None\namount: float\nrate = 0.5\ndef f(wait_seconds: float): ..."
    assert floats_of_value(ast.parse(source)) == [2, 3]


def test_the_domain_stands_on_the_standard_library_alone():
    foreign = {
        f"{checkout.relative(path)}: {name}"
        for path in checkout.modules(checkout.CORE / "domain")
        for name in checkout.imported_names(path)
        if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith("mpay_gateway.domain")
    }
    assert foreign == set()


def test_long_modules_have_a_reason():
    long = {
        checkout.relative(path)
        for path in every_module()
        if len(path.read_text("utf-8").splitlines()) > LONGEST_MODULE
    }
    long = {name for name in long if not name.startswith(MIGRATIONS)}
    assert long - set(LONG_MODULES) == set(), "split these, or give a reason"
    assert set(LONG_MODULES) - long == set(), "these are short now: drop them from the list"


def test_templates_never_write_markup_unescaped():
    templates = [path for path in checkout.files_under_version_control() if path.suffix == ".pt"]
    outspoken = [checkout.relative(path) for path in templates if "structure" in path.read_text("utf-8")]
    assert outspoken == []


def test_nothing_names_a_machine_or_a_registry():
    own_place = str(checkout.ROOT) if len(checkout.ROOT.parts) > 2 else None
    found = []
    for path in checkout.files_under_version_control():
        if path.suffix not in TEXT_SUFFIXES:
            continue
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), start=1):
            if PLACES.search(line) or (own_place and own_place in line):
                found.append(f"{checkout.relative(path)}:{number}: {line.strip()[:80]}")
    assert found == []


def test_every_hook_says_its_step_what_it_raises_and_whether_it_does_io():
    hooks = {name: value.__doc__ or "" for name, value in vars(HookSpecs).items() if name.startswith("mpay_")}
    assert hooks
    for name, text in hooks.items():
        assert STEP.match(text), f"{name} does not begin with its step"
        assert re.search(r"\b[Rr]aise", text), f"{name} does not say what it raises"
        assert "I/O" in text, f"{name} does not say whether it does I/O"


def test_every_foreign_import_is_a_declared_requirement():
    providers = importlib.metadata.packages_distributions()
    undeclared = set()
    for package, folder in checkout.all_packages().items():
        declared = {canonical(name) for name in requirements(folder.parents[1])}
        for path in checkout.modules(folder):
            for name in {imported.split(".")[0] for imported in checkout.imported_names(path)}:
                if name in sys.stdlib_module_names or name in {package, "_typeshed"}:
                    continue
                if declared.isdisjoint(map(canonical, providers.get(name, [name]))):
                    undeclared.add(f"{checkout.relative(path)}: {name}")
    assert undeclared == set()


def test_every_pin_runs_on_the_oldest_python():
    pins = (checkout.ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pinned = {canonical(pin.split("==")[0]) for pin in pins if "==" in pin}
    demands = {
        found.name: found.metadata["Requires-Python"]
        for found in importlib.metadata.distributions()
        if canonical(found.name) in pinned and found.metadata["Requires-Python"]
    }
    assert demands
    unfit = {name: demand for name, demand in demands.items() if OLDEST_PYTHON not in SpecifierSet(demand)}
    assert unfit == {}


def requirements(distribution):
    """The names that a distribution's own description requires; the core's is a script."""
    if distribution == checkout.ROOT:
        lines = assigned_list(distribution / "setup.py", "REQUIREMENTS")
    else:
        described = tomllib.loads((distribution / "pyproject.toml").read_text("utf-8"))
        lines = described["project"].get("dependencies", [])
    return [re.split(r"[^\w.-]", line)[0] for line in lines]


def assigned_list(module, name):
    """The literal list that a module assigns to a name."""
    for node in checkout.parse(module).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return ast.literal_eval(node.value)
    raise LookupError(f"{module} assigns no {name}")


def canonical(name):
    """A distribution's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()
