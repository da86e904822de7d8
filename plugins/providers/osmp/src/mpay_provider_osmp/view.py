"""The one view that the network calls."""

from pyramid.request import Request
from pyramid.response import Response

from mpay_gateway.api import MessageMeta
from mpay_provider_osmp import wire
from mpay_provider_osmp.admission import Caller, NotAdmitted, admit
from mpay_provider_osmp.protocol import Protocol
from mpay_provider_osmp.results import Result
from mpay_provider_osmp.settings import OsmpSettings

METHODS = ("GET", "POST")
_NOT_TEXT = (ValueError, LookupError)


class PaymentView:
    """Both commands, at one address."""

    def __init__(self, protocol: Protocol, settings: OsmpSettings) -> None:
        self._protocol = protocol
        self._settings = settings

    def __call__(self, request: Request) -> Response:
        """GET or POST /x/<account>/payment: the protocol's answer, or a bare refusal of who may not ask.

        HEAD comes here too: whatever answers GET is asked for it.
        """
        if request.method not in METHODS:
            return Response(status=405, headers={"Allow": ", ".join(METHODS)})
        try:
            admit(self._caller(request), self._settings)
        except NotAdmitted as refused:
            return _refused(refused)
        try:
            asked = wire.read(_pairs(request), self._settings)
        except wire.Unreadable as problem:
            return _answer(self._protocol.unreadable(problem))
        message = request.body if request.method == "POST" else request.query_string.encode()
        meta = MessageMeta(asked.command.value, request.content_type or "", request.path)
        return _answer(self._protocol.answer(asked, message, meta))

    def _caller(self, request: Request) -> Caller:
        header = self._settings.certificate_header
        certificate = request.headers.get(header, "") if header and request.by_own_proxy else ""
        return Caller(request.caller_address, request.headers.get("Authorization", ""), certificate)


def _pairs(request: Request) -> tuple[tuple[str, str], ...]:
    """All parameters, of the address and of a form. Raises: Unreadable when they are no text."""
    try:
        return (*request.GET.items(), *((str(name), str(value)) for name, value in request.POST.items()))
    except _NOT_TEXT:
        raise wire.Unreadable("", Result.OTHER) from None


def _answer(reply: wire.Reply) -> Response:
    return Response(wire.write(reply), content_type="text/xml", charset="UTF-8")


def _refused(refused: NotAdmitted) -> Response:
    if refused.challenge:
        return Response(status=401, headers={"WWW-Authenticate": 'Basic realm="payments", charset="UTF-8"'})
    return Response(status=403)
