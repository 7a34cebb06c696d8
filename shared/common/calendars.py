"""A service's calendars, aggregate `calendar:BO`: what decrees changed, and whether every clock was looked at (X.9)."""

from typing import Any, Final

from shared.common.behaviours import COMMON_COMMANDS, common_policy, keep
from shared.common.state import AT_ONCE, fold_common, wanted
from shared.common.state import State as Common
from shared.contracts.acceptance import CalendarAmended, DayChange
from shared.contracts.common import (
    CalendarAdopted,
    CommandRefused,
    JeopardyCleared,
    JeopardyRaised,
    NoteAdded,
    NotificationRequested,
    OverrideRecorded,
    RecordClocksRedated,
    TaskEscalated,
)
from shared.decider import SYSTEM, Allow, Decider, Decision, Effect, Fold, Hears, Target, World, allow, hears

CALENDAR: Final = "calendar:BO"
PREFIX: Final = "calendar:"
STAGES: Final = frozenset({"NEW", "STOPPED"})


class Calendars(Common):
    """The ten calendars together, under one version."""

    version: int = 0
    adopted: int = 0
    changes: tuple[DayChange, ...] = ()


evolve: Fold[Calendars] = Fold()
fold_common(evolve)
evolve.ignores(CommandRefused, JeopardyCleared, JeopardyRaised, NoteAdded, NotificationRequested, OverrideRecorded, TaskEscalated)


@evolve.on(CalendarAmended)
def amended(state: Calendars, fact: CalendarAmended) -> Calendars:
    """The new version, until it is adopted."""
    return state.having(version=fact.version, changes=fact.changes)


@evolve.on(CalendarAdopted)
def adopted(state: Calendars, fact: CalendarAdopted) -> Calendars:
    """Every running clock was looked at."""
    return state.having(adopted=fact.version)


def heard(state: Calendars, fact: CalendarAmended, world: World) -> Decision:
    """The copy follows acceptance's version by version; an older one is late."""
    return keep(state, fact, world) if fact.version > state.version else []


def redated(state: Calendars, command: RecordClocksRedated, world: World) -> Decision:
    """Every running clock was looked at; an older round is late."""
    if command.version != state.version or state.adopted >= command.version:
        return []
    return [CalendarAdopted(version=command.version, redated=command.redated)]


def effects(state: Calendars) -> tuple[Effect, ...]:
    """RedateClocks, until the version is adopted."""
    if state.version <= state.adopted:
        return ()
    told = [one.model_dump(mode="json") for one in state.changes]
    return (wanted(state, "RedateClocks", f"calendar/{state.version}", AT_ONCE, version=state.version, changes=told),)


def to_the_copy(_fact: CalendarAmended, _po: str) -> Target:
    """To the service's copy, whose effect hands it to every running clock."""
    return Target(ids=(CALENDAR,))


HEARD: Final[tuple[Hears[Any], ...]] = (hears(RecordClocksRedated, redated), *COMMON_COMMANDS)
POLICY: Final[tuple[Allow, ...]] = (allow(RecordClocksRedated, STAGES, {SYSTEM}), *common_policy(STAGES))
"""Rows of the original in acceptance and of every copy."""

COPY: Final = Decider(
    state=Calendars,
    evolve=evolve,
    heard=(hears(CalendarAmended, heard, to_the_copy), *HEARD),
    policy=POLICY,
    effects=effects,
    prefix=PREFIX,
)
"""The calendars of intake, provisioning, testing and billing."""
