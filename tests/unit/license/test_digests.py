from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from blake3 import blake3

from vodseal.container.cbor import CborMap, decode, encode
from vodseal.credential.envelope import EnvelopeType, open_envelope, seal_envelope
from vodseal.errors import FormatError, MalformedError, MisuseError, TamperedError, WrongKeyError
from vodseal.license import digests as digests_module
from vodseal.license.digests import (
    DigestAlgorithm,
    SegmentDigests,
    digest_segment,
    open_digests,
    seal_digests,
)

if TYPE_CHECKING:
    from .conftest import World

SEGMENTS = [b"first segment", b"", b"third" * 5000]
ALGORITHMS = list(DigestAlgorithm)


def sealed(
    world: World, algorithm: DigestAlgorithm = DigestAlgorithm.BLAKE3_256
) -> tuple[bytes, bytes]:
    return seal_digests(
        vid="vid",
        job_id="job",
        digests=[digest_segment(algorithm, segment) for segment in SEGMENTS],
        algorithm=algorithm,
        signing_key=world.license_key,
    )


def opened(world: World, manifest: bytes, digests: bytes) -> SegmentDigests:
    keys = world.trust.for_type(EnvelopeType.SEGMENT_DIGESTS)
    return open_digests(manifest, digests, keys, vid="vid", job_id="job")


def test_the_stored_numbers_of_algorithms() -> None:
    assert {a.name: int(a) for a in DigestAlgorithm} == {"SHA256": 1, "BLAKE3_256": 2}
    assert digest_segment(DigestAlgorithm.SHA256, b"x") == hashlib.sha256(b"x").digest()
    assert digest_segment(DigestAlgorithm.BLAKE3_256, b"x") == blake3(b"x").digest()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_each_segment_is_known_in_its_place(world: World, algorithm: DigestAlgorithm) -> None:
    listed = opened(world, *sealed(world, algorithm))
    assert listed.count == 3
    assert (listed.vid, listed.job_id) == ("vid", "job")
    assert listed.algorithm is algorithm
    for index, segment in enumerate(SEGMENTS):
        listed.check(index, segment)
        for wrong in (segment + b"x", SEGMENTS[(index + 1) % 3]):
            with pytest.raises(TamperedError):
                listed.check(index, wrong)


@pytest.mark.parametrize("index", [-1, 3, 1000])
def test_there_is_no_such_segment(world: World, index: int) -> None:
    with pytest.raises(TamperedError):
        opened(world, *sealed(world)).check(index, SEGMENTS[2])


def test_no_flipped_bit_survives(world: World) -> None:
    manifest, digests = sealed(world)
    for bit in range(len(manifest) * 8):
        changed = bytearray(manifest)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(FormatError):
            opened(world, bytes(changed), digests)
    for bit in range(len(digests) * 8):
        listed = bytearray(digests)
        listed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(TamperedError):
            opened(world, manifest, bytes(listed))


@pytest.mark.parametrize("change", [-32, -1, 1, 32])
def test_the_list_has_its_length(world: World, change: int) -> None:
    manifest, digests = sealed(world)
    with pytest.raises(MalformedError):
        opened(world, manifest, (digests + bytes(64))[: len(digests) + change])


@pytest.mark.parametrize(("vid", "job_id"), [("vid", "other"), ("other", "job"), ("vidj", "ob")])
def test_the_digests_of_another_stream_are_refused(world: World, vid: str, job_id: str) -> None:
    keys = world.trust.for_type(EnvelopeType.SEGMENT_DIGESTS)
    with pytest.raises(TamperedError):
        open_digests(*sealed(world), keys, vid=vid, job_id=job_id)


def test_a_key_for_security_files_signs_no_digests(world: World) -> None:
    with pytest.raises(WrongKeyError):
        open_digests(
            *sealed(world),
            world.trust.for_type(EnvelopeType.SECURITY_FILE),
            vid="vid",
            job_id="job",
        )


@pytest.mark.parametrize(
    "change", [{0: 2}, {1: b"vid"}, {3: 0}, {3: 3}, {4: 1 << 25}, {5: -1}, {6: bytes(31)}, {7: 0}]
)
def test_a_signed_manifest_that_breaks_a_rule_is_refused(world: World, change: CborMap) -> None:
    manifest, digests = sealed(world)
    keys = world.trust.for_type(EnvelopeType.SEGMENT_DIGESTS)
    fields = decode(open_envelope(manifest, EnvelopeType.SEGMENT_DIGESTS, keys))
    assert isinstance(fields, dict)
    changed = seal_envelope(
        EnvelopeType.SEGMENT_DIGESTS, encode(fields | change), world.license_key
    )
    with pytest.raises(FormatError):
        opened(world, changed, digests)


def test_ranges_of_one_file_and_an_empty_stream(world: World) -> None:
    manifest, digests = seal_digests(
        vid="vid", job_id="job", digests=[], signing_key=world.license_key, range_size=4 << 20
    )
    assert opened(world, manifest, digests).range_size == 4 << 20
    with pytest.raises(MisuseError):
        seal_digests(vid="vid", job_id="job", digests=[b"short"], signing_key=world.license_key)


def test_a_stream_has_no_more_segments_than_are_allowed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests_module, "_MAX_COUNT", 3)
    assert opened(world, *sealed(world)).count == 3
    with pytest.raises(MisuseError):
        seal_digests(
            vid="vid", job_id="job", digests=[bytes(32)] * 4, signing_key=world.license_key
        )


def test_the_manifest_is_the_specification_s(world: World) -> None:
    manifest, digests = sealed(world)
    keys = world.trust.for_type(EnvelopeType.SEGMENT_DIGESTS)
    assert digests == b"".join(blake3(segment).digest() for segment in SEGMENTS)
    assert decode(open_envelope(manifest, EnvelopeType.SEGMENT_DIGESTS, keys)) == {
        0: 1,
        1: "vid",
        2: "job",
        3: 2,
        4: 3,
        5: 0,
        6: hashlib.sha256(b"vodseal1/digests\0" + digests).digest(),
    }
