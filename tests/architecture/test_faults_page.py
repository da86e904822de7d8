"""docs/proofs/faults.md: each fault of the catalogue has one row, and each proof that a row names is there."""

import re
from collections import Counter

from tests.architecture.checkout import ROOT
from tests.simulation.mutants import MUTANTS

PAGE = ROOT / "docs" / "proofs" / "faults.md"
LAST = {
    "A": (1, 20),
    "B": (21, 32),
    "C": (33, 54),
    "D": (55, 70),
    "E": (71, 78),
    "F": (79, 83),
    "G": (88, 91),
}
"""G84 to G87 and G92 belong to terminals and mail."""
CATALOGUE = {f"{letter}{n}" for letter, (first, last) in LAST.items() for n in range(first, last + 1)}
ROW = re.compile(r"^\| ([A-G]\d+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
TEST = re.compile(r"^`([\w./-]+\.py)::(\w+)`$")
MUTANT = re.compile(r"^mutant \*([^*]+)\*$")
NOT_PROVED = "not proved: "


def problems(page: str) -> list[str]:
    """What is wrong with the table."""
    rows = ROW.findall(page)
    counts = Counter(number for number, *_ in rows)
    found = [f"{number} has {counts[number]} rows" for number in sorted(CATALOGUE) if counts[number] != 1]
    found += [f"{number} is no fault of the catalogue" for number in counts.keys() - CATALOGUE]
    for number, _, proofs in rows:
        found += [f"{number}: {each}" for each in proofs.strip().split("<br>") if not is_there(each)]
    return found


def is_there(proof: str) -> bool:
    """Whether the test, the scenario of crash points, the duel or the mutant exists, or its absence is admitted."""
    if proof.startswith(NOT_PROVED):
        return len(proof) > len(NOT_PROVED) + 10
    if named := MUTANT.match(proof):
        return any(each.name == named[1] for each in MUTANTS)
    named = TEST.match(proof)
    if named is None or not (ROOT / named[1]).is_file():
        return False
    return re.search(rf"^ *def {named[2]}\(", (ROOT / named[1]).read_text("utf-8"), re.MULTILINE) is not None


def test_each_fault_has_a_row_whose_proofs_are_there():
    assert problems(PAGE.read_text("utf-8")) == []


def test_a_row_that_is_missing_doubled_or_names_nothing_is_seen():
    page = PAGE.read_text("utf-8")
    (first,) = re.findall(r"^\| A1 \|.*\n", page, re.MULTILINE)
    assert problems(page.replace(first, "")) == ["A1 has 0 rows"]
    assert problems(page.replace(first, first * 2)) == ["A1 has 2 rows"]
    strange = f"| A1 | died | `{PAGE.name}` |\n"
    assert problems(page.replace(first, strange)) == [f"A1: `{PAGE.name}`"]
    gone = "| A1 | died | `tests/architecture/test_faults_page.py::test_of_nothing` |\n"
    assert len(problems(page.replace(first, gone))) == 1
    assert problems(page.replace(first, "| A1 | died | mutant *no such* |\n")) == ["A1: mutant *no such*"]
    assert problems(page.replace(first, "| A1 | died | not proved:  |\n")) == ["A1: not proved:"]
