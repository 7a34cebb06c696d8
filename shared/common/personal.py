"""What no fact may hold: the free words of a command are looked through before anything is decided (X.7)."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final, get_args, get_type_hints

from pydantic import BaseModel

from shared.contracts.base import Command, Text
from shared.decider import SYSTEM, Actor, Refused, refused

PERSONAL: Final = re.compile(r"[\w.+-]+@[\w-]+\.\w+|(?:\+?591[ -]?)?\b[2-467]\d{7}\b|\b\d{9,12}\b")
"""A mail address, a Bolivian phone, a NIT or identity card."""
MACHINES: Final = frozenset({SYSTEM, "FACTURADOR_BBD"})
"""Their answers are taken as they come: nobody would read the refusal, and the answer would be lost."""


def too_personal(command: Command, actor: Actor) -> Refused | None:
    """PERSONAL_DATA where somebody wrote an address, a phone or a NIT into a text that becomes a fact."""
    if actor.roles <= MACHINES or not any(PERSONAL.search(text) for text in free_texts(command)):
        return None
    return refused("PERSONAL_DATA")


def free_texts(value: object) -> Iterator[str]:
    """What a person wrote in own words, at any depth; codes, numbers and links are not looked through."""
    if isinstance(value, BaseModel):
        written = _written(type(value))
        for name in type(value).model_fields:
            found = getattr(value, name)
            if not isinstance(found, str):
                yield from free_texts(found)
            elif name in written:
                yield found
    elif isinstance(value, tuple):
        for one in value:
            yield from free_texts(one)


@cache
def _written(kind: type[Any]) -> frozenset[str]:
    hints = get_type_hints(kind, include_extras=True)
    return frozenset(name for name, hint in hints.items() if Text in {hint, *get_args(hint)})
