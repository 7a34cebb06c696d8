"""The dossier of an acceptance: its own facts as lines, each with the hash of the line before (`domain.md` 8.9).

The first line says whose dossier it is, the last one how many facts it has and which hash billing carries. The hash of
a line is the SHA-256 of its bytes, so that anybody can follow the chain without this program. A decision cannot say its
own hash, so its line leaves `dossier_sha256` out: the hash of that line is what the fact says there.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, Final, TypeVar

from services.acceptance.domain.canonical import canonical
from shared.contracts.acceptance import (
    AcceptanceClockRedated,
    AcceptanceClockResumed,
    AcceptanceClockStarted,
    AcceptanceClockVoided,
    AcceptanceExpired,
    AcceptanceExpiryNotified,
    AcceptanceRejected,
    AcceptanceReminderFailed,
    AcceptanceReminderRequested,
    AcceptanceReminderSent,
    AcceptanceRequested,
    AcceptanceSigned,
    ActaPrepared,
    DisputeReferred,
    DisputeResolved,
    ExpiryCallRecorded,
    LateSignatureRecorded,
    RedatingProposed,
    RejectionDismissed,
    RejectionUpheld,
)
from shared.contracts.base import Fact
from shared.contracts.common import (
    FalloutRaised,
    FalloutResolved,
    HoldApplied,
    HoldLifted,
    NotificationRequested,
    OverrideRecorded,
)

FORMAT: Final = "o2c.acceptance.dossier/1"
UNSEALED: Final = "0" * 64
SEAL: Final = "dossier_sha256"
WHOSE: Final = ("parent", "suborder", "billing_group")
"""Said once, in the first line."""
ENTRIES: Final[frozenset[type[Fact]]] = frozenset(
    {
        ActaPrepared,
        AcceptanceRequested,
        AcceptanceClockStarted,
        AcceptanceClockVoided,
        AcceptanceReminderRequested,
        AcceptanceReminderSent,
        AcceptanceReminderFailed,
        AcceptanceRejected,
        RejectionUpheld,
        RejectionDismissed,
        DisputeReferred,
        DisputeResolved,
        AcceptanceClockResumed,
        RedatingProposed,
        AcceptanceClockRedated,
        HoldApplied,
        HoldLifted,
        AcceptanceSigned,
        AcceptanceExpired,
        AcceptanceExpiryNotified,
        ExpiryCallRecorded,
        LateSignatureRecorded,
        FalloutRaised,
        FalloutResolved,
        OverrideRecorded,
        NotificationRequested,
    }
)
"""What a dispute would ask for: acta, sendings, reminders, pauses, the calendar, the decision, its notices, what was skipped."""
MAILS: Final = frozenset({"ACTA_ENTREGA", "RECORDATORIO_ACTA", "ACEPTACION_VENCIDA", "RECHAZO_DESESTIMADO", "PLAZO_MODIFICADO"})
"""Mails that tell the customer the term, its consequence, or its end."""
Decided = TypeVar("Decided", AcceptanceSigned, AcceptanceExpired)


class NotDecidedError(Exception):
    """Nobody signed and no term expired: there is no dossier yet."""


def linked(head: str, fact: Fact) -> str:
    """The head of the chain after this fact; the first acta begins it, and most facts leave it as it is."""
    if not belongs(fact):
        return head
    if not head:
        if not isinstance(fact, ActaPrepared):
            return ""
        head = digest(opening(fact))
    return digest(entry(head, fact))


def belongs(fact: Fact) -> bool:
    """Whether the fact has a line in the dossier, once that has begun."""
    return fact.template in MAILS if isinstance(fact, NotificationRequested) else type(fact) in ENTRIES


def accepted(head: str, decision: Decided) -> Decided:
    """The decision with its own hash, which is the dossier's (14.1, 14.5)."""
    evidence = decision.evidence.model_copy(update={SEAL: digest(entry(head, decision))})
    return decision.model_copy(update={"evidence": evidence})


def notified(head: str, notice: AcceptanceExpiryNotified) -> AcceptanceExpiryNotified:
    """The notice of expiry with its own hash: from now on the dossier's (14.6)."""
    return notice.model_copy(update={SEAL: digest(entry(head, notice))})


def digest(line: bytes) -> str:
    """The hash of a line, by which the next one names it."""
    return sha256(line).hexdigest()


def opening(fact: Fact) -> bytes:
    """The first line: format and whose dossier it is."""
    whose = fact.model_dump(mode="json", include=set(WHOSE))
    return canonical({"dossier": FORMAT, **whose})


def entry(previous: str, fact: Fact) -> bytes:
    """The line of a fact: the hash of the line before, its type, and what it says."""
    told = fact.model_dump(mode="json", exclude_none=True, exclude={*WHOSE, SEAL})
    return canonical({"previous": previous, "type": type(fact).__name__, "data": _unsealed(told)})


def _unsealed(told: dict[str, Any]) -> dict[str, Any]:
    evidence: Mapping[str, Any] = told.get("evidence", {})
    return told | {"evidence": {key: value for key, value in evidence.items() if key != SEAL}} if evidence else told


def closing(previous: str, entries: int, seal: str) -> bytes:
    """The last line: the hash of the line before, how many facts there are, and the hash that billing carries."""
    return canonical({"previous": previous, "entries": entries, SEAL: seal})


def lines(facts: Iterable[Fact]) -> tuple[bytes, ...]:
    """The whole dossier, from all facts of a suborder in their order. Raises NotDecidedError when it is not decided."""
    told: list[bytes] = []
    seal = ""
    for fact in facts:
        if not belongs(fact) or not (told or isinstance(fact, ActaPrepared)):
            continue
        if not told:
            told.append(opening(fact))
        told.append(entry(digest(told[-1]), fact))
        if isinstance(fact, AcceptanceSigned | AcceptanceExpired | AcceptanceExpiryNotified):
            seal = digest(told[-1])
    if not seal:
        raise NotDecidedError
    return (*told, closing(digest(told[-1]), len(told) - 1, seal))
