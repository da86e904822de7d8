"""The mutants and the guards that they break are the same lists, and a mutant changes what it says while it lives."""

import importlib
import pkgutil

import pytest

import mpay_gateway
from mpay_gateway.domain.guards import GUARDS
from mpay_gateway.domain.transitions import next_state
from tests.simulation.bending import aim_of
from tests.simulation.coverage import EDGE_NAMES
from tests.simulation.faults import Fault
from tests.simulation.mutants import MUTANTS, NEAR, Mutant, Patch
from tests.simulation.mutation import candidates, hunt, known_killers

LAYERS = ("domain", "storage", "flow", "worker")


def guards() -> dict[str, list[object]]:
    """The marked functions of all modules that could have any."""
    for layer in LAYERS:
        package = importlib.import_module(f"{mpay_gateway.__name__}.{layer}")
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            if not module.name.endswith((".migrations", ".env")):
                importlib.import_module(module.name)
    return GUARDS


def test_every_guard_has_a_mutant_and_every_mutant_breaks_a_guard_that_there_is():
    assert {mutant.guard for mutant in MUTANTS if mutant.guard} == set(guards())


def test_a_mutant_changes_a_function_that_is_marked_with_its_guard():
    strangers = {
        mutant.name
        for mutant in MUTANTS
        if mutant.guard and not any(patch.function in guards()[mutant.guard] for patch in mutant.patches)
    }
    assert strangers == set()


def test_every_mutant_fits_the_code_and_leaves_it_as_it_was():
    for mutant in MUTANTS:
        before = [patch.function.__code__ for patch in mutant.patches]
        with mutant.applied():
            assert all(
                patch.function.__code__ is not code
                for patch, code in zip(mutant.patches, before, strict=True)
            ), mutant.name
        assert [patch.function.__code__ for patch in mutant.patches] == before, mutant.name


def test_names_are_given_once_and_what_they_are_near_to_exists():
    names = [mutant.name for mutant in MUTANTS]
    assert len(names) == len(set(names))
    assert set(NEAR) <= set(names)
    known = {*EDGE_NAMES, *Fault}
    assert {each for near in NEAR.values() for each in near} <= known


def test_a_killer_is_known_for_each_mutant():
    assert set(known_killers()) == {mutant.name for mutant in MUTANTS}


def test_the_simulator_finds_a_mutant_out():
    verdict = hunt("trust callback", known_killers()["trust callback"], 30)
    assert verdict.seed is not None, "no seed found out that a callback was believed"
    assert verdict.violation


def test_a_mutant_that_crashes_by_itself_is_not_found_out(monkeypatch: pytest.MonkeyPatch):
    """An error of its own text tells nothing of what the simulator watches."""
    broken = Patch(
        "flow.captures:_Recording._decide",
        "self._claim.state is ClaimState.HELD or self._retake()",
        "self._there_is_no_such_thing",
    )
    monkeypatch.setattr("tests.simulation.mutation.MUTANTS", (Mutant("crashes", "", (broken,)),))
    verdict = hunt("crashes", (4, 1), 0)
    assert verdict.seed is None
    assert "AttributeError" in verdict.violation


def test_the_worlds_that_a_mutant_is_tried_in_are_bent_towards_it():
    mutant = next(each for each in MUTANTS if each.name == "no fence")
    aim = aim_of(next(candidates(mutant)))
    assert aim.edge == "delivery:leased:lease"
    assert Fault.STALE in aim.faults


def test_guards_are_marked_where_they_are_called():
    assert next_state in guards()["transition"]
