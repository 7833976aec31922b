from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from vodseal.container.cbor import CborValue, decode, encode
from vodseal.credential.envelope import EnvelopeType, open_self_anchored, seal_self_anchored
from vodseal.credential.fingerprint import AppIdentity
from vodseal.credential.manifest import AppManifest, FileEntry, seal_manifest
from vodseal.errors import AppIdentityError, CredentialError

KEY = Ed25519PrivateKey.from_private_bytes(b"m" * 32)
FILES = {
    "main.py": FileEntry(size=10, sha256=b"h" * 32),
    "lib/b.so": FileEntry(size=0, sha256=b"i" * 32),
    "lib/a \u6c34.py": FileEntry(size=1 << 40, sha256=b"j" * 32),
}


def test_what_was_signed_is_read() -> None:
    manifest = AppManifest.parse(seal_manifest("com.example.app", FILES, KEY))
    assert dict(manifest.files) == FILES
    assert manifest.identity == AppIdentity.python(
        "com.example.app", KEY.public_key().public_bytes_raw()
    )


def test_the_payload_is_the_specification_s() -> None:
    data = seal_manifest("com.example.app", FILES, KEY)
    anchor, body = open_self_anchored(data, EnvelopeType.APP_MANIFEST)
    assert anchor == KEY.public_key().public_bytes_raw()
    assert decode(body) == {
        0: 1,
        1: "com.example.app",
        2: [
            ["lib/a \u6c34.py", 1 << 40, b"j" * 32],
            ["lib/b.so", 0, b"i" * 32],
            ["main.py", 10, b"h" * 32],
        ],
    }


LINKS = {
    "lib/c.so": "b.so",
    "lib/deep/d.so": "../b.so",
    "start.py": "main.py",
    "x/y/z": "../../lib/b.so",
}


def test_links_are_read_as_they_are_written() -> None:
    manifest = AppManifest.parse(seal_manifest("com.example.app", FILES, KEY, links=LINKS))
    assert manifest.links == LINKS
    assert manifest.files == FILES
    assert AppManifest.parse(seal_manifest("com.example.app", FILES, KEY)).links == {}


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("lib/c.so", "main.py"),  # a target is seen from the link's own folder
        ("lib/c.so", "../../main.py"),
        ("c.so", "../main.py"),
        ("c.so", "/main.py"),
        ("c.so", "./main.py"),
        ("c.so", "lib//b.so"),
        ("c.so", "lib"),
        ("c.so", ""),
        ("c.so", "../../main.py"),  # two wrong steps do not make a right one
        ("c.so", "lib/./../b.so"),
        ("c.so", "lib//../b.so"),
        ("lib/c.so", "c.so"),
    ],
)
def test_a_link_leads_to_a_file_of_the_app(path: str, target: str) -> None:
    with pytest.raises(AppIdentityError, match="leads to no plain file of the app") as refused:
        seal_manifest("com.example.app", FILES, KEY, links={path: target})
    assert refused.value.remedy.startswith("Put the file itself there: ")
    listed: list[CborValue] = [[name, at.size, at.sha256] for name, at in FILES.items()]
    body = encode({0: 1, 1: "com.example.app", 2: sorted([*listed, [path, target]], key=str)})
    with pytest.raises(AppIdentityError, match="a link leads to no listed file"):
        AppManifest.parse(seal_self_anchored(EnvelopeType.APP_MANIFEST, body, KEY))


def test_a_link_stays_in_the_folder() -> None:
    with pytest.raises(AppIdentityError, match="may not stand in a manifest"):
        seal_manifest("com.example.app", FILES, KEY, links={"../c.so": "app/main.py"})


def test_an_app_may_have_more_files_than_other_lists_have_items() -> None:
    files = dict.fromkeys((f"{n:05x}" for n in range(65_537)), FILES["main.py"])
    assert len(AppManifest.parse(seal_manifest("com.example.app", files, KEY)).files) == 65_537


def test_no_flipped_bit_survives() -> None:
    data = seal_manifest("com.example.app", FILES, KEY)
    for bit in range(len(data) * 8):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(AppIdentityError):
            AppManifest.parse(bytes(changed))


def test_signing_with_another_key_gives_another_app() -> None:
    other = Ed25519PrivateKey.from_private_bytes(b"n" * 32)
    one, two = (AppManifest.parse(seal_manifest("com.example.app", FILES, k)) for k in (KEY, other))
    assert one.identity.fingerprint != two.identity.fingerprint


@pytest.mark.parametrize(
    "path",
    ["", "/etc/passwd", "../up", "a/../b", "./a", "a//b", "a/", "a\\b", "C:/x", "a\0b", ".", ".."],
)
def test_a_path_stays_in_the_folder(path: str) -> None:
    entry = FileEntry(size=1, sha256=bytes(32))
    with pytest.raises(AppIdentityError):
        seal_manifest("com.example.app", {path: entry}, KEY)
    body = encode({0: 1, 1: "com.example.app", 2: [[path, 1, bytes(32)]]})
    with pytest.raises(AppIdentityError):
        AppManifest.parse(seal_self_anchored(EnvelopeType.APP_MANIFEST, body, KEY))


@pytest.mark.parametrize(
    "files",
    [
        [["b", 1, bytes(32)], ["a", 1, bytes(32)]],
        [["a", 1, bytes(32)], ["a", 2, bytes(32)]],
        [["a", 1]],
        [["a"]],
        [["a", 1, bytes(32), 0]],
        [["a", 1, "x" * 32]],
        [["a", 1, bytes(31)]],
        [["a", -1, bytes(32)]],
        [["a", True, bytes(32)]],
        [["a", "1", bytes(32)]],
        [[b"a", 1, bytes(32)]],
        ["a"],
        {},
    ],
)
def test_a_signed_list_that_breaks_a_rule_is_refused(files: CborValue) -> None:
    body = encode({0: 1, 1: "com.example.app", 2: files})
    with pytest.raises(AppIdentityError):
        AppManifest.parse(seal_self_anchored(EnvelopeType.APP_MANIFEST, body, KEY))


def test_a_bundle_id_is_one() -> None:
    with pytest.raises(CredentialError):
        seal_manifest("not a bundle", FILES, KEY)
    body = encode({0: 1, 1: "not a bundle", 2: []})
    with pytest.raises(AppIdentityError):
        AppManifest.parse(seal_self_anchored(EnvelopeType.APP_MANIFEST, body, KEY))
