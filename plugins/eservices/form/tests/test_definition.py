"""A form's definition: read whole, or refused with the key of each thing that is wrong."""

from pathlib import Path

import pytest

from mpay_eservice_form import FormConnector
from mpay_eservice_form.settings import FieldType
from mpay_gateway.api import ConfigurationError
from mpay_gateway.settings import read_services, service_from_json, service_to_json

CONNECTORS = {"form": FormConnector}
CHECKOUT = Path(__file__).resolve().parents[4]
HEAD = """
[[service]]
id = "F1"
connector = "form"
name = { ro = "Muzeu" }
order_key_label = { ro = "Numărul" }

[service.settings]
title = { ro = "Titlu", ru = "Заголовок", en = "Title" }
reason = { ro = "Donație", ru = "Пожертвование", en = "Donation" }
"""
LINE = """
[[service.settings.lines]]
id = "one"
reason = { ro = "Donație", ru = "Пожертвование", en = "Donation" }
amount = "10.00"
"""
FIELD = """
[[service.settings.fields]]
name = "child"
label = { ro = "Copil", ru = "Ребёнок", en = "Child" }
"""
LONG_FIELDS = "".join(
    FIELD.replace("child", f"child{place}").replace("Copil", "C" * 600) for place in range(40)
)


@pytest.fixture
def read(tmp_path):
    """Reads a registration."""

    def read(text):
        path = tmp_path / "services.toml"
        path.write_text(text, "utf-8")
        return read_services(path, CONNECTORS)

    return read


def test_the_demo_s_forms_are_sound_and_survive_storage():
    services = read_services(CHECKOUT / "config" / "forms.demo.toml", CONNECTORS)
    assert [service.id for service in services] == ["KIND01", "MUSEUM01"]
    assert {field.type for field in services[0].settings.fields} == set(FieldType) - {FieldType.TC}
    for service in services:
        assert service_from_json(service_to_json(service), CONNECTORS) == service


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (HEAD, "settings.lines: required"),
        (HEAD + LINE.replace('"10.00"', '"0"'), "settings.lines[0]: amount, least, most: above zero"),
        (HEAD + LINE.replace('"10.00"', '"10.005"'), "more digits than MDL has"),
        (HEAD + LINE.replace("amount", "least"), "settings.lines[0]: amount: either a fixed amount"),
        (HEAD + LINE + 'least = "1"\nmost = "2"', "settings.lines[0]: amount: either a fixed amount"),
        (HEAD + LINE.replace("amount", "most") + 'least = "11"', "settings.lines[0]: least: above most"),
        (HEAD + LINE + LINE, "lines: 'one' is there twice"),
        (HEAD + LINE.replace(', en = "Donation"', ""), "settings.lines[0]: reason.en: required, and empty"),
        (HEAD + LINE + 'account = { iban = "MD00AG000000022512345678" }', "settings.lines[0]: account.iban: "),
        (HEAD + LINE + 'account = { beneficiary = "X" }', "settings.lines[0]: account.iban: required"),
        (HEAD + "valid_days = 0\n" + LINE, "settings: valid_days: from 1 to 366"),
        (HEAD + LINE + FIELD + 'type = "text"', "settings.fields[0].type: expected one of 'string'"),
        (HEAD + LINE + FIELD + 'type = "choice"', "settings.fields[0]: choices: a choice has some"),
        (HEAD + LINE + FIELD + 'least = "1"', "settings.fields[0]: least, most: only a number has bounds"),
        (HEAD + LINE + FIELD + "longest = 300", "settings.fields[0]: shortest, longest: from 1 to 255"),
        (HEAD + LINE + FIELD + 'payer = "code"', "settings.fields[0]: payer: a code is of type idn or tc"),
        (HEAD + LINE + FIELD + FIELD, "settings: fields: 'child' is there twice"),
        (HEAD + LINE + FIELD.replace('"child"', '"a b"'), "settings.fields[0]: name: a letter, then"),
        (HEAD + LINE + LONG_FIELDS, "fields, lines: an order of this form can have "),
        (HEAD + LINE + FIELD + "requird = true", "settings.fields[0].requird: unknown key; did you mean 'required'?"),
    ],
)  # fmt: skip
def test_a_definition_that_is_wrong_is_refused_with_its_key(read, text, problem):
    with pytest.raises(ConfigurationError) as refused:
        read(text)
    (told,) = refused.value.problems
    assert told.startswith("service 'F1'.settings")
    assert problem in told


def test_everything_that_is_wrong_is_told_at_once(read):
    bad = HEAD + LINE.replace('"10.00"', '"-1"') + FIELD.replace("ru", "xx") + FIELD + 'type = "choice"'
    with pytest.raises(ConfigurationError) as refused:
        read(bad)
    assert len(refused.value.problems) == 3, refused.value.problems
