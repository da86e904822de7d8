"""Whether those who are to be let in can be, and see what there is."""

from collections.abc import Iterator

from mpay_gateway.domain.service import Channel
from mpay_gateway.flow.findings import Finding, Level
from mpay_gateway.flow.parts import Parts
from mpay_gateway.settings.access import EVERY_SERVICE, Right


def access_findings(parts: Parts) -> Iterator[Finding]:
    """Nothing where nobody is to be let in."""
    access = parts.settings.access
    if not access.callers:
        return
    if not parts.settings.gateway.trusted_proxies:
        detail = "no callers are let in: `trusted_proxies` names no proxy that could tell their certificates"
        yield Finding(Level.PROBLEM, "[access]", detail)
    known = parts.services.all()
    if any(Right.POS in caller.may for caller in access.callers.values()):
        yield from _counters(parts)
    for name, caller in access.callers.items():
        unknown = [each for each in caller.services if each != EVERY_SERVICE and each not in known]
        if unknown:
            detail = f"sees services that are not registered: {', '.join(unknown)}"
            yield Finding(Level.WARNING, f"caller {name}", detail)
        else:
            yield Finding(Level.OK, f"caller {name}", f"may {', '.join(caller.may)}")


def _counters(parts: Parts) -> Iterator[Finding]:
    """Whether a clerk at a POS terminal finds anything to pay, and anything to pay it with."""
    if not any(Channel.COUNTER in service.channels for service in parts.services.all().values()):
        yield Finding(
            Level.WARNING, "counters", 'no service has "counter" among its channels: nothing is opened there'
        )
    if not any(Channel.COUNTER in each.channels for each in parts.settings.instruments):
        detail = 'no instrument has "counter" among its channels: nothing is paid there'
        yield Finding(Level.WARNING, "counters", detail)
