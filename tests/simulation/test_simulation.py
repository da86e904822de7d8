"""The simulator's share of every test run: past failures first, then some worlds of its own choice; and itself."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from mpay_gateway.crash_points import crash_point
from mpay_gateway.storage import Work
from mpay_gateway.storage.tasks import TaskKind
from tests.simulation import run
from tests.simulation.bending import aim_of
from tests.simulation.coverage import PAIRS, WANTED
from tests.simulation.plan import Bent, plan_of
from tests.simulation.run import BATCH, corpus, rig
from tests.simulation.simulate import Outcome, run_seed
from tests.simulation.stage import Died
from tests.simulation.tally import Tally, impossible, possible
from tests.simulation.world import World

ROOT = Path(__file__).parents[2]
SHARE = 120
"""Seeds of every test run."""


def play(seed: int) -> Outcome:
    return run_seed(rig(), seed)


def test_seeds_that_failed_once_fail_no_more():
    assert {seed: play(seed).violations for seed in corpus()} == dict.fromkeys(corpus(), ())


@pytest.mark.parametrize("begin", range(1, SHARE, BATCH))
def test_whatever_happens_all_books_agree(begin: int):
    for seed in range(begin, begin + BATCH):
        outcome = play(seed)
        assert outcome.violations == (), f"make simulate SEED={seed}"
        assert not [pair for pair in outcome.strikes.seen if pair in impossible()], (
            f"make simulate SEED={seed}"
        )


def test_a_seed_takes_the_same_course_each_time():
    first = [play(seed).digest for seed in (3, 11, 29)]
    assert [play(seed).digest for seed in (29, 11, 3)] == first[::-1]
    assert len(set(first)) == 3


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_a_seed_takes_the_same_course_in_every_process(hash_seed: str):
    found = subprocess.run(
        [sys.executable, "-m", "tests.simulation.run", "--seed", "11"],
        cwd=ROOT, env=os.environ | {"PYTHONHASHSEED": hash_seed}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert f"trace {play(11).digest[:16]}" in found.stdout


def test_the_dead_write_nothing():
    world = World(rig(), plan_of(1, Bent()))
    try:
        process = world.processes[0]
        before = world.store.rows("SELECT count(*) FROM visits")
        world.kill(process.life)
        with pytest.raises(Died):
            process.parts.units.run("too-late", lambda work: pytest.fail("a dead process wrote"))
        with pytest.raises(Died):
            process.parts.units.read(lambda work: pytest.fail("a dead process read"))
        assert world.store.rows("SELECT count(*) FROM visits") == before
    finally:
        world.close()


def test_a_process_that_dies_inside_a_unit_leaves_nothing_of_it():
    world = World(rig(), plan_of(1, Bent()))
    process = world.processes[0]

    def write_and_die(work: Work) -> None:
        work.tasks.schedule(TaskKind.RECHECK, "half-done", world.clock.now())
        raise Died

    try:
        actor = world.stage.start(
            "dies", lambda: process.parts.units.run("dying", write_and_die), process.life
        )
        world.play(60)
        assert isinstance(actor.error, Died)
        assert world.store.rows("SELECT 1 FROM tasks WHERE subject = 'half-done'") == []
    finally:
        world.close()


def test_nobody_watches_crash_points_once_a_world_is_over():
    play(1)
    crash_point("anything:after-commit")  # the watcher of an ended world would look into its database


def test_what_is_seen_goes_on_from_run_to_run(tmp_path: Path):
    tally = Tally(next_seed=7, seeds=6, steps=99, seconds=1.5, failed=[5])
    tally.seen[PAIRS[0]] += 3
    tally.tried[PAIRS[1]] += 2
    tally.write(tmp_path / "tally.json")
    assert Tally.read(tmp_path / "tally.json") == tally


def test_seeds_that_are_bent_on_what_was_seen_often_are_passed_over():
    tally = Tally(next_seed=next(seed for seed in range(1, 100) if aim_of(seed)))
    often = set(aim_of(tally.next_seed).pairs)
    tally.seen.update(dict.fromkeys(often, WANTED))
    assert not often & set(aim_of(tally.next()).pairs)


def test_what_was_seen_of_other_edges_and_faults_is_dropped(tmp_path: Path):
    tally, path = Tally(next_seed=7), tmp_path / "tally.json"
    first, second, third = sorted(PAIRS[:3])
    tally.seen.update([first, second, third])
    tally.write(path)
    kept = json.loads(path.read_text())
    kept["seen"][0][0], kept["seen"][1][1] = "payment:lost:find", "elsewhere"
    kept["seen"].append([*kept["seen"][2][:2], "earthquake", 4])
    path.write_text(json.dumps(kept))
    assert Tally.read(path).seen == {third: 1}
    assert Tally.read(path).next_seed == 7
    path.write_text(json.dumps(kept | {"within": 3}))
    assert not Tally.read(path).seen


def test_pairs_that_were_seen_least_come_first():
    tally = Tally()
    tally.seen.update(dict.fromkeys(possible(), WANTED - 1))
    rare = next(pair for pair in PAIRS if pair in possible())
    tally.seen[rare] = 0
    aims = [aim for _ in range(20) if (aim := aim_of(tally.next())) is not None]
    assert sum(rare in aim.pairs for aim in aims) > len(aims) / 2


def test_a_pair_that_does_not_come_about_does_not_keep_the_others_waiting():
    tally = Tally()
    tally.seen.update(dict.fromkeys(possible(), 10))
    stubborn = next(pair for pair in PAIRS if pair in possible())
    tally.seen[stubborn], tally.tried[stubborn] = 0, 60
    aims = [aim for _ in range(20) if (aim := aim_of(tally.next())) is not None]
    assert any(stubborn not in aim.pairs for aim in aims)


def test_worlds_that_are_under_way_count_for_what_they_are_likely_to_show():
    tally = Tally()
    seed = next(seed for seed in iter(tally.next, 0) if aim_of(seed))
    pairs = aim_of(seed).pairs
    assert all(tally.under_way[pair] for pair in pairs)
    tally.played(seed, Counter(pairs))
    assert not any(tally.under_way[pair] for pair in pairs if tally.tried[pair] == 1)
    assert all(tally.seen[pair] == 1 for pair in pairs)


def test_what_is_called_impossible_names_edges_and_faults_that_there_are_and_is_seen_by_no_world():
    assert set(impossible()) < set(PAIRS)
    assert all(reason.strip() for reason in impossible().values())
    seen = next(iter(impossible()))
    assert Tally(seen=Counter([seen])).surprises == [seen]


def test_an_impossible_pair_of_no_edge_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    entry = '[[impossible]]\nedges = ["payment:created:start", "payment:lost:find"]\nfaults = ["*"]\nreason = "x"\n'
    (tmp_path / "impossible.toml").write_text(entry)
    monkeypatch.setattr("tests.simulation.tally.IMPOSSIBLE", tmp_path / "impossible.toml")
    with pytest.raises(ValueError, match="payment:lost:find"):
        impossible.__wrapped__()


def test_a_run_goes_on_where_the_last_ended_and_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    state = tmp_path / "tally.json"
    command = ["run", "--seconds", "0", "--processes", "1", "--state", str(state)]
    monkeypatch.setattr(run, "BATCH", 1)
    monkeypatch.setattr(sys, "argv", command)
    assert run.main() == 0
    assert "coverage incomplete" in capsys.readouterr().out
    seeds = Tally.read(state).seeds
    monkeypatch.setattr(sys, "argv", [*command, "--complete"])
    assert run.main() == 1
    assert Tally.read(state).seeds > seeds > 0


def test_a_seed_that_failed_comes_first_in_the_next_run(tmp_path: Path):
    tally = Tally(failed=[99_999])
    run.Run(tally, tmp_path / "tally.json", seconds=0, processes=1)._count(
        run.Report(7, 1, Counter(), ("a violation",), ())
    )
    assert tally.failed == [99_999, 7]
