"""`mpay` with guards that are broken on purpose, as the environment names them: what chaos must find out.

Nothing of it is shipped. The guards break when this module is imported: each process of a server imports it, too,
whether it is forked or begins anew.
"""

import os
from collections.abc import Mapping
from contextlib import ExitStack

from mpay_gateway.cli.main import main
from tests.simulation.mutants import MUTANTS

VARIABLE = "MPAY_PROOF_BROKEN"
"""Names of mutants (`tests/simulation/mutants.py`), separated by commas."""
_kept = ExitStack()


def break_guards(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Break what is named, for as long as the process lives. Returns the names.

    Raises: KeyError for a name that no mutant has; ValueError when a mutant's code is another by now.
    """
    by_name = {each.name: each for each in MUTANTS}
    names = tuple(filter(None, environment.get(VARIABLE, "").split(",")))
    for name in names:
        _kept.enter_context(by_name[name].applied())
    return names


break_guards(os.environ)

if __name__ == "__main__":
    main()
