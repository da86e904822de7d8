"""The address by which the payer's browser goes back to the merchant."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit, urlunsplit

from sandbox_bank.session import Session


def return_address(session: Session) -> str:
    """Append session, reference and status to the merchant's address.

    They are unsigned and only inform: whoever wants to know asks the API.
    """
    told = urlencode(
        {"session": session.id, "reference": session.order.reference, "status": session.status.value}
    )
    parts = urlsplit(session.order.return_url)
    return urlunsplit(parts._replace(query=f"{parts.query}&{told}" if parts.query else told))
