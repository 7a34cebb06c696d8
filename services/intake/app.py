"""What runs: intake, activities 1 to 4 and the parent's roll-up."""

from typing import Final

from services.intake.adapters.documents import store
from services.intake.adapters.edge import edges
from services.intake.domain.assembly.resync import ORGANISATION
from services.intake.domain.clock import deadlines
from services.intake.domain.effects import effects
from services.intake.domain.evolve import evolve
from services.intake.domain.follows import follows
from services.intake.domain.state import State
from services.intake.domain.waiting import waiting
from services.intake.heard import HEARD
from services.intake.policy import POLICY
from shared.common.calendars import COPY
from shared.contracts.base import Fact
from shared.decider import Decider
from shared.messaging.redating import redate_clocks
from shared.service import Service, run


def stamp(state: State, fact: Fact) -> dict[str, str]:
    """Facts of the order name no suborder by themselves; those of a suborder get its billing group."""
    suborder = getattr(fact, "suborder", "")
    group = next((one.group for one in state.content.suborders if one.suborder == suborder), "") if state.content else ""
    return {"billing_group": group} if group else {}


ORDER: Final = Decider(
    state=State,
    evolve=evolve,
    heard=HEARD,
    policy=POLICY,
    follows=follows,
    deadlines=deadlines,
    waiting=waiting,
    effects=effects,
    stamp=stamp,
    version=2,
)
SERVICE: Final = Service(
    name="intake",
    deciders=(ORDER, ORGANISATION, COPY),
    listens=("provisioning", "testing", "acceptance", "billing"),
    edges=edges,
    adapters={"StoreDocument": store, "RedateClocks": redate_clocks},
    writes_contacts=True,
)

if __name__ == "__main__":
    run(SERVICE)
