"""The customer signs the acta: the first committed of signature and expiry wins, the loser is kept (14.1, 14.5)."""

from services.acceptance.domain.dossier import evidence_of
from services.acceptance.domain.state import State
from shared.contracts.acceptance import AcceptanceSigned, LateSignatureRecorded, RecordSignature
from shared.contracts.base import Fact
from shared.contracts.common import FalloutResolved
from shared.decider import Decision, Refused, World, refused


def record(state: State, command: RecordSignature, world: World) -> Decision:
    """A signature of the acta now out opens billing; one that lost to the clock is kept as evidence."""
    problem = _problem(state, command)
    if problem is not None:
        return problem
    match state.stage:
        case "OPEN" | "REVIEWING" | "DISPUTED":
            evidence = evidence_of(state, "SIGNED", world.now, command.document, command.signer, command.signer_role)
            facts: list[Fact] = [
                AcceptanceSigned(evidence=evidence, regional_ticket=state.tests.regional_ticket if state.tests else None)
            ]
            dispute = f"{state.suborder}/dispute"
            if dispute in state.fallouts:
                facts.append(FalloutResolved(fallout_id=dispute, how="MANUAL", reason="El cliente firmó el acta."))
            return facts
        case "EXPIRED":
            return [LateSignatureRecorded(signature=command.document, signer=command.signer, at=world.now)]
        case _:
            return refused("ACCEPTANCE_CLOSED")


def _problem(state: State, command: RecordSignature) -> Refused | None:
    signature, acta = command.document.signature, state.acta.doc if state.acta else None
    if not command.signer_role.strip() or signature is None:
        return refused("SIGNER_INCOMPLETE")
    if signature.method == "SCAN" and not (command.attestation or "").strip():
        return refused("SIGNER_INCOMPLETE")
    if not signature.valid:
        return refused("SIGNATURE_INVALID", detail=signature.detail or "")
    if acta is None or command.document.origin != acta.doc_id:
        return refused("ACTA_MISMATCH")
    return None
