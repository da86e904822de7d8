"""A reverse proxy as an operator has one: it looks who is ready, and tries another one where a door is closed."""

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress

import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding"}
LOOK_SECONDS = 0.1


class Upstream:
    """One gateway behind the door. `ready`: what it said of itself when it was last asked."""

    def __init__(self, port: int) -> None:
        self.pool = urllib3.HTTPConnectionPool("127.0.0.1", port, maxsize=16, timeout=60, retries=False)
        self.ready = False
        self.answered = 0

    def look(self) -> None:
        try:
            self.ready = self.pool.request("GET", "/readyz").status == 200
        except HTTPError:
            self.ready = False


class FrontDoor:
    """A WSGI application that passes requests on. `failures`: what a payer would have seen go wrong."""

    def __init__(self, ports: Iterable[int], host: str) -> None:
        self.upstreams = [Upstream(port) for port in ports]
        self.failures: list[str] = []
        self._host = host
        self._turn = 0
        self._stop = threading.Event()
        self._looking = threading.Thread(target=self._look, daemon=True)
        self._looking.start()

    def close(self) -> None:
        self._stop.set()
        self._looking.join(20)
        for each in self.upstreams:
            each.pool.close()

    def __call__(self, environ: dict[str, object], start_response: Callable[..., object]) -> list[bytes]:
        target = str(environ["PATH_INFO"])
        if environ.get("QUERY_STRING"):
            target += f"?{environ['QUERY_STRING']}"
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))  # type: ignore[attr-defined,call-overload]
        answer = self._pass_on(str(environ["REQUEST_METHOD"]), target, body, self._headers(environ))
        if answer is None:
            start_response("502 Bad Gateway", [("Content-Type", "text/plain")])
            return [b"nobody answered"]
        if answer.status >= 500:
            self.failures.append(f"{target}: {answer.status}")
        kept = [(name, value) for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP]
        start_response(f"{answer.status} {answer.reason or 'unknown'}", kept)
        return [answer.data]

    def _pass_on(
        self, method: str, target: str, body: bytes, headers: dict[str, str]
    ) -> urllib3.BaseHTTPResponse | None:
        """Only a closed door sends the request elsewhere: what may have arrived is never sent twice."""
        for upstream in self._candidates():
            try:
                answer = upstream.pool.request(method, target, body=body, headers=headers, redirect=False)
            except NewConnectionError:
                upstream.ready = False
                continue
            except HTTPError as error:
                self.failures.append(f"{method} {target}: {type(error).__name__} {error}")
                return None
            upstream.answered += 1
            return answer
        self.failures.append(f"{method} {target}: every door is closed")
        return None

    def _candidates(self) -> list[Upstream]:
        """Those that are ready, in turns; then the others, for want of better."""
        self._turn += 1
        turned = (
            self.upstreams[self._turn % len(self.upstreams) :]
            + self.upstreams[: self._turn % len(self.upstreams)]
        )
        return sorted(turned, key=lambda each: not each.ready)

    def _headers(self, environ: dict[str, object]) -> dict[str, str]:
        found = {
            name[5:].replace("_", "-"): str(value)
            for name, value in environ.items()
            if name.startswith("HTTP_")
        }
        if environ.get("CONTENT_TYPE"):
            found["Content-Type"] = str(environ["CONTENT_TYPE"])
        return {name: value for name, value in found.items() if name.lower() not in _HOP_BY_HOP} | {
            "HOST": self._host
        }

    def _look(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            for each in self.upstreams:
                with suppress(OSError):
                    each.look()
