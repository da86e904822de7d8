"""What arrives at an account's two fixed addresses. It only wakes the gateway: nothing in it is believed."""

import re

from mpay_gateway.api import Callback, CallbackKind, CallbackReading, InvalidAnswer, InvalidCallback
from mpay_provider_sandbox import signature
from mpay_provider_sandbox.reading import Fields
from mpay_provider_sandbox.settings import SandboxSettings

_IDENTIFIER = re.compile(r"[A-Za-z0-9_.:-]{1,100}\Z", re.ASCII)


def read_callback(callback: Callback, settings: SandboxSettings) -> CallbackReading:
    """Which payment the callback is about.

    Raises: InvalidCallback when a notification is not authentic, or neither kind names a payment.
    """
    match callback.kind:
        case CallbackKind.RETURN:
            return _read_return(callback)
        case CallbackKind.NOTIFICATION:
            return _read_notification(callback, settings)


def _read_return(callback: Callback) -> CallbackReading:
    """The payer's browser came back. Its `status` is not signed and is not read."""
    query = dict(callback.query)
    reading = CallbackReading(
        reference=_identifier(query.get("reference", "")),
        remote_reference=_identifier(query.get("session", "")),
    )
    if not reading.reference and not reading.remote_reference:
        raise InvalidCallback("the return names no payment")
    return reading


def _read_notification(callback: Callback, settings: SandboxSettings) -> CallbackReading:
    signature.check(
        callback.header(signature.HEADER),
        callback.body,
        secrets=settings.callback_secrets,
        at=callback.received_at,
        tolerance=settings.callback_tolerance_seconds,
    )
    try:
        event = Fields.parse(callback.body)
        return CallbackReading(
            reference=_identifier(event.text("reference")),
            remote_reference=_identifier(event.text("session_id")),
            event_id=_identifier(event.text("event_id")),
        )
    except InvalidAnswer as error:
        raise InvalidCallback(f"signed, but not of the bank's form: {error}") from error


def _identifier(text: str) -> str:
    if text and not _IDENTIFIER.match(text):
        raise InvalidCallback("an identifier of an unexpected form")
    return text
