"""What goes from the gateway to a rendering process: a page as HTML, and what is bound into the file."""

import base64
import json
from dataclasses import dataclass
from datetime import datetime

LOGO_ADDRESS = "paper:logo.png"
"""Under this address the page finds the logo; nothing else can be fetched."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A page to be drawn, complete: the drawer needs nothing else, and the same paper gives the same bytes.

    `data`: the content as JSON, attached to the file under `data_name`. `dated`: the file's date, with zone,
    from the content. `logo_png`: empty when there is none.
    """

    html: str
    data: str
    data_name: str
    data_description: str
    dated: datetime
    logo_png: bytes = b""

    def to_wire(self) -> bytes:
        """The paper as JSON, for the pipe to a rendering process."""
        return json.dumps(
            {
                "html": self.html,
                "data": self.data,
                "data_name": self.data_name,
                "data_description": self.data_description,
                "dated": self.dated.isoformat(),
                "logo_png": base64.b64encode(self.logo_png).decode(),
            }
        ).encode()

    @classmethod
    def from_wire(cls, wire: bytes) -> "Paper":
        """The paper that `to_wire` wrote."""
        plain = json.loads(wire)
        dated = datetime.fromisoformat(plain.pop("dated"))
        return cls(**plain | {"dated": dated, "logo_png": base64.b64decode(plain["logo_png"])})
