"""docs/eservice-developers.md, followed from an empty folder; and every service that a page shows is its service."""

import re
from collections.abc import Iterator

import pytest

from tests.architecture.checkout import files_under_version_control
from tests.linked_libraries import requirements_of
from tests.unit.docs.follower import ROOT, Follower, Typed, newcomer
from tests.unit.docs.pages import files_in, steps_in

PAGE = "eservice-developers.md"
SERVER = ".venv/bin/python permits.py"
CHECK = "sh check.sh\n"
NEEDS_HTTPS = {"TRN-10", "TRN-11"}
OF_WHAT_ORDERS_SHOW = ("SHP-", "LOK-", "ENC-")
"""Checks that have nothing to judge where no order has two lines, a personal code and the like."""
RESULT = re.compile(r"^([A-Z]+-\d+) +(passed|FAILED|not run) ", re.MULTILINE)
PYTHON_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Follower]:
    """The page's first part, done."""
    needed = requirements_of(ROOT / "counterparts" / "eservice_kit")
    follower = newcomer(
        tmp_path_factory.mktemp("home"), server=SERVER, libraries=(*needed, "waitress", "setuptools")
    )
    try:
        follower.follow(steps_in(PAGE, "From nothing to green"))
        yield follower
    finally:
        follower.stop()


def checked(followed: Follower) -> list[dict[str, str]]:
    """Of each run of the checks how each ended."""
    return [dict(RESULT.findall(each.output)) for each in followed.typed if each.commands == CHECK]


def ended(results: dict[str, str], how: str) -> set[str]:
    return {check for check, status in results.items() if status == how}


def missing(typed: Typed) -> list[str]:
    """The promised lines that did not come; `…` stands for anything."""
    patterns = {line: re.escape(line).replace("…", ".+") for line in typed.promised.splitlines()}
    return [line for line, form in patterns.items() if not re.search(f"^{form}$", typed.output, re.MULTILINE)]


def test_every_command_does_what_the_page_says(followed: Follower) -> None:
    assert len(followed.typed) == 6
    for typed in followed.typed:
        assert typed.status == (1 if "FAILED" in typed.promised else 0), typed
        assert missing(typed) == [], typed.output


def test_nothing_is_wrong_with_the_service_and_everything_that_its_orders_allow_was_tried(
    followed: Follower,
) -> None:
    right = checked(followed)[0]
    assert len(right) > 150
    assert ended(right, "FAILED") == set()
    others = ended(right, "not run") - NEEDS_HTTPS
    assert [check for check in others if not check.startswith(OF_WHAT_ORDERS_SHOW)] == []
    assert len(others) < 10


def test_what_is_broken_is_found_and_what_is_mended_is_as_printed(followed: Follower) -> None:
    _, broken = checked(followed)
    assert ended(broken, "FAILED") == {"CNF-24", "IDM-02"}
    printed = files_in(PAGE)["permits.py"].replace("8181", str(followed.port))
    assert (followed.folder / "permits.py").read_text("utf-8") == printed


def test_the_service_is_about_fifty_lines() -> None:
    lines = files_in(PAGE)["permits.py"].splitlines()
    assert len([line for line in lines if line.strip()]) <= 60


def test_every_service_that_a_page_shows_is_this_one() -> None:
    """So that none is shown that was not checked: another one wants a run of its own."""
    pages = [path for path in files_under_version_control() if path.suffix == ".md"]
    shown = {
        block: path.name
        for path in pages
        for block in PYTHON_BLOCK.findall(path.read_text("utf-8"))
        if "confirm_order_payment" in block
    }
    assert list(shown) == [files_in(PAGE)["permits.py"]], list(shown.values())


def test_the_check_of_promises_sees_what_did_not_come() -> None:
    said = Typed("", 0, "200 checks: 198 passed\nbye\n", "… checks: … passed\nnothing else\n")
    assert missing(said) == ["nothing else"]
