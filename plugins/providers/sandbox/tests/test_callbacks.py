"""Only the bank's signature makes a notification; a return is a hint."""

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mpay_gateway.api import Callback, CallbackKind, InvalidCallback, Secret
from mpay_provider_sandbox.callbacks import read_callback
from mpay_provider_sandbox.settings import SandboxSettings

NOW = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)
SECRET = "callback-secret-of-the-tests"
BODY = json.dumps(
    {
        "event_id": "evt_1",
        "event": "session.captured",
        "session_id": "ses_1",
        "reference": "REF0000000000000001",
        "status": "captured",
        "sequence": 2,
        "at": "2026-05-04T10:00:00Z",
    }
).encode()


def signature(body: bytes = BODY, *, secret: str = SECRET, at: datetime = NOW) -> str:
    seconds = str(int(at.timestamp()))
    digest = hmac.new(secret.encode(), f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={seconds},v1={digest}"


def notification(body: bytes = BODY, header: str | None = None) -> Callback:
    headers = (("bank-signature", signature(body) if header is None else header),)
    return Callback(CallbackKind.NOTIFICATION, "POST", (), headers, body, NOW)


def returned(*query: tuple[str, str]) -> Callback:
    return Callback(CallbackKind.RETURN, "GET", query, (), b"", NOW)


def test_a_signed_notification_is_read(settings: SandboxSettings) -> None:
    reading = read_callback(notification(), settings)
    assert (reading.reference, reading.remote_reference, reading.event_id) == (
        "REF0000000000000001", "ses_1", "evt_1",
    )  # fmt: skip


@pytest.mark.parametrize("seconds", [-300, 300])
def test_a_clock_that_is_off_within_the_tolerance_is_no_matter(
    seconds: int, settings: SandboxSettings
) -> None:
    header = signature(at=NOW + timedelta(seconds=seconds))
    assert read_callback(notification(header=header), settings).event_id == "evt_1"


@pytest.mark.parametrize("seconds", [-301, 301, -86_400])
def test_a_callback_from_another_time_is_refused(seconds: int, settings: SandboxSettings) -> None:
    header = signature(at=NOW + timedelta(seconds=seconds))
    with pytest.raises(InvalidCallback, match="too long ago"):
        read_callback(notification(header=header), settings)


def test_a_changed_body_is_refused(settings: SandboxSettings) -> None:
    changed = replace(notification(), body=BODY.replace(b"0001", b"0002"))
    with pytest.raises(InvalidCallback, match="not the bank's"):
        read_callback(changed, settings)


def test_a_changed_time_is_refused(settings: SandboxSettings) -> None:
    old = signature(at=NOW - timedelta(hours=2))
    header = f"t={int(NOW.timestamp())},{old.partition(',')[2]}"
    with pytest.raises(InvalidCallback, match="not the bank's"):
        read_callback(notification(header=header), settings)


def test_the_api_s_secret_signs_no_callback(settings: SandboxSettings) -> None:
    header = signature(secret=settings.secret.value)
    with pytest.raises(InvalidCallback, match="not the bank's"):
        read_callback(notification(header=header), settings)


@pytest.mark.parametrize(
    "header",
    [
        "", "v1=00", "t=,v1=", "t=1", signature().upper(), signature() + " ", signature() + ",v1=" + "0" * 64,
        signature().replace("t=", "t=+"), signature().replace("t=1", "t=١"), "t=1777888800,v1=" + "é" * 64,
    ],
)  # fmt: skip
def test_a_header_of_another_form_is_refused(header: str, settings: SandboxSettings) -> None:
    with pytest.raises(InvalidCallback):
        read_callback(notification(header=header), settings)


def test_a_secret_that_is_being_retired_is_still_accepted(settings: SandboxSettings) -> None:
    changing = replace(
        settings, callback_secret=Secret("the-new-one"), retired_callback_secrets=(Secret(SECRET),)
    )
    assert read_callback(notification(), changing).event_id == "evt_1"
    with pytest.raises(InvalidCallback):
        read_callback(notification(), replace(changing, retired_callback_secrets=()))


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", BODY.replace(b"evt_1", b""), BODY.replace(b"ses_1", b"ses 1"), b"[" * 100_000]
)
def test_a_signed_body_of_another_form_is_refused(body: bytes, settings: SandboxSettings) -> None:
    with pytest.raises(InvalidCallback):
        read_callback(notification(body), settings)


def test_a_return_names_the_payment_and_nothing_more(settings: SandboxSettings) -> None:
    reading = read_callback(
        returned(("session", "ses_1"), ("reference", "REF1"), ("status", "captured")), settings
    )
    assert (reading.reference, reading.remote_reference, reading.event_id) == ("REF1", "ses_1", "")


@pytest.mark.parametrize(
    "query", [(), (("status", "captured"),), (("reference", "a b"),), (("session", "x" * 101),)]
)
def test_a_return_that_names_no_payment_is_refused(
    query: tuple[tuple[str, str], ...], settings: SandboxSettings
) -> None:
    with pytest.raises(InvalidCallback):
        read_callback(returned(*query), settings)
