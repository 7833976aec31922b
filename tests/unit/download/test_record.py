"""The sealed record opens under its own key and download alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vodseal.container.cbor import decode, encode
from vodseal.download.job import JobSpec, SegmentSpec, SourceKind
from vodseal.download.record import decode_job, encode_job, open_job, seal_job
from vodseal.errors import MalformedError, TamperedError, UnsupportedVersionError

CK = b"c" * 32
JOB = JobSpec(
    kind=SourceKind.HLS,
    download_id=b"D" * 16,
    secure=True,
    segments=(
        SegmentSpec(url="https://h/init?auth_key=1", path="/init", init=True, size=7),
        SegmentSpec(url="https://h/a", path="/a", key=b"K" * 16, iv=b"I" * 16, duration=6.006),
        SegmentSpec(url="https://h/b", path="/b", start=0, length=9, discontinuity=True),
    ),
    digest_algorithm=2,
    digests=(b"1" * 32, b"2" * 32, b"3" * 32),
    digests_root=b"r" * 32,
    title="Ein Film",
    duration_ms=12_012,
    size=1234,
)
PLAIN = JobSpec(
    kind=SourceKind.RANGES,
    download_id=b"E" * 16,
    secure=False,
    segments=(SegmentSpec(url="https://h/a.mp3", path="/a.mp3"),),
    content_type="audio/mpeg",
)


@pytest.mark.parametrize("job", [JOB, PLAIN])
def test_a_job_comes_back_as_it_was(job: JobSpec) -> None:
    assert open_job(seal_job(job, CK), CK, job.download_id) == job


def test_no_key_and_no_url_is_in_clear() -> None:
    sealed = seal_job(JOB, CK)
    assert b"K" * 16 not in sealed
    assert b"auth_key" not in sealed


@pytest.mark.parametrize(("key", "download_id"), [(b"x" * 32, b"D" * 16), (CK, b"E" * 16)])
def test_another_key_or_download_does_not_open_it(key: bytes, download_id: bytes) -> None:
    with pytest.raises(TamperedError):
        open_job(seal_job(JOB, CK), key, download_id)


def test_a_record_of_another_download_under_the_same_key_is_refused() -> None:
    with pytest.raises(TamperedError):
        open_job(seal_job(replace(JOB, download_id=b"X" * 16), CK), CK, b"D" * 16)


def test_a_later_version_is_named() -> None:
    fields = decode(encode_job(JOB))
    assert isinstance(fields, dict)
    with pytest.raises(UnsupportedVersionError):
        decode_job(encode({**fields, 0: 2}))


@pytest.mark.parametrize("change", [{23: 1}, {1: 9}, {6: b"1" * 31}, {2: b"short"}, {3: 1}])
def test_what_the_format_does_not_know_is_malformed(change: dict[int, object]) -> None:
    fields = decode(encode_job(JOB))
    assert isinstance(fields, dict)
    with pytest.raises(MalformedError):
        decode_job(encode({**fields, **change}))  # type: ignore[dict-item]  # keywords from a table


def test_keys_and_urls_do_not_show() -> None:
    assert "KKKK" not in repr(JOB)
    assert "auth_key" not in repr(JOB)
