"""The signed list of an app's files (SPEC credential §6).

A Python app is named by its bundle ID and the key of this manifest. The list
says what belongs to the app, by path, size and SHA-256; walking the disk is
somebody else's work. Paths are relative, with ``/``, and cannot lead outside; a
symbolic link is listed with where it leads to, which is a listed file.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from vodseal.container.cbor import CborValue, decode_map, encode
from vodseal.credential.envelope import EnvelopeType, open_self_anchored, seal_self_anchored
from vodseal.credential.fingerprint import AppIdentity
from vodseal.errors import AppIdentityError, CredentialError, FormatError, MalformedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["AppManifest", "FileEntry", "seal_manifest"]

_VERSION: Final = 1
_HASH_SIZE: Final = 32
_MAX_FILES: Final = 100_000
_FILE_LENGTH: Final = 3
_LINK_LENGTH: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class FileEntry:
    """One file of the app."""

    size: int
    sha256: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AppManifest:
    """The files of an app, and the key that says so."""

    bundle_id: str
    public_key: bytes
    files: Mapping[str, FileEntry]
    links: Mapping[str, str]
    """Where each symbolic link leads to, as it is written in the link."""

    @property
    def identity(self) -> AppIdentity:
        """The app that this manifest speaks for."""
        return AppIdentity.python(self.bundle_id, self.public_key)

    @classmethod
    def parse(cls, data: bytes) -> AppManifest:
        """Return the manifest that ``data`` holds, signed by the key that it brings.

        Whether that key is the app's is for the security file to say: compare
        ``identity``.

        Raises:
            AppIdentityError: It is not a manifest, was altered, or breaks a rule.
        """
        try:
            anchor, body = open_self_anchored(data, EnvelopeType.APP_MANIFEST)
            fields = decode_map(body)
            fields.version(_VERSION)
            bundle_id = fields.text(1)
            files, links = _parse_entries(fields.items(2, most=_MAX_FILES))
            fields.finish()
            manifest = cls(bundle_id=bundle_id, public_key=anchor, files=files, links=links)
            _ = manifest.identity
        except (FormatError, CredentialError) as error:
            raise AppIdentityError(f"the app's manifest does not hold: {error.message}") from error
        return manifest


def seal_manifest(
    bundle_id: str,
    files: Mapping[str, FileEntry],
    signing_key: Ed25519PrivateKey,
    *,
    links: Mapping[str, str] = MappingProxyType({}),
) -> bytes:
    """Return the signed manifest of ``files`` and ``links``.

    Raises:
        CredentialError: The bundle ID is not one.
        AppIdentityError: A path or a link may not stand in a manifest.
    """
    AppIdentity.python(bundle_id, signing_key.public_key().public_bytes_raw())
    for path in (*files, *links):
        if not _is_inside(path):
            raise AppIdentityError(f"{path!r} may not stand in a manifest")
    for path, target in links.items():
        if _followed(path, target) not in files:
            raise AppIdentityError(
                f"{path!r} is a link that leads to no plain file of the app",
                remedy="Put the file itself there: what lies elsewhere cannot be signed.",
            )
    entries: dict[str, list[CborValue]] = {
        path: [path, entry.size, entry.sha256] for path, entry in files.items()
    }
    entries |= {path: [path, target] for path, target in links.items()}
    listed: list[CborValue] = [entry for _, entry in sorted(entries.items())]
    body = encode({0: _VERSION, 1: bundle_id, 2: listed})
    return seal_self_anchored(EnvelopeType.APP_MANIFEST, body, signing_key)


def _parse_entries(items: list[CborValue]) -> tuple[Mapping[str, FileEntry], Mapping[str, str]]:
    files: dict[str, FileEntry] = {}
    links: dict[str, str] = {}
    last = ""
    for item in items:
        if not isinstance(item, list) or len(item) not in {_LINK_LENGTH, _FILE_LENGTH}:
            raise MalformedError("an entry is path, size and hash, or path and target")
        path = item[0]
        if not isinstance(path, str) or not _is_inside(path) or path <= last:
            raise MalformedError("a path is not allowed, or out of order")
        if len(item) == _FILE_LENGTH:
            files[path] = _parse_file(item)
        elif isinstance(target := item[1], str):
            links[path] = target
        else:
            raise MalformedError("the target of a link is not text")
        last = path
    if any(_followed(path, target) not in files for path, target in links.items()):
        raise MalformedError("a link leads to no listed file")
    return MappingProxyType(files), MappingProxyType(links)


def _parse_file(item: list[CborValue]) -> FileEntry:
    _, size, digest = item
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise MalformedError("a file size is not one")
    if not isinstance(digest, bytes) or len(digest) != _HASH_SIZE:
        raise MalformedError("a file hash is not one")
    return FileEntry(size=size, sha256=digest)


def _followed(path: str, target: str) -> str:
    """Return the path that the link ``path`` leads to; empty when it may not."""
    steps = path.split("/")[:-1]
    for step in target.split("/"):
        if step == ".." and steps:
            steps.pop()
        elif step in {"", ".", ".."}:
            return ""
        else:
            steps.append(step)
    return "/".join(steps)


def _is_inside(path: str) -> bool:
    """Whether ``path`` is relative, in its one form, and stays in the folder."""
    if not path or "\\" in path or "\0" in path or ":" in path:
        return False
    return all(step not in {"", ".", ".."} for step in path.split("/"))
