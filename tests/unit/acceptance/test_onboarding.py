from datetime import timedelta
from typing import Any

import pytest

from shared.contracts.acceptance import (
    FieldChange,
    OnboardingStarted,
    RecordKitDelivery,
    RecordTraining,
    ScheduleTraining,
    UpdateCustomerData,
)
from shared.contracts.common import NotificationRequested
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
