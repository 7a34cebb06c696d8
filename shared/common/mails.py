"""How a service asks for a mail: a fact beside the fact that owes it."""

from collections.abc import Iterable
from datetime import datetime

from shared.common.state import State
from shared.contracts.common import NotificationRequested, TaskEscalated
from shared.contracts.shapes import AskedBy, Card, Doc, Invite, Recipient


def area(name: str) -> Recipient:
    """An area's mailbox."""
    return Recipient(role=name.upper(), ref=f"area:{name}")


def staff(role: str, who: str | None) -> tuple[Recipient, ...]:
    """A person of the operator, where there is one."""
    return (Recipient(role=role, ref=who),) if who else ()


def customer(card: Card, *slots: str) -> tuple[Recipient, ...]:
    """The customer's contacts of these slots (tecnico, administrativo, firmante)."""
    return tuple(Recipient(role="CLIENTE", ref=card.contacts[slot]) for slot in slots if slot in card.contacts)


def heading(card: Card) -> dict[str, str]:
    """What every mail about a suborder says: order, site, customer."""
    return {
        "orden": card.order_number,
        "suborden": card.suborder_number,
        "cliente": card.customer_name,
        "sede": f"{card.site.name} ({card.site.code}), {card.site.city}",
        "productos": ", ".join(item.product_code for item in card.items),
    }


def mail(
    service: str,
    aggregate: str,
    template: str,
    purpose: str,
    to: Iterable[Recipient],
    *,
    cc: Iterable[Recipient] = (),
    values: dict[str, str] | None = None,
    attachments: tuple[Doc, ...] = (),
    all_cc_required: bool = False,
    invite: Invite | None = None,
    not_after: datetime | None = None,
) -> NotificationRequested:
    """The request of one mail; `purpose` is the asker's own key, by which it knows the answer."""
    return NotificationRequested(
        template=template,
        purpose=purpose,
        to=tuple(to),
        cc=tuple(cc),
        all_cc_required=all_cc_required,
        values=values or {},
        attachments=attachments,
        invite=invite,
        not_after=not_after,
        asked_by=AskedBy(service=service, aggregate=aggregate),
    )


def owner(state: State) -> tuple[Recipient, ...]:
    """The Order Manager who owns the order."""
    return staff("OM", state.owner)


def member(card: Card, role: str, mailbox: str) -> Recipient:
    """Who fills a role of the suborder's team, else the mailbox of the area."""
    return Recipient(role=role, ref=card.team.get(role) or f"area:{mailbox}")


def escalation(service: str, state: State, card: Card, told: TaskEscalated) -> NotificationRequested:
    """ESCALAMIENTO: the role that was escalated to learns why, with the owner in copy; once per wait and level."""
    to = card.engineering_manager if told.to == "GI" else f"area:{told.to.lower()}"
    return mail(
        service,
        state.suborder,
        "ESCALAMIENTO",
        f"escalation/{told.key}/{told.level}",
        staff(told.to, to),
        cc=owner(state),
        values=heading(card) | {"motivo": told.why},
    )
