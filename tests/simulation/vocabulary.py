"""Any command, filled with words that were said before under the same name: no rule knows who made it up."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from types import UnionType
from typing import Annotated, Any, Final, Literal, TypeVar, Union, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from shared.contracts.base import Command, Model

REMEMBERED: Final = 24
"""Values kept for each field name, the latest."""
TRIES: Final = 4
TWISTED: Final = 0.3
MADE_UP: Final = 0.15
"""How often a word is made up although one is known."""
WORDS: Final = ("x", "firmante", "Cláusula 4.1", "8015g00000AbC09AAF", "0" * 64, "om-2")
SPOKEN: Final[dict[str, tuple[Any, ...]]] = {
    "cause": ("NETWORK", "LOGICAL", "EQUIPMENT", "PROVISIONING", "CUSTOMER_SIDE", "TEST_SETUP"),
    "reason": ("DUPLICADA", "CLIENTE_DESISTE", "Pedido del cliente"),
    "kind": ("SOW", "CONTRATO_FIRMADO", "ACTA_FIRMADA", "FORMULARIO_RESUMEN_CONTRATO", "PRIMARY_LINK"),
}
"""Words of the trade that no fact need have said yet."""

M = TypeVar("M", bound=Model)


@dataclass
class Vocabulary:
    """What has been said so far, by the name of the field that said it."""

    random: Random
    known: dict[str, list[Any]] = field(default_factory=dict)

    def learn(self, model: Model) -> None:
        """Remembers every value of a message, however deep."""
        for name, value in said(model):
            values = self.known.setdefault(name, [])
            if value not in values:
                values.append(value)
                del values[:-REMEMBERED]

    def command(self, kind: type[Command], aggregate: str, now: dt.datetime) -> Command | None:
        """A command of this kind to this aggregate; None where no words for it were found."""
        for _ in range(TRIES):
            values = {name: self._value(name, one, now) for name, one in kind.model_fields.items() if name != "aggregate"}
            given = {name: value for name, value in values.items() if value is not None}
            try:
                return kind.model_validate({"aggregate": aggregate, **given})
            except ValidationError:
                continue
        return None

    def twisted(self, model: M) -> M:
        """The same with another answer here and there: a yes made a no, another of the closed list, one item fewer."""
        changed = {name: self._twist(one.annotation, getattr(model, name)) for name, one in type(model).model_fields.items()}
        return model.model_copy(update=changed)

    def _twist(self, kind: Any, value: Any) -> Any:
        choices = [one for one in (kind, *get_args(kind)) if get_origin(one) is Literal]
        if isinstance(value, Model):
            return self.twisted(value)
        if isinstance(value, tuple) and value:
            kept = tuple(self.twisted(one) if isinstance(one, Model) else one for one in value)
            return kept[1:] if self.random.random() < TWISTED / 2 else kept
        if self.random.random() > TWISTED:
            return value
        if isinstance(value, bool):
            return not value
        return self.random.choice(get_args(choices[0])) if choices else value

    def _value(self, name: str, of: FieldInfo, now: dt.datetime) -> Any:
        if not of.is_required() and self.random.random() < 0.5:
            return None
        known = self.known.get(name, []) + list(SPOKEN.get(name, ()))
        if known and self.random.random() > MADE_UP:
            return self.random.choice(known)
        return self._made_up(of.annotation, now)

    def _made_up(self, kind: Any, now: dt.datetime) -> Any:
        origin, inner = get_origin(kind), get_args(kind)
        if origin is Annotated:
            return self._made_up(inner[0], now)
        if origin is Literal:
            return self.random.choice(inner)
        if origin in (Union, UnionType):
            return self._made_up(next(one for one in inner if one is not type(None)), now)
        if origin is tuple:
            return tuple(self._made_up(inner[0], now) for _ in range(self.random.randint(0, 2)))
        if origin is dict:
            return {self._made_up(inner[0], now): self._made_up(inner[1], now)}
        if isinstance(kind, type) and issubclass(kind, Model):
            return self._model(kind, now)
        return self._plain(kind, now)

    def _model(self, kind: type[Model], now: dt.datetime) -> Any:
        values = {one.alias or name: self._value(name, one, now) for name, one in kind.model_fields.items()}
        return {name: value for name, value in values.items() if value is not None}

    def _plain(self, kind: Any, now: dt.datetime) -> Any:
        r = self.random
        made: dict[type, Callable[[], Any]] = {
            str: lambda: r.choice(WORDS),
            bool: lambda: r.random() < 0.5,
            int: lambda: r.randint(0, 3),
            float: lambda: r.random() * 10,
            Decimal: lambda: Decimal(r.randint(0, 100)),
            dt.datetime: lambda: now + dt.timedelta(hours=r.randint(-48, 96)),
            dt.date: lambda: dt.date(2026, 12, r.randint(1, 31)),
        }
        return made[kind]()


def said(model: Model) -> Iterator[tuple[str, Any]]:
    """Every field of a message and of what stands in it, with its value."""
    for name in type(model).model_fields:
        value = getattr(model, name)
        if value is None:
            continue
        yield name, value
        for one in value if isinstance(value, tuple) else (value,):
            if isinstance(one, Model):
                yield from said(one)
