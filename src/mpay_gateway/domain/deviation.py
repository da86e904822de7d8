"""What a service sends that is off the contract, and could be read all the same."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deviation:
    """Something off the contract that could be read all the same: what, where, and an example."""

    code: str
    path: str
    example: str = ""


@dataclass(frozen=True, slots=True)
class DeviationKind:
    """What the deviations of one code are, for those who make the service.

    `sentence`: what the contract says. `section`: where, in the contract or in a standard that it rests on.
    `mend`: what to change.
    """

    code: str
    sentence: str
    section: str
    mend: str
