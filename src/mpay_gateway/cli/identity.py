"""Who acts: the operator whom a command names, and the token that proves it."""

import os

import click

from mpay_gateway.cli.words import WORDS
from mpay_gateway.flow.operators import actor_of
from mpay_gateway.storage import UnitOfWork

TOKEN_VARIABLE = "MPAY_OPERATOR_TOKEN"  # noqa: S105  the name of a variable

operator_option = click.option(
    "--operator", required=True, type=WORDS, metavar="NAME",
    help=f"Who acts. The token is asked for, or taken from {TOKEN_VARIABLE}.",
)  # fmt: skip


optional_operator = click.option(
    "--operator", type=WORDS, metavar="NAME",
    help=f"Who acts, unless nothing is done. The token is asked for, or taken from {TOKEN_VARIABLE}.",
)  # fmt: skip


def identify(units: UnitOfWork, name: str) -> str:
    """The actor for the audit. Raises: NotAuthorised."""
    token = os.environ.get(TOKEN_VARIABLE) or click.prompt(f"Token of {name}", hide_input=True, err=True)
    return actor_of(units, name, token)
