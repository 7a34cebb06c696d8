"""ESCALAMIENTO: whoever a task is escalated to learns why, with the owner in copy (1.8, 3.5, X.1)."""

from services.intake.domain.state import State
from shared.common.mails import mail, owner, staff
from shared.contracts.base import Fact
from shared.contracts.common import NotificationRequested, TaskEscalated
from shared.decider import Facts


def with_mails(state: State, facts: Facts) -> list[Fact]:
    """Each escalation among the facts is followed by its mail."""
    return [one for fact in facts for one in ((fact, _mail(state, fact)) if isinstance(fact, TaskEscalated) else (fact,))]


def _mail(state: State, told: TaskEscalated) -> NotificationRequested:
    content = state.content
    values = {"orden": content.order_number, "cliente": content.customer_name} if content else {}
    return mail(
        "intake",
        state.parent,
        "ESCALAMIENTO",
        f"escalation/{told.key}/{told.level}",
        staff(told.to, f"area:{told.to.lower()}"),
        cc=owner(state),
        values=values | {"motivo": told.why},
    )
