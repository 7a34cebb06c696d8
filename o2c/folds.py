"""What each decider's fold is, as committed beside its version: a fold that changed under the same version would be missed.

A document says which version of the fold wrote it, and only another version is folded again (`shared/messaging/store.py`). So
for each folded fact the code of its step counts, and all code of ours that it leads to; and the schema of the state.
"""

import ast
import inspect
import json
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final

from pydantic import BaseModel

from o2c.local import service_of
from shared.contracts.catalogue import SERVICES
from shared.decider import Decider

FILE: Final = Path(__file__).parents[1] / "services" / "folds.json"
OURS: Final = ("services.", "shared.")
Folds = dict[str, dict[str, Any]]
"""By `<service>/<prefix of the aggregates>`: the decider's version, and a digest of the state and of each fact's fold."""


def folds() -> Folds:
    """What the deciders are now."""
    deciders = {f"{name}/{one.prefix}": one for name in SERVICES for one in service_of(name).roster().deciders}
    return {name: of(one) for name, one in deciders.items()}


def recorded() -> Folds:
    """What was committed."""
    found: Folds = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def record() -> None:
    """Commits to what the deciders are now."""
    FILE.write_text(json.dumps(folds(), indent=1, sort_keys=True) + "\n", encoding="utf-8")


def unversioned(now: Folds, before: Folds) -> dict[str, list[str]]:
    """By decider, whose fold changed though its version did not: the facts that fold differently, `state` for its schema."""
    same = [name for name, one in now.items() if name in before and before[name]["version"] == one["version"]]
    changed = {name: sorted(key for key, _ in now[name]["folds"].items() ^ before[name]["folds"].items()) for name in same}
    return {name: sorted(set(keys)) for name, keys in changed.items() if keys}


def of(decider: Decider[Any]) -> dict[str, Any]:
    """One decider's version and digests."""
    steps = {name: _digest(sorted(_reached(step, decider.state))) for name, step in decider.evolve.steps.items()}
    return {"version": decider.version, "folds": steps | {"state": _digest([_schema(decider.state)])}}


def _digest(parts: list[str]) -> str:
    return sha256("\n".join(parts).encode()).hexdigest()[:12]


@cache
def _schema(model: type[BaseModel]) -> str:
    return json.dumps(_bare(model.model_json_schema()), sort_keys=True)


def _bare(schema: Any) -> Any:
    """The schema without the words that only people read."""
    if isinstance(schema, dict):
        return {name: _bare(one) for name, one in schema.items() if not (name == "description" and isinstance(one, str))}
    return [_bare(one) for one in schema] if isinstance(schema, list) else schema


def _reached(step: Callable[..., Any], state: type[BaseModel]) -> set[str]:
    """The code of the step and of everything of ours that it leads to, each once: of the state only what is named."""
    waiting: list[Any] = [inspect.unwrap(step)]
    seen: dict[int, Any] = {}
    while waiting:
        one = waiting.pop()
        if id(one) not in seen:
            seen[id(one)] = one
            waiting += [] if one is state else _led_to(one, state)
    return {text for one in seen.values() for text in _text(one)}


def _led_to(one: Any, state: type[BaseModel]) -> Iterator[Any]:
    """What a function names, also of the state, and all methods of another class."""
    if isinstance(one, FunctionType):
        names = set(_names(one.__code__))
        yield from (method for name, method in _methods(state) if name in names)
        for name in names & one.__globals__.keys():
            value = one.__globals__[name]
            within = [vars(value)[inner] for inner in names & vars(value).keys()] if isinstance(value, ModuleType) else []
            yield from filter(_counts, [value, *within])
        yield from filter(_counts, (cell.cell_contents for cell in one.__closure__ or ()))
    elif isinstance(one, type):
        yield from (method for _, method in _methods(one))


def _methods(kind: type) -> Iterator[tuple[str, FunctionType]]:
    for one in filter(_ours, kind.__mro__):
        for name, value in vars(one).items():
            method = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
            if isinstance(method, FunctionType) and _ours(method):
                yield name, method


def _counts(value: Any) -> bool:
    if isinstance(value, str | int | frozenset | tuple):
        return True
    return isinstance(value, FunctionType | type) and _ours(value)


def _ours(value: Any) -> bool:
    return str(getattr(value, "__module__", "")).startswith(OURS)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield from _names(one)


def _text(one: Any) -> list[str]:
    """What counts of it: a function's code without docstring and comments, a model's schema, a constant's value."""
    if isinstance(one, FunctionType):
        return [_code(one)]
    if isinstance(one, type):
        return [_schema(one)] if issubclass(one, BaseModel) else []
    return [repr(sorted(map(repr, one)) if isinstance(one, frozenset) else one)]


@cache
def _code(function: FunctionType) -> str:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, SyntaxError):  # made by a library, or a lambda in the midst of a call
        return f"{function.__module__}.{function.__qualname__}"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)
