import pytest

from shared.contracts.common import FalloutRaised, FalloutResolved, ResolveFallout
from shared.contracts.notifications import NotificationFailed
from shared.contracts.shapes import AskedBy
from shared.contracts.testing import CustomerTestInformationSent, SendTestInformation
from tests.builders import PARENT, SUBORDER, mail_sent
from tests.unit.testing.trial import OWNER, SUPERVISOR, Trial

SEND = SendTestInformation(aggregate=SUBORDER, values={"requisitos": "Una estación con navegador"})


def not_sent(purpose: str) -> NotificationFailed:
    asker = AskedBy(service="testing", aggregate=SUBORDER)
    return NotificationFailed(
        parent=PARENT, notification_id=f"testing/{SUBORDER}/9", purpose=purpose, asked_by=asker, code="ADDRESS_MISSING"
    )


@pytest.mark.criterion("11.3")
def test_the_customer_gets_the_information_once_per_session_and_its_hand_over_is_a_fact() -> None:
    trial = Trial().internal().scheduled()
    assert trial.waits() == {"OM SendTestInformation"}
    trial.when(SEND, OWNER)
    (mail,) = trial.mails("INFORMACION_PRUEBAS")
    assert (mail.purpose, mail.values["requisitos"]) == ("information/1", "Una estación con navegador")
    assert (mail.values["desde"], mail.values["modalidad"]) == (trial.state.session.window.start.isoformat(), "ONLINE")
    assert trial.waits() == {"OM NotificationSent"}
    assert trial.when(SEND, OWNER).last == []
    trial.when(mail_sent("information/1", trial.now, service="testing"))
    assert [one.session for one in trial.of(CustomerTestInformationSent)] == [1]
    assert trial.when(mail_sent("information/1", trial.now, service="testing")).last == []
    assert trial.waits() == {"OM StartCustomerTests"}


@pytest.mark.criterion("11.3")
def test_another_session_needs_its_own_information() -> None:
    trial = Trial().internal().scheduled().informed().answers("REGIONAL", yes=False).proposed().booked()
    trial.answers("CLIENTE").answers("REGIONAL")
    assert trial.begins().code == "INFORMATION_NOT_SENT"
    assert trial.informed().begins().refusal is None
    assert [one.purpose for one in trial.mails("INFORMACION_PRUEBAS")] == ["information/1", "information/2"]


@pytest.mark.criterion("11.3")
def test_what_the_mail_system_says_late_of_an_older_session_informs_nobody_of_this_one() -> None:
    trial = Trial().internal().scheduled().informed().answers("REGIONAL", yes=False).proposed().booked()
    trial.answers("CLIENTE").answers("REGIONAL").informed().when(mail_sent("information/1", trial.now, service="testing"))
    assert (trial.last, trial.state.information.session) == ([], 2)


@pytest.mark.criterion("11.3", "X.4")
@pytest.mark.parametrize("purpose", ["information/1", "invitation/1"])
def test_a_fallout_of_a_mail_is_told_once_and_a_retry_or_a_mended_invitation_informs_nobody(purpose: str) -> None:
    trial = Trial().internal().scheduled().when(SEND, OWNER).when(not_sent(purpose)).when(not_sent(purpose))
    assert len(trial.of(FalloutRaised)) == 1
    how = "RETRY" if purpose == "information/1" else "MANUAL"
    resolve = {"aggregate": SUBORDER, "fallout_id": f"{SUBORDER}/{purpose}", "how": how, "reason": "Dirección corregida"}
    assert trial.when(ResolveFallout.model_validate(resolve), SUPERVISOR).names() == ["FalloutResolved"]
    assert trial.begins().code == "INFORMATION_NOT_SENT"


@pytest.mark.criterion("11.3", "X.4")
def test_a_mail_that_cannot_be_sent_is_a_fallout_and_may_be_asked_for_anew() -> None:
    trial = Trial().internal().scheduled().when(SEND, OWNER).when(not_sent("information/1"))
    assert [(one.fallout_class, one.step, one.queue) for one in trial.of(FalloutRaised)] == [
        ("ADDRESS_MISSING", "INFORMATION", "OM")
    ]
    assert trial.waits() == {"OM SendTestInformation"}
    assert trial.begins().code == "INFORMATION_NOT_SENT"
    trial.when(SEND, OWNER)
    assert [one.purpose for one in trial.mails("INFORMACION_PRUEBAS")] == ["information/1", "information/1/2"]
    trial.when(mail_sent("information/1/2", trial.now, service="testing"))
    assert len(trial.of(FalloutResolved)) == 1
    assert trial.begins().refusal is None


@pytest.mark.criterion("11.3", "X.11")
def test_each_time_the_information_is_asked_for_is_a_mail_of_its_own() -> None:
    trial = Trial().internal().scheduled()
    for purpose in ("information/1", "information/1/2", "information/1/3"):
        trial.when(SEND, OWNER).when(not_sent(purpose))
    assert [one.purpose for one in trial.mails("INFORMACION_PRUEBAS")] == ["information/1", "information/1/2", "information/1/3"]


@pytest.mark.criterion("X.4")
@pytest.mark.parametrize(("how", "skipped"), [("MANUAL", ()), ("SKIP", ("INFORMATION",))])
def test_the_customer_may_be_informed_by_hand(how: str, skipped: tuple[str, ...]) -> None:
    trial = Trial().internal().scheduled().when(SEND, OWNER).when(not_sent("information/1"))
    fallout = next(iter(trial.state.fallouts))
    resolve = {"aggregate": SUBORDER, "fallout_id": fallout, "how": how, "reason": "Se leyó por teléfono"}
    trial.when(ResolveFallout.model_validate(resolve), SUPERVISOR)
    assert trial.names() == ["CustomerTestInformationSent", "FalloutResolved"]
    assert trial.state.skipped == skipped
    assert trial.begins().refusal is None


@pytest.mark.criterion("11.3", "X.4")
def test_another_mail_that_fails_and_is_sent_later_ends_its_own_fallout() -> None:
    trial = Trial().internal().dated().proposed().when(not_sent("invitation/1"))
    assert len(trial.of(FalloutRaised)) == 1
    trial.when(mail_sent("invitation/1", trial.now, service="testing"))
    assert trial.names() == ["FalloutResolved"]
    other = Trial().internal().scheduled().when(not_sent("invitation/1")).informed()
    assert list(other.state.fallouts) == [f"{SUBORDER}/invitation/1"], "and no other mail ends it"


@pytest.mark.criterion("11.3")
def test_what_the_customer_is_told_holds_no_personal_data() -> None:
    trial = Trial().internal().scheduled()
    trial.when(SendTestInformation(aggregate=SUBORDER, values={"contacto": "ana@example.com"}), OWNER)
    assert trial.code == "PERSONAL_DATA"
