"""Activity 5: what is built, by whom, and when the network is there (5.1)."""

from typing import Final

from services.provisioning.domain.state import State
from shared.calendar.calendar import local_day
from shared.contracts.base import Fact
from shared.contracts.provisioning import (
    BuildItem,
    BuildItemCompleted,
    CompleteBuildItem,
    NetworkBuildStarted,
    NetworkBuilt,
    PlanNetworkBuild,
)
from shared.decider import Decision, Refused, World, refused

JOINT_MINIMUM: Final = 2


def plan(state: State, command: PlanNetworkBuild, world: World) -> Decision:
    """The engineer plans the build items; with none the network is there at once."""
    if state.step != "NETWORK" or state.build:
        return []
    if not command.items:
        return [NetworkBuilt(required=False, attempt=state.attempt)]
    if len({one.item for one in command.items}) < len(command.items):
        return refused("INVALID_FIELDS", paths="items.item")
    allowed = frozenset(world.policy.value("executors.allowed", local_day(world.now)))
    wrong = next((found for one in command.items if (found := _unfit(one, allowed))), None)
    return wrong or [NetworkBuildStarted(items=command.items)]


def _unfit(item: BuildItem, allowed: frozenset[str]) -> Refused | None:
    """Why the executors of an item will not do: a kind the operation does not allow, or a joint build of one."""
    banned = next((one.kind for one in item.executors if one.kind not in allowed), None)
    if banned is not None:
        return refused("EXECUTOR_NOT_ALLOWED", executor=banned)
    if item.joint and len({(one.kind, one.name) for one in item.executors}) < JOINT_MINIMUM:
        return refused("JOINT_NEEDS_TWO", item=item.item)
    return None if item.executors else refused("INVALID_FIELDS", paths="items.executors")


def complete(state: State, command: CompleteBuildItem, world: World) -> Decision:
    """A build item is done; with the last one the network is built, once per attempt."""
    if command.item not in state.build:
        return refused("UNKNOWN_BUILD_ITEM", item=command.item)
    if state.build[command.item]:
        return []
    facts: list[Fact] = [BuildItemCompleted(item=command.item, evidence=command.evidence)]
    if all(done for item, done in state.build.items() if item != command.item):
        facts.append(NetworkBuilt(required=True, items=tuple(state.build), attempt=state.attempt))
    return facts
