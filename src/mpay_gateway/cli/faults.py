"""`mpay faults`: what becomes of each fault of an e-Service, in the payers' three languages."""

from collections.abc import Iterator

import click

from mpay_gateway.cli.printing import print_table
from mpay_gateway.domain.language import Language
from mpay_gateway.domain.service_faults import RULES, UNSIGNED, FaultRule, ServiceOperation

language_option = click.option(
    "--language", type=click.Choice([each.value for each in Language]), default=Language.EN.value,
    show_default=True, help="In which of the payers' languages faults are explained.",
)  # fmt: skip
_HEADINGS = ("operation", "fault", "says", "tried again", "who must act")


@click.command()
@language_option
@click.option("--markdown", is_flag=True, help="Print the tables that are kept in docs/integrators.md.")
def faults(*, language: str, markdown: bool) -> None:
    """Show what each fault of an e-Service means, whether it is asked again, and who must act."""
    spoken = Language(language)
    if markdown:
        click.echo(as_markdown(spoken), nl=False)
    else:
        print_table(_HEADINGS, [(each.operation.value, *explained(each, spoken)) for each in RULES], none="")


def as_markdown(language: Language = Language.EN) -> str:
    """A table for each operation."""
    return "\n".join(line for each in ServiceOperation for line in _table(each, language)) + "\n"


def explained(rule: FaultRule, language: Language) -> tuple[str, ...]:
    """The code, what it says, whether and when it is tried again, who must act."""
    from mpay_gateway.texts import Texts  # with it comes Babel, which help does without

    texts = Texts.load("portal")
    return (
        _name(rule),
        texts.text(f"fault.means.{rule.means}", language),
        texts.text(f"fault.retry.{rule.retry.value}", language),
        texts.text(f"fault.who.{rule.acts.value}", language),
    )


def _name(rule: FaultRule) -> str:
    if rule.means == UNSIGNED:
        return "any, unsigned"
    return rule.code or "any other"


def _table(operation: ServiceOperation, language: Language) -> Iterator[str]:
    yield from (f"In answer to `{operation.value}`:", "", "| Fault | Says | Tried again | Who must act |")
    yield "|---|---|---|---|"
    for rule in RULES:
        if rule.operation is operation:
            yield f"| {' | '.join(explained(rule, language))} |"
    yield ""
