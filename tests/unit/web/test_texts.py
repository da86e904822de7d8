"""Templates ask only for texts that exist, and every text is asked for."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

from mpay_gateway.domain.language import Language
from mpay_gateway.domain.payment import DeclineReason
from mpay_gateway.domain.pos_terminal import FIELDS
from mpay_gateway.domain.service_faults import RULES, Actor, Retry
from mpay_gateway.flow.claiming import Standing
from mpay_gateway.flow.given_elsewhere import Fate
from mpay_gateway.flow.payment_result import Outcome
from mpay_gateway.texts import Texts
from mpay_gateway.web import errors

FILLING = Path(str(files("mpay_gateway.domain").joinpath("filling.py")))
POS = [
    Path(str(files("mpay_gateway").joinpath(name)))
    for name in ("domain/pos_terminal.py", "flow/pos_terminals.py")
]
WEB = Path(str(files("mpay_gateway.web")))
TEXTS = Texts.load("portal", strict=True)
TEMPLATES = sorted(WEB.glob("templates/*.pt"))
PARTS = ("title", "what", "do")
PROBLEMS = {problem.key for _, problem in errors._BY_TYPE} | {*errors._BY_STATUS.values(), "bug", "too-many"}
CLOSED = set(Standing) - {Standing.PAYABLE}
BY_RULE = {
    *(f"standing.{each}.{part}" for each in CLOSED for part in ("title", "text")),
    *(f"result.{each}.title" for each in Outcome),
    *(f"decline.{each}" for each in DeclineReason),
    *(f"problem.{key}.{part}" for key in PROBLEMS for part in PARTS),
    *(f"check.{outcome}.{part}" for outcome in ("genuine", "back", "false") for part in ("title", "text")),
    *(f"result.back_{what}_elsewhere" for what in ("due", "done")),
    *(f"bank.title.{kind}" for kind in ("link", "form", "qr", "number")),
    *(f"problem.refused.{part}" for part in ("title", "what")),
    *(f"fault.means.{rule.means}" for rule in RULES),
    *(f"fault.retry.{retry}" for retry in Retry),
    *(f"fault.{kind}.{actor}" for kind in ("acts", "who") for actor in Actor),
    *(f"fill.hint.{kind}" for kind in ("idn", "tc")),
    *(f"pos.field.{field.attribute}" for field in FIELDS),
    *(f"elsewhere.{fate}.{part}" for fate in Fate for part in ("title", "text")),
}


def written_keys():
    """Keys as templates write them; a key that is put together counts for all that begin like it."""
    text = "".join(path.read_text("utf-8") for path in [*TEMPLATES, *WEB.rglob("*.py")])
    return set(re.findall(r"['\"]([a-z][\w.-]*\.[\w.-]*)['\"]", text))


def topics():
    """Headings of the pages of text: (page, topics)."""
    for name in ("help", "privacy"):
        found = re.search(r'repeat="topic (\([^"]+\))"', (WEB / f"templates/{name}.pt").read_text("utf-8"))
        yield from (
            f"{name}.{topic}.{part}"
            for topic in re.findall(r"'(\w+)'", found[1])
            for part in ("title", "text")
        )
    listed = re.search(r'repeat="what (\([^"]+\))"', (WEB / "templates/accessibility.pt").read_text("utf-8"))
    yield from (f"accessibility.{what}" for what in re.findall(r"'(\w+)'", listed[1]))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_every_text_that_a_template_names_exists(template):
    named = set(re.findall(r"\bt\('([\w.-]+)'[,)]", template.read_text("utf-8")))
    assert named - TEXTS.keys(Language.RO) == set()


def test_every_text_that_is_chosen_by_a_value_exists():
    assert (BY_RULE | set(topics())) - TEXTS.keys(Language.RO) == set()


def test_no_text_is_left_over():
    written = written_keys()
    asked = BY_RULE | set(topics()) | written | {f"form.{key}" for key in written}
    by_outcome = {key for key in TEXTS.keys(Language.RO) if re.fullmatch(r"result\.[\w-]+\.text", key)}
    from_flow = {"form.amount.not-a-number", "form.amount.out-of-range", "form.amount.too-fine",
                 "form.amount.missing", "form.order.unknown", "form.instrument.unknown",
                 "form.instrument.unavailable", "form.instrument.out_of_order",
                 "form.choice.unavailable", "form.order_key.missing",
                 "form.factor.missing", "form.find.reference.missing", "form.find.order_key.missing"}  # fmt: skip
    from_flow |= {
        f"form.{key}" for path in POS for key in re.findall(r'"(pos\.[a-z-]+)"', path.read_text("utf-8"))
    }
    from_flow |= {f"form.{key}" for key in re.findall(r'"(fill\.[a-z-]+)"', FILLING.read_text("utf-8"))}
    assert TEXTS.keys(Language.RO) - asked - by_outcome - from_flow == set()


@pytest.mark.parametrize("language", [Language.RU, Language.EN])
def test_the_languages_say_the_same_with_the_same_values(language):
    assert TEXTS.keys(language) == TEXTS.keys(Language.RO)
    for key in TEXTS.keys(Language.RO):
        assert TEXTS.placeholders(key, language) == TEXTS.placeholders(key, Language.RO), key


def test_romanian_is_written_with_commas_below():
    texts = (files("mpay_gateway") / "locale/ro/LC_MESSAGES/portal.po").read_text("utf-8")
    assert not set("şţŞŢ") & set(texts)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_templates_hold_nothing_inline_and_trust_no_value(template):
    text = template.read_text("utf-8")
    assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?![^>]*\ssrc=)", text)
    assert "structure" not in text
