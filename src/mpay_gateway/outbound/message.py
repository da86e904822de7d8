"""What is sent and what comes back, and the client as plugins see it."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request to send. `deadline`: seconds in all, from the first byte out to the last byte in."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    deadline: float = 7.0
    largest_answer: int = field(default=1 << 20)


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An answer, whatever its status. Header names are lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """The value of a header, empty when absent. `name` in lower case."""
        return next((value for key, value in self.headers if key == name), "")


class HttpClient(Protocol):
    """Sends one request and returns the whole answer."""

    def send(self, request: HttpRequest) -> HttpAnswer:
        """Send and wait.

        Raises: RemoteUnavailable when nothing was sent (no such host, refused, address not allowed, TLS);
        OutcomeUnknown when something was sent and no whole answer came (time-out, reset, too large);
        OutboundCallRefused inside a unit of work.
        """
