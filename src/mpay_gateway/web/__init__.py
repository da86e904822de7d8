"""The payer's pages and the providers' addresses: a Pyramid application over `flow`.

Views call one flow function and render its value. `routes` is the table of all addresses; `errors` alone knows
which HTTP status an error has.
"""

from mpay_gateway.web.application import main, make_app
from mpay_gateway.web.rendering import compile_pages

__all__ = ["compile_pages", "main", "make_app"]
