"""A fold that changes under the same version of its decider is caught: documents written before would silently be wrong."""

from dataclasses import replace
from typing import Any

import pytest

from o2c import folds
from o2c.commands import folds as command
from o2c.folds import Folds, unversioned
from services.provisioning.app import SUBORDER
from services.provisioning.domain import state
from services.provisioning.domain.state import State
from shared.contracts.provisioning import NetworkBuilt, ServiceProvisioned
from shared.decider import Decider, Fold

NAME = "provisioning/"


def of(decider: Decider[Any]) -> Folds:
    return {NAME: folds.of(decider)}


def changed(**changes: Any) -> list[str]:
    """What is told of provisioning's decider with these changes."""
    return unversioned(of(replace(SUBORDER, **changes)), of(SUBORDER)).get(NAME, [])


def another() -> Fold[State]:
    """Provisioning's fold with its steps in a table of its own."""
    fold: Fold[State] = Fold()
    fold.steps, fold.types = dict(SUBORDER.evolve.steps), dict(SUBORDER.evolve.types)
    return fold


def test_the_committed_folds_are_those_of_the_deciders() -> None:
    assert command.told() == []


def test_another_step_of_a_known_fact_asks_for_a_version() -> None:
    fold = another()

    @fold.on(NetworkBuilt)
    def built(before: State, fact: NetworkBuilt) -> State:
        return before.having(done=before.done | {"NETWORK"})

    assert changed(evolve=fold) == ["NetworkBuilt"]
    assert changed(evolve=fold, version=SUBORDER.version + 1) == []


def test_a_further_fact_asks_for_a_version() -> None:
    fold = another()
    del fold.steps["ServiceProvisioned"]
    before = of(replace(SUBORDER, evolve=fold))
    assert unversioned(of(SUBORDER), before) == {NAME: [ServiceProvisioned.__name__]}


def test_another_field_of_the_state_asks_for_a_version() -> None:
    class Longer(State):
        rack: str = ""

    assert "state" in changed(state=Longer)


def test_what_a_step_leads_to_counts_as_much_as_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    before = of(SUBORDER)
    monkeypatch.setattr(state, "STEPS", (*state.STEPS, "BURNING_IN"))
    found = unversioned(of(SUBORDER), before)[NAME]
    assert "NetworkBuilt" in found
    assert "NoteAdded" not in found, "what changes nothing still changes nothing"


def test_what_is_told_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    written = folds.recorded()
    written[NAME]["folds"]["NetworkBuilt"] = "otherwise"
    monkeypatch.setattr(folds, "recorded", lambda: written)
    (told,) = command.told()
    assert told.startswith(f"provisioning/: cambió cómo se pliegan NetworkBuilt y la versión sigue en {SUBORDER.version}.")
    assert "o2c folds --record" in told
