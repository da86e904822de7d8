"""What an account may be configured with."""

import pytest

from mpay_gateway.api import Secret
from mpay_provider_sandbox.settings import Mode, SandboxSettings, origin

SECRETS = {"secret": Secret("one"), "callback_secret": Secret("other")}


def test_what_stands_when_nothing_is_said() -> None:
    settings = SandboxSettings("https://bank.example/", **SECRETS)
    assert settings.mode is Mode.ONE_STEP
    assert settings.callback_tolerance_seconds == 300
    assert settings.address("/v1/sessions") == "https://bank.example/v1/sessions"


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "bank.example"},
        {"url": "ftp://bank.example"},
        {"url": "https://user@bank.example"},
        {"url": "https://bank.example/?a=b"},
        {"page_origins": ("pay.example",)},
        {"timeout_seconds": 0},
        {"timeout_seconds": 61},
        {"callback_tolerance_seconds": 0},
        {"secret": Secret("")},
        {"retired_callback_secrets": (Secret(""),)},
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- each with its own words
        SandboxSettings(**({"url": "https://bank.example"} | SECRETS | wrong))


def test_a_page_may_be_on_a_configured_origin() -> None:
    settings = SandboxSettings(
        "https://api.bank.example", **SECRETS, page_origins=("https://pay.bank.example",)
    )
    assert settings.allows_page("https://pay.bank.example/ses_1")
    assert settings.allows_page("https://API.bank.example:443/ses_1")
    assert not settings.allows_page("https://www.bank.example/ses_1")


def test_an_origin_always_has_its_port() -> None:
    assert origin("http://Bank.example/x") == "http://bank.example:80"


def test_settings_never_show_a_secret() -> None:
    shown = repr(SandboxSettings("https://bank.example", Secret("hush-hush"), Secret("hush-too")))
    assert "hush" not in shown
