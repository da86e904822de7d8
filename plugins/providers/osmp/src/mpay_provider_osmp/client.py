"""The one module that reaches out: fetches the network's register of a day, from a folder or an address."""

from dataclasses import dataclass
from datetime import date

from mpay_gateway.api import (
    EvidenceSink,
    HttpClient,
    HttpRequest,
    InvalidAnswer,
    MessageMeta,
    OutcomeUnknown,
    RemoteRefused,
    RemoteUnavailable,
)
from mpay_provider_osmp.settings import OsmpSettings

_LARGEST = 32 << 20
_OPERATION = "register"


@dataclass(frozen=True, slots=True)
class RegisterSource:
    """Where the settings say that registers are."""

    http: HttpClient
    settings: OsmpSettings

    def fetch(self, day: date, evidence: EvidenceSink) -> bytes:
        """The register of a day, as it is.

        Raises: RemoteRefused when no place is configured or the address refuses; RemoteUnavailable when it is not there
        yet; OutcomeUnknown; InvalidAnswer.
        """
        if self.settings.register_url:
            return self._download(self.settings.register_url.replace("{day}", day.isoformat()), evidence)
        if self.settings.register_directory is None:
            raise RemoteRefused("no-register", "neither register_directory nor register_url is set")
        path = self.settings.register_directory / f"register-{day.isoformat()}.csv"
        try:
            with path.open("rb") as file:
                body = file.read(_LARGEST + 1)
        except OSError as error:
            raise RemoteUnavailable(f"{path.name}: {error.strerror}") from error
        if len(body) > _LARGEST:
            raise InvalidAnswer(f"{path.name} is larger than {_LARGEST} bytes")
        evidence.received(body, MessageMeta(_OPERATION, "text/csv", path.name))
        return body

    def _download(self, url: str, evidence: EvidenceSink) -> bytes:
        evidence.sent(b"", MessageMeta(_OPERATION, address=url))
        request = HttpRequest("GET", url, deadline=self.settings.timeout_seconds, largest_answer=_LARGEST)
        answer = self.http.send(request)
        kind = answer.header("content-type")
        evidence.received(answer.body, MessageMeta(_OPERATION, kind, url, answer.status))
        if answer.status == 200:
            return answer.body
        if answer.status >= 500:
            raise OutcomeUnknown(f"the network answered {answer.status}")
        if answer.status in {404, 425, 429}:
            raise RemoteUnavailable(f"no register of that day yet: {answer.status}")
        raise RemoteRefused(str(answer.status), "the network refuses its register", permanent=False)
