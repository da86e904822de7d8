"""The picture of the states shows the table of changes, no more and no less. It is read as it is kept."""

import re
from collections import Counter
from xml.etree import ElementTree as ET

import pytest

from mpay_gateway.domain.transitions import EDGES
from tests.architecture.checkout import ROOT

SVG = "{http://www.w3.org/2000/svg}"
SIDE = re.compile(r":[nsew]\b")
"""At which side of a state an arrow begins or ends: how it is drawn, not what."""
PICTURE = ROOT / "docs" / "states.svg"


def drawn(picture):
    """What a picture shows: states with their labels, and arrows with theirs, each as often as it is drawn."""
    states, arrows = Counter(), Counter()
    for group in ET.fromstring(picture).iter(f"{SVG}g"):
        title = SIDE.sub("", group.findtext(f"{SVG}title", ""))
        label = " ".join(each.text or "" for each in group.findall(f"{SVG}text"))
        match group.get("class"):
            case "node":
                states[title, label] += 1
            case "edge":
                arrows[title, label] += 1
    return states, arrows


def in_the_table():
    """What the table has, in the same form."""
    states = {
        (f"{edge.machine}_{state.value}", state.value)
        for edge in EDGES
        for state in (edge.source, edge.target)
    }
    arrows = Counter(
        (f"{edge.machine}_{edge.source.value}->{edge.machine}_{edge.target.value}", edge.event.value)
        for edge in EDGES
    )
    return Counter(states), arrows


def test_the_picture_is_fresh():
    assert drawn(PICTURE.read_bytes()) == in_the_table(), "docs/states.svg is stale: run `make docs`"


@pytest.mark.parametrize(
    ("was", "would_be"),
    [(">override<", ">overrule<"), (">refused<", ">denied<"),
     ("<title>refund_due&#45;&gt;refund_done", "<title>refund_due&#45;&gt;refund_due"),
     ('class="edge"', 'class="gone"'), ('class="node"', 'class="gone"')],
    ids=["another event", "another state", "another end", "an arrow less", "a state less"],
)  # fmt: skip
def test_another_picture_would_be_seen(was, would_be):
    kept = PICTURE.read_text("utf-8")
    assert was in kept
    assert drawn(kept.replace(was, would_be, 1).encode()) != in_the_table()
