"""Keys wrapped by AWS KMS, or by what speaks its API (SPEC keys §1.6).

The master key never leaves KMS. Our context goes along as the EncryptionContext,
with the head of the blob as one more member, so that KMS itself refuses a blob
in another context or under another head. Re-wrapping is ``ReEncrypt``: the key
inside does not come to us.

KMS keeps every version for ever and says in no blob which one it used; the
version of our head counts the rotations that KMS lists.

Tested against a mock alone: nothing here has spoken to AWS itself.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING, Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from vodseal.errors import KeyServiceError, TamperedError
from vodseal.service.kms.blob import KEY_ID_SIZE, BlobHead, ProviderId, split_blob
from vodseal.service.kms.protocol import DataKey

if TYPE_CHECKING:
    from vodseal.service.kms.protocol import KeyContext

__all__ = ["AwsKeyService"]

_MEMBER: Final = "vodseal"
_ALTERED: Final = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})
_CONFIG: Final = Config(
    connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2}
)


class AwsKeyService:
    """A ``KeyProvider`` over one KMS key. Make it with ``open``."""

    def __init__(self, client: Any, arn: str, version: int) -> None:
        """Take a client for KMS, the key's ARN, and how often it was rotated, plus 1."""
        self._client = client
        self._arn = arn
        self._version = version

    @classmethod
    async def open(cls, key: str, *, endpoint_url: str | None = None) -> AwsKeyService:
        """Return the service over ``key``: an id, an ARN or ``alias/..``.

        Credentials, region and (without ``endpoint_url``) endpoint come from
        where every AWS client takes them: variables, files, the machine's role.

        Raises:
            KeyServiceError: KMS does not answer, or the key cannot be used.
        """

        def connect() -> AwsKeyService:
            client = boto3.client("kms", endpoint_url=endpoint_url, config=_CONFIG)
            found = client.describe_key(KeyId=key)["KeyMetadata"]
            if found["KeyState"] != "Enabled":
                raise KeyServiceError(f"the KMS key is {found['KeyState']}")
            service = cls(client, found["Arn"], 1)
            service._version += service._rotations()
            return service

        service: AwsKeyService = await _call(connect)
        return service

    @property
    def head(self) -> BlobHead:
        """Return the head of the blobs that are made now."""
        key_id = hashlib.sha256(self._arn.encode()).digest()[:KEY_ID_SIZE]
        return BlobHead(provider=ProviderId.AWS_KMS, key_id=key_id, version=self._version)

    async def generate_data_key(self, context: KeyContext, size: int) -> DataKey:
        """Return a fresh key of ``size`` bytes, made by KMS, bound to ``context``.

        Raises:
            KeyServiceError: KMS does not answer.
        """
        head = self.head
        answer = await _call(
            self._client.generate_data_key,
            KeyId=self._arn,
            NumberOfBytes=size,
            EncryptionContext=_bound(context, head),
        )
        return DataKey(plain=answer["Plaintext"], blob=head.encode() + answer["CiphertextBlob"])

    async def encrypt(self, plain: bytes, context: KeyContext) -> bytes:
        """Return ``plain`` wrapped under the newest version of the KMS key.

        Raises:
            KeyServiceError: KMS does not answer.
        """
        head = self.head
        answer = await _call(
            self._client.encrypt,
            KeyId=self._arn,
            Plaintext=plain,
            EncryptionContext=_bound(context, head),
        )
        return head.encode() + bytes(answer["CiphertextBlob"])

    async def decrypt(self, blob: bytes, context: KeyContext) -> bytes:
        """Return the key inside ``blob``.

        Raises:
            TamperedError: Another context, another KMS key, or altered.
            KeyServiceError: KMS does not answer, or refuses us.
        """
        head, sealed = self._split(blob)
        answer = await _call(
            self._client.decrypt,
            KeyId=self._arn,
            CiphertextBlob=sealed,
            EncryptionContext=_bound(context, head),
        )
        return bytes(answer["Plaintext"])

    async def reencrypt(self, blob: bytes, context: KeyContext) -> bytes:
        """Return the same key under the newest version, without it leaving KMS.

        Raises:
            TamperedError, KeyServiceError: As for ``decrypt``.
        """
        old, sealed = self._split(blob)
        new = self.head
        answer = await _call(
            self._client.re_encrypt,
            CiphertextBlob=sealed,
            SourceKeyId=self._arn,
            SourceEncryptionContext=_bound(context, old),
            DestinationKeyId=self._arn,
            DestinationEncryptionContext=_bound(context, new),
        )
        return new.encode() + bytes(answer["CiphertextBlob"])

    async def rotate(self) -> None:
        """Have KMS make a new version.

        Raises:
            KeyServiceError: It does not.
        """
        await _call(self._client.rotate_key_on_demand, KeyId=self._arn)
        self._version += 1

    async def archive(self) -> int:
        """Return 0: KMS keeps the old versions itself, and gives none away."""
        return 0

    async def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _split(self, blob: bytes) -> tuple[BlobHead, bytes]:
        head, sealed = split_blob(blob, ProviderId.AWS_KMS, self.head.key_id)
        if not sealed:  # the client would refuse to send it
            raise TamperedError("the wrapped key does not open")
        return head, sealed

    def _rotations(self) -> int:
        pages = self._client.get_paginator("list_key_rotations").paginate(KeyId=self._arn)
        return sum(len(page["Rotations"]) for page in pages)


def _bound(context: KeyContext, head: BlobHead) -> dict[str, str]:
    return {**context, _MEMBER: head.encode().hex()}


async def _call(function: Any, **values: Any) -> Any:
    """Return what a blocking call returns, made in a thread.

    Raises:
        TamperedError: KMS says that the blob does not open.
        KeyServiceError: Any other failure.
    """
    try:
        return await asyncio.to_thread(function, **values)
    except ClientError as error:
        word = error.response.get("Error", {}).get("Code", "")
        if word in _ALTERED:
            raise TamperedError("the wrapped key does not open") from error
        raise KeyServiceError(f"AWS KMS refuses: {word}") from error
    except BotoCoreError as error:
        raise KeyServiceError(f"AWS KMS does not answer: {type(error).__name__}") from error
