"""Change a CBOR value in one place, so that what comes out is CBOR again.

Bytes at random almost never are: our readers refuse all but one encoding of a value.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Final

import cbor2

from vodseal.container.cbor import _NO_TAGS
from vodseal.errors import MalformedError

if TYPE_CHECKING:
    from collections.abc import Callable

_AS_BYTES: Final = 0.3
_INTEGERS: Final = (0, 1, 23, 24, 255, 256, 65535, 65536, (1 << 53), (1 << 63), (1 << 64) - 1, -1)
_ODD: Final = (
    None,
    1.5,
    True,
    False,
    "",
    b"",
    [],
    {},
    {0: 1},
    [[]],
    -(1 << 64),
    "\x00",
    b"\x00" * 32,
)


def cbor_mutator(start: int, mutate_bytes: Callable[[bytes, int], bytes]) -> Callable[..., bytes]:
    """A mutator for inputs that are CBOR from ``start`` on."""

    def mutate(data: bytes, max_size: int, seed: int) -> bytes:
        rng = random.Random(seed)
        try:
            # A tag may stand for references that mean more values than could be written.
            value = cbor2.loads(data[start:], max_depth=16, semantic_decoders=_NO_TAGS)
        except (MalformedError, cbor2.CBORDecodeError, ValueError, TypeError, OverflowError):
            return mutate_bytes(data, max_size)
        if rng.random() < _AS_BYTES:
            return mutate_bytes(data, max_size)
        changer = _Changer(rng, mutate_bytes)
        try:
            changed = cbor2.dumps(changer.change(value), canonical=True)
        except (cbor2.CBOREncodeError, ValueError, TypeError, RecursionError, OverflowError):
            return mutate_bytes(data, max_size)
        return (data[:start] + changed)[:max_size]

    return mutate


class _Changer:
    """Walks down to one place and changes it."""

    def __init__(self, rng: random.Random, mutate_bytes: Callable[[bytes, int], bytes]) -> None:
        self._rng = rng
        self._mutate_bytes = mutate_bytes

    def change(self, value: Any) -> Any:
        pick = self._rng.random()
        if isinstance(value, dict) and value:
            return self._change_map(dict(value), pick)
        if isinstance(value, list) and value:
            return self._change_list(list(value), pick)
        if pick < 0.1:
            return self._rng.choice(_ODD)
        return self._change_leaf(value)

    def _change_map(self, value: dict[Any, Any], pick: float) -> Any:
        key = self._rng.choice(list(value))
        if pick < 0.08:
            del value[key]
        elif pick < 0.16:
            value[self._rng.randrange(26)] = self._rng.choice((*_ODD, *value.values()))
        else:
            value[key] = self.change(value[key])
        return value

    def _change_list(self, value: list[Any], pick: float) -> Any:
        at = self._rng.randrange(len(value))
        if pick < 0.1:
            del value[at]
        elif pick < 0.2:
            value.insert(at, self._rng.choice((*_ODD, *value)))
        elif pick < 0.22:
            value *= self._rng.randrange(2, 70)
        else:
            value[at] = self.change(value[at])
        return value

    def _change_leaf(self, value: Any) -> Any:
        if isinstance(value, bool):
            return not value
        if isinstance(value, int):
            near = value + self._rng.choice((-1, 1))
            return self._rng.choice((*_INTEGERS, near))
        if isinstance(value, bytes):
            return self._mutate_bytes(value, len(value) + 64)
        if isinstance(value, str):
            data = self._mutate_bytes(value.encode(errors="replace"), len(value) + 64)
            return data.decode(errors="replace")
        return self._rng.choice(_ODD)
