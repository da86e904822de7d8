"""Where the inbound ports of plugins lead: plugins are made before there is a gateway for them to call."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mpay_gateway.flow.parts import Parts


class Entrance:
    """One per gateway. Until it leads somewhere every call through a port fails."""

    def __init__(self) -> None:
        self._parts: Parts | None = None

    def lead_to(self, parts: "Parts") -> None:
        """From now on the ports call this gateway."""
        self._parts = parts

    @property
    def parts(self) -> "Parts":
        """Raises: RuntimeError when no gateway runs."""
        if self._parts is None:
            raise RuntimeError("no gateway runs behind this plugin")
        return self._parts
