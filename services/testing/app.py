"""What runs: testing, activities 10 to 13, and the engineers' agendas."""

from typing import Final

from services.testing.domain import agenda
from services.testing.domain.evolve import evolve
from services.testing.domain.failed import deadlines
from services.testing.domain.follows import follows
from services.testing.domain.state import Agenda, State
from services.testing.domain.waiting import waiting
from services.testing.heard import AGENDA, HEARD
from services.testing.policy import POLICY
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
ENGINEER: Final = Decider(state=Agenda, evolve=agenda.evolve, heard=AGENDA, prefix="agenda:")
SERVICE: Final = Service(
    name="testing",
    deciders=(SUBORDER, ENGINEER, COPY),
    listens=("intake", "provisioning", "testing", "acceptance", "notifications"),
    adapters={"RedateClocks": redate_clocks},
)

if __name__ == "__main__":
    run(SERVICE)
