"""A dossier proves itself: its lines are chained, and played again they lead to the very decision it tells (`domain.md` 8.9)."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

from pydantic import ValidationError

from services.acceptance.domain.canonical import canonical
from services.acceptance.domain.dossier import FORMAT, SEAL, WHOSE, belongs, closing, digest
from services.acceptance.domain.evidence import evidence
from services.acceptance.domain.evolve import evolve
from services.acceptance.domain.state import UNDECIDED, State
from shared.contracts.acceptance import (
    AcceptanceClockStarted,
    AcceptanceExpired,
    AcceptanceExpiryNotified,
    AcceptanceReminderSent,
    AcceptanceSigned,
)
from shared.contracts.base import Fact, JsonObject
from shared.contracts.shapes import Evidence

COPIES: Final = frozenset({"EC", "GI"})
DERIVED: Final = {
    "acta": "el acta",
    "series": "la serie",
    "sent_at": "el envío",
    "deadline": "el plazo",
    "reminders": "los recordatorios",
    "calendar": "el calendario",
    "policy": "la política",
}
"""What a decision says that the lines before it must have led to."""


def problems(file: bytes) -> tuple[str, ...]:
    """What is wrong with a dossier, in Spanish; nothing when it holds. Any changed byte or missing line is told."""
    lines = file.split(b"\n")
    if lines.pop() != b"" or len(lines) < 3:  # noqa: PLR2004 - the opening, the decision, the closing
        return ("El archivo está incompleto.",)
    told = list(_read(lines))
    unread = tuple(f"Línea {number}: no está como fue escrita." for number, one in enumerate(told, 1) if one is None)
    known = [one for one in told if one is not None]
    return unread or _unchained(lines, known) or _unproven(lines, known)


def seal_of(file: bytes) -> str:
    """The hash by which billing knows a dossier that holds."""
    return str(json.loads(file.splitlines()[-1])[SEAL])


def documents_of(file: bytes) -> frozenset[str]:
    """The hashes of the documents a dossier that holds names: actas and signatures."""
    told = [json.loads(line).get("data", {}) for line in file.splitlines()]
    named = [one.get("acta") for one in told] + [one.get("evidence", {}).get("signature") for one in told]
    return frozenset(str(one["sha256"]) for one in (*named, *(one.get("signature") for one in told)) if one)


def _read(lines: Sequence[bytes]) -> Iterator[JsonObject | None]:
    for line in lines:
        try:
            told = json.loads(line)
            yield told if isinstance(told, dict) else None
        except (ValueError, RecursionError):
            yield None


def _unchained(lines: Sequence[bytes], told: Sequence[JsonObject]) -> tuple[str, ...]:
    first, *rest = told
    if first.get("dossier") != FORMAT or set(first) != {"dossier", *WHOSE}:
        return ("Línea 1: no abre un dossier que se conozca.",)
    broken = [
        f"Línea {number}: no sigue a la anterior."
        for number, (before, one) in enumerate(zip(lines, rest, strict=False), 2)
        if one.get("previous") != digest(before)
    ]
    last = closing(digest(lines[-2]), len(lines) - 2, str(told[-1].get(SEAL)))
    return (*broken, *([] if last == lines[-1] or broken else ["La última línea no cierra el dossier."]))


def _unproven(lines: Sequence[bytes], told: Sequence[JsonObject]) -> tuple[str, ...]:
    whose = {name: told[0][name] for name in WHOSE}
    state, found, seal = State(), list[str](), ""
    for number, (line, one) in enumerate(zip(lines[1:-1], told[1:-1], strict=True), 2):
        if canonical(one) != line:  # the chain holds, so somebody wrote it so: a key said twice could be read both ways
            found.append(f"Línea {number}: no está en su forma única.")
        try:
            fact = _fact(one, whose, digest(line))
            found += [f"Línea {number}: {why}" for why in _doubts(state, fact)]
            state = evolve(state, fact)
        except (KeyError, TypeError, OverflowError, ValidationError):
            return (*found, f"Línea {number}: no es un hecho de una aceptación.")
        if isinstance(fact, AcceptanceSigned | AcceptanceExpired | AcceptanceExpiryNotified):
            seal = digest(line)
    if state.evidence is None:
        found.append("La aceptación no está decidida.")
    elif state.expired and state.notice is None:
        found.append("Falta el aviso de vencimiento con sus copias.")
    if seal != told[-1][SEAL]:
        found.append("La última línea no dice la huella de la decisión.")
    return tuple(found)


def _fact(told: JsonObject, whose: JsonObject, own: str) -> Fact:
    data: dict[str, Any] = {**told["data"], **whose, SEAL: own}
    if "evidence" in data:
        data["evidence"] = {**data["evidence"], SEAL: own}
    fact = evolve.types[told["type"]].model_validate(data)
    if not belongs(fact):
        raise KeyError(told["type"])
    return fact


def _doubts(state: State, fact: Fact) -> Iterator[str]:
    """What the lines before this one do not bear out."""
    match fact:
        case AcceptanceClockStarted() if fact.proof is not None:
            sent = {one.sha256 for one in fact.proof.attachments}
            if state.acta is None or state.acta.doc is None or state.acta.doc.sha256 not in sent:
                yield "el correo que se envió no llevaba el acta."
        case AcceptanceClockStarted() | AcceptanceReminderSent() if fact.proof is None:
            yield "no hay prueba del envío."
        case AcceptanceSigned():
            yield from _decision(state, fact.evidence)
            yield from _signing(state, fact.evidence)
        case AcceptanceExpired():
            yield from _decision(state, fact.evidence)
            yield from _expiry(state, fact.evidence)
        case AcceptanceExpiryNotified() if fact.proof is None or not set(fact.cc) >= COPIES:
            yield "el aviso de vencimiento no prueba sus copias al EC y al GI."


def _decision(state: State, told: Evidence) -> Iterator[str]:
    acta, clock = state.acta, state.clock
    if acta is None or acta.doc is None or clock is None or state.stage not in UNDECIDED:
        yield "se decidió sin un acta en plazo."
        return
    known = evidence(state, acta, acta.doc, clock, told.basis, told.decided_at)
    for name, words in DERIVED.items():
        if getattr(known, name) != getattr(told, name):
            yield f"{words} de la decisión no es lo que pasó."


def _signing(state: State, told: Evidence) -> Iterator[str]:
    """What the signature was accepted by; a dossier that does not say when it was signed was made before it was told."""
    file, acta = told.signature, state.acta.doc if state.acta else None
    if told.signed_at is None:
        return
    if file is None or (file.signature and not file.signature.valid):
        yield "se aceptó una firma que no es válida."
    elif (file.signature is None or file.signature.method == "SCAN") and not (told.attestation or "").strip():
        yield "se aceptó una firma escaneada sin que nadie diera fe de ella."
    if acta is not None and told.signed_at < acta.at:
        yield "se firmó antes de que existiera el acta."


def _expiry(state: State, told: Evidence) -> Iterator[str]:
    if state.stage != "OPEN" or told.decided_at < told.deadline:
        yield "se dio por vencida antes de su plazo."
    missing = [str(one.slot) for one in state.clock.open_slots] if state.clock else []
    if missing:
        yield f"falta el recordatorio del día {', '.join(missing)}."
