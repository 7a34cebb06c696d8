"""One suborder's acceptance, told step by step in the words of the procedure."""

from datetime import UTC, datetime
from typing import Any, Self
from zoneinfo import ZoneInfo

from services.acceptance.app import SUBORDER as DECIDER
from shared.contracts.acceptance import (
    ActaPrepared,
    DismissRejection,
    RecordActaRendered,
    RecordSignature,
    RejectAcceptance,
    UpholdRejection,
)
from shared.contracts.billing import ServiceBillingActivated
from shared.contracts.shapes import Doc, Signature
from tests.builders import PARENT, SUBORDER, digest, doc, mail_sent, passed_tests, released
from tests.given import Given, actor

OM = actor("OM", "om-1")
GI = actor("GI", "gi-1")
EC = actor("EC", "ec-1")
SYSTEM = actor("SYSTEM")
LA_PAZ = ZoneInfo("America/La_Paz")


def local(text: str) -> datetime:
    """A local instant: `2026-11-27 16:30`."""
    return datetime.fromisoformat(text).replace(tzinfo=LA_PAZ).astimezone(UTC)


SENT = local("2026-11-27 16:30")


class Site(Given):
    """A suborder under acceptance."""

    def __init__(self) -> None:
        super().__init__("acceptance", DECIDER, SUBORDER, PARENT, SENT)

    def tested(self, series: int = 1, at: datetime | None = None) -> Self:
        return self.when(released(), at=at).when(passed_tests(series))

    def acta_content(self) -> dict[str, Any]:
        """What the acta that is to be rendered says."""
        (effect,) = self.decider.effects(self.state)
        return dict(effect.args["content"])

    def rendered(self, **more: Any) -> Self:
        acta = self.of(ActaPrepared)[-1]
        name = f"{SUBORDER}/acta/{acta.series}/{acta.revision}"
        file = doc("ACTA_ENTREGA", name, **{"at": self.now, "version": acta.revision} | more)
        return self.when(RecordActaRendered(aggregate=SUBORDER, revision=acta.revision, acta=file), SYSTEM)

    def sent(self, purpose: str, at: datetime | None = None, cc: tuple[str, ...] = ()) -> Self:
        self.now = at or self.now
        acta = self.state.acta.doc
        attached = (acta,) if acta and purpose.partition("/")[0] in {"acta", "reminder", "expiry"} else ()
        told = mail_sent(purpose, self.now, service="acceptance", cc=cc, attached=attached)
        return self.when(told, source="/notifications")

    def acta_out(self, at: datetime = SENT, **more: Any) -> Self:
        """Tests passed, the acta is with the customer and its clock runs."""
        return self.tested(at=at).rendered(**more).sent("acta/1/1")

    def signs(self, **changes: Any) -> Self:
        return self.when(signature(**{"signed_at": self.now} | changes), OM)

    def rejects(self) -> Self:
        told = RejectAcceptance(
            aggregate=SUBORDER, reason="No navega", items=("FA-02",), by=f"{PARENT}:firmante", channel="EMAIL"
        )
        return self.when(told, OM)

    def dismisses(self, by: Any = OM) -> Self:
        return self.when(DismissRejection(aggregate=SUBORDER, reasons="El equipo del cliente estaba apagado."), by)

    def upholds(self, **changes: Any) -> Self:
        told = {"aggregate": SUBORDER, "items": ("FA-02",), "cause": "LOGICAL"} | changes
        return self.when(UpholdRejection.model_validate(told), OM)

    def expired(self) -> Self:
        return self.acta_out().until(self.state.clock.deadline)

    def billed(self, left: int = 0, *, pre_acceptance: bool = False) -> Self:
        return self.when(activated(left, pre_acceptance=pre_acceptance), source="/billing")


def signed_acta(method: Any = "PADES", *, valid: bool = True, **changes: Any) -> Doc:
    base = digest(f"{SUBORDER}/acta/1/1") if method == "PADES" else None
    proof = Signature(method=method, valid=valid, base_sha256=base)
    return doc("ACTA_FIRMADA", "firmada-1", signature=proof, origin=f"{SUBORDER}/acta/1/1", **changes)


def signature(**changes: Any) -> RecordSignature:
    known: dict[str, Any] = {
        "aggregate": SUBORDER,
        "document": signed_acta(),
        "signer": f"{PARENT}:firmante",
        "signer_role": "Gerente General",
        "signed_at": SENT,
    }
    return RecordSignature.model_validate(known | changes)


def activated(left: int = 0, *, pre_acceptance: bool = False, phase: int = 1) -> ServiceBillingActivated:
    return ServiceBillingActivated(
        parent=PARENT,
        billing_group=SUBORDER,
        request_id=f"{SUBORDER}/{phase}",
        suborders=(SUBORDER,),
        phase=phase,
        phases_left=left,
        pre_acceptance=pre_acceptance,
        activated_at=SENT,
        bbd_reference=digest("bbd")[:8],
    )
