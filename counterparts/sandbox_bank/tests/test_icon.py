"""A browser that asks for the bank's icon, as it does by itself, gets one."""

from __future__ import annotations

import urllib3


def test_the_bank_has_an_icon_where_browsers_look(bank) -> None:
    answer = urllib3.request("GET", f"{bank.url}/favicon.ico")
    assert (answer.status, answer.headers["Content-Type"].partition(";")[0]) == (200, "image/svg+xml")
    assert answer.data.startswith(b"<svg")


def test_pages_name_it(bank) -> None:
    page = urllib3.request("GET", f"{bank.url}/console").data.decode()
    assert '<link rel="icon" href="/favicon.ico"' in page
