"""The provider as the network calls it: check and pay over HTTP, answers in XML."""

from __future__ import annotations

import base64
import http.client
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

from kiosk_network.settings import Settings

_LOCAL = ZoneInfo("Europe/Chisinau")
_MOST = 1 << 20


class NoAnswer(Exception):
    """No answer came, or none that is the protocol's. The text says which."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the provider said. `fields`: what the kiosk shows, by name."""

    result: int
    prv_txn: str
    comment: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class Provider:
    """The provider's one address."""

    settings: Settings

    def check(self, txn_id: int, kiosk: str, account: str, sum_minor: int) -> Reply:
        """Ask whether the account can be paid. Raises: NoAnswer."""
        return self._call(txn_id, {"command": "check"} | self._about(txn_id, kiosk, account, sum_minor))

    def pay(self, txn_id: int, kiosk: str, account: str, *, sum_minor: int, taken_at: datetime) -> Reply:
        """Tell of money. Raises: NoAnswer."""
        stamp = taken_at.astimezone(_LOCAL).strftime("%Y%m%d%H%M%S")
        about = self._about(txn_id, kiosk, account, sum_minor)
        return self._call(txn_id, {"command": "pay", "txn_date": stamp} | about)

    def _about(self, txn_id: int, kiosk: str, account: str, sum_minor: int) -> dict[str, str]:
        named = f"{self.settings.prefix}{account}"
        return {"txn_id": str(txn_id), "account": named, "sum": written(sum_minor), "trm_id": kiosk}

    def _call(self, txn_id: int, parameters: dict[str, str]) -> Reply:
        address = urlsplit(self.settings.provider_url)
        kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
        connection = kind(address.netloc, timeout=self.settings.call_seconds)
        query = urlencode(parameters)
        try:
            if self.settings.method == "POST":
                form = {"Content-Type": "application/x-www-form-urlencoded"}
                connection.request("POST", address.path, query.encode(), self._headers() | form)
            else:
                connection.request("GET", f"{address.path}?{query}", headers=self._headers())
            answer = connection.getresponse()
            body = answer.read(_MOST)
        except (OSError, http.client.HTTPException) as problem:
            raise NoAnswer(f"{type(problem).__name__}: {problem}") from problem
        finally:
            connection.close()
        if answer.status != 200:
            raise NoAnswer(f"HTTP {answer.status}")
        return read(body, txn_id)

    def _headers(self) -> dict[str, str]:
        told = base64.b64encode(f"{self.settings.user}:{self.settings.password}".encode()).decode()
        return {"Authorization": f"Basic {told}"}


def read(body: bytes, txn_id: int) -> Reply:
    """An answer about this payment. Raises: NoAnswer when it is of another, or not of the protocol's form."""
    try:
        response = ET.fromstring(body)  # noqa: S314  the provider under test, and 1 MiB of it
        result = int(response.findtext("result", ""))
    except (ET.ParseError, ValueError) as problem:
        raise NoAnswer(f"unreadable: {problem}") from problem
    if response.tag != "response" or response.findtext("osmp_txn_id") != str(txn_id):
        raise NoAnswer("an answer about another payment")
    fields = {each.get("name", ""): each.text or "" for each in response.iterfind("fields/*")}
    return Reply(result, response.findtext("prv_txn") or "", response.findtext("comment") or "", fields)


def written(minor: int) -> str:
    """Minor units as the protocol writes a sum."""
    return f"{minor // 100}.{minor % 100:02d}"
