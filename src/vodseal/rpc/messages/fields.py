"""How a dataclass travels: names, types, and how leniently they are read (wire 5).

A field is called by its Python name in UpperCamelCase (``cover_url`` is
``CoverURL``), unless ``Annotated[..., Name("...")]`` says otherwise. What its
annotation says is what is written: ``Duration`` is a text in one answer and a
number in another, and clients trust that. Reading takes either, ignores what it
does not know, and falls back to the default for what is not there or makes no
sense: a later service must not break this client.
"""

from __future__ import annotations

import math
import types
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Final,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Form", "Message", "Name", "Wrapped", "from_wire", "layout", "to_wire"]

M = TypeVar("M", bound="Message")

_ACRONYMS: Final = {"url": "URL"}


@dataclass(frozen=True, slots=True)
class Name:
    """The wire's name of a field, where it does not follow from Python's."""

    text: str


@dataclass(frozen=True, slots=True)
class Wrapped:
    """A list inside an object: ``PlayInfoList: {PlayInfo: [...]}``."""

    item_name: str


@dataclass(frozen=True, slots=True)
class Form:
    """A parameter that travels in the form body, because it is a secret."""


@dataclass(frozen=True, slots=True)
class Message:
    """Anything with fields that travel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldLayout:
    """How one field travels."""

    attribute: str
    name: str
    kind: Any
    optional: bool
    wrapper: str
    in_form: bool


_LAYOUTS: Final[dict[type[Message], tuple[FieldLayout, ...]]] = {}


def layout(model: type[Message]) -> tuple[FieldLayout, ...]:
    """Return how the fields of ``model`` travel, in their order."""
    known = _LAYOUTS.get(model)
    if known is None:
        hints = get_type_hints(model, include_extras=True)
        known = _LAYOUTS[model] = tuple(
            _field_layout(item.name, hints[item.name]) for item in fields(model)
        )
    return known


def _field_layout(attribute: str, hint: Any) -> FieldLayout:
    marks: tuple[object, ...] = ()
    if get_origin(hint) is Annotated:
        hint, *rest = get_args(hint)
        marks = tuple(rest)
    members = get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    kinds = [kind for kind in members if kind is not type(None)]
    names = [mark.text for mark in marks if isinstance(mark, Name)]
    wrappers = [mark.item_name for mark in marks if isinstance(mark, Wrapped)]
    words = attribute.split("_")
    return FieldLayout(
        attribute=attribute,
        name=names[0] if names else "".join(_ACRONYMS.get(w, w.capitalize()) for w in words),
        kind=kinds[0],
        optional=len(kinds) < len(members),
        wrapper=wrappers[0] if wrappers else "",
        in_form=any(isinstance(mark, Form) for mark in marks),
    )


def to_wire(message: Message) -> dict[str, object]:
    """Return ``message`` as a JSON object. Fields that are None are left out."""
    result: dict[str, object] = {}
    for field in layout(type(message)):
        value = getattr(message, field.attribute)
        if value is None:
            continue
        plain = _plain(value)
        result[field.name] = {field.wrapper: plain} if field.wrapper else plain
    return result


def _plain(value: object) -> object:
    if isinstance(value, Message):
        return to_wire(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return dict(value)
    return value


def from_wire(model: type[M], data: Mapping[str, object]) -> M:
    """Return ``model`` filled from a JSON object, leniently. Never fails on data.

    Each field of ``model`` has a default: that is what an answer without it means.
    """
    values: dict[str, Any] = {}
    for field in layout(model):
        raw = data.get(field.name)
        if field.wrapper and isinstance(raw, Mapping):
            raw = raw.get(field.wrapper)
        value = None if raw is None else _read(field.kind, raw)
        if value is not None:
            values[field.attribute] = value
    return model(**values)


def _read(kind: Any, raw: object) -> object:
    """Return ``raw`` as ``kind``, or None when it makes no sense as one."""
    if get_origin(kind) is tuple:
        items = raw if isinstance(raw, list) else [raw]
        read = (_read(get_args(kind)[0], item) for item in items)
        return tuple(item for item in read if item is not None)
    if isinstance(kind, type) and issubclass(kind, Message):
        return from_wire(kind, raw) if isinstance(raw, Mapping) else None
    if get_origin(kind) is Mapping:
        return dict(raw) if isinstance(raw, Mapping) else None
    return _SCALARS[kind](raw)


def _read_text(raw: object) -> str | None:
    if isinstance(raw, bool):
        return "true" if raw else "false"
    return str(raw) if isinstance(raw, str | int | float) else None


def _read_float(raw: object) -> float | None:
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        return None
    try:
        value = float(raw)
    except (ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None


def _read_int(raw: object) -> int | None:
    if isinstance(raw, int):
        return int(raw)
    value = _read_float(raw)
    return None if value is None else int(value)


def _read_bool(raw: object) -> bool | None:
    if isinstance(raw, str):
        return {"true": True, "1": True, "false": False, "0": False}.get(raw.lower())
    return bool(raw) if isinstance(raw, int) else None


_SCALARS: Final[Mapping[object, Callable[[object], object]]] = {
    str: _read_text,
    int: _read_int,
    float: _read_float,
    bool: _read_bool,
}
