"""At each contact the device hears what was revoked; silence leaves what it knows."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from vodseal import AppIdentity, ErrorCode
from vodseal.credential.envelope import EnvelopeType
from vodseal.credential.opening import FileAloneOpening
from vodseal.credential.revocation import RevocationList, Subject
from vodseal.credential.security_file import issue_security_file
from vodseal.credential.trust import VerificationKeys
from vodseal.errors import RequestError, RevocationListError
from vodseal.rpc.messages.downloads import GetRevocationListAnswer
from vodseal.sdk.revocations import hear_revocations
from vodseal.vault.key_service import KeyService

if TYPE_CHECKING:
    from pathlib import Path

    from vodseal.sdk.transport import RpcClient

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PUBLIC = KEY.public_key().public_bytes_raw()
NOW = 5_000.0


@dataclass
class Answering:
    """A service that has one answer, or one refusal."""

    answer: str | RequestError
    asked: list[object] = field(default_factory=list)

    def now(self) -> float:
        return NOW

    def send(self, request: object) -> GetRevocationListAnswer:
        self.asked.append(request)
        if isinstance(self.answer, RequestError):
            raise self.answer
        return GetRevocationListAnswer(revocation_list=self.answer)


def keys(home: Path, *, revocations: bool = True) -> KeyService:
    identity = AppIdentity.ios_bundle("com.example.player")
    types = [EnvelopeType.SECURITY_FILE, EnvelopeType.LICENSE]
    types += [EnvelopeType.REVOCATION] if revocations else []
    file = issue_security_file(
        identity=identity,
        app_private_key=X25519PrivateKey.generate(),
        opening=FileAloneOpening(salt=bytes(16), secret=bytes(32)),
        private_string=None,
        serial=bytes(16),
        trust=VerificationKeys(dict.fromkeys(types, (PUBLIC,))),
        signing_key=KEY,
    )
    return KeyService(file, identity, home=home)


def hear(answer: str | RequestError, service: KeyService) -> Answering:
    client = Answering(answer)
    hear_revocations(cast("RpcClient", client), service)
    return client


def signed(number: int = 1) -> str:
    made = RevocationList(
        number=number, issued_at=4_000, expires_at=9_000, revoked={Subject.LICENSE: {bytes(16): 0}}
    )
    return base64.b64encode(made.seal(KEY)).decode()


def test_the_list_is_kept(tmp_path: Path) -> None:
    service = keys(tmp_path)
    hear(signed(), service)
    kept = service.licenses().revocations.current()
    assert kept is not None
    assert kept.revokes(Subject.LICENSE, bytes(16), NOW)


@pytest.mark.parametrize(
    "refusal",
    [
        RequestError(ErrorCode.SERVER_POP_UNKNOWN, server_code="InvalidAction.NotFound"),
        RequestError(ErrorCode.REQUEST_FAIL),
    ],
    ids=["no such action", "no network"],
)
def test_silence_leaves_what_is_known(tmp_path: Path, refusal: RequestError) -> None:
    service = keys(tmp_path)
    hear(signed(), service)
    hear(refusal, service)
    assert service.licenses().revocations.current() is not None


@pytest.mark.parametrize("answer", ["not base64!", "", base64.b64encode(b"nonsense").decode()])
def test_a_list_that_is_none_is_told(tmp_path: Path, answer: str) -> None:
    with pytest.raises(RevocationListError):
        hear(answer, keys(tmp_path))


def test_an_older_list_is_told_and_not_kept(tmp_path: Path) -> None:
    service = keys(tmp_path)
    hear(signed(number=2), service)
    with pytest.raises(RevocationListError):
        hear(signed(number=1), service)
    kept = service.licenses().revocations.current()
    assert kept is not None
    assert kept.number == 2


def test_a_security_file_without_a_key_for_it_asks_nobody(tmp_path: Path) -> None:
    assert hear("", keys(tmp_path, revocations=False)).asked == []
