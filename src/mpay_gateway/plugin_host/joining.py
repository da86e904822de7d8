"""Instruments and the accounts that serve them, joined by what the one needs and the other gives."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mpay_gateway.api import AccountId, Confirms, InstrumentPlugin, Need, ProviderPlugin
from mpay_gateway.plugin_host.discovery import Found
from mpay_gateway.plugin_host.registry import AccountInfo, InstrumentInfo, Kind
from mpay_gateway.settings import GatewaySettings, InstrumentEntry, ProviderEntry


@dataclass(frozen=True, slots=True)
class Joined:
    """Accounts and instruments whose plugins were found, and what does not fit together."""

    accounts: Mapping[AccountId, AccountInfo]
    instruments: Mapping[str, InstrumentInfo]
    problems: tuple[str, ...]


def join(settings: GatewaySettings, found: Found, confirms: Mapping[str, Confirms]) -> Joined:
    """Describe every account and instrument, and find what is missing between them.

    `confirms`: how each account that could be made does.
    """
    accounts = {
        entry.id: _account(entry, plugin.factory, confirms.get(entry.id))
        for entry in settings.providers
        if (plugin := found.plugins.get((Kind.PROVIDER, entry.plugin))) is not None
    }
    configured = {entry.id for entry in settings.providers}
    instruments: dict[str, InstrumentInfo] = {}
    problems: list[str] = []
    for entry in settings.instruments:
        problems += _unknown_accounts(entry, configured)
        plugin = found.plugins.get((Kind.INSTRUMENT, entry.plugin))
        if plugin is None:
            continue
        assert issubclass(plugin.factory, InstrumentPlugin)
        problems += _misfits(entry, plugin.factory.needs, accounts)
        instruments[entry.id] = _instrument(entry, plugin.factory.needs, accounts)
    problems += [
        f"provider.{account.id}: its plugin takes no currency"
        for account in accounts.values()
        if not account.currencies
    ]
    problems += [
        f"provider.{account.id}: it confirms by {account.confirms}, and so gives collection and nothing else"
        for account in accounts.values()
        if account.confirms is not Confirms.PULL and account.gives != {Need.COLLECTION}
    ]
    problems += _idle(accounts, instruments)
    return Joined(accounts, instruments, tuple(problems))


def _account(entry: ProviderEntry, factory: type, confirms: Confirms | None) -> AccountInfo:
    assert issubclass(factory, ProviderPlugin)
    return AccountInfo(
        id=entry.id,
        plugin=entry.plugin,
        reference_form=factory.reference_form,
        capabilities=factory.capabilities,
        gives=factory.gives,
        confirms=confirms or factory.confirms,
        session_minutes=factory.session_minutes,
        currencies=factory.currencies,
        callback_limit=factory.callback_limit,
        retired=entry.retired,
    )


def _instrument(
    entry: InstrumentEntry, needs: Need, accounts: Mapping[AccountId, AccountInfo]
) -> InstrumentInfo:
    usable = tuple(each for each in entry.providers if each in accounts and not accounts[each].retired)
    return InstrumentInfo(entry.id, entry.plugin, needs, usable, entry.channels)


def _idle(
    accounts: Mapping[AccountId, AccountInfo], instruments: Mapping[str, InstrumentInfo]
) -> Iterator[str]:
    """Money that is told by push needs an instrument to be called by."""
    named = {each for info in instruments.values() for each in info.providers}
    for account in accounts.values():
        if account.confirms is Confirms.PUSH and not account.retired and account.id not in named:
            yield f"provider.{account.id}: it tells of money by itself, and no instrument names it"


def _unknown_accounts(entry: InstrumentEntry, configured: set[AccountId]) -> Iterator[str]:
    where = f"instrument.{entry.id}"
    if not entry.providers:
        yield f"{where}.providers: at least one account"
    if not entry.channels:
        yield f"{where}.channels: at least one"
    for place, account in enumerate(entry.providers):
        if account not in configured:
            yield f"{where}.providers[{place}]: no [provider.{account}]"
        elif account in entry.providers[:place]:
            yield f"{where}.providers[{place}]: {account} stands here twice"


def _misfits(entry: InstrumentEntry, needs: Need, accounts: Mapping[AccountId, AccountInfo]) -> Iterator[str]:
    known = [accounts[each] for each in entry.providers if each in accounts]
    for account in known:
        if needs not in account.gives:
            given = ", ".join(sorted(account.gives)) or "nothing"
            yield (f"instrument.{entry.id}: {entry.plugin} needs {needs}, account {account.id} gives {given}")
    if known and all(account.retired for account in known) and len(known) == len(entry.providers):
        yield f"instrument.{entry.id}.providers: every account is retired"
