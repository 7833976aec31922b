"""Hold an answer against its model, strictly: what a lenient reader would forgive is named.

The client reads whatever comes (``rpc.messages.fields``). A service has to
answer what the wire says: known names only, and each value of its own type,
since official clients do not convert ("Duration" is a text here, a number there).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, get_args, get_origin

from vodseal.rpc.messages.fields import Message, layout

if TYPE_CHECKING:
    from vodseal.rpc.messages.fields import FieldLayout

__all__ = ["mismatches"]


def mismatches(model: type[Message], answer: Mapping[str, object], at: str = "") -> list[str]:
    """Return what is wrong with ``answer``, one line each; nothing when it fits ``model``."""
    known = {field.name: field for field in layout(model)}
    found = [f"{at}{name}: not a name of {model.__name__}" for name in answer if name not in known]
    for name, field in known.items():
        if name in answer:
            found += _field(field, answer[name], f"{at}{name}")
        elif not field.optional:
            found.append(f"{at}{name}: missing")
    return found


def _field(field: FieldLayout, value: object, at: str) -> list[str]:
    if value is None and field.optional:  # official clients take null for absent
        return []
    if not field.wrapper:
        return _value(field.kind, value, at)
    if not isinstance(value, Mapping) or set(value) != {field.wrapper}:
        return [f"{at}: not an object with {field.wrapper} alone"]
    return _value(field.kind, value[field.wrapper], f"{at}.{field.wrapper}")


def _value(kind: Any, value: object, at: str) -> list[str]:
    if get_origin(kind) is tuple:
        if not isinstance(value, list):
            return [f"{at}: not a list"]
        items = enumerate(value)
        return [line for i, item in items for line in _value(get_args(kind)[0], item, f"{at}[{i}]")]
    if get_origin(kind) is Mapping:
        return [] if isinstance(value, Mapping) else [f"{at}: not an object"]
    if issubclass(kind, Message):
        if not isinstance(value, Mapping):
            return [f"{at}: not an object"]
        return mismatches(kind, value, f"{at}.")
    fits = type(value) is kind or (kind is float and type(value) is int)
    return [] if fits else [f"{at}: {type(value).__name__}, not {kind.__name__}"]
