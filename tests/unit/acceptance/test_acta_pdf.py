from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from services.acceptance.adapters.acta_pdf import pdf_of, render
from shared.decider import Effect
from shared.messaging.effects import Task
from shared.settings import Objects, Settings
from tests.builders import PARENT, SUBORDER
from tests.unit.acceptance.acceptance_site import Site


def wanted() -> Effect:
    site = Site().tested()
    (effect,) = site.decider.effects(site.state)
    assert isinstance(effect, Effect)
    return effect


def task(effect: Effect, folder: Path) -> Task:
    settings = Settings(objects=Objects(url=f"file://{folder}"))
    return Task(SUBORDER, PARENT, effect, datetime(2026, 11, 27, 20, 31, tzinfo=UTC), settings, cast("Any", SimpleNamespace()))


@pytest.mark.criterion("14.1")
async def test_the_acta_is_a_pdf_a_stored_once_and_answered_with_its_hash(tmp_path: Path) -> None:
    first = await render(task(wanted(), tmp_path))
    assert (first.aggregate, first.revision, first.acta.kind) == (SUBORDER, 1, "ACTA_ENTREGA")
    stored = (tmp_path / first.acta.ref).read_bytes()
    assert stored.startswith(b"%PDF-1.7")
    assert b"<pdfaid:part>2</pdfaid:part>" in stored
    assert first.acta.sha256 == sha256(stored).hexdigest()


@pytest.mark.criterion("14.1")
async def test_an_acta_that_is_already_stored_is_answered_as_it_is_and_never_written_over(tmp_path: Path) -> None:
    first = await render(task(wanted(), tmp_path))
    (tmp_path / first.acta.ref).write_bytes(b"%PDF the one that was stored before the process was killed")
    again = await render(task(wanted(), tmp_path))
    assert again.acta.sha256 == sha256((tmp_path / first.acta.ref).read_bytes()).hexdigest()
    assert again.acta.sha256 != first.acta.sha256


def test_the_same_content_gives_the_same_file() -> None:
    content = dict(wanted().args["content"])
    at = datetime(2026, 11, 27, 20, 31, tzinfo=UTC)
    assert pdf_of(content, at) == pdf_of(content, at)
