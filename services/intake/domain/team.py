"""Activity 4: the roles the plan requires, and the HLD of non-standard projects (4.1, 4.2)."""

from services.intake.domain.state import State, Sub
from shared.calendar.calendar import local_day
from shared.contracts.intake import AssignTeam, HldPresented, PresentHld, TeamAssigned
from shared.decider import Decision, World, refused


def required(state: State, sub: Sub, world: World) -> frozenset[str]:
    """The roles besides the owner that a suborder needs (6.9)."""
    traits, day = sub.traits, local_day(world.now)
    visited = traits.sdwan_ciber and (sub.has("INSTALLATION") or sub.has("EQUIPMENT"))
    many = len(state.subs) >= int(world.policy.value("project.sites", day))
    needs = {
        "ALWAYS": True,
        "VISIT_OR_BUILD": visited or traits.build != "NONE",
        "NOC_CIRCUIT": traits.noc_circuit,
        "EQUIPMENT": sub.has("EQUIPMENT"),
        "REGIONAL": traits.regional,
        "TIER2": traits.tier2,
        "PROJECT": traits.non_standard or many,
    }
    return frozenset(
        row.text("role") for need, holds in needs.items() if holds for row in world.tables["ROLES"].rows(day, need=need)
    )


def assign(state: State, command: AssignTeam, world: World) -> Decision:
    """Roles of suborders are filled; one the plan does not know is refused (4.2)."""
    subs = {key: state.subs[key] for key in command.suborders if key in state.subs}
    if not subs or len(subs) != len(command.suborders):
        return refused("INVALID_FIELDS", paths="suborders")
    needed = frozenset().union(*(required(state, sub, world) for sub in subs.values()))
    strange = sorted(set(command.roles) - needed)
    if strange:
        return refused("ROLE_NOT_IN_PLAN", role=", ".join(strange))
    if all(command.roles.items() <= sub.team.items() for sub in subs.values()):
        return []
    unfilled = sorted(role for sub in subs.values() for role in required(state, sub, world) - set(sub.team) - set(command.roles))
    return [TeamAssigned(suborders=command.suborders, roles=command.roles, unfilled=tuple(dict.fromkeys(unfilled)))]


def present(state: State, command: PresentHld, world: World) -> Decision:
    """The HLD of a non-standard project was presented to every assigned role (4.1)."""
    for key in command.suborders:
        sub = state.subs.get(key)
        if sub is None or not sub.traits.non_standard:
            return refused("HLD_NOT_APPLICABLE")
        open_roles = required(state, sub, world) - set(sub.team)
        if open_roles:
            return refused("TEAM_NOT_ASSIGNED", roles=", ".join(sorted(open_roles)))
        absent = set(sub.team) - set(command.presented_to) - sub.presented_to
        if absent:
            return refused("HLD_AUDIENCE_INCOMPLETE", roles=", ".join(sorted(absent)))
    return [
        HldPresented(document=command.document, at=command.at, presented_to=command.presented_to, suborders=command.suborders)
    ]


def hld_done(sub: Sub) -> bool:
    """Presented to every assigned role, or not applicable; a role filled later must be presented to."""
    return not sub.traits.non_standard or (sub.hld is not None and set(sub.team) <= sub.presented_to)
