"""The evidence of an acceptance, hash-chained: acta, sending, every reminder, the decision (14.5; 15.1)."""

from datetime import datetime
from hashlib import sha256

from services.acceptance.domain.state import State
from shared.contracts.base import to_json
from shared.contracts.shapes import Basis, Doc, Evidence, Period

EMPTY = "0" * 64


def evidence_of(
    state: State,
    basis: Basis,
    decided_at: datetime,
    signature: Doc | None = None,
    signer: str | None = None,
    role: str | None = None,
) -> Evidence:
    """Why the acceptance holds. Raises ValueError without acta or clock: there is nothing to prove."""
    acta, clock = state.acta, state.clock
    if acta is None or acta.doc is None or clock is None:
        raise ValueError("no acta is out")
    evidence = Evidence(
        basis=basis,
        series=acta.series,
        acta=acta.doc,
        sent_at=clock.sent_at,
        deadline=clock.deadline,
        decided_at=decided_at,
        signature=signature,
        signer=signer,
        signer_role=role,
        reminders=state.reminders,
        calendar=acta.calendar,
        policy=Period(n=acta.policy.n, unit=acta.policy.unit),
        skipped=state.tests.skipped if state.tests else (),
        dossier_sha256=EMPTY,
    )
    return evidence.model_copy(update={"dossier_sha256": chain(evidence)})


def chain(evidence: Evidence) -> str:
    """Each link is hashed over the one before, so nothing can be left out or changed."""
    links = (
        to_json(evidence.acta),
        f"{evidence.sent_at.isoformat()}|{evidence.deadline.isoformat()}".encode(),
        *(to_json(reminder) for reminder in evidence.reminders),
        to_json(evidence.calendar) + to_json(evidence.policy),
        f"{evidence.basis}|{evidence.decided_at.isoformat()}|{evidence.signer or ''}|{evidence.signer_role or ''}".encode(),
        to_json(evidence.signature) if evidence.signature else b"",
        "|".join(evidence.skipped).encode(),
    )
    digest = EMPTY
    for link in links:
        digest = sha256(digest.encode() + link).hexdigest()
    return digest
