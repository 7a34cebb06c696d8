"""Who may be named in a command: a user the operator knows, in the role that is given to them."""

from shared.decider import Refused, World, refused

AREA = "area:"


def stranger(world: World, who: str | None, role: str) -> Refused | None:
    """UNKNOWN_STAFF for a user that is not known in that role; an area's queue is everybody in it, so it always does.

    Without a list of users (the operator's identity provider may not give one) nobody is a stranger.
    """
    if who is None or who.startswith(AREA) or world.staff is None or role in world.staff.get(who, ()):
        return None
    return refused("UNKNOWN_STAFF", staff=who, role=role)
