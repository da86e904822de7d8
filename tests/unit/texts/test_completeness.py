"""Every catalogue that ships says the same things in every language."""

from importlib.resources import files
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from mpay_gateway.domain.language import Language
from mpay_gateway.texts import Texts

LOCALE = Path(str(files("mpay_gateway"))) / "locale"
DOMAINS = sorted({path.stem for path in LOCALE.glob("*/LC_MESSAGES/*.po")})


def read_catalogue(domain, language):
    with (LOCALE / language / "LC_MESSAGES" / f"{domain}.po").open("rb") as file:
        return read_po(file, locale=language, domain=domain)


def test_the_papers_have_a_catalogue():
    assert "documents" in DOMAINS


@pytest.mark.parametrize("domain", DOMAINS)
def test_all_languages_have_the_same_keys_and_placeholders(domain):
    texts = Texts.load(domain)
    keys = texts.keys(Language.RO)
    assert keys
    for language in Language:
        assert texts.keys(language) == keys
        for key in keys:
            assert texts.placeholders(key, language) == texts.placeholders(key, Language.RO), (key, language)


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("language", Language)
def test_no_text_is_empty_fuzzy_or_short_of_a_plural_form(domain, language):
    catalogue = read_catalogue(domain, language)
    forms = 2 if language is Language.EN else 3
    assert catalogue.num_plurals == forms
    for message in catalogue:
        if not message.id:
            continue
        written = message.string if isinstance(message.string, tuple) else (message.string,)
        assert not message.fuzzy, message.id
        assert all(written), message.id
        assert len(written) == (forms if message.pluralizable else 1), message.id
    assert not list(catalogue.obsolete)


@pytest.mark.parametrize("domain", DOMAINS)
def test_romanian_is_written_with_commas_not_cedillas(domain):
    catalogue = read_catalogue(domain, Language.RO)
    written = " ".join(str(message.string) for message in catalogue)
    assert not set(written) & set("şţŞŢ")
