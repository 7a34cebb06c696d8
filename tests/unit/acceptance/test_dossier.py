"""The dossier: made of the facts alone, and good for nothing once a byte of it is changed."""

import itertools
import json
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from typer.testing import CliRunner

from o2c.commands.dossier import app
from services.acceptance.domain.canonical import canonical
from services.acceptance.domain.dossier import NotDecidedError, closing, digest, lines
from services.acceptance.domain.proving import problems, seal_of
from shared.contracts.acceptance import AcceptanceExpired, AcceptanceExpiryNotified, AcceptanceSigned, CalendarAmended
from shared.contracts.base import Fact, to_json
from shared.contracts.intake import OrderHeld, OrderResumed
from tests.builders import PARENT, SUBORDER, card, passed_tests, released, terms
from tests.decrees import change
from tests.unit.acceptance.acceptance_site import GI, SENT, Site, local, signed_acta

COPIES = ("EC", "GI")
PURPOSES = ("reminder/1/1/2", "reminder/1/1/4", "reminder/1/1/6", "reminder/1/1/8")


def silent() -> Site:
    """Four reminders that went out, the expiry and its notice."""
    site = Site().acta_out()
    for purpose in PURPOSES:
        site.until(site.decider.deadlines(site.state, site.calendar)["reminder"]).sent(purpose)
    return site.until(site.state.clock.deadline).sent("expiry/1", cc=COPIES)


def signed() -> Site:
    return Site().acta_out().until(local("2026-11-29 16:30")).sent(PURPOSES[0]).signs()


def with_everything() -> Site:
    """A hold, a rejection that was dismissed, a decree, an upheld rejection, a second series, and then silence."""
    own = card(terms=terms(acceptance={"n": 10, "unit": "BUSINESS"}))
    site = Site().when(released(own), at=SENT).when(passed_tests()).rendered().sent("acta/1/1")
    site.when(OrderHeld(parent=PARENT, suborders=(SUBORDER,), reason="Obra"), at=local("2026-11-28 09:00"))
    site.when(OrderResumed(parent=PARENT, suborders=(SUBORDER,), reason="Lista"), at=local("2026-11-30 09:00"))
    site.rejects().dismisses()
    site.when(CalendarAmended(version=2, changes=(change("2026-12-04", working=False),)))
    site.rejects().upholds().when(passed_tests(2)).rendered().sent("acta/2/1")
    site.until(site.state.clock.deadline)
    return site.sent("expiry/2", cc=COPIES)


@cache
def file_of(kind: Callable[[], Site]) -> bytes:
    return b"".join(line + b"\n" for line in lines(kind().facts))


def forged(kind: Callable[[], Site], keep: Callable[[dict[str, Any]], dict[str, Any] | None]) -> bytes:
    """A forger's file: lines changed or left out, and the whole chain hashed anew."""
    told = [json.loads(line) for line in file_of(kind).splitlines()]
    made, seal = [canonical(told[0])], ""
    for one in told[1:-1]:
        kept = keep(one)
        if kept is None:
            continue
        made.append(canonical(kept | {"previous": digest(made[-1])}))
        if kept["type"] in {"AcceptanceSigned", "AcceptanceExpired", "AcceptanceExpiryNotified"}:
            seal = digest(made[-1])
    made.append(closing(digest(made[-1]), len(made) - 1, seal))
    return b"".join(line + b"\n" for line in made)


KINDS = pytest.mark.parametrize("kind", [silent, signed, with_everything])


@KINDS
@pytest.mark.criterion("14.1", "14.5", "14.6")
def test_a_dossier_of_any_life_proves_itself(kind: Callable[[], Site]) -> None:
    assert problems(file_of(kind)) == ()
    assert problems(forged(kind, lambda line: line)) == ()  # the forger's tool itself changes nothing


@pytest.mark.criterion("14.5", "15.1")
def test_the_hash_that_travels_to_billing_is_the_one_of_the_dossier() -> None:
    assert seal_of(file_of(signed)) == signed().of(AcceptanceSigned)[0].evidence.dossier_sha256
    assert seal_of(file_of(silent)) == silent().of(AcceptanceExpiryNotified)[0].dossier_sha256
    expired = silent().of(AcceptanceExpired)[0].evidence
    decision = next(line for line in file_of(silent).splitlines() if b'"AcceptanceExpired"' in line)
    assert sha256(decision).hexdigest() == expired.dossier_sha256


@KINDS
def test_facts_that_were_stored_and_read_again_give_the_same_bytes(kind: Callable[[], Site]) -> None:
    again = [type(fact).model_validate_json(to_json(fact)) for fact in kind().facts]
    assert b"".join(line + b"\n" for line in lines(again)) == file_of(kind)


@KINDS
def test_the_head_that_the_state_keeps_is_the_hash_of_the_last_fact_of_the_file(kind: Callable[[], Site]) -> None:
    assert kind().state.dossier == digest(file_of(kind).splitlines()[-2])


def test_each_line_is_followed_with_nothing_but_sha256() -> None:
    told = file_of(silent).splitlines()
    for before, after in itertools.pairwise(told):
        assert json.loads(after)["previous"] == sha256(before).hexdigest()


@KINDS
def test_the_last_line_says_how_many_facts_there_are(kind: Callable[[], Site]) -> None:
    told = file_of(kind).splitlines()
    assert json.loads(told[-1])["entries"] == len(told) - 2


@pytest.mark.parametrize("lines_left", [0, 1, 2])
def test_a_file_without_opening_decision_and_closing_is_incomplete(lines_left: int) -> None:
    told = file_of(signed).splitlines(keepends=True)
    assert problems(b"".join(told[:lines_left])) == ("El archivo está incompleto.",)


def test_it_tells_acta_sending_reminders_versions_decision_and_notice() -> None:
    told = [json.loads(line) for line in file_of(silent).splitlines()[1:-1]]
    by_type: dict[str, list[Any]] = {}
    for one in told:
        by_type.setdefault(one["type"], []).append(one["data"])
    assert by_type["ActaPrepared"][0]["calendar"] == {"id": "BO-S", "version": 1}
    assert by_type["ActaPrepared"][0]["rules"]["acceptance.days"] == "2026-09-01"
    assert by_type["AcceptanceClockStarted"][0]["proof"]["server_reply"] == "250 2.0.0 4c8d"
    assert [one["slots"] for one in by_type["AcceptanceReminderSent"]] == [[2], [4], [6], [8]]
    assert all(one["proof"]["content_sha256"] for one in by_type["AcceptanceReminderSent"])
    assert by_type["AcceptanceExpiryNotified"][0]["cc"] == ["EC", "GI"]
    assert "plazo" in by_type["NotificationRequested"][0]["values"]


@KINDS
def test_any_changed_byte_is_told(kind: Callable[[], Site]) -> None:
    file = file_of(kind)
    step = max(1, len(file) // 400)
    for place in range(0, len(file), step):
        flipped = file[:place] + bytes([file[place] ^ 1]) + file[place + 1 :]
        assert problems(flipped), f"byte {place}"


@settings(max_examples=60)
@given(some.data())
def test_any_byte_put_in_taken_out_or_overwritten_anywhere_is_told(data: some.DataObject) -> None:
    file = file_of(silent)
    place, byte = data.draw(some.integers(0, len(file) - 1)), data.draw(some.binary(min_size=1, max_size=1))
    assert problems(file[:place] + byte + file[place:])
    assert problems(file[:place] + file[place + 1 :])
    changed = file[:place] + byte + file[place + 1 :]
    assert bool(problems(changed)) == (changed != file)


@KINDS
def test_any_line_left_out_doubled_or_moved_is_told(kind: Callable[[], Site]) -> None:
    told = file_of(kind).splitlines(keepends=True)
    for number in range(len(told)):
        assert problems(b"".join(told[:number] + told[number + 1 :])), number
        assert problems(b"".join([*told[: number + 1], *told[number:]])), number
    for number in range(len(told) - 1):
        swapped = [*told[:number], told[number + 1], told[number], *told[number + 2 :]]
        assert problems(b"".join(swapped)), number


def without(*types: str, slot: int | None = None) -> Callable[[dict[str, Any]], dict[str, Any] | None]:
    def keep(line: dict[str, Any]) -> dict[str, Any] | None:
        return None if line["type"] in types and (slot is None or line["data"].get("slots") == [slot]) else line

    return keep


@pytest.mark.criterion("14.4")
@pytest.mark.parametrize("slot", [2, 4, 6, 8])
@pytest.mark.parametrize("what", ["AcceptanceReminderRequested", "AcceptanceReminderSent"])
def test_a_missing_reminder_is_told_even_when_the_chain_was_made_anew(slot: int, what: str) -> None:
    assert problems(forged(silent, without(what, slot=slot)))
    both = problems(forged(silent, without("AcceptanceReminderRequested", "AcceptanceReminderSent", slot=slot)))
    assert any(f"falta el recordatorio del día {slot}" in one for one in both)


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("AcceptanceClockStarted", "sin un acta en plazo"),
        ("AcceptanceRequested", "no llevaba el acta"),
        ("AcceptanceExpiryNotified", "Falta el aviso"),
        ("AcceptanceExpired", "no está decidida"),
    ],
)
def test_what_a_decision_rests_on_cannot_be_left_out(what: str, why: str) -> None:
    assert any(why in one for one in problems(forged(silent, without(what))))


def changed(kind: str, **fields: Any) -> Callable[[dict[str, Any]], dict[str, Any] | None]:
    def keep(line: dict[str, Any]) -> dict[str, Any] | None:
        if line["type"] != kind:
            return line
        data = line["data"]
        inside = {"evidence": data["evidence"] | fields} if "evidence" in data else fields
        return line | {"data": data | inside}

    return keep


@pytest.mark.parametrize(
    ("lie", "why"),
    [
        (changed("AcceptanceExpired", decided_at="2026-12-01T20:30:00Z"), "antes de su plazo"),
        (changed("AcceptanceExpired", deadline="2026-12-01T20:30:00Z"), "el plazo de la decisión"),
        (changed("AcceptanceExpired", sent_at="2026-11-20T20:30:00Z"), "el envío de la decisión"),
        (changed("AcceptanceExpired", reminders=[]), "los recordatorios de la decisión"),
        (changed("AcceptanceExpired", calendar={"id": "BO-L", "version": 1}), "el calendario de la decisión"),
        (changed("AcceptanceExpiryNotified", cc=["EC"]), "no prueba sus copias"),
        (changed("AcceptanceClockStarted", proof=None), "no hay prueba del envío"),
        (lambda line: line | {"type": "OnboardingStarted"} if line["type"] == "AcceptanceExpired" else line, "no es un hecho"),
    ],
)
def test_a_decision_that_its_history_does_not_bear_out_is_told(lie: Any, why: str) -> None:
    found = problems(forged(silent, lie))
    assert any(why in one for one in found), found


def attested() -> Site:
    return Site().acta_out().signs(document=signed_acta("SCAN"), attestation="Firmada ante el Order Manager")


@pytest.mark.criterion("14.1")
def test_it_tells_who_vouched_for_a_scan_and_when_it_was_signed() -> None:
    decision = next(json.loads(line) for line in file_of(attested).splitlines() if b'"AcceptanceSigned"' in line)
    told = decision["data"]["evidence"]
    assert (told["attestation"], told["signed_at"]) == ("Firmada ante el Order Manager", "2026-11-27T20:30:00Z")
    assert problems(file_of(attested)) == ()


@pytest.mark.criterion("14.1")
@pytest.mark.parametrize(
    ("lie", "why"),
    [
        (changed("AcceptanceSigned", attestation=" "), "sin que nadie diera fe"),
        (changed("AcceptanceSigned", signed_at="2026-11-20T20:30:00Z"), "antes de que existiera el acta"),
        (changed("AcceptanceSigned", signature=None), "no es válida"),
    ],
)
def test_a_signature_that_nothing_bears_out_is_told(lie: Any, why: str) -> None:
    found = problems(forged(attested, lie))
    assert any(why in one for one in found), found


def test_a_dossier_from_before_it_told_the_moment_of_signing_still_proves_itself() -> None:
    assert problems(forged(attested, changed("AcceptanceSigned", signed_at=None, attestation=None))) == ()


@pytest.mark.parametrize("site", [Site().tested(), Site().acta_out(), Site().acta_out().rejects()])
def test_there_is_no_dossier_before_the_decision(site: Site) -> None:
    facts: list[Fact] = site.facts
    with pytest.raises(NotDecidedError):
        lines(facts)


def test_what_comes_after_the_decision_is_kept_and_changes_no_hash_that_billing_has() -> None:
    site = signed()
    before = seal_of(b"".join(line + b"\n" for line in lines(site.facts)))
    site.billed()
    assert seal_of(b"".join(line + b"\n" for line in lines(site.facts))) == before
    late = silent().signs()
    after = b"".join(line + b"\n" for line in lines(late.facts))
    assert late.names() == ["LateSignatureRecorded"]
    assert b"LateSignatureRecorded" in after
    assert (problems(after), seal_of(after)) == ((), seal_of(file_of(silent)))


def test_a_second_dismissal_by_the_gi_stands_in_the_dossier() -> None:
    site = Site().acta_out().rejects().dismisses().rejects().dismisses(GI).signs()
    file = b"".join(line + b"\n" for line in lines(site.facts))
    assert problems(file) == ()
    assert file.count(b'"RejectionDismissed"') == 2


@pytest.mark.parametrize("file", [b"", b"\n", b"{}\n{}\n{}\n", b"[1]\n[2]\n[3]\n", b"\xff\n\xfe\n\n\n", b"NaN\nNaN\nNaN\n"])
def test_rubbish_is_told_and_never_raises(file: bytes) -> None:
    assert problems(file)


RUN = CliRunner()


def test_a_person_verifies_a_file_without_any_connection(tmp_path: Path) -> None:
    path = tmp_path / "dossier.jsonl"
    path.write_bytes(file_of(silent))
    seal = seal_of(file_of(silent))
    good = RUN.invoke(app, ["verify", str(path), "--sha256", seal])
    assert (good.exit_code, "íntegro" in good.output) == (0, True)
    assert RUN.invoke(app, ["verify", str(path), "--sha256", "0" * 64]).exit_code == 1
    path.write_bytes(file_of(silent).replace(b"Sucursal", b"Sucursaf", 1))
    bad = RUN.invoke(app, ["verify", str(path)])
    assert bad.exit_code == 1
    assert "no sigue a la anterior" in bad.output


def test_a_person_asks_whether_a_pdf_is_the_one_of_the_dossier(tmp_path: Path) -> None:
    path, pdf = tmp_path / "dossier.jsonl", tmp_path / "acta.pdf"
    path.write_bytes(file_of(silent))
    pdf.write_bytes(f"{SUBORDER}/acta/1/1".encode())  # what the sample acta's hash is of
    assert RUN.invoke(app, ["verify", str(path), "--document", str(pdf)]).exit_code == 0
    pdf.write_bytes(b"%PDF-1.7 otra")
    assert RUN.invoke(app, ["verify", str(path), "--document", str(pdf)]).exit_code == 1
