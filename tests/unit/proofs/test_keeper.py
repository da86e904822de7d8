"""The keeper of a fleet starts what is down, kills by its seed, and leaves those alone without whom nobody works."""

import random
import time

from tests.proofs.fleet import keeper as keeping
from tests.proofs.fleet.keeper import Keeper
from tests.scene.waiting import eventually


class Dummy:
    """A member that is what it is told to be. `killed`: how often."""

    def __init__(self, name: str, kind: str, *, answers: bool = True) -> None:
        self.name, self.kind, self.answers = name, kind, answers
        self.alive, self.started, self.killed = False, 0, 0

    def start(self) -> None:
        self.alive, self.started = True, self.started + 1

    def kill(self, chance: random.Random) -> str:
        self.alive, self.killed = False, self.killed + 1
        return "whole"

    def end(self) -> None:
        self.alive = False


def kept(monkeypatch, *members: Dummy) -> Keeper:
    monkeypatch.setattr(keeping, "SHORTEST", 0.01)
    monkeypatch.setattr(keeping, "LONGEST", 0.02)
    monkeypatch.setattr(keeping, "DOWN_SECONDS", (0.01, 0.02))
    monkeypatch.setattr(keeping, "AGAIN_SECONDS", 0.01)
    made = Keeper(members, seed=1)
    made.start()
    return made


def test_everybody_is_killed_and_started_again(monkeypatch):
    members = [Dummy("g", "gateway"), Dummy("w", "worker"), Dummy("b", "bank")]
    keeper = kept(monkeypatch, *members)
    keeper.kill_from_now_on()
    eventually(lambda: min(each.killed for each in members), lambda least: least >= 3, within=30)
    keeper.stop_killing()
    keeper.wait_until_all_answer(30)
    counted = {kind: count for (kind, _), count in keeper.counts.kills.items()}
    keeper.end()
    assert counted == {each.kind: each.killed for each in members}
    assert all(each.started > each.killed for each in members)


def test_nobody_is_killed_while_no_worker_answers(monkeypatch):
    gateway, worker = Dummy("g", "gateway"), Dummy("w", "worker", answers=False)
    keeper = kept(monkeypatch, gateway, worker)
    keeper.kill_from_now_on()
    until = time.monotonic() + 0.3
    eventually(lambda: time.monotonic() > until)
    before = gateway.killed + worker.killed
    worker.answers = True
    eventually(lambda: gateway.killed + worker.killed, within=30)
    keeper.end()
    assert before == 0


def test_who_ends_by_himself_is_started_again_and_counted(monkeypatch):
    bank = Dummy("b", "bank")
    keeper = kept(monkeypatch, bank)
    keeper.wait_until_all_answer(30)
    bank.alive = False
    eventually(lambda: bank.started, lambda started: started == 2, within=30)
    keeper.end()
    assert keeper.counts.ended == {"bank": 1}
