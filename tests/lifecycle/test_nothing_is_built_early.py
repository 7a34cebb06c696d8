"""Activities 1 to 9 in whatever order people do them: nothing is built before documents, team and HLD are there."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts.base import Fact
from shared.contracts.common import FactKept, WaitingChanged
from shared.contracts.intake import (
    AssignTeam,
    DocsFoundIncomplete,
    DocsRevalidationRequired,
    DocsValidated,
    HldPresented,
    HoldOrder,
    OrderAmended,
    OrderClaimed,
    PresentHld,
    QuoteSelected,
    ResumeOrder,
    SuborderReleased,
    TeamAssigned,
)
from tests.builders import PARENT, SUBORDER, doc, line, sale
from tests.unit.intake.desk import OWNER, PEOPLE, Desk
from tests.unit.provisioning.delivery import Delivery

BASIC = {"INGENIERO_B2B", "ACTIVACIONES", "CONTRATISTA", "JEFE_PRODUCTO", "REGIONAL"}
SOLD = {"SDWAN-100": BASIC, "SDWAN-LTE-PRY": BASIC | {"TIER2", "PROJECT_MANAGER"}}
"""A standard and a non-standard product, with the roles of their plan (6.9)."""
PAPERS = ("PROPUESTA_COMERCIAL", "RIESGO_CREDITICIO", "ANALISIS_RENTABILIDAD")


class Site:
    """One suborder at the desk of intake and, once released, with those who build it."""

    def __init__(self, code: str) -> None:
        self.code, self.roles = code, SOLD[code]
        self.desk = Desk(sale({SUBORDER: (line(code),)}))
        self.delivery = Delivery(empty=True)
        self.handed_on = 0

    def does(self, name: str) -> None:
        STEPS[name](self)
        released = self.desk.of(SuborderReleased)
        for fact in released[self.handed_on :]:
            self.ready()
            self.delivery.when(fact)
        self.handed_on = len(released)
        if not released:
            assert list(self.built()) == [], "nobody released it"

    def built(self) -> Iterator[Fact]:
        return (fact for fact in self.delivery.facts if not isinstance(fact, FactKept | WaitingChanged))

    def ready(self) -> None:
        """What must have been said before the release, told from the facts alone."""
        gate = (DocsValidated, DocsFoundIncomplete, DocsRevalidationRequired, OrderAmended)
        said = [fact for fact in self.desk.facts if isinstance(fact, gate)]
        assert isinstance(said[-1], DocsValidated)
        assert self.desk.of(OrderClaimed)
        assert self.desk.of(QuoteSelected)
        team = {role for fact in self.desk.of(TeamAssigned) for role in fact.roles}
        assert team >= self.roles
        shown = {role for fact in self.desk.of(HldPresented) for role in fact.presented_to}
        assert self.code != "SDWAN-LTE-PRY" or shown >= self.roles


Step = Callable[[Site], object]


def assigned(*roles: str) -> Step:
    return lambda site: site.desk.when(
        AssignTeam(aggregate=PARENT, suborders=(SUBORDER,), roles={one: PEOPLE[one] for one in roles if one in site.roles}), OWNER
    )


def presented(site: Site) -> object:
    roles = tuple(site.desk.state.subs[SUBORDER].not_shown)
    command = PresentHld(aggregate=PARENT, suborders=(SUBORDER,), document=doc("HLD"), at=site.desk.now, presented_to=roles)
    return site.desk.when(command, OWNER)


def new_paper(site: Site) -> object:
    known = site.desk.state.documents.get("doc-riesgo_crediticio")
    return site.desk.attached("RIESGO_CREDITICIO", version=known.doc.version + 1) if known else None


def amended(site: Site) -> object:
    version = site.desk.state.content.version + 1
    return site.desk.when(sale({SUBORDER: (line(site.code, price=f"{version}00.00"),)}, version=version))


HELD = {"aggregate": PARENT, "suborders": (SUBORDER,), "reason": "Obra en el edificio"}
PRECONDITIONS: dict[str, Step] = {
    "claim": lambda site: site.desk.claimed(),
    **{kind: lambda site, kind=kind: site.desk.attached(kind) for kind in PAPERS},  # type: ignore[misc]  # mypy sees no default
    "validate": lambda site: site.desk.validated(),
    "generate": lambda site: site.desk.generated(),
    "quotes": lambda site: site.desk.offered(),
    "choose": lambda site: site.desk.chosen(),
    "service": lambda site: site.desk.created(),
    "ticket": lambda site: site.desk.with_ticket(),
    "engineer": assigned("INGENIERO_B2B", "PROJECT_MANAGER"),
    "areas": assigned("ACTIVACIONES", "CONTRATISTA", "JEFE_PRODUCTO", "REGIONAL", "TIER2"),
    "HLD": presented,
}
DISTURBANCES: dict[str, Step] = {
    "new paper": new_paper,
    "amendment": amended,
    "hold": lambda site: site.desk.when(HoldOrder.model_validate(HELD), OWNER),
    "resume": lambda site: site.desk.when(ResumeOrder.model_validate(HELD), OWNER),
    "network": lambda site: site.delivery.networked(),
    "configuration": lambda site: site.delivery.configured(),
    "stock": lambda site: site.delivery.stocked(),
    "visit": lambda site: site.delivery.visited(),
    "method": lambda site: site.delivery.verified(),
    "confirm": lambda site: site.delivery.provisioned() if site.delivery.state.card else site.delivery.verified(),
}
STEPS = PRECONDITIONS | DISTURBANCES


@pytest.mark.criterion("2.7", "4.1", "4.2", "5.1", "3.8")
def test_no_interleaving_builds_before_documents_team_and_hld() -> None:
    reached = dict.fromkeys(SOLD, 0)

    @settings(max_examples=120, deadline=None)
    @given(
        code=st.sampled_from(sorted(SOLD)),
        rounds=st.lists(st.permutations(sorted(PRECONDITIONS)), min_size=5, max_size=5),
        noise=st.lists(st.tuples(st.integers(0, 40), st.sampled_from(sorted(DISTURBANCES))), max_size=8),
    )
    def walk(code: str, rounds: list[list[str]], noise: list[tuple[int, str]]) -> None:
        names = [name for one in rounds for name in one]
        for at, name in sorted(noise, reverse=True):
            names.insert(at, name)
        site = Site(code)
        for name in names:
            site.does(name)
        reached[code] += site.handed_on

    walk()
    assert all(count >= 5 for count in reached.values()), f"the walk hardly ever comes to a release: {reached}"
