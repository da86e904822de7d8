"""Texts in NFC, whatever stacks of marks somebody sends."""

import ast
import unicodedata
from pathlib import Path

import pytest

import mpay_gateway
from mpay_gateway.conformance import answer as conformance_answer
from mpay_gateway.domain import normal_form as module
from mpay_gateway.domain.normal_form import MOST_MARKS, normal_form

SOURCES = Path(mpay_gateway.__file__).parent
CHECKOUT = SOURCES.parents[1]
GRAVE_BELOW, ACUTE = "\u0316", "\u0301"


@pytest.mark.parametrize(
    "text", ["", "plain", "Ștefan cel Mare", "s\u0326i", "й\u0301", "e" + ACUTE * 3 + GRAVE_BELOW]
)
def test_texts_of_any_language_are_in_nfc_and_whole(text):
    assert normal_form(text) == unicodedata.normalize("NFC", text)


def test_marks_beyond_thirty_on_one_letter_are_left_out_and_the_text_goes_on():
    tower = "a" + (ACUTE + GRAVE_BELOW) * 10_000
    found = normal_form(tower + "b" + ACUTE)
    assert found.endswith("b\u0301")
    assert len(found) <= 1 + MOST_MARKS + 2
    assert normal_form(found) == found


def test_nobody_normalises_texts_of_strangers_by_another_way():
    """The library's own function takes the square of a tower's height."""
    folders = (SOURCES, *(CHECKOUT / "plugins").glob("*/*/src"))
    known = {
        Path(module.__file__),
        Path(conformance_answer.__file__),
    }  # the kit shares nothing, and bounds the length
    files = [path for folder in folders for path in folder.rglob("*.py") if path not in known]
    assert len(files) > 300
    wild = [
        f"{path.relative_to(CHECKOUT)}:{call.lineno}"
        for path in files
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call)
        and ast.unparse(call.func).endswith("normalize")
        and call.args
        and "stream_safe" not in ast.unparse(call)
    ]
    assert wild == []
