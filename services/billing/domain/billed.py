"""The sites and items of a request, each item with this phase's share of its price (15.2, `partners.md` 4.1)."""

from decimal import Decimal

from services.billing.domain.amounts import currency, money_of, split
from services.billing.domain.state import Order, State
from shared.contracts.billing import BilledItem, BilledSuborder
from shared.contracts.intake import SuborderContent
from shared.contracts.shapes import Money


def _shares(state: State, order: Order, no: int) -> dict[str, Decimal]:
    """Shares are those of the whole group as sold, so that a member that leaves changes nobody else's."""
    return split([one.phase for one in state.in_order], order.items)[no]


def amount_of(state: State, order: Order, no: int) -> Money:
    """What the phase amounts to for the members that are billed: exactly the sum of their items."""
    shares = _shares(state, order, no)
    billed = [shares[item.item_id] for one in order.suborders if one.suborder in state.members for item in one.items]
    return money_of(order.items, billed)


def suborders(state: State, order: Order, no: int) -> tuple[BilledSuborder, ...]:
    """The members that are billed."""
    shares, money = _shares(state, order, no), currency(order.items)
    return tuple(_suborder(state, one, shares, money) for one in order.suborders if one.suborder in state.members)


def _suborder(state: State, content: SuborderContent, shares: dict[str, Decimal], money: Money) -> BilledSuborder:
    services = {one.item_id: one.service_id for one in state.services.get(content.suborder, ())}
    site = content.site
    return BilledSuborder(
        suborder=content.suborder,
        suborder_number=content.suborder_number,
        site_code=site.code,
        site_name=site.name,
        city=site.city,
        department=site.department,
        service_account=site.service_account,
        items=tuple(
            BilledItem(
                item_id=item.item_id,
                product_code=item.product_code,
                family=item.family,
                line=item.line,
                standard=item.standard,
                charge=item.charge,
                quantity=item.quantity,
                unit_price=item.unit_price,
                amount=money.model_copy(update={"amount": shares[item.item_id]}),
                service_id=services.get(item.item_id),
            )
            for item in content.items
        ),
    )
