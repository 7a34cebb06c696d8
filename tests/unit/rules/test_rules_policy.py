"""Policy values: the defaults of `domain.md` section 3, their alternatives and their effective dates."""

from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from shared.rules.load import COMMON_POLICY, load_policy
from shared.rules.policy import Policy, PolicyValue
from shared.rules.tables import RuleError

SERVICES = Path(__file__).parents[3] / "services"
DAY = date(2026, 11, 30)
DEFAULTS = [
    ("intake", "documents.mail_channel", "NEGOCIO_ONLY"),  # D1
    ("intake", "segments", "TWO"),  # D2
    ("intake", "activations.answer_within", "CLOCK_HOURS"),  # D5
    ("intake", "activations.hours", 24),
    ("intake", "activations.warning_share", Decimal("0.75")),
    ("intake", "build.sequence", "SEQUENTIAL"),  # D12
    ("intake", "quotes.from", "ACTIVACIONES"),  # D6
    ("intake", "quotes.minimum", 2),
    ("intake", "billing.grouping", "PER_SITE"),  # D9
    ("intake", "homologation.level", "PER_LINE"),  # D11
    ("intake", "homologation.families", ("CIBERSEGURIDAD", "SMART_CONNECTIVITY", "CLOUD")),
    ("intake", "homologation.families_limit", "NON_STANDARD_ONLY"),  # D16
    ("intake", "overrides.role", "OM_SUPERVISOR"),  # D14
    ("intake", "claim.hours", 4),
    ("intake", "hold.review_days", 30),
    ("intake", "opportunity.pattern", "^OPP-[0-9]{4,}(-[0-9]{4,})?$"),
    ("provisioning", "executors.allowed", ("CONTRACTOR", "SUPPLIER", "INTERNAL")),
    ("provisioning", "reservation.business_days", 15),
    ("provisioning", "activations.answer_within", "CLOCK_HOURS"),
    ("testing", "rework.failures", 3),
    ("testing", "rework.business_days", 5),
    ("testing", "regional_ticket", "REUSE_OPEN"),
    ("acceptance", "acceptance.days", 10),  # D3
    ("acceptance", "acceptance.unit", "CALENDAR"),
    ("acceptance", "acceptance.ends", "SAME_TIME"),
    ("acceptance", "acceptance.reminder_every", 2),  # D4
    ("acceptance", "acceptance.on_day_off", "SEND"),
    ("acceptance", "acceptance.expiry_notice", "ONE_MAIL"),  # D10
    ("acceptance", "acceptance.handed_over_minutes", 60),
    ("acceptance", "acceptance.after_dismissal_days", 2),
    ("acceptance", "onboarding.starts_on", "BILLING_ACTIVATED"),  # D13
    ("acceptance", "completion.needs", "ALL_PHASES"),
    ("acceptance", "rejection.rework_target", "BY_CAUSE"),
    ("acceptance", "calendar.mon_sat", ()),  # D15
    ("billing", "billing.basis", "SIGNED_OR_EXPIRED"),  # D7
    ("billing", "billing.pre_acceptance", "IF_AGREED"),  # D8
    ("billing", "activations.answer_within", "CLOCK_HOURS"),
]


@cache
def shipped(service: str) -> Policy:
    return load_policy(COMMON_POLICY, SERVICES / service / "rules" / "policy.yaml")


@pytest.mark.parametrize(("service", "name", "value"), DEFAULTS)
def test_a_policy_value_has_the_default_of_section_3(service: str, name: str, value: Any) -> None:
    policy = shipped(service)
    assert policy.in_force(name, DAY) == PolicyValue(value, "2026-09-01")
    assert policy.value(name, DAY) == value


@pytest.mark.criterion("15.2")
def test_the_suggested_phases_sum_to_exactly_100() -> None:
    phases = shipped("billing").value("billing.suggested_phases", DAY)
    assert sum(phase["percent"] for phase in phases) == Decimal("100.00")
    assert [(phase["name"], phase["on"]) for phase in phases] == [("Entrega", "ACCEPTANCE"), ("Cierre", "ACTIVITY")]


def policy_file(folder: Path, text: str) -> Path:
    path = folder / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    return path


CHANGED = """quotes.minimum:
  versions:
    - {valid_from: 2027-01-01, value: 3}
    - {valid_from: 2026-09-01, value: 2}
"""


@pytest.mark.parametrize(("day", "value", "since"), [("2026-12-31", 2, "2026-09-01"), ("2027-01-01", 3, "2027-01-01")])
def test_a_value_that_changes_holds_from_its_day(tmp_path: Path, day: str, value: int, since: str) -> None:
    policy = load_policy(policy_file(tmp_path, CHANGED))
    assert policy.in_force("quotes.minimum", date.fromisoformat(day)) == PolicyValue(value, since)
    assert policy.version("quotes.minimum", date.fromisoformat(day)) == since


@pytest.mark.criterion("D5")
def test_a_value_by_kind_is_that_of_the_kind_or_of_all_others(tmp_path: Path) -> None:
    text = "valid_from: 2026-09-01\nunit: {by: [X, Y, Z], one_of: [A, B], value: {X: B, others: A}}\n"
    policy = load_policy(policy_file(tmp_path, text))
    assert [policy.value("unit", DAY, kind) for kind in "XYZ"] == ["B", "A", "A"]
    assert shipped("intake").value("activations.hours", DAY, "QUOTES") == 24


@pytest.mark.parametrize(("name", "day"), [("quotes.minimum", "2026-08-31"), ("quotes.maximum", "2026-11-30")])
def test_a_value_not_in_force_or_not_known_is_an_error(tmp_path: Path, name: str, day: str) -> None:
    policy = load_policy(policy_file(tmp_path, CHANGED))
    with pytest.raises(RuleError, match=f"La política {name} no tiene valor vigente"):
        policy.value(name, date.fromisoformat(day))


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("valid_from: 2026-09-01\nunit: {one_of: [A, B], value: C}\n", 2, "unit no puede ser C; puede ser A, B"),
        ("valid_from: 2026-09-01\nunit: {by: [X], one_of: [A], value: {Y: A, others: A}}\n", 2, "Y no se conoce aquí"),
        ("valid_from: 2026-09-01\nunit: {by: [X, Z], value: {X: A}}\n", 2, "Falta others"),
        ("valid_from: 2026-09-01\nunit: {by: [X], one_of: [A], value: {X: B}}\n", 2, "unit no puede ser B; puede ser A"),
        ("valid_from: 2026-09-01\nunit: {one_of: [A], value: {X: A}}\n", 2, "unit no puede ser"),
        ("unit: A\n", 1, "unit no dice desde cuándo vale"),
        ("valid_from: ayer\nunit: A\n", 1, "Aquí va una fecha"),
        (
            "unit:\n  versions:\n  - {valid_from: 2026-09-01, value: 1}\n  - {valid_from: 2026-09-01, value: 2}\n",
            3,
            "dos valores",
        ),
        ("valid_from: 2026-09-01\nunit: A\nunit: B\n", 3, "unit está repetido"),
    ],
)
def test_a_mistake_in_a_policy_is_told_with_its_line(tmp_path: Path, text: str, line: int, sentence: str) -> None:
    with pytest.raises(RuleError) as told:
        load_policy(policy_file(tmp_path, text))
    assert (told.value.where, sentence in told.value.sentence) == (f"policy.yaml:{line}", True)


@pytest.mark.criterion("D14", "D15")
def test_a_value_of_a_service_goes_before_the_one_of_all(tmp_path: Path) -> None:
    own = policy_file(tmp_path, "valid_from: 2026-09-01\noverrides.role: PROJECT_MANAGER\n")
    policy = load_policy(COMMON_POLICY, own)
    assert policy.value("overrides.role", DAY) == "PROJECT_MANAGER"
    assert policy.value("calendar.mon_sat", DAY) == ()


def test_a_service_without_policy_has_no_values(tmp_path: Path) -> None:
    assert load_policy(tmp_path / "policy.yaml").values == {}
