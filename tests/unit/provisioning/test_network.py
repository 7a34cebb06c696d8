import pytest

from shared.contracts.provisioning import BuildItem, CompleteBuildItem, Executor, NetworkBuilt, PlanNetworkBuild
from tests.builders import PARENT, SUBORDER, terms
from tests.given import actor
from tests.products import FWAAS, ficha, released_with, sold
from tests.unit.provisioning.delivery import CONTRACTOR, ENGINEER, LINK, Delivery

NOTHING_TO_BUILD = released_with(ficha(sold("FWAAS_GESTIONADO", access="FIBRA_EXISTENTE"), traits=FWAAS), "SERVICE_CREATION")


@pytest.mark.criterion("5.1")
def test_the_network_is_built_at_once_when_nothing_is_to_be_built() -> None:
    delivery = Delivery(NOTHING_TO_BUILD)
    (built,) = delivery.of(NetworkBuilt)
    assert not built.required
    assert built.attempt == 1
    assert delivery.state.stage == "LOGICAL"


@pytest.mark.criterion("5.1")
def test_the_network_is_built_once_with_the_last_item() -> None:
    second = LINK.model_copy(update={"item": "ENLACE-2"})
    delivery = Delivery().when(PlanNetworkBuild(aggregate=SUBORDER, items=(LINK, second)), ENGINEER)
    assert delivery.waits() == {"CONTRATISTA CompleteBuildItem"}
    delivery.when(PlanNetworkBuild(aggregate=SUBORDER, items=(second,)), ENGINEER)
    assert (delivery.last, delivery.refusal) == ([], None)  # what is planned stands
    delivery.when(CompleteBuildItem(aggregate=SUBORDER, item="ENLACE-1"), CONTRACTOR)
    assert delivery.of(NetworkBuilt) == []
    delivery.when(CompleteBuildItem(aggregate=SUBORDER, item="ENLACE-1"), CONTRACTOR)
    assert delivery.last == []
    delivery.when(CompleteBuildItem(aggregate=SUBORDER, item="ENLACE-2"), CONTRACTOR)
    (built,) = delivery.of(NetworkBuilt)
    assert built.required
    assert built.items == ("ENLACE-1", "ENLACE-2")


@pytest.mark.criterion("5.1")
def test_a_plan_without_items_needs_no_building() -> None:
    delivery = Delivery().when(PlanNetworkBuild(aggregate=SUBORDER), ENGINEER)
    assert [one.required for one in delivery.of(NetworkBuilt)] == [False]


@pytest.mark.criterion("5.1")
def test_what_is_built_names_the_billing_group_of_its_contract() -> None:
    grouped = ficha(terms=terms(SUBORDER, group=f"{PARENT}/G1"))
    assert Delivery(released_with(grouped)).networked().of(NetworkBuilt)[0].billing_group == f"{PARENT}/G1"


OWN_STAFF, SUPPLIER = Executor(kind="INTERNAL", name="Planta externa"), Executor(kind="SUPPLIER", name="Cables del Sur S.R.L.")


@pytest.mark.criterion("5.1")
@pytest.mark.parametrize(
    ("executors", "code"),
    [
        ((OWN_STAFF,), "JOINT_NEEDS_TWO"),
        ((OWN_STAFF, OWN_STAFF), "JOINT_NEEDS_TWO"),  # the same one twice is not two
        ((OWN_STAFF, SUPPLIER), None),
        ((OWN_STAFF, SUPPLIER.model_copy(update={"name": OWN_STAFF.name})), None),  # one name in two capacities is two
    ],
)
def test_a_joint_build_needs_two_executors(executors: tuple[Executor, ...], code: str | None) -> None:
    joint = BuildItem(item="SALA-1", kind="DATA_CENTRE", joint=True, executors=executors)
    delivery = Delivery().when(PlanNetworkBuild(aggregate=SUBORDER, items=(joint,)), ENGINEER)
    assert (delivery.refusal.code if delivery.refusal else None) == code


@pytest.mark.criterion("5.1")
def test_an_executor_that_the_operation_does_not_allow_is_refused() -> None:
    delivery = Delivery()
    delivery.policy = type(delivery.policy)(
        {**delivery.policy.values, "executors.allowed": ((delivery.now.date(), ["INTERNAL"]),)}
    )
    delivery.when(PlanNetworkBuild(aggregate=SUBORDER, items=(LINK,)), ENGINEER)
    assert delivery.refusal
    assert delivery.refusal.code == "EXECUTOR_NOT_ALLOWED"


@pytest.mark.criterion("5.1")
def test_an_item_without_executors_or_named_twice_is_no_plan() -> None:
    for items in ((LINK, LINK), (LINK.model_copy(update={"executors": ()}),)):
        delivery = Delivery().when(PlanNetworkBuild(aggregate=SUBORDER, items=items), ENGINEER)
        assert delivery.refusal
        assert delivery.refusal.code == "INVALID_FIELDS"


@pytest.mark.criterion("5.1")
def test_an_item_that_was_not_planned_cannot_be_completed() -> None:
    delivery = Delivery().when(CompleteBuildItem(aggregate=SUBORDER, item="ENLACE-9"), CONTRACTOR)
    assert delivery.refusal
    assert delivery.refusal.code == "UNKNOWN_BUILD_ITEM"


@pytest.mark.criterion("X.8")
def test_only_the_engineer_or_the_owner_plans() -> None:
    delivery = Delivery().when(PlanNetworkBuild(aggregate=SUBORDER), actor("NOC"))
    assert delivery.refusal
    assert delivery.refusal.code == "ROLE_NOT_ALLOWED"
