"""Activity 1: an order is received once, rejected with every violation, or amended by version (1.1, 1.2, 1.3)."""

from services.intake.domain import documents
from services.intake.domain.products import classify, product
from services.intake.domain.state import State
from shared.common.mails import mail, staff
from shared.contracts.base import Fact
from shared.contracts.common import FalloutRaised
from shared.contracts.intake import (
    AmendmentReceived,
    OrderAmended,
    OrderContent,
    OrderReceived,
    OrderRejected,
    ProductClassified,
)
from shared.contracts.salesforce import SalesforceOrderCancelled, SalesforceOrderSubmitted
from shared.decider import Decision, World


def submitted(state: State, message: SalesforceOrderSubmitted, world: World) -> Decision:
    """Salesforce sent a whole order: the version decides what it means (1.3)."""
    if message.content is None:
        return _reject(state, message)
    if state.content is None or state.stage in {"REJECTED", "RETURNED"}:
        return _receive(state, message, message.content, world)
    known = state.content
    if message.version < known.version:
        return []
    if message.version == known.version:
        if message.content_sha256 == known.content_sha256:
            return documents.attach_all(state, message.documents, world)
        return _conflict(state, message)
    return _amend(state, message, message.content, world)


def _reject(state: State, message: SalesforceOrderSubmitted) -> list[Fact]:
    """All violations at once; the EC is told, and a corrected message starts the order anew."""
    if state.content is not None and state.stage != "REJECTED":
        return _conflict(state, message)
    facts: list[Fact] = [OrderRejected(version=message.version, violations=message.violations)]
    told = staff("EC", message.executive)
    if told:
        listed = "\n".join(f"- {one.detail or one.code} ({one.path})" for one in message.violations)[:3900]
        values = {"orden": message.order_number, "motivos": listed}
        facts.append(mail("intake", message.parent, "ORDEN_RECHAZADA", f"rejected/{message.version}", told, values=values))
    return facts


def _classified(content: OrderContent, world: World) -> OrderContent:
    suborders = tuple(
        one.model_copy(update={"items": tuple(classify(item, world) for item in one.items)}) for one in content.suborders
    )
    return content.model_copy(update={"suborders": suborders})


def _receive(state: State, message: SalesforceOrderSubmitted, content: OrderContent, world: World) -> list[Fact]:
    whole = _classified(content, world)
    fields = whole.model_dump() | {"received_at": world.now, "content_sha256": message.content_sha256}
    received = OrderReceived.model_validate(fields)
    if state.stage == "RETURNED" and state.content and message.version <= state.content.version:
        return []
    return [received, *_products(whole, world), *documents.attach_all(state.having(content=received), message.documents, world)]


def _products(content: OrderContent, world: World) -> list[Fact]:
    """Every item is classified; a product the table lacks is a fallout, never a guess."""
    facts: list[Fact] = []
    for one in content.suborders:
        facts += [
            ProductClassified(
                suborder=one.suborder,
                billing_group=one.group,
                item_id=item.item_id,
                standard=item.standard,
                homologated=item.homologated,
                line=item.line,
            )
            for item in one.items
        ]
        unknown = [item.product_code for item in one.items if product(item, world) is None]
        if unknown:
            facts.append(
                FalloutRaised(
                    suborder=one.suborder,
                    fallout_id=f"{one.suborder}/product",
                    fallout_class="NO_RULE_ROW",
                    step="CLASSIFY",
                    detail=f"Productos sin fila en la tabla: {', '.join(unknown)}",
                    queue="OM",
                )
            )
    return facts


def _conflict(state: State, message: SalesforceOrderSubmitted) -> list[Fact]:
    fallout = f"{message.parent}/version/{message.version}"
    if fallout in state.fallouts:
        return []
    detail = f"Llegó la versión {message.version} con otro contenido."
    return [FalloutRaised(fallout_id=fallout, fallout_class="VERSION_CONFLICT", step="RECEIVE", detail=detail, queue="OM")]


def _amend(state: State, message: SalesforceOrderSubmitted, content: OrderContent, world: World) -> list[Fact]:
    """Before any release the content is replaced, after it the amendment waits for the owner (1.3, X.2)."""
    listed = tuple(differences(state, content))
    if state.released:
        return [AmendmentReceived(version=message.version, differences=listed)]
    whole = _classified(content, world)
    received_at = state.content.received_at if state.content else world.now
    fields = whole.model_dump() | {"received_at": received_at, "content_sha256": message.content_sha256, "differences": listed}
    amended = OrderAmended.model_validate(fields)
    return [amended, *_products(whole, world), *documents.attach_all(state.having(content=amended), message.documents, world)]


def differences(state: State, content: OrderContent) -> list[str]:
    """Per site: added, removed, changed."""
    before = {one.site.code: one for one in state.content.suborders} if state.content else {}
    after = {one.site.code: one for one in content.suborders}
    added = [f"sede {code} agregada" for code in after if code not in before]
    removed = [f"sede {code} retirada" for code in before if code not in after]
    sold = {
        code: [(i.product_code, i.quantity, i.unit_price.amount) for i in one.items] for code, one in (before | after).items()
    }
    changed = [
        f"sede {code} cambiada"
        for code in after
        if code in before and sold[code] != [(i.product_code, i.quantity, i.unit_price.amount) for i in before[code].items]
    ]
    return added + removed + changed


def cancelled(state: State, message: SalesforceOrderCancelled, world: World) -> Decision:
    """Nothing is cancelled by itself: the owner decides (partners 2.1)."""
    if state.content is None:
        return []
    return [AmendmentReceived(version=state.content.version, differences=("CANCELLED",))]
