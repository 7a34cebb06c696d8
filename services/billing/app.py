"""What runs: billing, activity 15."""

from typing import Final

from services.billing.domain.evolve import evolve
from services.billing.domain.follows import follows
from services.billing.domain.start import deadlines
from services.billing.domain.state import State
from services.billing.domain.waiting import waiting
from services.billing.heard import HEARD
from services.billing.policy import POLICY
from shared.decider import Decider
from shared.service import Service, run

GROUP: Final = Decider(
    state=State, evolve=evolve, heard=HEARD, policy=POLICY, follows=follows, deadlines=deadlines, waiting=waiting
)
SERVICE: Final = Service(name="billing", deciders=(GROUP,), listens=("intake", "provisioning", "testing", "acceptance"))

if __name__ == "__main__":
    run(SERVICE)
