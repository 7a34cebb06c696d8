from datetime import timedelta
from typing import Any

import pytest

from shared.contracts.acceptance import (
    FieldChange,
    OnboardingStarted,
    RecordKitDelivery,
    RecordTraining,
    ScheduleTraining,
    TrainingDelivered,
    TrainingNotRequired,
    TrainingScheduled,
    UpdateCustomerData,
    WelcomeKitDelivered,
)
from shared.contracts.common import FalloutResolved, NotificationRequested
from tests.builders import PARENT, SUBORDER, card, doc, item, passed_tests, released
from tests.unit.acceptance.acceptance_site import OM, SENT, Site
from tests.unit.acceptance.test_acta import failed
from tests.unit.acceptance.test_rejection import refusal

NUBE = item(line="NUBE_PRIVADA", product_code="NUBE-8-32", family="CLOUD")
BACKUP = item(2, line="BACKUP_CENTRO_DATOS", product_code="BACKUP-DC-PRY", family="CLOUD")


def accepted(*items: Any) -> Site:
    site = Site().when(released(card(*items))).when(passed_tests()).rendered().sent("acta/1/1")
    return site.signs()


def update(**changes: Any) -> UpdateCustomerData:
    change = FieldChange.model_validate({"field": "canal_de_soporte", "before": "0800", "after": "Portal"} | changes)
    return UpdateCustomerData(aggregate=SUBORDER, changes=(change,))


def schedule(site: Site, hours: int = 24) -> ScheduleTraining:
    window = {"from": site.now + timedelta(hours=hours), "to": site.now + timedelta(hours=hours + 1)}
    told = {"aggregate": SUBORDER, "window": window, "attendees": (f"{PARENT}:tecnico",), "material": doc("MATERIAL")}
    return ScheduleTraining.model_validate(told)


@pytest.mark.criterion("16", "17", "18")
def test_onboarding_starts_with_the_first_activation_that_is_not_before_acceptance() -> None:
    site = accepted().billed(1, pre_acceptance=True)
    assert site.names() == ["FactKept"]
    assert site.billed().names() == ["FactKept", "OnboardingStarted"]
    started = site.of(OnboardingStarted)[0]
    assert (started.training, started.kits, started.rules) == ("LIVE", ("KIT-FWAAS",), {"BR022": "2026-09-01"})


@pytest.mark.criterion("17", "18")
@pytest.mark.parametrize(
    ("items", "training", "kits"),
    [
        ((item(), BACKUP), "LIVE", ("KIT-CLOUD", "KIT-FWAAS")),
        ((item(), NUBE), "LIVE", ("KIT-FWAAS", "KIT-CLOUD")),
        ((NUBE, BACKUP), "EMAIL", ("KIT-CLOUD",)),  # every kit once
        ((BACKUP, item(3, line="SDWAN", charge_only=True)), "NONE", ("KIT-CLOUD",)),  # a charge has no kit
    ],
)
def test_a_mixed_suborder_takes_the_stricter_training_and_every_kit_once(
    items: tuple[Any, ...], training: str, kits: tuple[str, ...]
) -> None:
    started = accepted(*items).billed().of(OnboardingStarted)[0]
    assert (started.training, started.kits) == (training, kits)


@pytest.mark.criterion("17", "18", "X.4")
def test_a_line_without_a_row_is_a_fallout_and_never_a_guess() -> None:
    site = accepted(item(line="INTERNET_DEDICADO")).billed()
    assert site.names() == ["FactKept", "FalloutRaised"]
    assert site.billed().names() == ["FactKept"]


@pytest.mark.criterion("17", "18", "18.1")
def test_no_training_required_sends_the_kit_at_once() -> None:
    site = accepted(BACKUP).billed()
    assert site.names() == ["FactKept", "OnboardingStarted", "TrainingNotRequired", "NotificationRequested"]
    assert site.of(NotificationRequested)[-1].template == "WELCOME_KIT"
    assert refusal(site.when(schedule(site), OM)) == "TRAINING_NOT_REQUIRED"
    assert site.sent("kit").names() == ["WelcomeKitDelivered"]
    assert site.when(update(), OM).names() == ["CustomerDataUpdated", "NotificationRequested", "SuborderCompleted"]
    assert site.decider.waiting(site.state) == ()


@pytest.mark.criterion("17", "18")
def test_the_induction_mail_is_the_training_and_brings_the_kit_once() -> None:
    site = accepted(NUBE).billed().sent("induction")
    assert site.names() == ["TrainingDelivered", "NotificationRequested"]
    assert site.sent("induction").names() == []


@pytest.mark.criterion("17")
def test_a_live_training_has_date_attendees_material_and_attendance() -> None:
    site = accepted().billed()
    assert refusal(site.when(schedule(site, -3), OM)) == "WINDOW_IN_PAST"
    held = RecordTraining(aggregate=SUBORDER, attendance=4, at=site.now)
    assert refusal(site.when(held, OM)) == "WRONG_STAGE"  # never scheduled
    assert site.when(schedule(site), OM).names() == ["TrainingScheduled", "NotificationRequested"]
    nobody = RecordTraining(aggregate=SUBORDER, attendance=0, at=site.now)
    assert refusal(site.when(nobody, OM)) == "ATTENDANCE_REQUIRED"
    assert site.when(held, OM).names() == ["TrainingDelivered", "NotificationRequested"]
    assert site.when(held, OM).names() == []


@pytest.mark.criterion("18")
def test_a_kit_handed_over_in_person_needs_proof_and_is_given_once() -> None:
    site = accepted(BACKUP).billed()
    assert refusal(site.when(RecordKitDelivery(aggregate=SUBORDER), OM)) == "EVIDENCE_REQUIRED"
    assert site.when(RecordKitDelivery(aggregate=SUBORDER, proof=doc("ACUSE")), OM).names() == ["WelcomeKitDelivered"]
    assert refusal(site.when(RecordKitDelivery(aggregate=SUBORDER, proof=doc("ACUSE")), OM)) == "KIT_ALREADY_SENT"
    assert site.sent("kit").names() == []


@pytest.mark.criterion("18", "X.4")
def test_a_kit_whose_mail_failed_is_a_fallout_that_the_delivery_in_person_ends() -> None:
    site = accepted(BACKUP).billed().when(failed("kit", "ADDRESS_MISSING"))
    assert site.names() == ["FalloutRaised"]
    site.when(RecordKitDelivery(aggregate=SUBORDER, proof=doc("ACUSE")), OM)
    assert site.names() == ["WelcomeKitDelivered", "FalloutResolved"]


@pytest.mark.criterion("16")
def test_personal_fields_are_named_and_never_quoted() -> None:
    site = accepted().billed()
    assert refusal(site.when(update(field="contacto_tecnico"), OM)) == "PERSONAL_DATA"
    assert refusal(site.when(update(after="soporte@cliente.bo"), OM)) == "PERSONAL_DATA"
    assert refusal(site.when(UpdateCustomerData(aggregate=SUBORDER, changes=()), OM)) == "INVALID_FIELDS"
    assert "CustomerDataUpdated" in site.when(update(field="contacto_tecnico", before=None, after=None), OM).names()


@pytest.mark.criterion("18.1")
def test_a_suborder_is_complete_only_when_its_last_phase_is_active() -> None:
    site = accepted(BACKUP).billed(1).sent("kit").when(update(), OM)
    assert site.state.stage == "ONBOARDING"
    assert "ServiceBillingActivated" in site.decider.waiting(site.state)[0].cleared_by
    assert site.billed().names() == ["FactKept", "SuborderCompleted"]


@pytest.mark.criterion("D2", "17")
def test_an_induction_for_both_segments_is_one_for_each_of_them() -> None:
    own = card(policy_segment="EMPRESAS")
    site = Site().when(released(own), at=SENT).when(passed_tests()).rendered().sent("acta/1/1").signs().billed(1)
    assert [one.training for one in site.of(OnboardingStarted)] == ["LIVE"]


def whom(mail: NotificationRequested) -> tuple[list[str], list[str]]:
    return [one.ref for one in mail.to], [one.ref for one in mail.cc]


TECNICO = f"{PARENT}:tecnico"


@pytest.mark.criterion("17", "18")
def test_induction_and_kit_go_to_the_technical_contact_with_the_owner_in_copy() -> None:
    site = accepted(NUBE, item()).billed()
    assert site.of(OnboardingStarted)[0].training == "LIVE"
    site = accepted(NUBE).billed()
    induction = site.of(NotificationRequested)[-1]
    assert (induction.template, whom(induction)) == ("INDUCCION", ([TECNICO], ["om-1"]))
    trained = site.sent("induction").of(TrainingDelivered)[0]
    assert (trained.kind, trained.notification_id) == ("EMAIL", f"acceptance/{SUBORDER}/induction")
    kit = site.of(NotificationRequested)[-1]
    assert (kit.template, whom(kit)) == ("WELCOME_KIT", ([TECNICO], ["om-1"]))
    assert (kit.values["kits"], kit.values["idioma"]) == ("KIT-CLOUD", "español")
    delivered = site.sent("kit").of(WelcomeKitDelivered)[0]
    assert (delivered.kits, delivered.notification_id) == (("KIT-CLOUD",), f"acceptance/{SUBORDER}/kit")


@pytest.mark.criterion("17", "18")
def test_the_segment_decides_and_the_kit_is_in_the_contacts_language() -> None:
    by_segment = card(segment="NEGOCIO", language="en")
    site = Site().when(released(by_segment)).when(passed_tests()).rendered().sent("acta/1/1").signs().billed()
    started = site.of(OnboardingStarted)[0]
    assert (started.training, started.language) == ("EMAIL", "en")
    assert site.sent("induction").of(NotificationRequested)[-1].values["idioma"] == "inglés"


@pytest.mark.criterion("17")
def test_that_no_training_is_required_names_the_row_that_says_so() -> None:
    told = accepted(BACKUP).billed().of(TrainingNotRequired)[0]
    assert (told.row, told.rules) == ("I-09", {"BR022": "2026-09-01"})


@pytest.mark.criterion("17")
def test_the_invitation_has_window_and_material_and_another_date_is_another_invitation() -> None:
    site = accepted().billed()
    for number, hours in ((1, 24), (2, 48)):
        command = schedule(site, hours)
        site.when(command, OM)
        mail = site.of(NotificationRequested)[-1]
        assert (mail.template, mail.purpose, whom(mail)) == (
            "INVITACION_CAPACITACION",
            f"training/{number}",
            ([TECNICO], ["om-1"]),
        )
        assert mail.invite is not None
        assert mail.invite.window == command.window
        assert mail.attachments == (command.material,)
        assert site.of(TrainingScheduled)[-1].attendees == (TECNICO,)
    held = RecordTraining(aggregate=SUBORDER, attendance=1, at=site.now)
    assert site.when(held, OM).of(TrainingDelivered)[0].attendance == 1
    assert refusal(site.when(schedule(site, 72), OM)) == "TRAINING_NOT_REQUIRED"


@pytest.mark.criterion("17")
@pytest.mark.parametrize(("start", "end"), [(0, 1), (-1, 1), (24, 24), (24, 23)])
def test_a_session_lies_ahead_and_takes_time(start: int, end: int) -> None:
    site = accepted().billed()
    command = schedule(site).model_dump() | {
        "window": {"from": site.now + timedelta(hours=start), "to": site.now + timedelta(hours=end)}
    }
    assert refusal(site.when(ScheduleTraining.model_validate(command), OM)) == "WINDOW_IN_PAST"


@pytest.mark.criterion("17")
@pytest.mark.parametrize("line", [BACKUP, NUBE])
def test_a_session_that_is_not_owed_is_neither_scheduled_nor_recorded(line: Any) -> None:
    site = accepted(line).billed()
    held = RecordTraining(aggregate=SUBORDER, attendance=4, at=site.now)
    assert refusal(site.when(held, OM)) == "TRAINING_NOT_REQUIRED"
    assert refusal(site.when(schedule(site), OM)) == "TRAINING_NOT_REQUIRED"


@pytest.mark.criterion("16")
@pytest.mark.parametrize(
    "field",
    ["contacto_tecnico", "contacto_administrativo", "firmante", "nombre", "correo", "telefono", "direccion", "nit"],
)
def test_every_personal_field_may_be_named_only(field: str) -> None:
    site = accepted().billed()
    for value in ({"before": "x", "after": None}, {"before": None, "after": "x"}):
        assert refusal(site.when(update(field=field, **value), OM)) == "PERSONAL_DATA"
    assert "CustomerDataUpdated" in site.when(update(field=field, before=None, after=None), OM).names()


@pytest.mark.criterion("16")
def test_the_customer_is_told_of_each_change_and_no_value_may_hold_an_address() -> None:
    site = accepted().billed()
    for value in ({"before": "soporte@cliente.bo"}, {"after": "soporte@cliente.bo"}):
        assert refusal(site.when(update(**value), OM)) == "PERSONAL_DATA"
    assert refusal(site.when(update(field="  "), OM)) == "INVALID_FIELDS"
    for number in (1, 2):
        mail = site.when(update(), OM).of(NotificationRequested)[-1]
        assert (mail.purpose, whom(mail)[0], mail.values["campos"]) == (f"data/{number}", [TECNICO], "canal_de_soporte")


@pytest.mark.criterion("18")
def test_the_proof_of_a_kit_in_person_is_kept_and_ends_no_fallout_that_never_was() -> None:
    site = accepted(BACKUP).billed()
    proof = doc("ACUSE")
    site.when(RecordKitDelivery(aggregate=SUBORDER, proof=proof), OM)
    assert site.of(WelcomeKitDelivered)[0].proof == proof
    assert site.of(FalloutResolved) == []
