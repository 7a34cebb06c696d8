"""The evidence of an acceptance proves itself: each link is hashed over the one before it."""

import json
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from services.acceptance.domain.state import Acta, Clock, State
from shared.contracts.acceptance import RecordSignature
from shared.contracts.shapes import Basis, Doc, Evidence, Period

UNSEALED: Final = "0" * 64
LINKS: Final = (
    ("acta", "series", "skipped"),
    ("sent_at", "deadline", "calendar", "policy"),
    ("reminders",),
    ("basis", "decided_at", "signature", "signer", "signer_role"),
)
"""The dossier in order: what was to be accepted, its sending, the reminders, the decision."""


def canonical(value: Any) -> bytes:
    """The one JSON text of a value: sorted keys, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def chain(links: Iterable[Any]) -> str:
    """The hash over all links, each over the hash before it."""
    digest = ""
    for link in links:
        digest = sha256(digest.encode() + canonical(link)).hexdigest()
    return digest


def seal(evidence: Evidence) -> str:
    """The dossier's hash, from the evidence alone: anyone can compute it again."""
    told = evidence.model_dump(mode="json", exclude_none=True, exclude={"dossier_sha256"})
    return chain({name: told[name] for name in names if name in told} for names in LINKS)


def with_notice(dossier_sha256: str, notification_id: str, cc: tuple[str, ...]) -> str:
    """The dossier's hash, with the notice of expiry as one more link."""
    return sha256(dossier_sha256.encode() + canonical({"notification_id": notification_id, "cc": cc})).hexdigest()


def evidence(
    state: State, acta: Acta, doc: Doc, clock: Clock, basis: Basis, at: datetime, signed: RecordSignature | None = None
) -> Evidence:
    """Why the acceptance holds, sealed (14.1, 14.5)."""
    unsealed = Evidence(
        basis=basis,
        series=acta.series,
        acta=doc,
        sent_at=clock.sent_at,
        deadline=clock.deadline,
        decided_at=at,
        signature=signed.document if signed else None,
        signer=signed.signer if signed else None,
        signer_role=signed.signer_role if signed else None,
        reminders=tuple(state.reminders.values()),
        calendar=acta.calendar,
        policy=Period(n=acta.policy.n, unit=acta.policy.unit),
        skipped=state.tests.skipped if state.tests else (),
        dossier_sha256=UNSEALED,
    )
    return unsealed.model_copy(update={"dossier_sha256": seal(unsealed)})


def regional_ticket(state: State) -> str | None:
    """The ServiceNow ticket with Regional, of the tests or of the start."""
    of_tests = state.tests.regional_ticket if state.tests else None
    return of_tests or (state.card.regional_ticket if state.card else None)
