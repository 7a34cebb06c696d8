"""No words of a person become a fact with an address, a phone or a NIT in them, whichever command carries them."""

from typing import Any, get_args, get_type_hints

import pytest

from shared.common.personal import too_personal
from shared.contracts.base import Command, Text
from shared.contracts.catalogue import COMMANDS
from shared.contracts.common import AddNote
from shared.contracts.intake import DocRejection, ReturnOrder, ValidateDocs
from shared.contracts.shapes import Window
from shared.contracts.testing import ProposeSession
from tests.builders import PARENT, SUBORDER
from tests.given import MONDAY, actor

OM = actor("OM", "om-1")
WORDS = [
    (name, field)
    for commands in COMMANDS.values()
    for name, kind in sorted(commands.items())
    if issubclass(kind, Command)
    for field, hint in get_type_hints(kind, include_extras=True).items()
    if Text in {hint, *get_args(hint)}
]


def written(name: str, field: str, text: str) -> Any:
    """A command with this text in this field, and nothing else."""
    kind = next(commands[name] for commands in COMMANDS.values() if name in commands)
    fields: dict[str, Any] = dict.fromkeys(kind.model_fields) | {field: text}
    return kind.model_construct(**fields)


@pytest.mark.criterion("X.7")
def test_no_command_lets_personal_data_into_a_free_text() -> None:
    assert {("ReturnOrder", "detail"), ("DismissRejection", "reasons"), ("AddNote", "override_reason")} <= set(WORDS)
    for name, field in WORDS:
        for text in ("Llamar al 71234567", "Escribir a ana.quispe@example.com", "NIT 1020304050"):
            assert too_personal(written(name, field, text), OM), (name, field, text)
        assert too_personal(written(name, field, "Orden 00012345, RITM0045127, 12/2026"), OM) is None, (name, field)


@pytest.mark.criterion("X.7")
def test_words_inside_a_list_are_looked_through_too() -> None:
    rejection = DocRejection(doc_id="d-1", why="Falta la firma de ana.quispe@example.com")
    refused = too_personal(ValidateDocs(aggregate=PARENT, rejections=(rejection,)), OM)
    assert refused is not None
    assert refused.code == "PERSONAL_DATA"


@pytest.mark.criterion("X.7")
def test_a_machines_answer_is_taken_and_a_meetings_address_is_no_persons() -> None:
    note = AddNote(aggregate=PARENT, text="Cuenta 71234567")
    assert too_personal(note, actor("SYSTEM")) is None
    assert too_personal(note, actor("FACTURADOR_BBD", "/bbd")) is None
    link = "https://teams.microsoft.com/l/meetup-join/19:meeting_abc@thread.v2/0"
    window = Window.model_validate({"from": MONDAY, "to": MONDAY})
    session = ProposeSession(aggregate=SUBORDER, mode="ONLINE", window=window, link=link, engineer="ingeniero-1")
    assert too_personal(session, OM) is None


@pytest.mark.criterion("X.7", "1.6")
def test_a_reason_with_a_phone_changes_nothing() -> None:
    told = ReturnOrder(aggregate=PARENT, reason="OTRO", detail="Llamar al 71234567")
    assert too_personal(told, OM)
