"""What is typed after `mpay` is looked at before anything is done with it."""

import click
from click.types import StringParamType

from mpay_gateway.cli.main import Commands


def unchecked(command, place):
    """The arguments and options that take any text: bytes that are no text reach the database and end in a trace."""
    for each in command.params:
        if isinstance(each.type, StringParamType):
            yield f"mpay {place} {each.name}"
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from unchecked(inner, f"{place} {name}")


def test_every_text_that_a_command_takes_is_checked():
    found = [one for name, entry in Commands.entries.items() for one in unchecked(entry.load(), name)]
    assert found == [], "type=WORDS refuses what is no text"


def test_a_command_that_takes_any_text_is_found():
    @click.command()
    @click.argument("words", nargs=-1)
    @click.option("--count", type=int)
    def lax(words, count): ...

    group = click.Group("group", {"lax": lax})
    assert list(unchecked(group, "group")) == ["mpay group lax words"]
