"""Activity 8: the contractor's technical visit; a failed one is ordered again and the attempt is kept (8.1)."""

from services.provisioning.domain.state import State, Visit, applies
from shared.calendar.calendar import local_day
from shared.common.mails import customer, heading, mail, member, owner
from shared.contracts.base import Fact
from shared.contracts.common import NotificationRequested
from shared.contracts.provisioning import (
    ReportTechnicalVisit,
    ScheduleTechnicalVisit,
    TechnicalVisitCompleted,
    TechnicalVisitFailed,
    TechnicalVisitOrdered,
    TechnicalVisitScheduled,
)
from shared.contracts.shapes import Card, Invite, Recipient
from shared.decider import Decision, World, refused


def order(state: State, card: Card, world: World) -> list[Fact]:
    """The contractor of the selected quote is asked, else the operator's default."""
    attempt = state.visits + 1
    contractor = state.contractor or str(world.policy.value("contractor.default", local_day(world.now)))
    to = [member(card, "CONTRATISTA", "contratistas"), *customer(card, "sede")]
    values = heading(card) | {"contratista": contractor, "visita": str(attempt)}
    return [
        TechnicalVisitOrdered(attempt=attempt, contractor=contractor, work_order=f"{state.suborder}/visit/{attempt}"),
        mail("provisioning", state.suborder, "VISITA_TECNICA", f"visit/{attempt}", to, cc=owner(state), values=values),
    ]


def schedule(state: State, command: ScheduleTechnicalVisit, world: World) -> Decision:
    """Window, site contact and access needs; only after the stock was answered. Another window replaces the first."""
    if not applies(state, "VISIT"):
        return refused("VISIT_NOT_APPLICABLE")
    if "VISIT" in state.done:
        return []
    visit, card = state.visit, state.card
    if state.step != "VISIT" or visit is None or card is None:
        return refused("STOCK_NOT_CHECKED")
    if command.window.start <= world.now or command.window.end <= command.window.start:
        return refused("WINDOW_IN_PAST")
    if (visit.window, visit.site_contact, visit.access_needs) == (command.window, command.site_contact, command.access_needs):
        return []
    scheduled = TechnicalVisitScheduled(
        attempt=visit.attempt,
        contractor=visit.contractor,
        window=command.window,
        site_contact=command.site_contact,
        access_needs=command.access_needs,
    )
    return [scheduled, _invitation(state, card, visit, command)]


def _invitation(state: State, card: Card, visit: Visit, command: ScheduleTechnicalVisit) -> NotificationRequested:
    values = heading(card) | {
        "contratista": visit.contractor,
        "desde": command.window.start.isoformat(),
        "hasta": command.window.end.isoformat(),
        "accesos": command.access_needs,
    }
    return mail(
        "provisioning",
        state.suborder,
        "VISITA_TECNICA",
        f"visit/{visit.attempt}/window/{visit.schedulings + 1}",
        [member(card, "CONTRATISTA", "contratistas"), Recipient(role="CLIENTE", ref=command.site_contact)],
        cc=owner(state),
        values=values,
        invite=Invite(window=command.window),
    )


def report(state: State, command: ReportTechnicalVisit, world: World) -> Decision:
    """Completed, unable with a reason, or cancelled."""
    if state.visit is None or state.visit.window is None:
        return refused("VISIT_NOT_SCHEDULED")
    attempt, reason = state.visit.attempt, (command.reason or "").strip()
    if command.outcome == "COMPLETED":
        return [TechnicalVisitCompleted(attempt=attempt, serials=command.serials, evidence=command.evidence)]
    if not reason:
        return refused("REASON_REQUIRED")
    return [TechnicalVisitFailed(attempt=attempt, outcome=command.outcome, reason=reason)]
