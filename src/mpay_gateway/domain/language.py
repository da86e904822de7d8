"""The three languages of the gateway and texts that exist in each."""

from dataclasses import dataclass
from enum import StrEnum


class Language(StrEnum):
    """ISO 639-1 codes. Romanian is the default (guide 1.3, OrderDetailsQuery.Language)."""

    RO = "ro"
    RU = "ru"
    EN = "en"

    @classmethod
    def parse(cls, text: str | None) -> "Language":
        """The language of this code in any case; the default for anything else (closed list: no paths, no locales)."""
        try:
            return cls((text or "").strip().lower())
        except ValueError:
            return cls.RO


@dataclass(frozen=True, slots=True)
class LocalText:
    """A text in three languages; an empty one falls back to Romanian, then to any."""

    ro: str
    ru: str = ""
    en: str = ""

    def in_language(self, language: Language) -> str:
        return getattr(self, language.value) or self.ro or self.ru or self.en
