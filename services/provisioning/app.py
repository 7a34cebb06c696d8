"""What runs: provisioning, activities 5 to 9."""

from typing import Final

from services.provisioning.domain.clock import deadlines
from services.provisioning.domain.evolve import evolve
from services.provisioning.domain.follows import follows
from services.provisioning.domain.state import State
from services.provisioning.domain.waiting import waiting
from services.provisioning.heard import HEARD
from services.provisioning.policy import POLICY
from shared.common.calendars import COPY
from shared.common.state import common_stamp
from shared.decider import Decider
from shared.messaging.redating import redate_clocks
from shared.service import Service, run

SUBORDER: Final = Decider(
    state=State,
    evolve=evolve,
    heard=HEARD,
    policy=POLICY,
    follows=follows,
    deadlines=deadlines,
    waiting=waiting,
    stamp=common_stamp,
    version=2,
)
SERVICE: Final = Service(
    name="provisioning",
    deciders=(SUBORDER, COPY),
    listens=("intake", "testing", "acceptance"),
    adapters={"RedateClocks": redate_clocks},
)

if __name__ == "__main__":
    run(SERVICE)
