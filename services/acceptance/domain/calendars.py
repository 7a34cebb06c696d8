"""The aggregate `calendar:BO`, the original: a decree changes working days for every service (X.9)."""

from shared.calendar.decrees import CALENDARS
from shared.common.calendars import Calendars
from shared.contracts.acceptance import AmendCalendar, CalendarAmended
from shared.decider import Decision, World, refused


def amend(state: Calendars, command: AmendCalendar, world: World) -> Decision:
    """Only a published decree changes a day; the version is one for all ten calendars."""
    unknown = [one.calendar for one in command.changes if one.calendar not in CALENDARS]
    if unknown or not command.changes:
        return refused("INVALID_FIELDS", paths="changes")
    if any(not one.decree.strip() for one in command.changes):
        return refused("DECREE_REQUIRED")
    version = max(state.version, world.calendar.version) + 1
    return [CalendarAmended(version=version, changes=command.changes)]
