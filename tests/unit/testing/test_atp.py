import pytest

from shared.contracts.common import FalloutRaised, FalloutResolved, ResolveFallout
from shared.contracts.intake import OrderHeld, OrderResumed
from shared.contracts.testing import AtpPrepared
from tests.builders import PARENT, SUBORDER
from tests.given import Given
from tests.products import AWS, FWAAS, SDWAN, ficha, released_with, sold
from tests.unit.testing.trial import ENGINEER, SUPERVISOR, Trial, provisioned


@pytest.mark.criterion("10.1", "10.3")
def test_the_engineer_gets_the_atp_with_the_method_row_and_version_of_br009() -> None:
    trial = Trial()
    (atp,) = trial.of(AtpPrepared)
    assert atp.atps == ("ATP-SDWAN-v4",)
    assert [(one.method, one.row) for one in atp.method] == [("ON_SITE", "T-01")]
    assert atp.rules == {"BR009": "2026-09-01", "ATP": "2026-09-01"}
    assert [one.item for one in atp.items] == [f"SD-0{n}" for n in range(1, 7)]
    assert [one.item for one in atp.items if not one.mandatory] == ["SD-05"]
    assert trial.state.stage == "INTERNAL"
    assert trial.waits() == {"INGENIERO_B2B StartInternalTests"}


@pytest.mark.criterion("10.3")
def test_each_item_of_a_line_is_there_once_and_what_is_only_charged_has_none() -> None:
    its = ficha(sold("SDWAN"), sold("SDWAN", 2), sold("ANTIDDOS", 3), sold("SDWAN", 4, charge_only=True, scenario=""))
    (atp,) = Trial(its).of(AtpPrepared)
    assert atp.atps == ("ATP-SDWAN-v4", "ATP-DDOS-v1")
    items = [one.item for one in atp.items]
    assert len(items) == len(set(items)) == 8
    assert [one.item_id for one in atp.method] == [one.item_id for one in its.items[:3]]


@pytest.mark.criterion("10.3")
def test_a_suborder_that_is_only_charged_has_an_empty_atp() -> None:
    trial = Trial(ficha(sold("SDWAN", charge_only=True), traits=AWS))
    assert [one.items for one in trial.of(AtpPrepared)] == [()]
    trial.passed()
    assert trial.state.stage == "PASSED"


GAP = ficha(sold("AWS_ADMINISTRADO", scenario="ALTA_ENLACE_NUEVO"), traits=AWS)


@pytest.mark.criterion("10.1", "X.4")
def test_no_row_is_a_fallout_and_a_retry_says_so_again() -> None:
    trial = Trial(GAP)
    assert [(one.fallout_class, one.queue) for one in trial.of(FalloutRaised)] == [("NO_RULE_ROW", "INGENIERO_B2B")]
    assert trial.of(AtpPrepared) == []
    assert trial.waits() == {"INGENIERO_B2B ResolveFallout"}
    trial.when(_resolve(trial, "RETRY"), ENGINEER)
    assert trial.code == "NO_RULE_ROW"


@pytest.mark.criterion("10.1", "X.4")
@pytest.mark.parametrize(("how", "skipped"), [("MANUAL", ()), ("SKIP", ("INTERNAL",))])
def test_a_method_that_a_person_chose_is_marked_and_a_skip_is_kept(how: str, skipped: tuple[str, ...]) -> None:
    trial = Trial(GAP)
    trial.when(_resolve(trial, how), SUPERVISOR)
    assert [(one.method, one.row) for one in trial.of(AtpPrepared)[0].method] == [(how, "")]
    assert len(trial.of(FalloutResolved)) == 1
    assert trial.state.skipped == skipped


def _resolve(trial: Trial, how: str) -> ResolveFallout:
    fallout = next(iter(trial.state.fallouts))
    return ResolveFallout.model_validate({"aggregate": SUBORDER, "fallout_id": fallout, "how": how, "reason": "Según la JANPRD"})


@pytest.mark.criterion("10.1", "X.8")
def test_the_order_in_which_release_and_provisioning_are_heard_leaves_no_trace() -> None:
    its = ficha(sold("FWAAS_GESTIONADO", scenario="CAMBIO"), traits=FWAAS)
    first, second = _trial(), _trial()
    first.when(released_with(its)).when(provisioned(its))
    second.when(provisioned(its)).when(released_with(its))
    assert first.of(AtpPrepared)[0].items == second.of(AtpPrepared)[0].items
    assert first.state.model_copy(update={"waits": {}}) == second.state.model_copy(update={"waits": {}})


@pytest.mark.criterion("10.1", "X.1")
def test_what_is_provisioned_during_a_hold_is_kept_and_its_atp_made_when_the_hold_ends() -> None:
    its, trial = ficha(traits=SDWAN), _trial()
    trial.when(released_with(its)).when(OrderHeld(parent=PARENT, suborders=(SUBORDER,), reason="Obra"))
    trial.when(provisioned(its))
    assert trial.of(AtpPrepared) == []
    trial.when(OrderResumed(parent=PARENT, suborders=(SUBORDER,), reason="Lista"))
    assert len(trial.of(AtpPrepared)) == 1


def _trial() -> Given:
    decider = Trial(ficha(traits=SDWAN)).decider
    return Given("testing", decider, SUBORDER, "8015g00000AbC01AAF")
