"""Registration of services: from the file to the row and back, and what changes."""

import io
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageFile
from PIL.PngImagePlugin import PngInfo

from mpay_gateway.api import Channel, ConfigurationError, Service
from mpay_gateway.settings import describe_changes, read_services, service_from_json, service_to_json
from mpay_gateway.settings.logo import read_logo
from mpay_gateway.settings.order_key_pattern import check_order_key_pattern
from mpay_gateway.settings.problems import BadValue
from tests.unit.settings.conftest import CONNECTORS

GOOD = """
[[service]]
id = "MDS02"
connector = "soap"
name = { ro = "Agenția Moldsilva", ru = "Агентство", en = "Moldsilva Agency" }
order_key_label = { ro = "Numărul comenzii" }
order_key_pattern = "MDS[0-9]{2}[0-9]+"
order_key_example = "MDS0200017"
second_factor = "property:PlateNumber"
return_hosts = ["Shop.example", "127.0.0.1:6544"]
logo = "logo.png"
channels = ["portal", "kiosk"]
account = { iban = "MD24AG000225100013104168", fiscal_code = "1006601000255", bank_code = "TREZMD2X" }
[service.settings]
url = "https://shop.example/ServiceProvider.svc"
certificates = ["keys/gateway.pem"]
"""


def png(width: int = 20, height: int = 10, **options: object) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(file, "PNG", **options)
    return file.getvalue()


@pytest.fixture
def folder(home: Path) -> Path:
    (home / "logo.png").write_bytes(png())
    return home


def read(folder: Path, text: str = GOOD) -> tuple[Service, ...]:
    path = folder / "services.toml"
    path.write_text(text, "utf-8")
    return read_services(path, CONNECTORS)


def problems_of(folder: Path, *changes: tuple[str, str]) -> tuple[str, ...]:
    text = GOOD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    with pytest.raises(ConfigurationError) as caught:
        read(folder, text)
    return caught.value.problems


def test_a_registration_is_read_with_what_it_points_to(folder: Path) -> None:
    (service,) = read(folder)
    assert (service.id, service.name.ru, service.connector) == ("MDS02", "Агентство", "soap")
    assert service.return_hosts == ("shop.example", "127.0.0.1:6544")
    assert service.channels == (Channel.PORTAL, Channel.KIOSK)
    assert service.settings.certificates[0].pem == (folder / "keys/gateway.pem").read_text()
    assert service.logo_png.startswith(b"\x89PNG")
    assert service.mask
    assert service.enabled


def test_a_service_survives_its_row(folder: Path) -> None:
    (service,) = read(folder)
    text = service_to_json(service)
    assert service_from_json(text, CONNECTORS) == service
    assert service_to_json(service_from_json(text, CONNECTORS)) == text
    again = service_from_json(text, CONNECTORS, enabled=False, version=7)
    assert (again.enabled, again.version) == (False, 7)


def test_a_row_needs_no_file_any_more(folder: Path) -> None:
    text = service_to_json(read(folder)[0])
    for path in (folder / "logo.png", folder / "services.toml", folder / "keys"):
        path.unlink()
    assert service_from_json(text, CONNECTORS).logo_png


def test_a_row_whose_connector_is_not_enabled_says_so(folder: Path) -> None:
    text = service_to_json(read(folder)[0])
    with pytest.raises(ConfigurationError, match="service 'MDS02': connector 'soap' is not enabled"):
        service_from_json(text, {})
    with pytest.raises(ConfigurationError, match="not a stored service"):
        service_from_json("{", CONNECTORS)


def test_every_problem_of_every_service_is_named(folder: Path) -> None:
    second = GOOD.replace("MDS02", "FINES").replace('connector = "soap"', 'connector = "sopa"')
    assert problems_of(
        folder,
        (GOOD, GOOD + second + '\n[[services]]\nid = "X"\n'),
        ("MD24AG", "MD25AG"),
        ("1006601000255", "1006601000256"),
        ("order_key_label", "order_key_lable"),
    ) == (
        "services: unknown key; did you mean 'service'?",
        "service 'MDS02'.order_key_label: required, and missing",
        "service 'MDS02'.order_key_lable: unknown key; did you mean 'order_key_label'?",
        "service 'FINES'.order_key_label: required, and missing",
        "service 'FINES'.order_key_lable: unknown key; did you mean 'order_key_label'?",
    )
    assert problems_of(
        folder,
        ("MD24AG", "MD25AG"),
        ("1006601000255", "1006601000256"),
        ('connector = "soap"', 'connector = "sopa"'),
        ("logo.png", "absent.png"),
        ("MDS0200017", "MDS"),
        ("Shop.example", "https://shop.example/"),
        ("property:PlateNumber", "plate"),
    ) == (
        "service 'MDS02'.order_key_example: does not fit order_key_pattern",
        "service 'MDS02'.second_factor: expected 'none', 'customer_id_last4' or 'property:<Name>'",
        "service 'MDS02'.return_hosts[0]: expected host or host:port, nothing else; xn-- if not ASCII",
        "service 'MDS02'.account.iban: the number's checksum or check digit is invalid",
        "service 'MDS02'.account.fiscal_code: the number's checksum or check digit is invalid",
        f"service 'MDS02'.logo: cannot read {folder}/absent.png: No such file or directory",
        "service 'MDS02'.connector: 'sopa' is not enabled; enabled: soap",
    )


def test_the_connectors_own_settings_are_checked_by_its_schema(folder: Path) -> None:
    assert problems_of(folder, ("https://shop", "http://shop"), ("certificates =", "certificats =")) == (
        "service 'MDS02'.settings.certificats: unknown key; did you mean 'certificates'?",
    )
    assert problems_of(folder, ("https://shop", "http://shop")) == (
        "service 'MDS02'.settings: url: expected https",
    )


@pytest.mark.parametrize(
    "host", ["a b", "shop.example/x", "a@b", "[::1]", "магазин.md", "a..b", ".a", "a:0", "a:70000", ""]
)
def test_only_hosts_may_be_returned_to(folder: Path, host: str) -> None:
    (problem,) = problems_of(folder, ("Shop.example", host))
    assert "return_hosts[0]" in problem


def test_one_service_twice_in_a_file_is_refused(folder: Path) -> None:
    assert problems_of(folder, (GOOD, GOOD + GOOD.replace('id = "MDS02"', 'id = "mds02"'))) == (
        "service 'mds02': registered twice in this file",
    )


def test_an_empty_file_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"at least one \[\[service\]\]"):
        read(folder, "")


def test_changes_are_shown_by_key_and_nothing_is_shown_when_nothing_changed(folder: Path) -> None:
    (old,) = read(folder)
    assert describe_changes(old, replace(old, enabled=False, version=3)) == ()
    (new,) = read(
        folder,
        GOOD.replace('ru = "Агентство", ', "").replace("gateway.pem", "other.pem").replace('"portal", ', ""),
    )
    changes = describe_changes(old, replace(new, logo_png=png(5, 5)))
    assert [change.partition(":")[0] for change in changes] == [
        "channels[0]", "channels[1]", "logo_png", "name.ru", "settings.certificates[0]",
    ]  # fmt: skip
    assert 'name.ru: "Агентство" -> ""' in changes
    assert re.fullmatch(
        r"settings\.certificates\[0\]: certificate [0-9a-f]{16} \(until 2027-01-01\) -> certificate .*",
        changes[-1],
    )
    assert 'id: "MDS02"' in describe_changes(None, old)


@pytest.mark.parametrize(
    "pattern", ["MDS[0-9]{2}[0-9]+", "[A-Z]{2}-?[0-9]{1,12}", "", "(AB|CD)[0-9]+", "([0-9]{3}-){2}[0-9]"]
)
def test_flat_patterns_are_allowed(pattern: str) -> None:
    check_order_key_pattern(pattern)
    began = time.monotonic()
    re.fullmatch(pattern, "0" * 35 + "!")
    assert time.monotonic() - began < 0.1


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+", "(a|a)*b|c", "(a|ab)*", "([0-9]+-?)*x", "((a{1,5}){2,9})", "(", "[z-a]", "(?P<x>a*)+"],
)
def test_patterns_that_may_never_end_or_are_none_are_refused(pattern: str) -> None:
    with pytest.raises(BadValue, match="order_key_pattern"):
        check_order_key_pattern(pattern)


def test_a_logo_is_drawn_anew() -> None:
    hidden = PngInfo()
    hidden.add_text("Comment", "canary")
    content = png(pnginfo=hidden) + b"<script>canary</script>"
    assert b"canary" in content
    assert b"canary" not in read_logo(content)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a PNG"),
        (b"GIF89a", "not a PNG"),
        (png(1001, 1000), "more than a million pixels"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 600_000, "more than 512 kB"),
        (png()[:48], "damaged"),
        (png()[:-14] + b"\x00" + png()[-13:], "damaged"),
    ],
    ids=["svg", "gif", "many-pixels", "large", "cut-off", "wrong-checksum"],
)
@pytest.mark.parametrize("lenient", [False, True], ids=["strict-pillow", "lenient-pillow"])
def test_a_logo_that_is_no_small_png_is_refused(
    content: bytes, problem: str, lenient: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # WeasyPrint makes Pillow lenient for the whole process that imports it.
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", lenient)
    with pytest.raises(BadValue, match=problem):
        read_logo(content)


def test_a_jpeg_is_refused_whatever_its_name() -> None:
    file = io.BytesIO()
    Image.new("RGB", (5, 5)).save(file, "JPEG")
    with pytest.raises(BadValue, match="not a PNG"):
        read_logo(file.getvalue())
