"""What runs: acceptance, activities 14 and 16 to 18, and the calendars."""

from typing import Final

from services.acceptance.adapters.acta_pdf import render
from services.acceptance.domain.clock import deadlines
from services.acceptance.domain.effects import effects
from services.acceptance.domain.evolve import evolve
from services.acceptance.domain.follows import follows
from services.acceptance.domain.state import State
from services.acceptance.domain.waiting import waiting
from services.acceptance.heard import CALENDARS_HEARD, HEARD
from services.acceptance.policy import CALENDARS_POLICY, POLICY
from shared.common import calendars
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
    effects=effects,
    stamp=common_stamp,
    version=3,
)
CALENDARS: Final = Decider(
    state=calendars.Calendars,
    evolve=calendars.evolve,
    heard=CALENDARS_HEARD,
    policy=CALENDARS_POLICY,
    effects=calendars.effects,
    prefix=calendars.PREFIX,
    opened_by_command=True,
)
SERVICE: Final = Service(
    name="acceptance",
    deciders=(SUBORDER, CALENDARS),
    listens=("intake", "testing", "billing", "notifications", "acceptance"),
    adapters={"RenderActa": render, "RedateClocks": redate_clocks},
    counts=dict.fromkeys(("AcceptanceSigned", "AcceptanceExpired"), ("acceptances", lambda fact: [fact["evidence"]["basis"]])),
)

if __name__ == "__main__":
    run(SERVICE)
