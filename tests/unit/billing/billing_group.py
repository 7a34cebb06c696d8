"""One billing group, told step by step in the words of the procedure."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Self

from services.billing.app import GROUP
from shared.contracts.acceptance import (
    AcceptanceExpired,
    AcceptanceExpiryNotified,
    AcceptanceRejected,
    AcceptanceSigned,
)
from shared.contracts.base import Fact
from shared.contracts.billing import BillingRequested, ConfirmBillingActivation, RefuseBillingActivation
from shared.contracts.intake import BillingAccountPrepared, DocsValidated, OrderReceived, SuborderReleased
from shared.contracts.provisioning import NetworkBuilt
from shared.contracts.shapes import Basis, CalendarUse, Card, Doc, Evidence, Item, Period, Terms
from tests.builders import CREATED, PARENT, SUBORDER, card, digest, doc, received, released, terms
from tests.given import MONDAY, Given, actor

OM = actor("OM", "om-1")
BBD = actor("FACTURADOR_BBD", "/bbd")
ACTIVACIONES = actor("ACTIVACIONES", "/activaciones")
PAPERS = (doc("FORMULARIO_RESUMEN_CONTRATO"), doc("CONTRATO_FIRMADO"))


class Group(Given):
    """A group that hears what the other services publish."""

    def __init__(self, *facts: Fact, group: str = SUBORDER, now: datetime = MONDAY) -> None:
        super().__init__("billing", GROUP, group, PARENT, now)
        self.hears(facts)

    def hears(self, facts: Iterable[Fact]) -> Self:
        for fact in facts:
            self.when(fact)
        return self

    @property
    def request(self) -> BillingRequested:
        return self.of(BillingRequested)[-1]  # type: ignore[no-any-return]

    def confirms(self, no: int = 1) -> Self:
        told = ConfirmBillingActivation(
            aggregate=self.cell.id, request_id=f"{self.cell.id}/{no}", activated_at=self.now, bbd_reference=f"ALTA-{no}"
        )
        return self.when(told, BBD)

    def refuses(self, no: int = 1) -> Self:
        told = RefuseBillingActivation(
            aggregate=self.cell.id, request_id=f"{self.cell.id}/{no}", code="CUENTA", detail="La cuenta está cerrada"
        )
        return self.when(told, BBD)

    def code(self) -> str:
        assert self.refusal is not None
        return self.refusal.code


def sold(*groups: Terms, **changes: Any) -> OrderReceived:
    return received(*groups, **changes)


def validated(*documents: Doc, revision: int = 1) -> DocsValidated:
    return DocsValidated(parent=PARENT, revision=revision, documents=documents or PAPERS, checklist=())


def freed(suborder: str = SUBORDER, group: Terms | None = None, *items: Item, **changes: Any) -> SuborderReleased:
    ficha: Card = card(*items, suborder=suborder, terms=group or terms(suborder), **changes)
    return released(ficha, suborder)


def account(group: str = SUBORDER) -> BillingAccountPrepared:
    return BillingAccountPrepared(parent=PARENT, billing_group=group, account="BBD-4471902")


def evidence(basis: Basis) -> Evidence:
    return Evidence(
        basis=basis,
        series=1,
        acta=doc("ACTA_ENTREGA"),
        sent_at=CREATED,
        deadline=datetime(2026, 12, 4, 14, 3, 21, tzinfo=UTC),
        decided_at=datetime(2026, 11, 30, 13, 0, tzinfo=UTC),
        calendar=CalendarUse(id="BO-S", version=1),
        policy=Period(n=10, unit="CALENDAR"),
        dossier_sha256=digest(basis),
    )


def signed(suborder: str = SUBORDER, group: str | None = None) -> AcceptanceSigned:
    return AcceptanceSigned(parent=PARENT, suborder=suborder, billing_group=group or suborder, evidence=evidence("SIGNED"))


def expired(suborder: str = SUBORDER, group: str | None = None) -> AcceptanceExpired:
    return AcceptanceExpired(parent=PARENT, suborder=suborder, billing_group=group or suborder, evidence=evidence("EXPIRED"))


def notified(suborder: str = SUBORDER, group: str | None = None) -> AcceptanceExpiryNotified:
    return AcceptanceExpiryNotified(
        parent=PARENT,
        suborder=suborder,
        billing_group=group or suborder,
        notification_id="acceptance/mail/9",
        cc=("EC", "GI"),
        dossier_sha256=digest("with the notice"),
    )


def rejected(suborder: str = SUBORDER, group: str | None = None) -> AcceptanceRejected:
    return AcceptanceRejected(
        parent=PARENT,
        suborder=suborder,
        billing_group=group or suborder,
        rejection_id=f"{suborder}/rejections/1",
        reason="No navega",
        by=f"{PARENT}:firmante",
        remaining=86400.0,
    )


def ready(*facts: Fact) -> Group:
    """One suborder with papers and account: nothing is missing but its acceptance."""
    return Group(sold(), validated(), freed(), account(), *facts)


def built(suborder: str = SUBORDER, group: str | None = None) -> NetworkBuilt:
    return NetworkBuilt(parent=PARENT, suborder=suborder, billing_group=group or suborder, required=True, attempt=1)
