"""Whether those who are to be let in can be, and see what there is."""

from collections.abc import Iterator

from mpay_gateway.flow.findings import Finding, Level
from mpay_gateway.flow.parts import Parts
from mpay_gateway.settings.access import EVERY_SERVICE


def access_findings(parts: Parts) -> Iterator[Finding]:
    """Nothing where nobody is to be let in."""
    access = parts.settings.access
    if not access.callers:
        return
    if not parts.settings.gateway.trusted_proxies:
        detail = "no callers are let in: `trusted_proxies` names no proxy that could tell their certificates"
        yield Finding(Level.PROBLEM, "[access]", detail)
    known = parts.services.all()
    for name, caller in access.callers.items():
        unknown = [each for each in caller.services if each != EVERY_SERVICE and each not in known]
        if unknown:
            detail = f"sees services that are not registered: {', '.join(unknown)}"
            yield Finding(Level.WARNING, f"caller {name}", detail)
        else:
            yield Finding(Level.OK, f"caller {name}", f"may {', '.join(caller.may)}")
