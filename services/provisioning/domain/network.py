"""Activity 5: what is built, by whom, and when the network is there (5.1)."""

from services.provisioning.domain.state import State
from shared.calendar.calendar import local_day
from shared.contracts.base import Fact
from shared.contracts.provisioning import (
    BuildItemCompleted,
    CompleteBuildItem,
    NetworkBuildStarted,
    NetworkBuilt,
    PlanNetworkBuild,
)
from shared.decider import Decision, World, refused


def plan(state: State, command: PlanNetworkBuild, world: World) -> Decision:
    """The engineer plans the build items; with none the network is there at once."""
    if state.step != "NETWORK" or state.build:
        return []
    allowed = world.policy.value("executors.allowed", local_day(world.now))
    for item in command.items:
        for executor in item.executors:
            if executor.kind not in allowed:
                return refused("EXECUTOR_NOT_ALLOWED", executor=executor.kind)
        if not item.executors or (item.joint and len(item.executors) < 2):  # noqa: PLR2004 - JOINT needs two
            return refused("JOINT_NEEDS_TWO", item=item.item)
    if not command.items:
        return [NetworkBuilt(required=False, attempt=state.attempt)]
    return [NetworkBuildStarted(items=command.items)]


def complete(state: State, command: CompleteBuildItem, world: World) -> Decision:
    """A build item is done; with the last one the network is built."""
    if command.item not in state.build:
        return refused("UNKNOWN_BUILD_ITEM", item=command.item)
    if state.build[command.item]:
        return []
    facts: list[Fact] = [BuildItemCompleted(item=command.item, evidence=command.evidence)]
    if all(done for item, done in state.build.items() if item != command.item):
        facts.append(NetworkBuilt(required=True, items=tuple(state.build), attempt=state.attempt))
    return facts
