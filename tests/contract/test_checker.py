"""The checker tells a connector team, file by file and in Spanish, what is understood of its messages and what is not."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from o2c.cli import app
from tests.samples import BANK, FOLDER, sample


def checked(*files: Path, words: tuple[str, ...] = ()) -> Result:
    return CliRunner().invoke(app, ["contracts", "check", *words, *map(str, files)])


def written(folder: Path, content: Any) -> Path:
    path = folder / "mensaje.json"
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path


def named(number: str) -> Path:
    return next(FOLDER.glob(f"{number}_*.json"))


def test_an_order_is_told_with_its_number_sites_and_what_it_lacks() -> None:
    done = checked(named("01"))
    assert done.exit_code == 0
    assert "orden 00012345 versión 1 de Banco Ejemplo S.A., 2 sede(s)" in done.stdout
    assert "sede LPZ-001 Edificio Central, La Paz: 2 ítem(s)" in done.stdout
    assert "$.order.Contacts: Falta el contacto firmante del cliente" in done.stdout


@pytest.mark.parametrize("number", ["00", "01", "02", "16", "17"])
def test_whole_orders_are_understood(number: str) -> None:
    (found,) = json.loads(checked(named(number), words=("--json",)).stdout)
    assert (found["understood"], found["action"], found["problems"]) == (True, "SUBMITTED", [])
    assert found["order_number"]


def test_every_sample_is_understood() -> None:
    assert checked(*sorted(FOLDER.glob("*.json"))).exit_code == 0


def test_a_notification_that_goes_out_is_held_against_its_own_shape(tmp_path: Path) -> None:
    sent = sample("15")
    assert "notificación TMF622 de salida, ProductOrderStateChangeEvent" in checked(named("15")).stdout
    sent["value"]["event"]["productOrder"]["state"] = "shipped"
    done = checked(written(tmp_path, sent))
    assert done.exit_code == 1
    assert "$.event.productOrder.state" in done.stdout


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("05", "alta de 1 registro(s) OrderItem: 8025g00000It001AAB"),
        ("07", "cambio de 2 registro(s) Order: 8015g00000AbC02AAF, 8015g00000AbC03AAF"),
        ("08", "aviso de hueco (GAP) de 8015g00000AbC01AAF, se abrirá una tarea"),
        ("13", "anuncio de la orden 00012345, sin contenido (2 sede(s))"),
        ("19", "Un campo cambió y su valor no vino"),
        ("21", "parte 1 de 2 de la orden 8015g00000AbC01AAF, versión 1, 1 sede(s)"),
    ],
)
def test_records_gaps_announcements_and_parts_are_told(number: str, said: str) -> None:
    assert said in checked(named(number)).stdout


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("order: {segmento: [Segment__c]}", "order.segmento: "),
        ("order: {segment: [Type]}", "Type: el campo sirve a dos significados, type y segment"),
        ("order: {parent: []}", "parent: le falta el campo"),
        ("assembly: {timeout: 15 minutos}", "una duración se escribe 15m, 90s o 1h"),
        ("topics: [", "$: "),
    ],
)
def test_a_faulty_mapping_is_refused_with_its_place(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "org.yaml"
    path.write_text(f"org: bo-prod\n{line if line.startswith('topics') else 'topics: [salesforce.orders]'}\n{line}\n")
    done = CliRunner().invoke(app, ["contracts", "check", "--mapping", str(path)])
    assert (done.exit_code, said in done.stdout) == (1, True), done.stdout


def test_a_mapping_renames_fields_for_the_messages_checked_with_it(tmp_path: Path) -> None:
    path = tmp_path / "org.yaml"
    path.write_text("org: bo-prod\ntopics: [salesforce.orders]\nplatform_event: {payload: [Contenido__c]}\n")
    body = sample("01")["value"]
    renamed = written(tmp_path, {"headers": {}, "value": {"Contenido__c": body.pop("Payload__c"), **body}})
    assert checked(renamed, words=("--mapping", str(path))).exit_code == 0
    assert "sin contenido" in checked(renamed).stdout


def test_every_problem_has_its_path_and_one_bad_file_among_good_ones_fails(tmp_path: Path) -> None:
    graph = sample(BANK)
    graph["order"]["TaxId__c"], graph["suborders"][0]["Site"]["State"] = "10-20", "Lima"
    done = checked(named("01"), written(tmp_path, graph))
    assert done.exit_code == 1
    assert "Se rechazaría la orden 00012345: 2 problema(s)" in done.stdout
    assert "problema en $.order.TaxId__c:" in done.stdout
    assert "problema en $.suborders[0].Site.State:" in done.stdout


def test_what_cannot_be_read_says_why_and_how_to_mend_it(tmp_path: Path) -> None:
    done = checked(written(tmp_path, {"topic": "salesforce.orders", "key": None, "headers": {}, "value": "Struct{Id=1}"}))
    assert (done.exit_code, "No entendido: java_text" in done.stdout, "JsonConverter" in done.stdout) == (1, True, True)


def test_a_message_may_be_given_as_raw_bytes(tmp_path: Path) -> None:
    framed = base64.b64encode(b"\x00\x00\x00\x00\x07" + json.dumps(sample(BANK)).encode()).decode()
    assert checked(written(tmp_path, {"value_base64": framed})).exit_code == 0
    done = checked(written(tmp_path, {"value_base64": "no es base64"}))
    assert (done.exit_code, "value_base64 no es base64 válido" in done.stdout) == (1, True)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "mensaje vacío (tombstone)"),
        ({"_ObjectType": "Other__e", "ReplayId": "1"}, "no es para nosotros (event_not_mapped)"),
    ],
)
def test_what_is_nothing_to_us_is_understood(tmp_path: Path, value: Any, said: str) -> None:
    done = checked(written(tmp_path, {"topic": "salesforce.orders", "key": None, "headers": {}, "value": value}))
    assert (done.exit_code, said in done.stdout) == (0, True)


def test_cancellations_and_documents_are_told(tmp_path: Path) -> None:
    body = sample("01")["value"]
    for action, said in (("CANCELLED", "cancelación de la orden"), ("DOCUMENTS_ADDED", "3 documento(s) de la orden")):
        assert said in checked(written(tmp_path, {"headers": {}, "value": body | {"Action__c": action}})).stdout


def test_an_unknown_organisation_names_those_there_are() -> None:
    done = checked(named("01"), words=("--org", "pe-prod"))
    assert (done.exit_code, "hay: bo-dev" in done.stdout) == (1, True)


def test_a_mapping_says_in_spanish_which_name_it_does_not_know_and_which_is_missing(tmp_path: Path) -> None:
    shipped = Path("services/intake/rules/salesforce/bo-dev.yaml").read_text(encoding="utf-8")
    file = tmp_path / "mine.yaml"
    file.write_text(shipped.replace("  segment:", "  segmento:").replace("org: bo-dev\n", ""), encoding="utf-8")
    done = CliRunner().invoke(app, ["contracts", "check", "--mapping", str(file)])
    assert done.exit_code == 1
    assert "problema en org: falta" in done.stdout
    assert "problema en order.segmento: nombre desconocido" in done.stdout
