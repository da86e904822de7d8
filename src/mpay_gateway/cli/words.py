"""Words that a command is given and that are kept: refused when no database takes them."""

import click

from mpay_gateway.domain.remarks import is_fit


class Words(click.ParamType[str]):
    """A text without NUL, other control characters, or bytes that are no text."""

    name = "text"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value)
        if not is_fit(text):
            self.fail("has characters in it that cannot be stored", param, ctx)
        return text


WORDS = Words()

reason_option = click.option(
    "--reason", required=True, type=WORDS, metavar="TEXT",
    help="Why; other operators read it, the audit keeps it.",
)  # fmt: skip
