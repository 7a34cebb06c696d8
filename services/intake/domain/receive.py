"""Activity 1: an order is received once, rejected with every violation, or amended by version (1.1, 1.2, 1.3)."""

from typing import Final

from services.intake.domain import documents
from services.intake.domain.evolve import evolve
from services.intake.domain.products import classify, fallout_id, strictest, unknown
from services.intake.domain.state import FINAL, State, assembly_task
from shared.calendar.calendar import local_day
from shared.common.mails import mail, staff
from shared.contracts.base import Fact
from shared.contracts.common import FalloutRaised, FalloutResolved
from shared.contracts.intake import (
    AmendmentReceived,
    OrderAmended,
    OrderContent,
    OrderReceived,
    OrderRejected,
    ProductClassified,
    SuborderContent,
)
from shared.contracts.salesforce import SalesforceOrderCancelled, SalesforceOrderSubmitted
from shared.decider import Decision, World

WHOLE_ORDER: Final = "ORDEN"
"""Code of the one billing group of an order that is billed at once."""


def submitted(state: State, message: SalesforceOrderSubmitted, world: World) -> Decision:
    """Salesforce sent a whole order: the version decides what it means (1.3)."""
    if message.content is None:
        return _reject(state, message)
    known = state.content
    if known is None:
        return _receive(state, message, message.content, world)
    if message.version < known.version:
        return []
    if message.version == known.version:
        if message.content_sha256 == known.content_sha256:
            return documents.attach(state, documents.sent_by(message.documents, world), world)
        return _conflict(state, message)
    if state.released or state.stage in FINAL:
        return _note(state, message.parent, message.version, tuple(differences(state, message.content)))
    return _amend(state, message, message.content, known, world)


def _reject(state: State, message: SalesforceOrderSubmitted) -> list[Fact]:
    """All violations at once; the EC is told, and a corrected message starts the order anew. The same again is late."""
    if state.content is not None:
        return _conflict(state, message) if message.version >= state.content.version else []
    before = state.rejected
    if before and (
        message.version < before.version or (message.version, message.violations) == (before.version, before.violations)
    ):
        return []
    facts: list[Fact] = [OrderRejected(version=message.version, violations=message.violations)]
    told = staff("EC", message.executive)
    if told:
        listed = "\n".join(f"- {one.detail or one.code} ({one.path})" for one in message.violations)[:3900]
        values = {"orden": message.order_number, "motivos": listed}
        facts.append(mail("intake", message.parent, "ORDEN_RECHAZADA", f"rejected/{message.version}", told, values=values))
    return facts


def _classified(parent: str, content: OrderContent, world: World) -> OrderContent:
    sold = {one.suborder: tuple(classify(item, world) for item in one.items) for one in content.suborders}
    if world.policy.value("homologation.level", local_day(world.now)) == "PER_ORDER":
        sold = strictest(sold)
    suborders = tuple(one.model_copy(update={"items": sold[one.suborder]}) for one in content.suborders)
    three = world.policy.value("segments", local_day(world.now)) == "THREE"
    ruling = content.policy_segment if three else None  # D2: two unless the operator's rules know three
    return _billed_together(parent, content.model_copy(update={"suborders": suborders, "policy_segment": ruling}), world)


def _billed_together(parent: str, content: OrderContent, world: World) -> OrderContent:
    """Each site by itself unless the contract groups sites, or the whole order at once (D9)."""
    if world.policy.value("billing.grouping", local_day(world.now)) == "PER_SITE" or not content.groups:
        return content
    whole = f"{parent}/{WHOLE_ORDER}"
    members = tuple(sorted(one.suborder for one in content.suborders))
    group = content.groups[0].model_copy(update={"group": whole, "members": members})
    suborders = tuple(one.model_copy(update={"group": whole}) for one in content.suborders)
    return content.model_copy(update={"suborders": suborders, "groups": (group,)})


def _receive(state: State, message: SalesforceOrderSubmitted, content: OrderContent, world: World) -> list[Fact]:
    whole = _classified(message.parent, content, world)
    fields = whole.model_dump() | _queued(world) | {"content_sha256": message.content_sha256}
    return _taken_in(state, OrderReceived.model_validate(fields), message, world)


def _queued(world: World) -> dict[str, object]:
    """Since when an order waits for an owner, and for how long it may (1.8)."""
    return {"received_at": world.now, "claim_hours": world.policy.value("claim.hours", local_day(world.now))}


def _taken_in(state: State, came: OrderReceived | OrderAmended, message: SalesforceOrderSubmitted, world: World) -> list[Fact]:
    """What goes with a new content: its products classified, and the documents, those before it judged by it."""
    facts: list[Fact] = [came, *_products(state, came, world), *_settled(state)]
    known = evolve(state, came)
    if (key := assembly_task(message.parent)) in state.fallouts:
        facts.append(assembled(key))
    facts += documents.judged_again(known, world)
    return [*facts, *documents.attach(known, documents.sent_by(message.documents, world), world)]


def assembled(key: str) -> FalloutResolved:
    """The task that named what an order in pieces lacked clears itself, by whatever way the order came."""
    return FalloutResolved(fallout_id=key, how="RETRY", reason="Llegó la orden completa.")


def classified(sold: SuborderContent, world: World) -> list[Fact]:
    """Each item of a suborder: standard or not, homologated or not (1.7)."""
    rules = {"PRODUCTS": world.tables.version("PRODUCTS", local_day(world.now))}
    return [
        ProductClassified(
            suborder=sold.suborder,
            billing_group=sold.group,
            item_id=item.item_id,
            standard=item.standard,
            homologated=item.homologated,
            line=item.line,
            rules=rules,
        )
        for item in sold.items
    ]


def _products(state: State, content: OrderContent, world: World) -> list[Fact]:
    """Every item is classified; a product the table lacks is a fallout, never a guess."""
    facts: list[Fact] = []
    for one in content.suborders:
        facts += classified(one, world)
        key, missing = fallout_id(one.suborder), unknown(one, world)
        if missing and key not in state.fallouts:
            facts.append(
                FalloutRaised(
                    suborder=one.suborder,
                    billing_group=one.group,
                    fallout_id=key,
                    fallout_class="NO_RULE_ROW",
                    step="CLASSIFY",
                    detail=f"Productos sin fila en la tabla: {', '.join(missing)}",
                    queue="OM",
                )
            )
        if not missing and key in state.fallouts:
            corrected = "La venta corrigió los productos."
            facts.append(FalloutResolved(suborder=one.suborder, fallout_id=key, how="RETRY", reason=corrected))
    return facts


def _conflict(state: State, message: SalesforceOrderSubmitted) -> list[Fact]:
    fallout = f"{message.parent}/version/{message.version}"
    if fallout in state.fallouts:
        return []
    detail = f"Llegó la versión {message.version} con otro contenido."
    return [FalloutRaised(fallout_id=fallout, fallout_class="VERSION_CONFLICT", step="RECEIVE", detail=detail, queue="OM")]


def _settled(state: State) -> list[Fact]:
    """A version of its own number is what a conflict of versions waited for (X.4)."""
    newer = "Llegó una versión nueva de la orden."
    return [
        FalloutResolved(fallout_id=key, how="RETRY", reason=newer)
        for key, one in state.fallouts.items()
        if one.kind == "VERSION_CONFLICT"
    ]


def _note(state: State, parent: str, version: int, listed: tuple[str, ...]) -> list[Fact]:
    """A change that came too late to be made by itself: it is kept, and the owner says what becomes of it (1.3, X.2)."""
    if version <= state.noted:
        return []
    told = AmendmentReceived(version=version, differences=listed)
    detail = f"La venta cambió después de la liberación (versión {version}): {', '.join(listed) or 'otros datos'}"
    return [told, *_for_the_owner(state, f"{parent}/amendment/{version}", detail)]


def _for_the_owner(state: State, key: str, detail: str) -> list[Fact]:
    if state.stage in FINAL:
        return []
    return [FalloutRaised(fallout_id=key, fallout_class="AMENDMENT_RECEIVED", step="AMEND", detail=detail, queue="OM")]


def _amend(
    state: State, message: SalesforceOrderSubmitted, content: OrderContent, known: OrderContent, world: World
) -> list[Fact]:
    """Before any release the content is replaced; a returned order is back in the queue, as new (1.3, 1.6)."""
    whole = _classified(message.parent, content, world)
    waits = _queued(world) if state.stage == "RETURNED" else known.model_dump(include={"received_at", "claim_hours"})
    found = {"content_sha256": message.content_sha256, "differences": tuple(differences(state, content))}
    fields = whole.model_dump() | waits | found
    return _taken_in(state, OrderAmended.model_validate(fields), message, world)


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
    key = f"{message.parent}/cancelled"
    if key in state.fallouts:
        return []
    told = AmendmentReceived(version=state.content.version if state.content else 0, differences=("CANCELLED",))
    return [told, *_for_the_owner(state, key, "Salesforce canceló la orden. Decida qué se hace con cada suborden.")]
