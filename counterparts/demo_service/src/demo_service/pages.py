"""Pages."""

from pyramid.config import Configurator

from demo_service.parts import Parts


def add_pages(config: Configurator, parts: Parts) -> None:
    """Add the pages."""
