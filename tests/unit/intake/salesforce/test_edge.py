"""The edge speaks the core's words; files of a demo are their titles."""

import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from obstore.exceptions import BaseError

from services.intake.adapters import documents
from services.intake.adapters.edge import edge, edges
from services.intake.domain.salesforce.results import Submitted
from shared.contracts.contacts import ContactRecord
from shared.contracts.intake import RecordDocumentStored
from shared.decider import Effect
from shared.messaging.inbound import Dead, Fragment, Inbound, Skipped
from shared.objects import OtherContentError, fetch, put_once
from shared.settings import Objects, Settings
from tests.samples import BANK, SHOP, TWELVE_SITES, order, organisation, sample

NOW = datetime(2026, 11, 30, 14, tzinfo=UTC)


def sent(value: Any, headers: list[tuple[str, bytes]] | None = None) -> Inbound | Fragment | Dead | Skipped:
    raw = None if value is None else json.dumps(value).encode()
    return edge(*organisation())(raw, None, headers or [])


@pytest.mark.criterion("1.3", "X.11")
def test_an_order_goes_to_its_parent_with_its_contacts() -> None:
    found = sent(sample("01")["value"], [("x-raw", b"\xff")])
    assert isinstance(found, Inbound)
    assert (found.aggregate, found.po, found.source) == (
        "8015g00000AbC01AAF",
        "8015g00000AbC01AAF",
        "sf/bo-dev/B2B_Order_Event__e",
    )
    records = [ContactRecord.model_validate_json(one.value or b"") for one in found.contacts]
    assert {record.ref for record in records} == {one.ref for one in found.contacts}


def test_dead_letters_and_tombstones() -> None:
    dead = sent({"x": 1})
    assert isinstance(dead, Dead)
    assert dead.reason == "unknown_shape"
    assert sent(None) == Skipped("tombstone")


def test_each_topic_of_the_settings_leads_to_an_organisation() -> None:
    assert tuple(edges(Settings())) == tuple(organisation()[0].topics)
    assert set(edges(Settings(salesforce_topics=["salesforce.orders"]))) == {"salesforce.orders"}
    with pytest.raises(ValueError, match=r"otro\.topico"):
        edges(Settings(salesforce_topics=["otro.topico"]))


async def stored(number: str, folder: Path) -> list[tuple[str, str]]:
    found: Submitted = order(sample(number))
    settings = Settings(objects=Objects(url=f"file://{folder}"))
    answers = []
    for one in found.message.documents:
        effect = Effect("StoreDocument", f"store/{one.doc.doc_id}", {"doc": one.doc}, NOW)
        task = SimpleNamespace(aggregate=found.message.parent, effect=effect, settings=settings)
        command = await documents.store(cast("Any", task))
        assert isinstance(command, RecordDocumentStored)
        content = await fetch(settings.objects.url, one.doc.ref)
        assert content.decode() == one.doc.title
        answers.append((one.doc.sha256, command.sha256))
    return answers


@pytest.mark.criterion("2.8")
@pytest.mark.parametrize("number", [SHOP, TWELVE_SITES])
async def test_stand_in_files_have_the_hash_the_sample_promises(number: str, tmp_path: Path) -> None:
    answers = await stored(number, tmp_path)
    assert answers
    assert all(promised == found for promised, found in answers)
    assert await stored(number, tmp_path) == answers  # a repeat changes nothing


@pytest.mark.criterion("2.8")
async def test_a_file_with_another_hash_is_reported_and_not_stored(tmp_path: Path) -> None:
    doc = order(sample(SHOP)).message.documents[0].doc.model_copy(update={"sha256": "0" * 64})
    settings = Settings(objects=Objects(url=f"file://{tmp_path}"))
    task = SimpleNamespace(aggregate="x", effect=Effect("StoreDocument", "k", {"doc": doc}, NOW), settings=settings)
    command = await documents.store(cast("Any", task))
    assert isinstance(command, RecordDocumentStored)
    assert command.sha256 != doc.sha256
    with pytest.raises((FileNotFoundError, BaseError)):
        await fetch(settings.objects.url, doc.ref)


async def test_what_is_stored_is_never_overwritten(tmp_path: Path) -> None:
    url = f"file://{tmp_path}"
    await put_once(url, "documents/1", b"one")
    with pytest.raises(OtherContentError):
        await put_once(url, "documents/1", b"two")


def test_the_bank_has_documents_by_reference_only() -> None:
    assert {one.doc.hash_of for one in order(sample(BANK)).message.documents} == {"REFERENCE"}
