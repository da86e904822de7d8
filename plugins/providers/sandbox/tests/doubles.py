"""Stand-ins for what the core gives a provider: a record of evidence and a plain HTTP client."""

from dataclasses import dataclass, field

import urllib3

from mpay_gateway.api import (
    Direction,
    HttpAnswer,
    HttpRequest,
    MessageMeta,
    OutcomeUnknown,
    RemoteUnavailable,
)

API_SECRET = "api-secret-of-the-tests"
CALLBACK_SECRET = "callback-secret-of-the-tests"


@dataclass(frozen=True, slots=True)
class Record:
    """Evidence kept in order, as the core would keep it."""

    messages: list[tuple[Direction, bytes, MessageMeta]] = field(default_factory=list)

    def sent(self, body: bytes, meta: MessageMeta) -> None:
        self.messages.append((Direction.SENT, body, meta))

    def received(self, body: bytes, meta: MessageMeta) -> None:
        self.messages.append((Direction.RECEIVED, body, meta))

    @property
    def story(self) -> list[tuple[str, str, int | None]]:
        return [(direction.value, meta.operation, meta.status) for direction, _, meta in self.messages]


class PlainHttp:
    """The HTTP client's contract in little, for loopback."""

    def __init__(self) -> None:
        self._pool = urllib3.PoolManager(retries=False)

    def send(self, request: HttpRequest) -> HttpAnswer:
        try:
            answer = self._pool.request(
                request.method,
                request.url,
                body=request.body or None,
                headers=dict(request.headers),
                redirect=False,
                timeout=urllib3.Timeout(total=request.deadline),
            )
        except urllib3.exceptions.NewConnectionError as error:
            raise RemoteUnavailable(str(error)) from error
        except urllib3.exceptions.HTTPError as error:
            raise OutcomeUnknown(str(error)) from error
        headers = tuple((name.lower(), value) for name, value in answer.headers.items())
        return HttpAnswer(answer.status, headers, answer.data)

    def close(self) -> None:
        self._pool.clear()
