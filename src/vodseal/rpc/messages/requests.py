"""How a request travels: a flat set of texts (wire 1, 2).

The client writes a request with ``to_parameters``; the service reads one with
``from_parameters``, strictly: what is missing or has the wrong form is named.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Generic, TypeVar, get_args

from vodseal.errors import RpcError
from vodseal.rpc.messages.fields import FieldLayout, Message, layout

__all__ = [
    "STS_VERSION",
    "VOD_VERSION",
    "Parameters",
    "Request",
    "from_parameters",
    "to_parameters",
]

VOD_VERSION: Final = "2017-03-21"
STS_VERSION: Final = "2015-04-01"

A = TypeVar("A", bound=Message)
R = TypeVar("R", bound="Request[Any]")

_INTEGER: Final = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Message, Generic[A]):
    """What an action asks. The class is named after the action, plus ``Request``."""

    version: ClassVar[str] = VOD_VERSION

    @classmethod
    def action(cls) -> str:
        """Return the value of the parameter ``Action``."""
        return cls.__name__.removesuffix("Request")

    @classmethod
    def answer_type(cls) -> type[A]:
        """Return the model of the answer."""
        bases: tuple[Any, ...] = cls.__dict__["__orig_bases__"]
        answer: type[A] = get_args(bases[0])[0]
        return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The texts of a request, and where each travels. Secrets travel in the body."""

    query: dict[str, str]
    form: dict[str, str] = field(repr=False)


def to_parameters(request: Request[Any]) -> Parameters:
    """Return the parameters of ``request``, with ``Action`` and ``Version``."""
    query = {"Action": request.action(), "Version": request.version}
    form: dict[str, str] = {}
    for item in layout(type(request)):
        value = getattr(request, item.attribute)
        if value is None:
            continue
        text = str(value).lower() if isinstance(value, bool) else str(value)
        (form if item.in_form else query)[item.name] = text
    return Parameters(query=query, form=form)


def from_parameters(model: type[R], parameters: Mapping[str, str]) -> R:
    """Return the request that ``parameters`` make. Unknown ones are ignored.

    An optional parameter that is sent empty, as players do, counts as absent.

    Raises:
        RpcError: ``Missing{Param}``, or ``InvalidParameter.{Param}`` for a
            number or a truth value that is none.
    """
    values: dict[str, object] = {}
    for item in layout(model):
        text = parameters.get(item.name, "")
        if text:
            values[item.attribute] = _parse(item, text)
        elif item.required:
            raise RpcError(f"Missing{item.name}")
    return model(**values)


def _parse(item: FieldLayout, text: str) -> object:
    if item.kind is int:
        if _INTEGER.fullmatch(text) is None:
            raise RpcError(f"InvalidParameter.{item.name}")
        return int(text)
    if item.kind is bool:
        if text.lower() not in _BOOLEANS:
            raise RpcError(f"InvalidParameter.{item.name}")
        return _BOOLEANS[text.lower()]
    return text
