"""The least of a browser: connections that are kept, cookies, and no patience for surprises."""

import http.client
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from io import BytesIO
from typing import Protocol
from urllib.parse import urlencode, urlsplit

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
WsgiApp = Callable[[Mapping[str, object], Callable[..., object]], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Request:
    """What a browser sends. `path` may carry a query."""

    method: str
    path: str
    body: bytes = b""
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `location`: where to go on, a path of the same host; empty when the answer says nothing."""

    status: int
    body: bytes
    location: str
    cookies: tuple[str, ...]


class Site(Protocol):
    """One host that answers requests."""

    def send(self, request: Request, cookies: str) -> Answer:
        """Send and wait. Raises: OSError, http.client.HTTPException."""


class HttpSite:
    """A host on loopback, reached over one connection that is kept open."""

    def __init__(self, url: str) -> None:
        self._netloc = urlsplit(url).netloc
        self._connection = http.client.HTTPConnection(self._netloc, timeout=60)

    def send(self, request: Request, cookies: str) -> Answer:
        """Send, once more on a fresh connection if the server has closed the kept one."""
        try:
            return self._send(request, cookies)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            self._connection.close()
            return self._send(request, cookies)

    def _send(self, request: Request, cookies: str) -> Answer:
        headers = {"Content-Type": request.content_type} if request.body else {}
        if cookies:
            headers["Cookie"] = cookies
        self._connection.request(request.method, request.path, request.body or None, headers)
        response = self._connection.getresponse()
        body = response.read()
        set_cookies = tuple(response.headers.get_all("set-cookie") or ())
        return Answer(response.status, body, _path(response.headers.get("location", "")), set_cookies)


class InProcessSite:
    """A WSGI application called without a server, so that what it does can be counted and profiled."""

    def __init__(self, app: WsgiApp, url: str) -> None:
        self._app = app
        self._netloc = urlsplit(url).netloc

    def send(self, request: Request, cookies: str) -> Answer:
        """Call the application."""
        head: list[tuple[str, list[tuple[str, str]]]] = []
        chunks = self._app(
            self._environ(request, cookies), lambda status, headers, *_: head.append((status, headers))
        )
        body = b"".join(chunks)
        status, headers = head[0]
        location = next((value for name, value in headers if name.lower() == "location"), "")
        set_cookies = tuple(value for name, value in headers if name.lower() == "set-cookie")
        return Answer(int(status[:3]), body, _path(location), set_cookies)

    def _environ(self, request: Request, cookies: str) -> dict[str, object]:
        path, _, query = request.path.partition("?")
        name, _, port = self._netloc.partition(":")
        return {
            "REQUEST_METHOD": request.method, "SCRIPT_NAME": "", "PATH_INFO": path, "QUERY_STRING": query,
            "SERVER_NAME": name, "SERVER_PORT": port, "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": self._netloc,
            "HTTP_COOKIE": cookies, "CONTENT_TYPE": request.content_type,
            "CONTENT_LENGTH": str(len(request.body)), "REMOTE_ADDR": "127.0.0.1",
            "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": BytesIO(request.body),
            "wsgi.errors": BytesIO(), "wsgi.multithread": True, "wsgi.multiprocess": False, "wsgi.run_once": False,
        }  # fmt: skip


@dataclass
class Browser:
    """One payer's browser at one site: keeps cookies, checks what it expects."""

    site: Site
    _cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, *, expected: int = 200) -> Answer:
        """Raises: UnexpectedAnswer."""
        return self._send(Request("GET", path), expected)

    def post(self, path: str, fields: Mapping[str, str], *, expected: int = 303) -> Answer:
        """Post a form. Raises: UnexpectedAnswer."""
        return self._send(Request("POST", path, urlencode(fields).encode(), FORM), expected)

    def forget(self) -> None:
        """Be another payer from now on."""
        self._cookies.clear()

    def _send(self, request: Request, expected: int) -> Answer:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        answer = self.site.send(request, cookies)
        for text in answer.cookies:
            self._cookies |= {name: morsel.value for name, morsel in SimpleCookie(text).items()}
        if answer.status != expected:
            raise UnexpectedAnswer(request, answer)
        return answer


class UnexpectedAnswer(Exception):
    """The gateway or a counterpart answered something else than a payment needs."""

    def __init__(self, request: Request, answer: Answer) -> None:
        text = answer.body.decode("utf-8", "replace")
        super().__init__(f"{request.method} {request.path} answered {answer.status}: {text[:600]}")


def _path(location: str) -> str:
    parts = urlsplit(location)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path
