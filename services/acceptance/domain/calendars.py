"""The aggregate `calendar:BO`: a decree changes working days, and every running clock is looked at again (X.9)."""

from typing import Final

from shared.calendar.decrees import CALENDARS
from shared.common.state import AT_ONCE, fold_common, wanted
from shared.common.state import State as Common
from shared.contracts.acceptance import AmendCalendar, CalendarAmended, DayChange
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
from shared.decider import Decision, Effect, Fold, World, refused

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


def amend(state: Calendars, command: AmendCalendar, world: World) -> Decision:
    """Only a published decree changes a day; the version is one for all ten calendars."""
    unknown = [one.calendar for one in command.changes if one.calendar not in CALENDARS]
    if unknown or not command.changes:
        return refused("INVALID_FIELDS", paths="changes")
    if any(not one.decree.strip() for one in command.changes):
        return refused("DECREE_REQUIRED")
    version = max(state.version, world.calendar.version) + 1
    return [CalendarAmended(version=version, changes=command.changes)]


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
