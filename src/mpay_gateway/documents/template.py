"""Pages from Chameleon templates, which escape every value; `structure` is not used in them."""

from functools import cache
from pathlib import Path
from typing import Protocol

from chameleon import PageTemplateLoader

from mpay_gateway.domain.language import Language
from mpay_gateway.texts import Texts

_FOLDER = Path(__file__).parent / "templates"


class Translate(Protocol):
    """The texts in the language of the page, by key."""

    def __call__(self, key: str, **values: object) -> str: ...


def in_language(texts: Texts, language: Language) -> Translate:
    """The texts bound to one language, as templates call them."""

    def translate(key: str, **values: object) -> str:
        return texts.text(key, language, **values)

    return translate


def fill(name: str, *, page: object, translate: Translate) -> str:
    """The HTML of template `name`, which sees the values of `page` and the texts `t`."""
    loader = _loader()
    return str(loader[name].render(page=page, t=translate, paper=loader["paper.pt"]))


@cache
def _loader() -> PageTemplateLoader:
    return PageTemplateLoader(str(_FOLDER), boolean_attributes=set(), strict=True)
