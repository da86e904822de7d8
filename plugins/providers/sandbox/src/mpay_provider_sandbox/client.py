"""The one module that talks to the bank: addresses, headers, evidence, and what a status means."""

from dataclasses import dataclass
from datetime import date
from urllib.parse import quote, urlencode

from mpay_gateway.api import (
    EvidenceSink,
    HttpAnswer,
    HttpClient,
    HttpRequest,
    InvalidAnswer,
    MessageMeta,
    OutcomeUnknown,
    RemoteRefused,
)
from mpay_provider_sandbox.reading import Fields
from mpay_provider_sandbox.settings import SandboxSettings

_LARGEST_STATEMENT = 32 << 20
_PASSING_REFUSALS = {401, 403, 408, 425, 429}  # mended by an operator or by time, so not for ever


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the API. `key`: its Idempotency-Key, empty for reading. `operation`: its name."""

    operation: str
    method: str
    path: str
    body: bytes = b""
    key: str = ""
    largest_answer: int = 1 << 20


@dataclass(frozen=True, slots=True)
class BankClient:
    """The bank's API. Every method returns the body of a 2xx answer.

    Raises: RemoteRefused with the bank's code (4xx), OutcomeUnknown (5xx, or no whole answer),
    RemoteUnavailable (nothing was sent), InvalidAnswer (a status or a refusal that is not the API's).
    """

    http: HttpClient
    settings: SandboxSettings

    def open_session(self, order: bytes, *, key: str, evidence: EvidenceSink) -> bytes:
        """Open a card page for the order, or get the one that the key opened before."""
        return self._call(Call("start", "POST", "/v1/sessions", order, key), evidence)

    def find_session(self, session_id: str, reference: str, evidence: EvidenceSink) -> bytes:
        """The session of that id; of that reference when no id ever reached us."""
        query = f"/{quote(session_id, safe='')}" if session_id else f"?{urlencode({'reference': reference})}"
        return self._call(Call("fetch", "GET", f"/v1/sessions{query}"), evidence)

    def capture(self, session_id: str, amount: bytes, *, key: str, evidence: EvidenceSink) -> bytes:
        """Take money that the session holds."""
        path = f"/v1/sessions/{quote(session_id, safe='')}/capture"
        return self._call(Call("capture", "POST", path, amount, key), evidence)

    def reverse(self, session_id: str, amount: bytes, *, key: str, evidence: EvidenceSink) -> bytes:
        """Void money that the session holds, or give back what was taken."""
        path = f"/v1/sessions/{quote(session_id, safe='')}/reversals"
        return self._call(Call("reverse", "POST", path, amount, key), evidence)

    def statement(self, day: date, evidence: EvidenceSink) -> bytes:
        """The statement (CSV) of a day (UTC)."""
        path = f"/v1/statements/{day.isoformat()}"
        call = Call("statement", "GET", path, largest_answer=_LARGEST_STATEMENT)
        return self._call(call, evidence)

    def _call(self, call: Call, evidence: EvidenceSink) -> bytes:
        request = self._request(call)
        kind = "application/json" if call.body else ""
        notes = (("idempotency-key", call.key),) if call.key else ()
        evidence.sent(call.body, MessageMeta(call.operation, kind, request.url, notes=notes))
        answer = self.http.send(request)
        received = MessageMeta(call.operation, answer.header("content-type"), request.url, answer.status)
        evidence.received(answer.body, received)
        return _accepted(answer)

    def _request(self, call: Call) -> HttpRequest:
        headers = [("accept", "application/json, application/problem+json, text/csv")]
        headers.append(("authorization", f"Bearer {self.settings.secret.value}"))
        if call.body:
            headers.append(("content-type", "application/json"))
        if call.key:
            headers.append(("idempotency-key", call.key))
        return HttpRequest(
            method=call.method,
            url=self.settings.address(call.path),
            headers=tuple(headers),
            body=call.body,
            deadline=self.settings.timeout_seconds,
            largest_answer=call.largest_answer,
        )


def _accepted(answer: HttpAnswer) -> bytes:
    if 200 <= answer.status < 300:
        return answer.body
    if answer.status >= 500:
        raise OutcomeUnknown(f"the bank answered {answer.status}")
    if answer.status >= 400:
        raise _refusal(answer)
    raise InvalidAnswer(f"the bank answered {answer.status}")


def _refusal(answer: HttpAnswer) -> RemoteRefused:
    """The refusal in the bank's own words (problem details, RFC 9457); a proxy's error page is no refusal."""
    if not answer.header("content-type").startswith("application/problem+json"):
        raise InvalidAnswer(f"the bank answered {answer.status} without a problem")
    problem = Fields.parse(answer.body)
    permanent = answer.status not in _PASSING_REFUSALS
    return RemoteRefused(problem.text("code"), problem.text_or_empty("detail")[:300], permanent=permanent)
