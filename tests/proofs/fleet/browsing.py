"""A payer's browser over real HTTP, as patient as a person: what fails is loaded again, and at last he gives up."""

import http.client
import json
import re
import time
from dataclasses import dataclass, field
from html import unescape
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

CALL_SECONDS = 20
AGAIN_SECONDS = 0.4
_FIELD = re.compile(r'<input[^>]*?name="(csrf_token|version|form_token|amount)"[^>]*?value="([^"]*)"')


class GaveUp(Exception):
    """Nobody served the payer for as long as he had patience. He may have been served without knowing."""


class TurnedAway(Exception):
    """A page that says no. The text names status and address."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `location`: where to go on, a path of the same host; empty when the answer says nothing."""

    status: int
    text: str
    location: str

    @property
    def fields(self) -> dict[str, str]:
        """The hidden fields of the page's form, and the amount that it proposes."""
        return {name: unescape(value) for name, value in _FIELD.findall(self.text)}


@dataclass
class Browser:
    """One payer's browser at one site. `patience`: seconds for each step."""

    url: str
    patience: float = 45.0
    _cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, *, expected: int = 200) -> Answer:
        """Raises: GaveUp, TurnedAway."""
        return self._insist("GET", path, None, expected)

    def post(self, path: str, fields: dict[str, str], *, expected: int = 303) -> Answer:
        """Send a form. Raises: GaveUp, TurnedAway."""
        body = urlencode(fields).encode()
        return self._insist("POST", path, ("application/x-www-form-urlencoded", body), expected)

    def tell(self, path: str, what: object) -> Answer:
        """Send JSON, and take any answer that is no failure. Raises: GaveUp."""
        return self._insist("POST", path, ("application/json", json.dumps(what).encode()), None)

    def _insist(
        self, method: str, path: str, content: tuple[str, bytes] | None, expected: int | None
    ) -> Answer:
        until = time.monotonic() + self.patience
        while True:
            try:
                answer = self._ask(method, path, content)
            except (OSError, http.client.HTTPException) as error:
                problem = type(error).__name__
            else:
                if answer.status < 500:
                    break
                problem = str(answer.status)
            if time.monotonic() > until:
                raise GaveUp(f"{method} {shape_of(path)}: {problem}")
            time.sleep(AGAIN_SECONDS)
        if expected is not None and answer.status != expected:
            raise TurnedAway(f"{method} {shape_of(path)} answered {answer.status}")
        return answer

    def _ask(self, method: str, path: str, content: tuple[str, bytes] | None) -> Answer:
        headers = {"Connection": "close"}
        if content:
            headers["Content-Type"] = content[0]
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=CALL_SECONDS)
        try:
            connection.request(method, path, content[1] if content else None, headers)
            response = connection.getresponse()
            text = response.read().decode("utf-8", "replace")
        finally:
            connection.close()
        for cookie in response.headers.get_all("set-cookie") or ():
            self._cookies |= {name: morsel.value for name, morsel in SimpleCookie(cookie).items()}
        return Answer(response.status, text, _path(response.headers.get("location", "")))


def shape_of(path: str) -> str:
    """The address without the payer's own parts, so that like failures can be counted."""
    return re.sub(r"/[A-Za-z0-9_-]{12,}", "/…", path.partition("?")[0])


def _path(location: str) -> str:
    parts = urlsplit(location)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
