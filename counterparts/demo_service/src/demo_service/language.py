"""Languages and their texts."""

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib.resources import files


class Language(StrEnum):
    RO = "ro"
    RU = "ru"
    EN = "en"


DEFAULT_LANGUAGE = Language.RO
LANGUAGE_NAMES = {Language.RO: "Română", Language.RU: "Русский", Language.EN: "English"}


def language_of(code: str) -> Language:
    """The language called ``code`` in any case; Romanian for anything else."""
    try:
        return Language(code.lower())
    except ValueError:
        return DEFAULT_LANGUAGE


class Texts:
    """The texts of one language by dotted key. An unknown key is a programming error: KeyError."""

    def __init__(self, language: Language, texts: Mapping[str, str]) -> None:
        self.language = language
        self._texts = texts

    def __call__(self, key: str, **values: object) -> str:
        text = self._texts[key]
        return text.format(**values) if values else text

    def keys(self) -> frozenset[str]:
        return frozenset(self._texts)


@cache
def texts_in(language: Language) -> Texts:
    source = files("demo_service").joinpath("texts", f"{language.value}.toml").read_text("utf-8")
    return Texts(language, dict(_flat("", tomllib.loads(source))))


def _flat(prefix: str, table: Mapping[str, object]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, value in table.items():
        if isinstance(value, Mapping):
            found += _flat(f"{prefix}{key}.", value)
        else:
            found.append((prefix + key, str(value)))
    return found
