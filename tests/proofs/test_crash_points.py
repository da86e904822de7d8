"""At every crash point a real process kills itself; whoever comes next finds all books in order, or puts them so."""

import os

import pytest

from tests.proofs.conftest import REPORT
from tests.proofs.death_report import PROPERTY
from tests.proofs.matrix import cases, sample, unproved

CASES = cases() if os.environ.get(REPORT) else sample()


def test_no_point_is_forgotten():
    assert sorted(unproved()) == []


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_process_dies_at_a_point_and_no_money_is_lost_or_counted_twice(case, stage_for, record_property):
    with stage_for(case.point, case.engine) as stage:
        try:
            case.scenario.play(stage)
        finally:
            record_property(PROPERTY, f"{case.point}|{case.scenario.name}|{case.engine}|{stage.died}|1")
        assert stage.died, "nothing died in this scenario"
