"""Texts by key and language: gettext catalogues whose msgids are keys (`invoice.title`), not sentences."""

import gettext
import io
import logging
import os
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from mpay_gateway.domain.language import Language

_log = logging.getLogger(__name__)
STRICT_VARIABLE = "MPAY_STRICT_TEXTS"
"""Set in the environment of tests: a missing text is then an error instead of a log line."""


class MissingText(LookupError):
    """A key that a language does not have, or a text whose values were not given."""


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of one gettext domain in every language.

    `strict`: raise for a missing text, as tests want it. A payer is never shown an error for one: he reads
    the key.
    """

    domain: str
    catalogues: Mapping[Language, gettext.GNUTranslations]
    strict: bool = False

    @classmethod
    def load(
        cls,
        domain: str,
        package: str = "mpay_gateway",
        *,
        folder: Path | None = None,
        strict: bool | None = None,
    ) -> "Texts":
        """Read `locale/<language>/LC_MESSAGES/<domain>` of an installed package, or of `folder`.

        A catalogue that was not compiled, or changed since, is compiled in memory, so that a checkout always
        shows what its .po files say. `strict` is by default whether MPAY_STRICT_TEXTS is set.
        Raises: FileNotFoundError when a language has no catalogue of this name.
        """
        locale = folder or Path(str(files(package))) / "locale"
        return cls(
            domain=domain,
            catalogues={language: _read(locale / language / "LC_MESSAGES" / domain) for language in Language},
            strict=bool(os.environ.get(STRICT_VARIABLE)) if strict is None else strict,
        )

    def text(self, key: str, language: Language, **values: object) -> str:
        """The text of `key`, with `{name}` replaced by the value of that name.

        A value called `count` chooses the plural form (three in Romanian and Russian) where the text has any.
        A missing text is the key itself and a line in the log.
        Raises: MissingText, when strict, for an unknown key or a value that the text wants and was not given.
        """
        found = self._find(key, language, values.get("count"))
        if found is None:
            return self._missing(key, language, "no text")
        try:
            return found.format_map(values) if values or "{" in found else found
        except (KeyError, IndexError, ValueError):
            return self._missing(key, language, "a value was not given")

    def keys(self, language: Language) -> frozenset[str]:
        """Every key that this language has a text for."""
        return frozenset(key for key, _ in _entries(self.catalogues[language]) if key)

    def placeholders(self, key: str, language: Language) -> frozenset[str]:
        """The names of the values that a text wants, over all its plural forms; for tests of completeness."""
        forms = [text for known, text in _entries(self.catalogues[language]) if known == key]
        return frozenset(name for text in forms for _, name, _, _ in string.Formatter().parse(text) if name)

    def _find(self, key: str, language: Language, count: object) -> str | None:
        catalogue = self.catalogues[language]
        if isinstance(count, int):
            plural = catalogue.ngettext(key, key, count)
            if plural != key:
                return plural
        found = catalogue.gettext(key)
        return None if found == key else found

    def _missing(self, key: str, language: Language, what: str) -> str:
        if self.strict:
            raise MissingText(f"{self.domain}: {key!r} in {language}: {what}")
        _log.error("text missing: domain=%s key=%s language=%s: %s", self.domain, key, language, what)
        return key


def _read(stem: Path) -> gettext.GNUTranslations:
    source, compiled = stem.with_suffix(".po"), stem.with_suffix(".mo")
    if compiled.exists() and not _is_stale(compiled, source):
        with compiled.open("rb") as file:
            return gettext.GNUTranslations(file)
    with source.open("rb") as file:
        catalogue = read_po(file, locale=stem.parent.parent.name, domain=stem.name)
    buffer = io.BytesIO()
    write_mo(buffer, catalogue)
    return gettext.GNUTranslations(io.BytesIO(buffer.getvalue()))


def _is_stale(compiled: Path, source: Path) -> bool:
    return source.exists() and source.stat().st_mtime > compiled.stat().st_mtime


def _entries(catalogue: gettext.GNUTranslations) -> Iterator[tuple[str, str]]:
    messages: dict[str | tuple[str, int], str] = catalogue._catalog  # type: ignore[attr-defined] # noqa: SLF001
    for key, text in messages.items():
        yield (key if isinstance(key, str) else key[0]), text
