"""Help, privacy, accessibility: pages of text, with the contact from the settings."""

from collections.abc import Mapping

from pyramid.request import Request


def show(_request: Request) -> Mapping[str, object]:
    """GET /help, /privacy, /accessibility."""
    return {}
