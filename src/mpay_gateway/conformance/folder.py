"""Every message of a run, byte for byte, in a folder."""

import json
from datetime import datetime
from itertools import count
from pathlib import Path

from mpay_gateway.conformance.answer import Answer


class MessageFolder:
    """A new folder for one run, named by its time. Raises: OSError when it cannot be made."""

    def __init__(self, parent: Path, at: datetime) -> None:
        parent.mkdir(parents=True, exist_ok=True)
        name = at.strftime("%Y%m%dT%H%M%SZ")
        self.path = parent / name
        for number in count(2):
            try:
                self.path.mkdir(mode=0o700)  # names, personal codes, a private key
            except FileExistsError:
                self.path = parent / f"{name}-{number}"
            else:
                break

    def keep(self, answer: Answer, at: datetime) -> None:
        """Write one exchange: what was sent, what came back, and both heads with times."""
        stem = message_stem(answer.number)
        (self.path / f"{stem}-sent.xml").write_bytes(answer.sent.body)
        (self.path / f"{stem}-received.xml").write_bytes(answer.received.body)
        (self.path / f"{stem}.json").write_text(
            json.dumps(_heads(answer, at), ensure_ascii=False, indent=2), "utf-8"
        )


def message_stem(number: int) -> str:
    """How the files of an exchange begin."""
    return f"{number:04d}"


def _heads(answer: Answer, at: datetime) -> dict[str, object]:
    sent, received = answer.sent, answer.received
    return {
        "what": answer.said,
        "sent": {"method": sent.method, "url": sent.url, "headers": dict(sent.headers)},
        "received": {
            "status": received.status,
            "headers": dict(received.headers),
            "failure": received.failure,
        },
        "seconds": round(received.seconds, 3),
        "answered_at": at.isoformat(),
    }
