"""The currency of an order; a foreign one has its rate and the rate's day, which no one guesses."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from services.intake.domain.salesforce import quirks
from services.intake.domain.salesforce.reader import Node
from shared.contracts.shapes import Money


@dataclass(frozen=True, slots=True)
class Currency:
    """The order's currency; a foreign one has its rate and day, which no one guesses."""

    code: str
    rate: Decimal | None = None
    rate_date: date | None = None

    def money(self, amount: Decimal) -> Money:
        """An amount in this currency."""
        return Money(amount=amount, currency=self.code, rate=self.rate, rate_date=self.rate_date)


def read_currency(order: Node) -> Currency:
    """BOB, or USD with its rate and the rate's day."""
    code = order.need_text("CurrencyIsoCode").upper()
    if code == "USD":
        rate, day = order.read("ExchangeRate__c", quirks.unit_price), order.day("ExchangeRateDate__c")
        if not rate or rate < 0 or day is None:
            order.violate("RATE_MISSING", "ExchangeRate__c")
        return Currency(code, rate, day)
    if code not in {"", "BOB"}:
        order.violate("FIELD_INVALID", "CurrencyIsoCode")
    return Currency("BOB")
