"""The payer reads everything in his language: each catalogue is complete in Romanian, Russian and English."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from tests.architecture import checkout

LANGUAGES = {"ro", "ru", "en"}
PLACEHOLDER = re.compile(r"\$\{\w+\}|\{\w*\}|%\(\w+\)[sd]")


def locale_folders() -> list[Path]:
    """The locale folder of every distribution that has one."""
    return [folder / "locale" for folder in checkout.all_packages().values() if (folder / "locale").is_dir()]


def problems(locale: Path) -> list[str]:
    """Everything that is missing, uncertain or different in one distribution's catalogues."""
    domains = {path.stem for path in locale.glob("*/LC_MESSAGES/*.po")}
    if not domains:
        return [f"{locale.parent.name}: a locale folder without catalogues"]
    return [found for domain in sorted(domains) for found in problems_of_domain(locale, domain)]


def problems_of_domain(locale: Path, domain: str) -> list[str]:
    """As `problems`, for one domain."""
    paths = {language: locale / language / "LC_MESSAGES" / f"{domain}.po" for language in sorted(LANGUAGES)}
    missing = [
        f"{locale.parent.name}/{domain}: no {language}" for language in paths if not paths[language].exists()
    ]
    if missing:
        return missing
    catalogues = {language: load(path, language) for language, path in paths.items()}
    keys = {message.id for catalogue in catalogues.values() for message in catalogue if message.id}
    return [
        f"{locale.parent.name}/{domain}/{language}: {key!r} {fault}"
        for language, catalogue in catalogues.items()
        for key in sorted(keys, key=str)
        for fault in faults(catalogue, key)
    ] + [
        f"{locale.parent.name}/{domain}: {key!r} has other placeholders in some language"
        for key in uneven(catalogues, keys)
    ]


def load(path: Path, language: str) -> Catalog:
    """Read a catalogue; a malformed one fails the test by itself."""
    with path.open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def forms(catalogue: Catalog, key: str | tuple[str, ...]) -> tuple[str, ...]:
    """The translation's forms: one, or as many as the language has plurals."""
    message = catalogue.get(key if isinstance(key, str) else key[0])
    if message is None:
        return ()
    return message.string if isinstance(message.string, tuple) else (message.string,)


def faults(catalogue: Catalog, key: str | tuple[str, ...]) -> list[str]:
    """What is wrong with one message of one language."""
    message = catalogue.get(key if isinstance(key, str) else key[0])
    if message is None:
        return ["is missing"]
    found = ["is marked fuzzy"] if message.fuzzy else []
    return found if all(forms(catalogue, key)) else [*found, "is not translated"]


def uncounted(locale: Path) -> list[str]:
    """Texts that say how many there are and have one form for all numbers."""
    return [
        f"{path.parent.parent.name}/{path.stem}: {message.id!r}"
        for path in sorted(locale.glob("*/LC_MESSAGES/*.po"))
        for message in load(path, path.parent.parent.name)
        if "{count}" in str(message.string) and not isinstance(message.string, tuple)
    ]


def uneven(catalogues: dict[str, Catalog], keys: set) -> list[str]:
    """The keys whose translations do not all have the same placeholders."""

    def placeholders(catalogue: Catalog, key: str) -> frozenset[str]:
        return frozenset(name for form in forms(catalogue, key) for name in PLACEHOLDER.findall(form))

    return [
        key for key in sorted(keys, key=str) if len({placeholders(c, key) for c in catalogues.values()}) > 1
    ]


def write(locale: Path, language: str, *entries: tuple[str, str]) -> None:
    """Write a small catalogue."""
    folder = locale / language / "LC_MESSAGES"
    folder.mkdir(parents=True)
    header = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
    body = "\n\n".join(f'msgid "{key}"\nmsgstr "{text}"' for key, text in entries)
    (folder / "shop.po").write_text(header + body + "\n", "utf-8")


def test_every_catalogue_is_complete_in_every_language():
    assert [found for locale in locale_folders() for found in problems(locale)] == []


def test_what_is_counted_has_the_plural_forms_of_its_language():
    assert [found for locale in locale_folders() for found in uncounted(locale)] == []


def test_a_counted_text_with_one_form_is_found(tmp_path):
    write(tmp_path, "ru", ("orders", "{count} заказов"))
    assert uncounted(tmp_path) == ["ru/shop: 'orders'"]


def test_the_pages_have_catalogues_as_soon_as_there_are_pages():
    templates = list(checkout.CORE.rglob("*.pt"))
    assert not templates or (checkout.CORE / "locale").is_dir()


@pytest.mark.parametrize(
    ("russian", "complaint"),
    [
        ([("total", "Всего ${amount}")], None),
        ([("total", "Всего")], "placeholders"),
        ([("total", "")], "not translated"),
        ([("sum", "Всего ${amount}")], "is missing"),
    ],
    ids=["complete", "placeholder lost", "empty", "other key"],
)
def test_what_is_wrong_in_a_catalogue_is_found(tmp_path, russian, complaint):
    locale = tmp_path / "shop" / "locale"
    write(locale, "ro", ("total", "Total ${amount}"))
    write(locale, "en", ("total", "Total ${amount}"))
    write(locale, "ru", *russian)
    found = problems(locale)
    assert any(complaint in line for line in found) if complaint else found == []


def test_a_missing_language_is_found(tmp_path):
    locale = tmp_path / "shop" / "locale"
    write(locale, "ro", ("total", "Total"))
    assert problems(locale) == ["shop/shop: no en", "shop/shop: no ru"]
