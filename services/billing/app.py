"""What runs: billing, activity 15."""

from typing import Final

from services.billing.domain.evolve import evolve
from services.billing.domain.follows import follows
from services.billing.domain.loading import check
from services.billing.domain.start import deadlines
from services.billing.domain.state import State
from services.billing.domain.waiting import waiting
from services.billing.heard import HEARD
from services.billing.policy import POLICY
from shared.common.calendars import COPY
from shared.contracts.base import Fact
from shared.decider import Decider
from shared.messaging.redating import redate_clocks
from shared.service import Service, run


def stamp(state: State, _fact: Fact) -> dict[str, str]:
    """A fact of the group is of its one suborder; a contract's group of several names none."""
    return {"suborder": state.members[0] if len(state.members) == 1 else ""} if state.order else {}


GROUP: Final = Decider(
    state=State,
    evolve=evolve,
    heard=HEARD,
    policy=POLICY,
    follows=follows,
    deadlines=deadlines,
    waiting=waiting,
    stamp=stamp,
    version=2,
)
SERVICE: Final = Service(
    name="billing",
    deciders=(GROUP, COPY),
    listens=("intake", "provisioning", "testing", "acceptance"),
    adapters={"RedateClocks": redate_clocks},
    check=check,
    counts={
        "BillingRequested": ("billing_requests", lambda fact: [fact["mechanism"]]),
        "BillingBlocked": ("billing_blocked", lambda fact: [reason.partition(":")[0] for reason in fact["missing"]]),
    },
)

if __name__ == "__main__":
    run(SERVICE)
