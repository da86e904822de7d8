"""Texts by key and language."""

import os

import pytest

from mpay_gateway.domain.language import Language
from mpay_gateway.texts import MissingText, Texts

PLURALS = {
    "ro": "nplurals=3; plural=(n==1 ? 0 : n==0 || (n!=1 && n%100>=1 && n%100<=19) ? 1 : 2);",
    "ru": "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1"
    " : 2);",
    "en": "nplurals=2; plural=(n != 1);",
}
FORMS = {
    "ro": ("{count} linie", "{count} linii", "{count} de linii"),
    "ru": ("{count} строка", "{count} строки", "{count} строк"),
    "en": ("{count} line", "{count} lines"),
}


def write_catalogue(folder, language, greeting):
    path = folder / language / "LC_MESSAGES" / "sample.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    forms = "\n".join(f'msgstr[{place}] "{form}"' for place, form in enumerate(FORMS[language]))
    path.write_text(
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        f'"Plural-Forms: {PLURALS[language]}\\n"\n\n'
        f'msgid "hello"\nmsgstr "{greeting}"\n\nmsgid "who"\nmsgstr "<{{name}}>"\n\n'
        f'msgid "lines"\nmsgid_plural "lines"\n{forms}\n',
        "utf-8",
    )
    return path


@pytest.fixture
def folder(tmp_path):
    for language, greeting in (("ro", "Bună"), ("ru", "Привет"), ("en", "Hello")):
        write_catalogue(tmp_path, language, greeting)
    return tmp_path


def test_a_text_is_found_in_each_language(folder):
    texts = Texts.load("sample", folder=folder, strict=True)
    assert [texts.text("hello", language) for language in Language] == ["Bună", "Привет", "Hello"]


def test_values_are_put_in_literally(folder):
    texts = Texts.load("sample", folder=folder, strict=True)
    assert texts.text("who", Language.EN, name="{name.__class__}") == "<{name.__class__}>"


@pytest.mark.parametrize(
    ("language", "count", "text"),
    [
        (Language.RO, 1, "1 linie"),
        (Language.RO, 0, "0 linii"),
        (Language.RO, 19, "19 linii"),
        (Language.RO, 20, "20 de linii"),
        (Language.RO, 101, "101 linii"),
        (Language.RU, 21, "21 строка"),
        (Language.RU, 22, "22 строки"),
        (Language.RU, 11, "11 строк"),
        (Language.EN, 1, "1 line"),
        (Language.EN, 2, "2 lines"),
    ],
)
def test_the_count_chooses_the_plural_form(folder, language, count, text):
    assert Texts.load("sample", folder=folder, strict=True).text("lines", language, count=count) == text


def test_a_count_is_a_plain_value_where_the_text_has_no_plural_forms(folder):
    path = folder / "en" / "LC_MESSAGES" / "sample.po"
    path.write_text(path.read_text("utf-8") + '\nmsgid "left"\nmsgstr "{count} left"\n', "utf-8")
    assert Texts.load("sample", folder=folder, strict=True).text("left", Language.EN, count=3) == "3 left"


def test_a_missing_text_is_an_error_in_tests(folder):
    texts = Texts.load("sample", folder=folder, strict=True)
    with pytest.raises(MissingText, match=r"'nothing' in ro"):
        texts.text("nothing", Language.RO)
    with pytest.raises(MissingText, match=r"'who' in ro: a value"):
        texts.text("who", Language.RO)


def test_a_missing_text_is_the_key_and_a_log_line_for_a_payer(folder, caplog):
    texts = Texts.load("sample", folder=folder, strict=False)
    assert texts.text("nothing", Language.RU) == "nothing"
    assert texts.text("who", Language.RU, other=1) == "who"
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    assert "key=nothing" in caplog.text


def test_strictness_comes_from_the_environment(folder, monkeypatch):
    monkeypatch.setenv("MPAY_STRICT_TEXTS", "1")
    assert Texts.load("sample", folder=folder).strict
    monkeypatch.delenv("MPAY_STRICT_TEXTS")
    assert not Texts.load("sample", folder=folder).strict


def test_a_compiled_catalogue_older_than_its_source_is_not_believed(folder):
    path = write_catalogue(folder, "en", "Hello")
    compiled = path.with_suffix(".mo")
    compiled.write_bytes(b"not a catalogue")
    os.utime(compiled, (1, 1))
    assert Texts.load("sample", folder=folder).text("hello", Language.EN) == "Hello"


def test_a_compiled_catalogue_is_enough(folder):
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    path = write_catalogue(folder, "en", "Compiled")
    with path.open("rb") as source, path.with_suffix(".mo").open("wb") as compiled:
        write_mo(compiled, read_po(source, locale="en"))
    path.unlink()
    assert Texts.load("sample", folder=folder).text("hello", Language.EN) == "Compiled"


def test_a_domain_without_a_catalogue_stops_the_start(folder):
    with pytest.raises(FileNotFoundError):
        Texts.load("nothing", folder=folder)


def test_keys_and_placeholders_are_listed(folder):
    texts = Texts.load("sample", folder=folder)
    assert texts.keys(Language.RO) == {"hello", "who", "lines"}
    assert texts.placeholders("lines", Language.RO) == {"count"}
