"""What runs: testing, activities 10 to 13, and the engineers' agendas."""

from collections.abc import Callable, Mapping
from typing import Any, Final

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

MANY: Final = 3
"""From the third attempt on they are counted together."""


def runs(kind: str, outcome: str) -> tuple[str, Callable[[Mapping[str, Any]], list[str]]]:
    """Test runs by kind, outcome and attempt."""
    return "test_runs", lambda fact: [f"{kind}:{outcome}:{fact['attempt'] if fact['attempt'] < MANY else '3+'}"]


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
    counts={
        f"{stage}Tests{outcome}": runs(kind, outcome.upper())
        for stage, kind in (("Internal", "INTERNAL"), ("Customer", "CUSTOMER"), ("EndToEnd", "END_TO_END"))
        for outcome in ("Passed", "Failed")
    },
)

if __name__ == "__main__":
    run(SERVICE)
