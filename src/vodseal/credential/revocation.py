"""The one signed list of what a service has revoked (SPEC credential §8).

Security files by serial, devices by id, licenses by id, each from an instant on,
so that a re-issued security file's predecessor can be given a time of grace. The
list is signed by the service's revocation key, has a number that never falls and
an end, and says *everything* that is revoked: there is nothing to add up.

What is revoked stays so: a list that a device has is replaced by a later one and
is otherwise kept for good, past its end too. The end is there for whoever takes a
list in: nobody can be kept at an old one by being shown it for ever.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Self

from vodseal.container.cbor import CborMap, CborValue, decode_map, encode
from vodseal.container.keys import ID_SIZE
from vodseal.credential.envelope import EnvelopeType, open_envelope, seal_envelope
from vodseal.errors import MalformedError, MisuseError, RevocationListError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from vodseal.container.cbor import Fields
    from vodseal.credential.trust import VerificationKeys

__all__ = ["RevocationList", "Subject"]

_VERSION: Final = 1
_MAX_ENTRIES: Final = 100_000
_MAX_INSTANT: Final = 1 << 53
_FIRST_KEY: Final = 4
_PAIR: Final = 2


class Subject(IntEnum):
    """What can be revoked: its key in the list. Never renamed, never reused."""

    APP = 4
    """A security file, by its serial."""

    DEVICE = 5
    LICENSE = 6

    @property
    def label(self) -> str:
        """The name in actions and commands, such as ``app``."""
        return self.name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationList:
    """Everything that is revoked, and since when. Instants are UTC seconds."""

    number: int
    """Never falls from one list to a later one."""

    issued_at: int
    expires_at: int
    """Exclusive: who is shown it at this instant or later does not take it in."""

    revoked: Mapping[Subject, Mapping[bytes, int]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    """By subject: the id, 16 bytes, and the instant it is revoked from."""

    def __post_init__(self) -> None:
        """Freeze the list, and refuse what is out of its bounds.

        Raises:
            MisuseError: A number, an instant or an id is.
        """
        frozen = {
            subject: MappingProxyType(dict(self.revoked.get(subject, {}))) for subject in Subject
        }
        object.__setattr__(self, "revoked", MappingProxyType(frozen))
        entries = [entry for ids in frozen.values() for entry in ids.items()]
        numbers = [self.number, self.issued_at, self.expires_at, *(at for _, at in entries)]
        if not all(0 <= number <= _MAX_INSTANT for number in numbers):
            raise MisuseError("a number of the revocation list is out of bounds")
        if self.issued_at >= self.expires_at:
            raise MisuseError("a revocation list ends after it was issued")
        if any(len(name) != ID_SIZE for name, _ in entries):
            raise MisuseError("what is revoked has an id of 16 bytes")
        if max(map(len, frozen.values())) > _MAX_ENTRIES:
            raise MisuseError("too many ids for one revocation list")

    def revokes(self, subject: Subject, name: bytes, now: float) -> bool:
        """Return whether ``name`` is revoked at ``now``."""
        since = self.revoked[subject].get(name)
        return since is not None and now >= since

    def seal(self, signing_key: Ed25519PrivateKey) -> bytes:
        """Return the list in its envelope."""
        body: CborMap = {0: _VERSION, 1: self.number, 2: self.issued_at, 3: self.expires_at}
        for subject, ids in self.revoked.items():
            body[int(subject)] = [[name, at] for name, at in sorted(ids.items())]
        return seal_envelope(EnvelopeType.REVOCATION, encode(body), signing_key)

    @classmethod
    def open(cls, data: bytes, trust: VerificationKeys) -> Self:
        """Return the list in ``data``, signed by a revocation key of ``trust``.

        Raises:
            FormatError: It is no list, was altered, or somebody else signed it.
        """
        fields = decode_map(
            open_envelope(data, EnvelopeType.REVOCATION, trust.for_type(EnvelopeType.REVOCATION))
        )
        fields.version(_VERSION)
        number, issued_at, expires_at = (fields.integer(key) for key in range(1, _FIRST_KEY))
        revoked = {subject: _entries(fields, subject) for subject in Subject}
        fields.finish()
        try:
            return cls(number=number, issued_at=issued_at, expires_at=expires_at, revoked=revoked)
        except MisuseError as error:
            raise MalformedError(error.message) from None

    def check_successor(self, kept: Self | None, now: float) -> None:
        """Check that this list may take the place of ``kept`` at ``now``.

        Raises:
            RevocationListError: It has ended, or is older than the one that is kept.
        """
        if now >= self.expires_at:
            raise RevocationListError("the revocation list that the service sent has ended")
        if kept is not None and (self.number, self.issued_at) < (kept.number, kept.issued_at):
            raise RevocationListError("the service sent an older revocation list than before")


def _entries(fields: Fields, subject: Subject) -> dict[bytes, int]:
    entries: dict[bytes, int] = {}
    last = b""
    for item in fields.items(subject, most=_MAX_ENTRIES):
        name, since = _entry(item)
        if name <= last:
            raise MalformedError("the ids of a revocation list are out of order")
        entries[name] = since
        last = name
    return entries


def _entry(item: CborValue) -> tuple[bytes, int]:
    if not isinstance(item, list) or len(item) != _PAIR:
        raise MalformedError("an entry of a revocation list is an id and an instant")
    name, since = item
    if not isinstance(name, bytes) or isinstance(since, bool) or not isinstance(since, int):
        raise MalformedError("an entry of a revocation list is an id and an instant")
    return name, since
