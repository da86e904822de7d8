"""/readyz: who may be sent payers, and who may not."""

import pytest
from sqlalchemy.exc import DBAPIError

from mpay_gateway.storage import Work
from mpay_gateway.storage.refusals import FOR_SECONDS
from mpay_gateway.web.views import health


class DiskFull(Exception):
    sqlstate = "53100"


def test_a_gateway_whose_database_takes_nothing_is_not_ready_for_a_while(browser, parts):
    assert browser.get("/readyz").status_int == 200
    now = parts.clock.monotonic()
    parts.units._refusals.note(DBAPIError("INSERT", {}, DiskFull()), "open-payment", now=now)
    refused = browser.get("/readyz", status=503)
    assert refused.text == "the disk is full\n"
    assert browser.get("/healthz").status_int == 200
    parts.units._refusals._since = now - FOR_SECONDS - 1
    assert browser.get("/readyz").status_int == 200


@pytest.mark.parametrize(("found", "status"), [(None, 503), ("0001", 503), ("9999", 200)])
def test_a_running_gateway_needs_its_own_shape_or_a_newer_one(browser, monkeypatch, found, status):
    monkeypatch.setattr(health, "current_revision", lambda _: found)
    browser.get("/readyz", status=status)


def test_a_standby_is_not_ready(browser, monkeypatch):
    monkeypatch.setattr(Work, "is_standby", lambda _: True)
    assert browser.get("/readyz", status=503).text == "the database is a standby\n"
