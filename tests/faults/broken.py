"""What breaks each check, tried on the data of a whole order: a check that has never failed proves nothing."""

from typing import Final

from tests.faults.checks import Checks

AGAIN: Final = """INSERT INTO {0}.fact SELECT aggregate, seq + 1000, type, at, caused_by, actor, role, trace, data
FROM {0}.fact WHERE type = '{1}'"""
BROKEN: Final = {
    "billing: lost: a fact that never reached its topic": "DELETE FROM log WHERE source = 'billing' AND seq = 1",
    "testing: lost: a message heard here that its aggregate does not know": "UPDATE testing.aggregate SET heard = '{}'",
    "acceptance: doubled: version, number of facts and highest seq disagree": (
        "UPDATE acceptance.aggregate SET version = version + 1"
    ),
    "intake: left over: outbox": (
        "INSERT INTO intake.outbox (po, aggregate, seq) SELECT 'x', aggregate, seq FROM intake.fact LIMIT 1"
    ),
    "intake: left over: parked": "INSERT INTO intake.parked (aggregate, message, at) VALUES ('x', '{}', now())",
    "intake: left over: blocked": "UPDATE intake.aggregate SET blocked = 'x' WHERE version > 0",
    "provisioning: ghost: a message without its row": "DELETE FROM provisioning.fact WHERE seq = 2",
    "ghost: one id with different bytes": (
        "INSERT INTO log SELECT topic, partition, at + 10000, source, subject, seq, type, ce_id, 'x' FROM log"
    ),
    "disorder: first occurrences are not 1, 2, 3, ... in one partition": "UPDATE log SET at = at + 10000 WHERE seq = 1",
    "money: a phase requested twice": AGAIN.format("billing", "BillingRequested"),
    "money: a phase activated twice": AGAIN.format("billing", "ServiceBillingActivated"),
    "money: requested without evidence": "DELETE FROM acceptance.fact WHERE type = 'AcceptanceSigned'",
    "clock: a reminder twice in one run of the clock": AGAIN.format("acceptance", "AcceptanceReminderRequested"),
    "clock: two ends of one series, or an end before its deadline": (
        "UPDATE acceptance.fact SET at = at - interval '9 days' WHERE type = 'AcceptanceExpired'"
    ),
    "unopened: a released suborder that a later service does not have": "DELETE FROM testing.aggregate",
}


async def unnoticed_by(checks: Checks) -> list[str]:
    """Breaks what each check is for, one after the other, and takes it back; answers the checks that said nothing."""
    await checks.read()
    unnoticed = []
    for name, breaking in BROKEN.items():
        transaction = checks.connection.transaction()
        await transaction.start()
        await checks.connection.execute(breaking)
        found = await checks.complaints()
        await transaction.rollback()
        if name not in found:
            unnoticed.append(name)
    return unnoticed
