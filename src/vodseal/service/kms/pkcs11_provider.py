"""Keys wrapped by a hardware module through PKCS#11 (SPEC keys §1.5).

The master key is an AES-256 object of the token, made there, sensitive and not
extractable; what we hold is its handle. A version is an object of its own: same
label, ``CKA_ID`` = key id (8) || version (4). A blob is its head, a 12-byte nonce
and AES-GCM of the key, with the head and the context as associated data.

Tokens are not safe for several threads, and slow ones answer in milliseconds:
every call is made in one thread of the provider's own.
"""

from __future__ import annotations

import asyncio
import struct
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, TypeVar

import pkcs11
from pkcs11.exceptions import (
    DataInvalid,
    DataLenRange,
    EncryptedDataInvalid,
    EncryptedDataLenRange,
    FunctionFailed,
    GeneralError,
    PKCS11Error,
    UserAlreadyLoggedIn,
)

from vodseal.errors import KeyServiceError, TamperedError
from vodseal.service.kms.blob import (
    KEY_ID_SIZE,
    BlobHead,
    ProviderId,
    context_text,
    split_blob,
)
from vodseal.service.kms.protocol import DataKey

if TYPE_CHECKING:
    from collections.abc import Callable

    from vodseal.service.kms.protocol import KeyContext
    from vodseal.service.kms.provider_setting import Pkcs11Setting

__all__ = ["Pkcs11KeyService"]

T = TypeVar("T")

_LABEL: Final = b"vodseal1/kms\0"
_NONCE_SIZE: Final = 12
_TAG_SIZE: Final = 16
_VERSION: Final = struct.Struct(">I")
_ALTERED: Final = (
    DataInvalid,
    DataLenRange,
    EncryptedDataInvalid,
    EncryptedDataLenRange,
    FunctionFailed,
    GeneralError,
)
"""How tokens say that a tag does not hold: each has its own word for it."""


class Pkcs11KeyService:
    """A ``KeyProvider`` over one token. Make it with ``open``."""

    def __init__(self, label: str, random: Callable[[int], bytes]) -> None:
        """Take the object label of the master key; ``open`` does the rest."""
        self._label = label
        self._random = random
        self._thread = ThreadPoolExecutor(1, "pkcs11")
        self._session: Any = None
        self._key_id = b""
        self._versions: dict[int, Any] = {}

    @classmethod
    async def open(
        cls,
        setting: Pkcs11Setting,
        label: str,
        random: Callable[[int], bytes],
        *,
        may_create: bool,
    ) -> Pkcs11KeyService:
        """Return the service over the token; its master key is made when it has none.

        Raises:
            KeyServiceError: No such module or token, a wrong PIN, or, unless
                ``may_create``, no master key of this label.
        """
        service = cls(setting.label or label, random)
        try:
            await service._call(service._open, setting, may_create)
        except BaseException:
            await service.close()
            raise
        return service

    @property
    def head(self) -> BlobHead:
        """Return the head of the blobs that are made now."""
        return self._head(max(self._versions))

    async def generate_data_key(self, context: KeyContext, size: int) -> DataKey:
        """Return a fresh key of ``size`` bytes, bound to ``context``."""
        plain = self._random(size)
        return DataKey(plain=plain, blob=await self.encrypt(plain, context))

    async def encrypt(self, plain: bytes, context: KeyContext) -> bytes:
        """Return ``plain`` wrapped under the newest version of the master key.

        Raises:
            KeyServiceError: The token does not answer.
        """
        head = self.head
        nonce = self._random(_NONCE_SIZE)
        parameters = _parameters(head, nonce, context)
        sealed = await self._call(
            self._versions[head.version].encrypt,
            plain,
            mechanism=pkcs11.Mechanism.AES_GCM,
            mechanism_param=parameters,
        )
        return head.encode() + nonce + bytes(sealed)

    async def decrypt(self, blob: bytes, context: KeyContext) -> bytes:
        """Return the key inside ``blob``.

        Raises:
            TamperedError: Another context, another master key, or altered.
            KeyServiceError: The token does not answer.
        """
        head, rest = split_blob(blob, ProviderId.PKCS11, self._key_id)
        key = self._versions.get(head.version)
        if key is None or len(rest) < _NONCE_SIZE + _TAG_SIZE:
            raise TamperedError("the wrapped key does not open")
        parameters = _parameters(head, rest[:_NONCE_SIZE], context)
        try:
            plain = await self._call(
                key.decrypt,
                rest[_NONCE_SIZE:],
                mechanism=pkcs11.Mechanism.AES_GCM,
                mechanism_param=parameters,
            )
        except KeyServiceError as error:
            if isinstance(error.__cause__, _ALTERED):
                raise TamperedError("the wrapped key does not open") from error
            raise
        return bytes(plain)

    async def reencrypt(self, blob: bytes, context: KeyContext) -> bytes:
        """Return the same key, wrapped under the newest version.

        Raises:
            TamperedError, KeyServiceError: As for ``decrypt``.
        """
        return await self.encrypt(await self.decrypt(blob, context), context)

    async def rotate(self) -> None:
        """Make a new version of the master key in the token.

        Raises:
            KeyServiceError: There is no new version.
        """
        await self._call(self._create, max(self._versions) + 1)

    async def archive(self) -> int:
        """Rename the older versions to ``<label>.archive``: they open nothing any more.

        Raises:
            KeyServiceError: The token refuses to.
        """
        return await self._call(self._archive)

    async def close(self) -> None:
        """Log out of the token."""
        session, self._session = self._session, None
        if session is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, session.close)
        self._thread.shutdown()

    async def _call(self, function: Callable[..., T], *values: Any, **named: Any) -> T:
        def work() -> T:
            try:
                return function(*values, **named)
            except PKCS11Error as error:
                word = type(error).__name__
                raise KeyServiceError(f"the PKCS#11 token refuses: {word}") from error
            except RuntimeError as error:  # the module cannot be loaded
                raise KeyServiceError(f"the PKCS#11 module does not work: {error}") from error

        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _open(self, setting: Pkcs11Setting, may_create: bool) -> None:  # noqa: FBT001 - of _call
        token = pkcs11.lib(str(setting.module)).get_token(token_label=setting.token)
        try:
            self._session = token.open(rw=True, user_pin=setting.read_pin())
        except UserAlreadyLoggedIn:  # a login is the whole process's
            self._session = token.open(rw=True)
        for key in self._objects():
            identity = bytes(key[pkcs11.Attribute.ID])
            if len(identity) == KEY_ID_SIZE + _VERSION.size:
                self._key_id = identity[:KEY_ID_SIZE]
                self._versions[_VERSION.unpack(identity[KEY_ID_SIZE:])[0]] = key
        if not self._versions and not may_create:
            raise KeyServiceError(f"the token holds no master key {self._label!r}")
        if not self._versions:
            self._key_id = self._random(KEY_ID_SIZE)
            self._create(1)

    def _objects(self) -> list[Any]:
        wanted = {
            pkcs11.Attribute.CLASS: pkcs11.ObjectClass.SECRET_KEY,
            pkcs11.Attribute.LABEL: self._label,
        }
        return list(self._session.get_objects(wanted))

    def _create(self, version: int) -> None:
        self._versions[version] = self._session.generate_key(
            pkcs11.KeyType.AES,
            256,
            id=self._key_id + _VERSION.pack(version),
            label=self._label,
            store=True,
            capabilities=pkcs11.MechanismFlag.ENCRYPT | pkcs11.MechanismFlag.DECRYPT,
            template={
                pkcs11.Attribute.SENSITIVE: True,
                pkcs11.Attribute.EXTRACTABLE: False,
            },
        )

    def _archive(self) -> int:
        older = sorted(self._versions)[:-1]
        for version in older:
            self._versions[version][pkcs11.Attribute.LABEL] = f"{self._label}.archive"
            del self._versions[version]
        return len(older)

    def _head(self, version: int) -> BlobHead:
        return BlobHead(provider=ProviderId.PKCS11, key_id=self._key_id, version=version)


def _parameters(head: BlobHead, nonce: bytes, context: KeyContext) -> pkcs11.GCMParams:
    return pkcs11.GCMParams(nonce, _LABEL + head.encode() + context_text(context))
