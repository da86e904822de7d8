"""What the README shows is read as it says; every setting stands in it, and no other."""

import re
import tomllib
from dataclasses import fields
from datetime import date
from pathlib import Path

from mpay_provider_collector import camt, csv_file
from mpay_provider_collector.settings import CollectorSettings, CsvForm
from plugins.providers.collector.tests.files import settings

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")
EXAMPLES = ROOT / "examples"
THE_DAY = {date(2026, 11, 23)}


def blocks(kind):
    found = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return [text for name, text in found if name == kind]


def shown(lines):
    return [
        (each.line.transaction_id, each.line.reference, each.line.gross.minor, each.line.fee.minor)
        for each in lines
    ]


def test_the_example_of_camt_is_read():
    treasury = tomllib.loads(blocks("toml")[0])["provider"]["treasury"]
    body = (EXAMPLES / "2026-11-23.xml").read_bytes()
    file = camt.read("2026-11-23.xml", body, settings(iban=treasury["iban"]))
    assert file.days == THE_DAY
    assert shown(file.lines) == [
        ("TR26112300017", "700000000000001", 150_00, 1_50),
        ("TR26112300018", "700000000000002", 100_00, 0),
    ]


def test_the_usual_csv_is_read():
    (text,) = blocks("")
    file = csv_file.read("a.csv", text.encode(), settings())
    assert shown(file.lines) == [
        ("TR-000123", "700000000000001", 150_00, 0), ("TR-000124", "700000000000002", -20_50, 0),
    ]  # fmt: skip


def test_the_partners_csv_is_read_by_the_form_that_is_shown():
    form = tomllib.loads(blocks("toml")[1])["provider"]["partner"]["csv"]
    body = (EXAMPLES / "partner-2026-11-23.csv").read_bytes()
    file = csv_file.read("partner-2026-11-23.csv", body, settings(csv=CsvForm(**form)))
    assert file.days == THE_DAY
    assert shown(file.lines) == [
        ("TR-000123", "700000000000001", 150_00, 1_50), ("TR-000124", "700000000000002", -20_50, 0),
    ]  # fmt: skip


def test_every_setting_stands_in_the_readme_with_its_default():
    for kind, part in zip((CollectorSettings, CsvForm), README.split("## CSV\n"), strict=True):
        rows = dict(re.findall(r"^\| `([a-z_]+)` \| (.*?) \|", part, re.MULTILINE))
        assert rows.keys() == {each.name for each in fields(kind)}
        for each in fields(kind):
            if isinstance(each.default, str):
                assert rows[each.name] == f'`"{each.default}"`'
