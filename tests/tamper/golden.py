"""One good specimen of everything that is sealed or signed, and how it is read.

Keys, ids and terms are fixed; only salts, which the writers draw themselves,
differ from run to run.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from vodseal.container.keys import stage_key
from vodseal.container.meta import Meta
from vodseal.container.source import MemorySink
from vodseal.container.staging import (
    PieceId,
    open_piece,
    open_piece_blocks,
    piece_source_id,
    seal_piece,
)
from vodseal.container.writer import SealedWriter
from vodseal.credential.certificate import DeviceCertificate
from vodseal.credential.device import KeyStoreLevel, derive_device_keys
from vodseal.credential.enrolment import open_challenge, seal_challenge
from vodseal.credential.envelope import EnvelopeType
from vodseal.credential.fingerprint import AppIdentity
from vodseal.credential.manifest import AppManifest, FileEntry, seal_manifest
from vodseal.credential.opening import Argon2Opening, FileAloneOpening
from vodseal.credential.requirements import IdentityLevel
from vodseal.credential.revocation import RevocationList, Subject
from vodseal.credential.security_file import SecurityFile, UnlockedApp, issue_security_file
from vodseal.credential.trust import VerificationKeys
from vodseal.download.job import JobSpec, SegmentSpec, SourceKind
from vodseal.download.record import open_job, seal_job
from vodseal.license.digests import open_digests, seal_digests
from vodseal.license.issue import issue_license, issue_local_license
from vodseal.license.model import LicenseTerms
from vodseal.license.open import open_content_key, open_transport_key, verify_license

if TYPE_CHECKING:
    from collections.abc import Callable

    from vodseal.credential.device import DeviceKeys
    from vodseal.credential.opening import Opening

STRING = "correctHorse2Battery"
SERIAL = b"serial-of-16-byt"
FILES = {"a.py": FileEntry(size=3, sha256=hashlib.sha256(b"a.p").digest())}


class Specimen(NamedTuple):
    data: bytes
    read: Callable[[bytes], object]


class Download(NamedTuple):
    """One download: what its file, its staging and its license have in common."""

    download_id: bytes
    content_key: bytes

    def seal_file(self, plain: bytes, *, file_id: bytes = b"file-id-000000-1") -> bytes:
        sink = MemorySink()
        writer = SealedWriter(sink, self.content_key, file_id=file_id, download_id=self.download_id)
        writer.write(plain)
        writer.finish(Meta(content_type="video/mp4", title="A film"))
        return bytes(sink.data)

    def job(self) -> JobSpec:
        segment = SegmentSpec(url="https://h/a?k=1", path="/a", key=b"K" * 16, iv=b"I" * 16)
        return JobSpec(
            kind=SourceKind.HLS, download_id=self.download_id, secure=True, segments=(segment,)
        )


A = Download(b"download-id-A-16", bytes(range(32)))
B = Download(b"download-id-B-16", bytes(range(1, 33)))


class World:
    """A service with its keys, two apps and two devices."""

    def __init__(self) -> None:
        self.signing = Ed25519PrivateKey.from_private_bytes(b"c" * 32)
        self.licensing = Ed25519PrivateKey.from_private_bytes(b"l" * 32)
        of_service = (self.signing.public_key().public_bytes_raw(),)
        of_licensing = (self.licensing.public_key().public_bytes_raw(),)
        self.trust = VerificationKeys(
            {
                EnvelopeType.SECURITY_FILE: of_service,
                EnvelopeType.LICENSE: of_licensing,
                EnvelopeType.DEVICE_CERTIFICATE: of_licensing,
                EnvelopeType.REVOCATION: of_licensing,
                EnvelopeType.SEGMENT_DIGESTS: of_licensing,
            }
        )
        self.devices = [derive_device_keys(seed * 32) for seed in (b"d", b"e")]
        self.apps = [self._app(name) for name in ("com.example.one", "com.example.two")]

    def _app(self, bundle_id: str) -> UnlockedApp:
        return UnlockedApp(
            serial=SERIAL,
            fingerprint=AppIdentity.ios_bundle(bundle_id).fingerprint,
            app_key=X25519PrivateKey.from_private_bytes(bundle_id.encode().ljust(32, b"k")),
            trust=self.trust,
        )

    def terms(self, of: Download, app: UnlockedApp, device: DeviceKeys) -> LicenseTerms:
        return LicenseTerms(
            license_id=of.download_id,
            serial=SERIAL,
            fingerprint=app.fingerprint,
            device_id=device.device_id,
            vid="a video",
            track="a job",
            issued_at=1_700_000_000,
        )

    def license(self, of: Download, app: UnlockedApp, device: DeviceKeys) -> bytes:
        return issue_license(
            self.terms(of, app, device),
            of.content_key,
            app_public_key=app.app_key.public_key(),
            device_public_key=device.kem.public_key(),
            signing_key=self.licensing,
            transport_key=b"stream-key-of-16",
        )

    def content_key(self, data: bytes, of: Download, app: UnlockedApp, device: DeviceKeys) -> bytes:
        held = verify_license(data, self.trust, device.signing.public_key())
        open_transport_key(held, download_id=of.download_id, job_id="a job", app=app, device=device)
        return open_content_key(held, download_id=of.download_id, app=app, device=device)

    @cached_property
    def specimens(self) -> dict[str, Specimen]:
        """Everything small, by name."""
        return {
            "security file": self._security_file(
                FileAloneOpening(salt=b"s" * 16, secret=b"t" * 32)
            ),
            "security file with string": self._security_file(
                Argon2Opening(salt=b"s" * 16, memory_kib=19 * 1024, passes=1)
            ),
            **self._licenses(),
            "device certificate": self._certificate(),
            "enrolment challenge": self._challenge(),
            "revocation list": self._revocation_list(),
            "app manifest": Specimen(
                seal_manifest("com.example.one", FILES, self.signing), AppManifest.parse
            ),
            **self._digests(),
            **staging(),
        }

    def _security_file(self, opening: Opening) -> Specimen:
        identity = AppIdentity.ios_bundle("com.example.one")
        data = issue_security_file(
            identity=identity,
            app_private_key=self.apps[0].app_key,
            opening=opening,
            private_string=STRING,
            serial=SERIAL,
            trust=self.trust,
            signing_key=self.signing,
        )
        return Specimen(data, lambda d: SecurityFile.parse(d).open(identity, STRING))

    def _licenses(self) -> dict[str, Specimen]:
        app, device = self.apps[0], self.devices[0]
        local = issue_local_license(
            self.terms(A, app, device),
            A.content_key,
            app_public_key=app.app_key.public_key(),
            device=device,
        )

        def read(data: bytes) -> bytes:
            return self.content_key(data, A, app, device)

        of_service = Specimen(self.license(A, app, device), read)
        return {"license": of_service, "local license": Specimen(local, read)}

    def _certificate(self) -> Specimen:
        device = self.devices[0]
        made = DeviceCertificate(
            kem_public_key=device.kem.public_key().public_bytes_raw(),
            signing_public_key=device.signing.public_key().public_bytes_raw(),
            serial=SERIAL,
            fingerprint=self.apps[0].fingerprint,
            identity_level=IdentityLevel.MANIFEST,
            key_store_level=KeyStoreLevel.SYSTEM,
            issued_at=1_700_000_000,
        )
        keys = self.trust.for_type(EnvelopeType.DEVICE_CERTIFICATE)
        return Specimen(made.seal(self.licensing), lambda d: DeviceCertificate.open(d, keys))

    def _challenge(self) -> Specimen:
        app_key, nonce, device_id = self.apps[0].app_key, bytes(24), self.devices[0].device_id
        made = seal_challenge(
            b"c" * 32, app_public_key=app_key.public_key(), nonce=nonce, device_id=device_id
        )
        return Specimen(
            made, lambda d: open_challenge(d, app_key=app_key, nonce=nonce, device_id=device_id)
        )

    def _revocation_list(self) -> Specimen:
        made = RevocationList(
            number=7, issued_at=1, expires_at=9, revoked={Subject.APP: {SERIAL: 5}}
        )
        return Specimen(made.seal(self.licensing), lambda d: RevocationList.open(d, self.trust))

    def _digests(self) -> dict[str, Specimen]:
        manifest, listed = seal_digests(
            vid="v", job_id="j", digests=[b"1" * 32, b"2" * 32], signing_key=self.licensing
        )
        keys = self.trust.for_type(EnvelopeType.SEGMENT_DIGESTS)
        return {
            "segment digests": Specimen(
                manifest, lambda d: open_digests(d, listed, keys, vid="v", job_id="j")
            ),
            "list of digests": Specimen(
                listed, lambda d: open_digests(manifest, d, keys, vid="v", job_id="j")
            ),
        }


def staging() -> dict[str, Specimen]:
    """What lies on disk while a download is under way: a piece, its row, the sealed record."""
    key = stage_key(A.content_key, A.download_id)
    source_id = piece_source_id(uri_path="/a", method="AES-128", iv=b"I" * 16)

    def piece(source_id: bytes = source_id) -> PieceId:
        return PieceId(download_id=A.download_id, sequence=3, piece=0, source_id=source_id)

    made = seal_piece(key, piece(), b"a segment" * 9)
    sealed, row = bytes(made.sealed), source_id + made.prefix

    def read_row(data: bytes) -> bytes:
        """A row of the journal decides which piece is opened, and which attempt at it."""
        opened = open_piece(key, piece(data[:32].ljust(32)), sealed, prefix=data[32:])
        return bytes(opened)

    def read_blocks(key: bytes, piece: PieceId, data: bytes) -> bytes:
        opened = open_piece_blocks(key, piece, len(data), [data[:70], data[70:]])
        return b"".join(map(bytes, opened))

    return {
        "staged piece": Specimen(
            sealed, lambda d: bytes(open_piece(key, piece(), d, prefix=made.prefix))
        ),
        "staged piece without its row": Specimen(
            sealed, lambda d: bytes(open_piece(key, piece(), d))
        ),
        "staged piece in blocks": Specimen(sealed, lambda d: read_blocks(key, piece(), d)),
        "row of the journal": Specimen(row, read_row),
        "record of the journal": Specimen(
            seal_job(A.job(), A.content_key), lambda d: open_job(d, A.content_key, A.download_id)
        ),
        "id in the journal": Specimen(
            A.download_id,
            lambda d: open_job(seal_job(A.job(), A.content_key), A.content_key, d),
        ),
    }
