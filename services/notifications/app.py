"""Notifications: renders, sends and proves the mails of all services, and keeps the address book."""

from collections.abc import Mapping
from typing import Final

from services.notifications.adapters import address_book, contacts_api, smtp
from services.notifications.domain.evolve import evolve
from services.notifications.domain.state import State
from services.notifications.domain.waiting import effects, waiting
from services.notifications.heard import HEARD
from services.notifications.policy import POLICY
from shared.contracts.base import Fact
from shared.decider import Decider
from shared.service import CONTACTS, Service, run


def stamp(state: State, _fact: Fact) -> Mapping[str, str]:
    """A mail is about the suborder and group of its asker."""
    return {"suborder": state.suborder, "billing_group": state.billing_group}


MESSAGE: Final[Decider[State]] = Decider(
    version=2, state=State, evolve=evolve, heard=HEARD, policy=POLICY, waiting=waiting, effects=effects, stamp=stamp
)

SERVICE: Final = Service(
    name="notifications",
    deciders=(MESSAGE,),
    listens=("intake", "provisioning", "testing", "acceptance", "billing"),
    adapters={"SendMail": smtp.send},
    mirrors={CONTACTS: address_book.upsert},
    routes=contacts_api.add_routes,
    writes_contacts=True,
)

if __name__ == "__main__":
    run(SERVICE)
