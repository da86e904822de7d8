"""docs/eservice-developers.md: its messages are really said, its traps are the contract's, its checks exist."""

import re
from pathlib import Path

import pytest

from mpay_eservice_soap.texts import LENGTHS
from mpay_gateway.conformance import CATALOGUE
from tests.architecture.test_traps import slug, wanted
from tests.unit.docs.pages import DOCS, steps_in
from tests.unit.docs.real_messages import envelope, exchanged, part, payload, unannotated

PAGE = "eservice-developers.md"
CHECK = re.compile(r"\b[A-Z]{3}-\d{2}\b")


def blocks_below(heading: str) -> list[str]:
    return [unannotated(step.content) for step in steps_in(PAGE, heading) if step.language == "xml"]


def test_the_messages_are_what_is_really_said(tmp_path: Path) -> None:
    request, orders, paid, yes, _unknown, refusal = exchanged(tmp_path, "1.3")
    real = [envelope(request), payload(orders), payload(paid), envelope(yes), payload(refusal)]
    for shown, said in zip(blocks_below("The messages"), real, strict=True):
        assert shown == said


def test_a_service_of_2016_is_really_told_this(tmp_path: Path) -> None:
    request, _, paid, *_ = exchanged(tmp_path, "2016")
    real = [part(request, "query"), part(paid, "PaymentConfirmationLine")]
    for shown, said in zip(blocks_below("Services of 2016"), real, strict=True):
        assert shown == said


@pytest.mark.parametrize("heading", ["The messages", "Services of 2016"])
def test_each_message_is_explained(heading: str) -> None:
    blocks = [step.content for step in steps_in(PAGE, heading) if step.language == "xml"]
    assert blocks
    assert all("<!-- " in block for block in blocks)


def test_every_trap_of_the_contract_is_told() -> None:
    told = re.findall(r"^\| ([^|]+) \| [^|]+ \| ([A-Z]{3}-[^|]+) \|$", text_below("The traps"), re.MULTILINE)
    assert len(told) > 18
    assert set(wanted()) - {"test_trap_" + slug(trap) for trap, _ in told} == set()


def test_every_check_that_is_named_exists() -> None:
    named = set(CHECK.findall((DOCS / PAGE).read_text("utf-8")))
    assert len(named) > 40
    assert named - {check.id for check in CATALOGUE} == set()


def test_the_lengths_are_those_that_texts_are_cut_to() -> None:
    (said,) = re.findall(
        r"^Lengths, in characters: (.*?)\.", text_below("The messages"), re.MULTILINE | re.DOTALL
    )
    told = {
        name: int(group.split()[-1]) for group in said.split(";") for name in re.findall(r"`(\w+)`", group)
    }
    assert told == LENGTHS


def test_a_comment_is_no_part_of_a_message() -> None:
    assert unannotated("<a>\n  <!-- why -->\n  <b/> <!-- two\n lines -->\n</a>\n") == "<a>\n  <b/>\n</a>"


def text_below(heading: str) -> str:
    _, found, rest = (DOCS / PAGE).read_text("utf-8").partition(f"\n## {heading}\n")
    assert found
    return rest.partition("\n## ")[0]
