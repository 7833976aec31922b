"""How a request travels: a flat set of texts (wire 1, 2)."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Generic, TypeVar, get_args

from vodseal.rpc.messages.fields import Message, layout

__all__ = [
    "STS_VERSION",
    "VOD_VERSION",
    "Parameters",
    "Request",
    "to_parameters",
]

VOD_VERSION: Final = "2017-03-21"
STS_VERSION: Final = "2015-04-01"

A = TypeVar("A", bound=Message)


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
