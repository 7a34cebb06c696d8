"""How each fact changes a suborder's provisioning; nothing else does."""

from datetime import timedelta

from services.provisioning.domain.clock import reservation
from services.provisioning.domain.logical import KIND
from services.provisioning.domain.state import Circuit, Rework, State, Visit
from services.provisioning.domain.stock import JEOPARDY as SHORT_OF_STOCK
from shared.common.answers import Request, fold_requests, moved_on, with_redated, with_request
from shared.common.state import fold_common, without
from shared.common.time_limits import by_version
from shared.contracts.common import (
    CalendarAdopted,
    ClockRedated,
    CommandRefused,
    FalloutResolved,
    HoldLifted,
    JeopardyCleared,
    NoteAdded,
    NotificationRequested,
    OverrideRecorded,
    TaskEscalated,
)
from shared.contracts.intake import SuborderReleased
from shared.contracts.provisioning import (
    BuildItemCompleted,
    EquipmentReleased,
    EquipmentReserved,
    EquipmentShortageDetected,
    EquipmentStockChecked,
    LogicalConfigurationCompleted,
    LogicalConfigurationRequested,
    LogicalConfigurationSkipped,
    NetworkBuildStarted,
    NetworkBuilt,
    ProvisioningMethodVerified,
    ReworkCompleted,
    ReworkStarted,
    ServiceProvisioned,
    StockCheckRequested,
    TechnicalVisitCompleted,
    TechnicalVisitFailed,
    TechnicalVisitOrdered,
    TechnicalVisitScheduled,
    VirtualCircuitEnabled,
    VirtualCircuitRequested,
)
from shared.contracts.shapes import Step
from shared.contracts.testing import ReworkRequested
from shared.decider import Fold

evolve: Fold[State] = Fold()
fold_common(evolve)
fold_requests(evolve)
evolve.ignores(
    CalendarAdopted,
    CommandRefused,
    NoteAdded,
    NotificationRequested,
    OverrideRecorded,
    TaskEscalated,
    EquipmentStockChecked,
)


def beside_the_network(steps: tuple[Step, ...]) -> bool:
    """Whether the plan lets the logical configuration begin before the network is there (D12)."""
    after = next((one.after for one in steps if one.step == "logical"), None)
    return after is not None and not any(one.startswith("network") for one in after)


@evolve.on(SuborderReleased)
def released(state: State, fact: SuborderReleased) -> State:
    """The card says all that later facts leave out."""
    return state.having(
        card=fact.card,
        suborder=fact.suborder,
        parent=fact.parent,
        billing_group=fact.card.terms.group,
        owner=fact.card.owner,
        kinds=frozenset(order.kind for order in fact.work_orders),
        contractor=fact.quote.contractor if fact.quote else "",
        parallel=beside_the_network(fact.steps),
    )


@evolve.on(ReworkRequested)
def rework_requested(state: State, fact: ReworkRequested) -> State:
    wanted = Rework(rework_id=fact.rework_id, steps=fact.steps, attempt=state.attempt + 1)
    return state.having(wanted_rework=wanted)


@evolve.on(HoldLifted)
def hold_lifted(state: State, fact: HoldLifted) -> State:
    pause = timedelta(seconds=fact.held_for)
    until = state.reserved_until + pause if state.reserved_until else None
    return state.having(held=None, requests=moved_on(state.requests, pause), reserved_until=until)


@evolve.on(NetworkBuildStarted)
def build_started(state: State, fact: NetworkBuildStarted) -> State:
    return state.having(build={one.item: False for one in fact.items})


@evolve.on(BuildItemCompleted)
def item_completed(state: State, fact: BuildItemCompleted) -> State:
    return state.having(build={**state.build, fact.item: True})


@evolve.on(NetworkBuilt)
def network_built(state: State, fact: NetworkBuilt) -> State:
    passed = state.passed - {"NETWORK"} if fact.required else state.passed | {"NETWORK"}
    return state.having(done=state.done | {"NETWORK"}, passed=passed)


@evolve.on(LogicalConfigurationRequested)
def configuration_requested(state: State, fact: LogicalConfigurationRequested) -> State:
    clock = fact.model_dump(include={"due", "warn_at", "limit", "suborder"})
    one = Request(kind=KIND, **clock)
    return state.having(requests={**state.requests, fact.request_id: one})


@evolve.on(LogicalConfigurationCompleted)
def configuration_completed(state: State, fact: LogicalConfigurationCompleted) -> State:
    answered = with_request(state, fact.request_id, answered=True, values=fact.values)
    return answered.having(done=state.done | {"LOGICAL"})


@evolve.on(LogicalConfigurationSkipped)
def configuration_skipped(state: State, fact: LogicalConfigurationSkipped) -> State:
    return state.having(done=state.done | {"LOGICAL"}, passed=state.passed | {"LOGICAL"})


@evolve.on(VirtualCircuitRequested)
def circuit_requested(state: State, fact: VirtualCircuitRequested) -> State:
    return state.having(circuit=state.circuit.model_copy(update={"asked": fact.attempt}))


@evolve.on(VirtualCircuitEnabled)
def circuit_enabled(state: State, fact: VirtualCircuitEnabled) -> State:
    return state.having(circuit=Circuit(asked=state.circuit.asked, enabled=fact.attempt, circuit_id=fact.circuit_id))


@evolve.on(StockCheckRequested)
def stock_requested(state: State, fact: StockCheckRequested) -> State:
    return state.having(stock_asked=fact.items, stock_checks=state.stock_checks + 1)


@evolve.on(EquipmentShortageDetected)
def shortage(state: State, fact: EquipmentShortageDetected) -> State:
    return state.having(short=True)


@evolve.on(EquipmentReserved)
def reserved(state: State, fact: EquipmentReserved) -> State:
    lasts = {"reserved_until": fact.until, "reserved_for": fact.limit}
    return state.having(done=state.done | {"EQUIPMENT"}, reserved=fact.items, short=False, **lasts)


@evolve.on(ClockRedated)
def redated(state: State, fact: ClockRedated) -> State:
    if fact.clock != reservation(state):
        return with_redated(state, fact)
    return state.having(reserved_until=fact.after, reserved_for=by_version(state.reserved_for, fact.calendar))


@evolve.on(EquipmentReleased)
def reservation_ended(state: State, fact: EquipmentReleased) -> State:
    return state.having(done=state.done - {"EQUIPMENT"}, reserved=(), reserved_until=None, stock_asked=())


@evolve.on(TechnicalVisitOrdered)
def visit_ordered(state: State, fact: TechnicalVisitOrdered) -> State:
    return state.having(visit=Visit(attempt=fact.attempt, contractor=fact.contractor), visits=fact.attempt)


@evolve.on(TechnicalVisitScheduled)
def visit_scheduled(state: State, fact: TechnicalVisitScheduled) -> State:
    visit = Visit(
        attempt=fact.attempt,
        contractor=fact.contractor,
        window=fact.window,
        site_contact=fact.site_contact,
        access_needs=fact.access_needs,
        schedulings=state.visit.schedulings + 1 if state.visit else 1,
    )
    return state.having(visit=visit)


@evolve.on(TechnicalVisitCompleted)
def visit_completed(state: State, fact: TechnicalVisitCompleted) -> State:
    # What was installed is no longer a reservation that could run out.
    return state.having(done=state.done | {"VISIT"}, visit=None, reserved_until=None)


@evolve.on(TechnicalVisitFailed)
def visit_failed(state: State, fact: TechnicalVisitFailed) -> State:
    return state.having(visit=None)


@evolve.on(ProvisioningMethodVerified)
def method_verified(state: State, fact: ProvisioningMethodVerified) -> State:
    return state.having(methods=fact.methods)


@evolve.on(ServiceProvisioned)
def provisioned(state: State, fact: ServiceProvisioned) -> State:
    return state.having(done=state.done | {"METHOD"}, provisioned=True, equipment=fact.equipment, reserved_until=None)


@evolve.on(ReworkStarted)
def rework_started(state: State, fact: ReworkStarted) -> State:
    """The named steps are open again; what belonged to them is asked anew."""
    again = Rework(rework_id=fact.rework_id, steps=fact.steps, attempt=fact.attempt)
    return state.having(
        done=state.done - frozenset(fact.steps),
        rework=again,
        wanted_rework=None,
        reworks=fact.attempt - 1,
        build={} if "NETWORK" in fact.steps else state.build,
        stock_asked=() if "EQUIPMENT" in fact.steps else state.stock_asked,
        methods=() if "METHOD" in fact.steps else state.methods,
    )


@evolve.on(ReworkCompleted)
def rework_completed(state: State, fact: ReworkCompleted) -> State:
    done = state.done | frozenset(fact.steps)
    return state.having(rework=None, done=done, equipment=fact.equipment, reserved_until=None)


@evolve.on(JeopardyCleared)
def jeopardy_cleared(state: State, fact: JeopardyCleared) -> State:
    return state.having(short=False) if fact.name == SHORT_OF_STOCK else state


@evolve.on(FalloutResolved)
def fallout_resolved(state: State, fact: FalloutResolved) -> State:
    """Equipment got by hand, or gone without, closes its step: a method is closed by its own fact."""
    raised = state.fallouts.get(fact.fallout_id)
    after = state.having(fallouts=without(state.fallouts, fact.fallout_id))
    if raised is None or fact.how == "RETRY":
        return after
    skipped = {raised.step} if fact.how == "SKIP" else set()
    closed = {"EQUIPMENT"} if raised.step == "EQUIPMENT" else set()
    return after.having(skipped=state.skipped | skipped, done=state.done | closed)
