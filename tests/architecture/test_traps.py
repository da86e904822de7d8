"""Every trap of the contract has a test that is named after it, and every test that is so named has its trap."""

import ast
import re
from collections import Counter

from tests.architecture import checkout

TRAPS = """
Order not found has four forms · singular/plural flags · Canceled/Organisation · empty or string DestinationAccount · BankFiscalCode ·
undocumented Id, IsVisible and Types · `HO:` prefix · over-long texts · zoneless local times, and the hour that occurs twice when
summer time ends · clock skew in both directions · four KeyInfo forms · rsa-sha1 next to rsa-sha256 · pretty-printed signed replies ·
Header after Body · HTTP 200 faults · an expired order confirmed after its due date (refused for ever: needs a way out) ·
an array with more than one order · an order whose amount changed between showing and paying.
"""  # noqa: E501
"""Section 9 of the contract, as it stands."""

PREFIX = "test_trap_"


def slug(trap: str) -> str:
    """A trap as a name: what is said of it in brackets is no part of it."""
    plain = re.sub(r"\(.*\)", "", trap)
    return re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")


def wanted() -> list[str]:
    return [PREFIX + slug(each) for each in " ".join(TRAPS.split()).split("·")]


def written() -> Counter[str]:
    """How often each test of a trap is written, anywhere in the checkout."""
    folders = (checkout.ROOT / "tests", checkout.ROOT / "plugins", checkout.ROOT / "counterparts")
    found: Counter[str] = Counter()
    for folder in folders:
        for path in sorted(folder.rglob("test_*.py")):
            if path.name == "test_traps.py" and path.parent.name == "architecture":
                continue
            tree = ast.parse(path.read_text("utf-8"))
            found.update(
                each.name
                for each in ast.walk(tree)
                if isinstance(each, ast.FunctionDef) and each.name.startswith(PREFIX)
            )
    return found


def test_the_list_is_read_whole():
    assert len(wanted()) == 18
    assert wanted()[0] == "test_trap_order_not_found_has_four_forms"
    assert wanted()[-3] == "test_trap_an_expired_order_confirmed_after_its_due_date"


def test_every_trap_has_one_test_and_every_such_test_a_trap():
    assert written() == Counter(wanted())
