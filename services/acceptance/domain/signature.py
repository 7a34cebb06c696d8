"""Activity 14: the signed acta accepts; a signature that lost to the clock is kept as evidence (14.1, 14.5)."""

from services.acceptance.domain.dossier import accepted
from services.acceptance.domain.evidence import evidence, regional_ticket
from services.acceptance.domain.rejection import settled
from services.acceptance.domain.state import UNDECIDED, State
from shared.contracts.acceptance import AcceptanceSigned, LateSignatureRecorded, RecordSignature
from shared.contracts.shapes import Doc
from shared.decider import Decision, Refused, World, refused


def record(state: State, command: RecordSignature, world: World) -> Decision:
    """Complete, valid and of the acta now out: accepted. The first of signature and expiry that commits wins."""
    wrong = defect(state, command)
    if wrong is not None:
        return wrong
    if state.expired:
        if command.document.sha256 in state.late_signatures:
            return []
        return [LateSignatureRecorded(signature=command.document, signer=command.signer, at=world.now)]
    acta, clock = state.acta, state.clock
    if state.stage not in UNDECIDED or acta is None or acta.doc is None or clock is None:
        known = state.evidence.signature if state.evidence else None
        return [] if known and known.sha256 == command.document.sha256 else refused("ACCEPTANCE_CLOSED")
    proof = evidence(state, acta, acta.doc, clock, "SIGNED", world.now, command)
    signed = accepted(state.dossier, AcceptanceSigned(evidence=proof, regional_ticket=regional_ticket(state)))
    return [signed, *settled(state, "El cliente firmó el acta.")]


def defect(state: State, command: RecordSignature) -> Refused | None:
    """What is wrong with a signature, by its own code."""
    signed = command.document.signature
    if not command.signer.strip() or not command.signer_role.strip():
        return refused("SIGNER_INCOMPLETE")
    if (signed is None or signed.method == "SCAN") and not (command.attestation or "").strip():
        return refused("SIGNER_INCOMPLETE")
    if signed is not None and signed.method == "PADES" and not signed.valid:
        return refused("SIGNATURE_INVALID", detail=signed.detail or "no se pudo comprobar")
    acta = state.acta.doc if state.acta else None
    return refused("ACTA_MISMATCH") if acta and not _of(acta, command) else None


def _of(acta: Doc, command: RecordSignature) -> bool:
    """Whether it signs this acta: nobody signs one before it exists, and a digital signature has the bytes that it signs.

    A scan says in `origin` what it is of, and the owner attests it.
    """
    document = command.document
    signed = document.signature
    if signed is not None and signed.method == "PADES" and signed.base_sha256 != acta.sha256:
        return False
    return command.signed_at >= acta.at and document.origin in {None, "", acta.doc_id}
