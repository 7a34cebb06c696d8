"""Labels of `partners.md` 2.5: whatever a person wrote, the value is the same."""

from pathlib import Path

import pytest

from shared.rules.labels import plain
from shared.rules.load import load_labels
from shared.rules.tables import RuleError

LABELS = load_labels(Path(__file__).parents[3] / "services" / "intake" / "rules" / "labels.yaml")


@pytest.mark.criterion("1.1")
@pytest.mark.parametrize(
    ("kind", "written", "value"),
    [
        *(("segment", one, "CORPORACIONES_EMPRESAS") for one in ["Corporación", "CORPORACIONES", "empresa", "Empresas"]),
        ("segment", "Corporaciones/Empresas", "CORPORACIONES_EMPRESAS"),
        ("segment", "corporaciones y empresas", "CORPORACIONES_EMPRESAS"),
        ("segment", " corporaciones - empresas ", "CORPORACIONES_EMPRESAS"),
        ("segment", "NEGOCIOS", "NEGOCIO"),
        ("segment", "Gobierno", None),
        ("mechanism", "único", "TOTAL"),
        ("mechanism", "POR_FASES", "BY_PHASE"),
        ("mechanism", "por hitos", "BY_PHASE"),
        ("mechanism", "Otro", "OTHER"),
        ("family", "Cybersecurity", "CIBERSEGURIDAD"),
        ("family", "smart connectivity", "SMART_CONNECTIVITY"),
        ("family", "Nube", "CLOUD"),
        ("line", "FW gestionado", "FIREWALL_GESTIONADO"),
        ("line", "anti-ddos", "ANTIDDOS"),
        ("line", "Backup DC", "BACKUP_CENTRO_DATOS"),
        ("document", "OC", "ORDEN_COMPRA"),
        ("document", "Certificado de aprobacion", "CERTIFICADO_APROBACION"),
        ("document", "autorización sin contrato", "CERTIFICADO_APROBACION"),
        ("document", "Scoring", "RIESGO_CREDITICIO"),
        ("document", "Resumen de contrato", "FORMULARIO_RESUMEN_CONTRATO"),
        ("approver", "comité de inversiones", "COMITE_INVERSIONES"),
        ("approver", "Director B2B", "DIRECTOR_B2B"),
    ],
)
def test_a_label_stands_for_its_value_without_case_accents_and_separators(kind: str, written: str, value: str | None) -> None:
    assert LABELS.value(kind, written) == value
    assert LABELS[kind].get(plain(written)) == value


def test_every_value_is_its_own_label() -> None:
    assert all(LABELS.value(kind, value) == value for kind, found in LABELS.items() for value in found.values())


def test_a_label_with_two_values_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "labels.yaml"
    path.write_text("segment:\n  NEGOCIO: [Pyme]\n  CORPORACIONES: [pyme]\n", encoding="utf-8")
    with pytest.raises(RuleError, match=r"labels\.yaml:3: pyme quiere decir NEGOCIO y también CORPORACIONES"):
        load_labels(path)
