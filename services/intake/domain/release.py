"""A suborder is released by itself from the last of its preconditions, whichever that is (3.8, 4.1, 4.2)."""

from services.intake.domain.products import as_surveyed
from services.intake.domain.state import GENERATED, State, Sub
from shared.calendar.calendar import local_day
from shared.contracts.base import Fact
from shared.contracts.intake import OrderContent, SelectedQuote, SuborderReleased
from shared.contracts.shapes import Card
from shared.decider import World

SLOTS = ("tecnico", "administrativo", "firmante")


def released(state: State, world: World) -> list[Fact]:
    """Every suborder whose documents, answers, team and HLD are complete by now."""
    content = state.content
    if content is None or not state.docs_valid or state.owner is None or state.stage not in GENERATED:
        return []
    return [_release(state, content, key, sub, world) for key, sub in state.subs.items() if ready(sub)]


def ready(sub: Sub) -> bool:
    """Whether a planned suborder waits for nothing more: not for a hold, quote, service, ticket, team or HLD."""
    return (
        sub.stage == "PLANNED"
        and sub.held is None
        and bool(sub.service_id)
        and (sub.selected is not None or not sub.has("INSTALLATION"))
        and (sub.ticket is not None or not sub.has("PROVISIONING_START"))
        and not sub.unfilled
        and sub.hld_done
    )


def _release(state: State, content: OrderContent, key: str, sub: Sub, world: World) -> SuborderReleased:
    sold = state.content_of(key)
    quote = next((one for one in sub.quotes if one.quote_id == sub.selected), None)
    terms = next(one for one in content.groups if one.group == sold.group)
    manager = content.engineering_manager or str(world.policy.value("engineering_manager.default", local_day(world.now)))
    contacts = {slot: f"{state.parent}:{slot}" for slot in SLOTS} | content.contacts | {"sede": f"{key}:sede"}
    card = Card(
        order_number=content.order_number,
        suborder_number=sold.suborder_number,
        customer_id=content.customer_id,
        customer_name=content.customer_name,
        segment=content.segment,
        segment_label=content.segment_label,
        policy_segment=content.policy_segment,
        site=sold.site,
        items=as_surveyed(sold, sub, world),
        traits=sub.traits,
        terms=terms,
        owner=state.owner or "",
        executive=content.executive,
        account_supervisor=content.account_supervisor,
        engineering_manager=manager,
        contacts=contacts,
        language=content.language,
        team=sub.team,
        service_id=sub.service_id or "",
        regional_ticket=sub.ticket,
    )
    return SuborderReleased(
        suborder=key,
        billing_group=sold.group,
        card=card,
        work_orders=sub.work_orders,
        quote=SelectedQuote(contractor=quote.contractor, total=quote.total) if quote else None,
        hld=sub.hld or "NOT_APPLICABLE",
        steps=tuple(step for step in state.steps if step.suborder == key),
    )
