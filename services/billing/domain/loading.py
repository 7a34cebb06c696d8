"""What billing refuses when its tables are loaded: a phase cannot wait for what comes after billing (15.3)."""

from typing import Final

from services.billing.domain.evolve import ACTIVITIES
from shared.rules.error import RuleError
from shared.rules.tables import Tables

BEFORE: Final = frozenset({*ACTIVITIES.values(), "ALL_SITES_ACCEPTED"})
"""What billing hears of before it asks for an alta; it would wait for anything else for ever."""


def check(tables: Tables) -> None:
    """Raises RuleError (RULE_CYCLE) for a trigger that comes after billing, or that nobody tells it of."""
    table = tables.get("TRIGGERS")
    if table is None:
        return
    named = frozenset[str]().union(*(table.words(version.valid_from, "activity") for version in table.versions))
    if strange := sorted(named - BEFORE):
        told = f"La facturación no puede esperar {', '.join(strange)}: viene después de ella, o nadie se lo anuncia."
        raise RuleError(told, table.file, "RULE_CYCLE")
