"""A share of the races in every run of the tests; `make races` plays thousands of rounds."""

import pytest

from mpay_gateway.flow import captures
from tests.proofs.races.running import OTHERS, TWO_PAYERS, run_races

ROUNDS = {"sqlite": 85, "postgresql": 200}
"""Enough for each of the other duels to be played between them."""


def test_races(migrated_url):
    rounds = ROUNDS["sqlite" if migrated_url.startswith("sqlite") else "postgresql"]
    tally = run_races(migrated_url, rounds, seed=1)
    assert tally.two_payers == rounds
    assert len(tally.outcomes) == len(TWO_PAYERS) + len(OTHERS)
    assert tally.one_sided() == []


def test_money_that_is_claimed_though_its_order_has_no_room_is_seen(migrated_url, monkeypatch):
    monkeypatch.setattr(captures._Recording, "_retake", lambda self: True)
    with pytest.raises(AssertionError, match="both_out_of_time"):
        run_races(migrated_url, 1, seed=1)
