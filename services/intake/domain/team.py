"""Activity 4: the roles the plan requires, and the HLD of non-standard projects (4.1, 4.2)."""

from services.intake.domain.hold import on_hold
from services.intake.domain.plan import decompose
from services.intake.domain.state import State
from shared.calendar.calendar import local_day
from shared.common.people import stranger
from shared.contracts.intake import AssignTeam, HldPresented, PresentHld, TeamAssigned
from shared.decider import Decision, World, refused


def required(state: State, suborder: str, world: World) -> tuple[str, ...]:
    """The roles of the plan; before it is generated, those it will have."""
    return state.subs[suborder].roles or decompose(state, state.content_of(suborder), world).roles


def assign(state: State, command: AssignTeam, world: World) -> Decision:
    """Roles of suborders are filled; one the plan does not know is refused (4.2)."""
    if not command.suborders or any(key not in state.live for key in command.suborders):
        return refused("INVALID_FIELDS", paths="suborders")
    if halted := on_hold(state, command.suborders):
        return halted
    needed = {key: required(state, key, world) for key in command.suborders}
    strange = sorted(set(command.roles).difference(*needed.values()))
    if strange:
        return refused("ROLE_NOT_IN_PLAN", role=", ".join(strange))
    strangers = (stranger(world, who, role) for role, who in command.roles.items())
    if unknown := next((one for one in strangers if one), None):
        return unknown
    filled = {key: state.subs[key].team | _own(command.roles, roles) for key, roles in needed.items()}
    if all(filled[key] == state.subs[key].team for key in needed):
        return []
    unfilled = dict.fromkeys(role for key, roles in needed.items() for role in roles if role not in filled[key])
    rules = {"ROLES": world.tables.version("ROLES", local_day(world.now))}
    return [TeamAssigned(suborders=command.suborders, roles=command.roles, unfilled=tuple(unfilled), rules=rules)]


def _own(roles: dict[str, str], needed: tuple[str, ...]) -> dict[str, str]:
    return {role: who for role, who in roles.items() if role in needed}


def present(state: State, command: PresentHld, world: World) -> Decision:
    """The HLD of a non-standard project was presented to every assigned role (4.1)."""
    if not command.suborders or any(key not in state.live for key in command.suborders):
        return refused("INVALID_FIELDS", paths="suborders")
    if halted := on_hold(state, command.suborders):
        return halted
    for key in command.suborders:
        sub = state.subs[key]
        if not sub.traits.non_standard:
            return refused("HLD_NOT_APPLICABLE")
        if sub.unfilled:
            return refused("TEAM_NOT_ASSIGNED", roles=", ".join(sub.unfilled))
        absent = [role for role in sub.not_shown if role not in command.presented_to]
        if absent:
            return refused("HLD_AUDIENCE_INCOMPLETE", roles=", ".join(absent))
    return [
        HldPresented(document=command.document, at=command.at, presented_to=command.presented_to, suborders=command.suborders)
    ]
