"""The gateway's TOML: read whole, or refused with everything that is wrong."""

import ipaddress
from pathlib import Path

import pytest

from mpay_gateway.api import Channel, ConfigurationError
from mpay_gateway.settings import find_ini, read_ini, read_settings
from tests.unit.settings.conftest import GOOD


def write(home: Path, text: str) -> Path:
    path = home / "gateway.toml"
    path.write_text(text, "utf-8")
    return path


def problems_of(home: Path, *changes: tuple[str, str]) -> tuple[str, ...]:
    text = GOOD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    with pytest.raises(ConfigurationError) as caught:
        read_settings(write(home, text))
    return caught.value.problems


def test_a_right_file_is_read_whole(home: Path) -> None:
    settings = read_settings(write(home, GOOD))
    assert settings.gateway.public_url == "https://pay.example"
    assert settings.gateway.signing_key == (home / "keys/gateway.key").read_bytes()
    assert settings.gateway.database == f"sqlite:///{home}/data/gateway.db"
    assert settings.gateway.support.phone == "+373 22 820 820"
    assert settings.plugins.enabled == ("mpay-provider-sandbox",)
    assert settings.outbound.policy.allow_networks == (ipaddress.ip_network("127.0.0.0/8"),)
    (provider,), (instrument,) = settings.providers, settings.instruments
    assert (provider.id, provider.plugin, provider.retired) == ("sandbox-main", "sandbox", False)
    assert provider.settings == {"url": "https://bank.example"}
    assert instrument.channels == (Channel.PORTAL, Channel.KIOSK)
    assert settings.limits.misses_per_10_minutes == 5


def test_no_secret_shows_when_settings_are_printed(home: Path) -> None:
    settings = read_settings(write(home, GOOD.replace("https://bank.example", "canary")))
    shown = repr(settings)
    assert "PRIVATE KEY" not in shown
    assert "canary" not in shown
    assert "gateway.db" not in shown


def test_every_problem_is_named_with_its_path(home: Path) -> None:
    assert problems_of(
        home,
        ('phone = "+373 22 820 820"', "phone = 22, fax = 3"),
        ("signing_key =", "signing_keey ="),
        ("allow_http = true", 'allow_http = "yes"'),
        ('["portal", "kiosk"]', '["portal", "kiosc"]'),
        ('providers = ["sandbox-main"]', 'providers = "sandbox-main"'),
        ("[provider.sandbox-main]", "[provider.Main]"),
        ("[plugins]", "[limits]\nmisses_per_10_minutes = 0\n[plugin]\n[plugins]"),
    ) == (
        "plugin: unknown key; did you mean 'plugins'?",
        "gateway.signing_key: required, and missing",
        "gateway.support.phone: expected a text in quotes",
        "gateway.support.fax: unknown key; known here: email, phone, url",
        "gateway.signing_keey: unknown key; did you mean 'signing_key'?",
        "outbound.allow_http: expected true or false",
        "limits: every limit is at least 1",
        "provider.Main: an id has small letters, digits, hyphens; 31 at most",
        "instrument.card.providers: expected a list",
        "instrument.card.channels[1]: expected one of 'portal', 'kiosk', 'counter'",
    )


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("keys/gateway.pem", "keys/other.pem", "signing_certificate does not belong to signing_key"),
        ("keys/gateway.key", "keys/gateway.pem", "signing_key: not a private key in PEM without password"),
        ("keys/gateway.pem", "keys/gateway.key", "signing_certificate: not a certificate in PEM"),
        ("https://pay.example/", "pay.example", "public_url: expected https://host, without query"),
        ("[plugins]", "client_key = 'a'\n[plugins]", "client_key and client_certificate go together"),
        ("127.0.0.0/8", "127.0.0.1/8", "allow_networks: 127.0.0.1/8 has host bits set"),
        (
            "[outbound]",
            "call_seconds = 0\n[outbound]",
            "call_seconds must be positive, 60 at most, calls_at_once 1 to 256",
        ),
        (
            "[outbound]",
            "call_seconds = 61\n[outbound]",
            "call_seconds must be positive, 60 at most, calls_at_once 1 to 256",
        ),
    ],
)
def test_values_that_do_not_fit_together_are_refused(home: Path, old: str, new: str, problem: str) -> None:
    (found,) = problems_of(home, (old, new))
    assert found.endswith(problem)


def test_a_key_file_that_is_absent_is_named(home: Path) -> None:
    (problem,) = problems_of(home, ("keys/gateway.key", "keys/absent.key"))
    assert problem == (f"gateway.signing_key: cannot read {home}/keys/absent.key: No such file or directory")


def test_a_database_may_be_a_secret_and_a_server(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = GOOD.replace('"sqlite:///data/gateway.db"', '{ env = "MPAY_TEST_DATABASE" }')
    with pytest.raises(ConfigurationError, match="environment variable MPAY_TEST_DATABASE is not set"):
        read_settings(write(home, text))
    monkeypatch.setenv("MPAY_TEST_DATABASE", "postgresql+psycopg://u:p@db/gateway")
    assert read_settings(write(home, text)).gateway.database == "postgresql+psycopg://u:p@db/gateway"


def test_a_file_that_is_no_toml_or_absent_is_a_problem_not_a_crash(home: Path) -> None:
    with pytest.raises(ConfigurationError, match="not TOML"):
        read_settings(write(home, "[gateway\n"))
    with pytest.raises(ConfigurationError, match="nested too deeply"):
        read_settings(write(home, f"a = {'[' * 100_000}\n"))
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        read_settings(home / "absent.toml")


def test_an_ini_names_the_toml(tmp_path: Path) -> None:
    ini = tmp_path / "development.ini"
    ini.write_text(
        "[app:main]\nuse = egg:x\nmpay.settings = %(here)s/config/demo.toml\n[l]\nformat = %(x)s\n"
    )
    assert read_ini(ini) == tmp_path / "config/demo.toml"
    ini.write_text("[app:main]\nmpay.settings = config/demo.toml\n")
    assert read_ini(ini) == tmp_path / "config/demo.toml"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[app:main]\n", "mpay.settings is required, and missing"),
        ("mpay.settings = x\n", "not a usable ini"),
        ("[app:main]\nmpay.settings = %(nowhere)s/x\n", "not a usable ini"),
    ],
)
def test_an_ini_that_names_none_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    ini = tmp_path / "development.ini"
    ini.write_text(text)
    with pytest.raises(ConfigurationError, match=problem):
        read_ini(ini)


def test_the_ini_is_the_options_then_the_environments_then_the_folders(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MPAY_CONFIG", "/etc/mpay.ini")
    assert find_ini(Path("a.ini")) == Path("a.ini")
    assert find_ini() == Path("/etc/mpay.ini")
    monkeypatch.delenv("MPAY_CONFIG")
    assert find_ini() == Path("development.ini")


def test_how_long_evidence_is_kept_is_said_or_nothing_is_erased(home: Path) -> None:
    assert read_settings(write(home, GOOD)).evidence.keep_days is None
    kept = read_settings(write(home, f"{GOOD}\n[evidence]\nkeep_days = 90\n"))
    assert kept.evidence.keep_days == 90


@pytest.mark.parametrize("days", ["89", "0", "-1", "40000", '"90"', "90.5"])
def test_evidence_is_not_kept_for_less_than_ninety_days(home: Path, days: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_settings(write(home, f"{GOOD}\n[evidence]\nkeep_days = {days}\n"))
    (problem,) = caught.value.problems
    assert "evidence" in problem
