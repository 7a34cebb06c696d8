"""Why an acceptance holds, as the decision says it: the acta, its sending, the reminders, the calendar and the policy."""

from datetime import datetime

from services.acceptance.domain.dossier import UNSEALED
from services.acceptance.domain.state import Acta, Clock, State
from shared.contracts.acceptance import RecordSignature
from shared.contracts.shapes import Basis, Doc, Evidence, Period


def evidence(
    state: State, acta: Acta, doc: Doc, clock: Clock, basis: Basis, at: datetime, signed: RecordSignature | None = None
) -> Evidence:
    """What the state knows at the decision; the dossier seals it (14.1, 14.5)."""
    return Evidence(
        basis=basis,
        series=acta.series,
        acta=doc,
        sent_at=clock.sent_at,
        deadline=clock.deadline,
        decided_at=at,
        signature=signed.document if signed else None,
        signer=signed.signer if signed else None,
        signer_role=signed.signer_role if signed else None,
        signed_at=signed.signed_at if signed else None,
        attestation=signed.attestation if signed else None,
        reminders=tuple(state.reminders.values()),
        calendar=acta.calendar,
        policy=Period(n=acta.policy.n, unit=acta.policy.unit),
        skipped=state.tests.skipped if state.tests else (),
        dossier_sha256=UNSEALED,
    )


def regional_ticket(state: State) -> str | None:
    """The ServiceNow ticket with Regional, of the tests or of the start."""
    of_tests = state.tests.regional_ticket if state.tests else None
    return of_tests or (state.card.regional_ticket if state.card else None)
