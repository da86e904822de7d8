"""The certificates with which services sign or signed: what they said years ago is verified with those of then."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.engine import Connection

from mpay_gateway.storage.statements import insert_once
from mpay_gateway.storage.tables import service_certificates

_KEEP = insert_once(service_certificates, ["service_id", "fingerprint"])


@dataclass(frozen=True, slots=True)
class KnownCertificate:
    """`fingerprint`: hexadecimal SHA-256 of the DER."""

    fingerprint: str
    pem: str


class ServiceCertificates:
    """Rows are only added."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep(self, service_id: str, certificates: Iterable[KnownCertificate], *, at: datetime) -> None:
        """Remember these, unless they are known."""
        for each in certificates:
            row = {"service_id": service_id, "fingerprint": each.fingerprint, "pem": each.pem, "since": at}
            self._connection.execute(_KEEP.on(self._connection), row)

    def of_service(self, service_id: str) -> tuple[KnownCertificate, ...]:
        """All that were ever registered for it, the oldest first."""
        query = (
            select(service_certificates.c.fingerprint, service_certificates.c.pem)
            .where(service_certificates.c.service_id == service_id)
            .order_by(service_certificates.c.since, service_certificates.c.fingerprint)
        )
        return tuple(KnownCertificate(*row) for row in self._connection.execute(query))
