"""A track becomes a job: segments, keys, digests."""

from __future__ import annotations

import base64
import logging
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.unit.sdk.stand_in import VID, Refusal, StandIn, play_info

from vodseal import VidPlayerConfigGen
from vodseal.credential.envelope import EnvelopeType
from vodseal.credential.trust import VerificationKeys
from vodseal.download.job import SourceKind
from vodseal.error_codes import ErrorCode
from vodseal.errors import DownloadError, RequestError
from vodseal.license.digests import DigestAlgorithm, seal_digests
from vodseal.media.tracks import media_info
from vodseal.sdk.job_maker import JobMaker
from vodseal.sdk.transport import RpcClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vodseal.download.job import JobSpec

DOWNLOAD_ID = b"d" * 16
KEY = b"k" * 16
HOST = "http://cdn.example"
PLAYLIST_URL = f"{HOST}/media/0.m3u8?auth_key=signed"
CLEAR_PLAYLIST = """#EXTM3U
#EXT-X-TARGETDURATION:4
#EXTINF:4,
seg-0.ts?auth_key=a
#EXTINF:2,
seg-1.ts?auth_key=b
#EXT-X-ENDLIST
"""
SEALED_PLAYLIST = CLEAR_PLAYLIST.replace(
    "#EXTINF:4,", '#EXT-X-KEY:METHOD=AES-128,URI="/key?Ciphertext=x",IV=0x01\n#EXTINF:4,'
)
PRIVATE_PLAYLIST = SEALED_PLAYLIST.replace("/key?Ciphertext=x", "vodseal-license:job-0").replace(
    "IV=0x01", 'IV=0x01,KEYFORMAT="vodseal-license"'
)
DIGESTS = [b"1" * 32, b"2" * 32]


class FakeFetcher:
    """Bytes by URL; anything else cannot be reached."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {PLAYLIST_URL: CLEAR_PLAYLIST.encode()}
        self.asked: list[str] = []

    def get(self, url: str, *, limit: int) -> bytes:
        self.asked.append(url)
        if url not in self.files:
            raise DownloadError(ErrorCode.URL_CANNOT_REACH, "the server refused: 404")
        assert len(self.files[url]) <= limit
        return self.files[url]


@pytest.fixture
def fetcher() -> FakeFetcher:
    return FakeFetcher()


@pytest.fixture
def service_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


@pytest.fixture
def client(stand_in: StandIn) -> Iterator[RpcClient]:
    with RpcClient.for_source(stand_in.sts()) as client:
        yield client


def trust_in(key: Ed25519PrivateKey) -> VerificationKeys:
    return VerificationKeys({EnvelopeType.SEGMENT_DIGESTS: (key.public_key().public_bytes_raw(),)})


@pytest.fixture
def make(stand_in: StandIn, client: RpcClient, fetcher: FakeFetcher) -> Any:
    def make(
        stream: dict[str, Any] | None = None,
        *,
        play_config: str = "",
        trust: VerificationKeys | None = None,
        convert: Any = None,
        title: str = "",
        transport_key: bytes | None = None,
    ) -> JobSpec:
        info = play_info(stand_in, Format="m3u8", PlayURL=PLAYLIST_URL) | (stream or {})
        stand_in.offer("secure", info)
        source = stand_in.sts(play_config=play_config, title=title)
        media = media_info(client.get_play_info(source))
        return JobMaker(
            client=client,
            fetcher=fetcher,
            source=source,
            media=media,
            track=media.tracks[0],
            trust=trust,
            convert=convert,
            transport_key=transport_key,
        ).make(DOWNLOAD_ID, secure=True)

    return make


def test_a_playlist_becomes_its_segments(make: Any) -> None:
    job = make()
    assert job.kind is SourceKind.HLS
    assert [segment.url for segment in job.segments] == [
        f"{HOST}/media/seg-0.ts?auth_key=a",
        f"{HOST}/media/seg-1.ts?auth_key=b",
    ]
    assert [segment.path for segment in job.segments] == ["/media/seg-0.ts", "/media/seg-1.ts"]
    assert (job.download_id, job.secure, job.title) == (DOWNLOAD_ID, True, "A film")
    assert (job.duration_ms, job.size, job.content_type) == (3000, 100, "video/mp4")
    assert job.digest_algorithm is None


@pytest.mark.parametrize(("name", "content_type"), [("mp4", "video/mp4"), ("mp3", "audio/mpeg")])
def test_a_file_becomes_one_segment(
    make: Any, fetcher: FakeFetcher, name: str, content_type: str
) -> None:
    job = make({"Format": name, "PlayURL": f"{HOST}/media/0.{name}?auth_key=x"})
    assert job.kind is SourceKind.RANGES
    assert [segment.url for segment in job.segments] == [f"{HOST}/media/0.{name}?auth_key=x"]
    assert job.content_type == content_type
    assert fetcher.asked == []


def test_the_sources_own_title_wins(make: Any) -> None:
    assert make(title="Mine").title == "Mine"


@pytest.mark.behaviour("B41")
@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("/key?Ciphertext=x", f"{HOST}/key?Ciphertext=x&MtsHlsUriToken=t%2Bk"),
        ("/key", f"{HOST}/key?MtsHlsUriToken=t%2Bk"),
        ("/key?MtsHlsUriToken=own", f"{HOST}/key?MtsHlsUriToken=own"),
    ],
)
def test_keys_are_asked_for_with_the_token(
    make: Any, fetcher: FakeFetcher, written: str, asked: str
) -> None:
    fetcher.files[PLAYLIST_URL] = SEALED_PLAYLIST.replace("/key?Ciphertext=x", written).encode()
    fetcher.files[asked] = KEY
    config = VidPlayerConfigGen()
    config.set_mts_hls_uri_token("t+k")
    job = make(play_config=config.generate())
    assert fetcher.asked == [PLAYLIST_URL, asked]
    assert {segment.key for segment in job.segments} == {KEY}
    assert KEY.hex() not in repr(job)
    assert repr(KEY)[2:-1] not in repr(job)


@pytest.mark.behaviour("B40")
@pytest.mark.parametrize("key", [None, b"", b"short", b"k" * 15], ids=["refused", "0", "5", "15"])
def test_a_key_that_is_none_has_its_own_number(
    make: Any, fetcher: FakeFetcher, key: bytes | None
) -> None:
    fetcher.files[PLAYLIST_URL] = SEALED_PLAYLIST.encode()
    if key is not None:
        fetcher.files[f"{HOST}/key?Ciphertext=x"] = key
    with pytest.raises(DownloadError) as caught:
        make()
    assert caught.value.code is ErrorCode.GET_AES_KEY_FAIL


@pytest.mark.behaviour("B40")
@pytest.mark.parametrize("method", ["SAMPLE-AES", 'AES-128,KEYFORMAT="com.widevine"'])
def test_a_playlist_under_another_cipher_is_not_supported(
    make: Any, fetcher: FakeFetcher, method: str
) -> None:
    text = SEALED_PLAYLIST.replace("METHOD=AES-128", f"METHOD={method}")
    fetcher.files[PLAYLIST_URL] = text.encode()
    with pytest.raises(DownloadError) as caught:
        make()
    assert caught.value.code is ErrorCode.ENCRYPTION_NOT_SUPPORT


@pytest.mark.behaviour("B15")
def test_the_key_of_a_private_stream_is_asked_for_nowhere(make: Any, fetcher: FakeFetcher) -> None:
    fetcher.files[PLAYLIST_URL] = PRIVATE_PLAYLIST.encode()
    config = VidPlayerConfigGen()
    config.set_mts_hls_uri_token("token")
    job = make(play_config=config.generate(), transport_key=KEY)
    assert fetcher.asked == [PLAYLIST_URL]
    assert [(segment.key, segment.iv) for segment in job.segments] == [(KEY, bytes(15) + b"\1")] * 2


@pytest.mark.parametrize(
    "text",
    [
        CLEAR_PLAYLIST,
        SEALED_PLAYLIST,
        PRIVATE_PLAYLIST.replace("job-0", "job-1"),
        PRIVATE_PLAYLIST.replace("#EXTINF:2,", "#EXT-X-KEY:METHOD=NONE\n#EXTINF:2,"),
        PRIVATE_PLAYLIST.replace(
            "#EXTINF:2,", '#EXT-X-KEY:METHOD=NONE\n#EXT-X-KEY:METHOD=AES-128,URI="/key"\n#EXTINF:2,'
        ),
        PRIVATE_PLAYLIST.replace("#EXT-X-KEY:", '#EXT-X-MAP:URI="init.mp4"\n#EXT-X-KEY:', 1),
    ],
    ids=[
        "clear",
        "standard",
        "another stream's",
        "partly clear",
        "partly standard",
        "clear section",
    ],
)
def test_a_private_stream_is_private_throughout(make: Any, fetcher: FakeFetcher, text: str) -> None:
    fetcher.files[PLAYLIST_URL] = text.encode()
    with pytest.raises(DownloadError) as caught:
        make(transport_key=KEY)
    assert caught.value.code is ErrorCode.ENCRYPTION_NOT_SUPPORT
    assert fetcher.asked == [PLAYLIST_URL]


def test_a_private_playlist_of_another_stream_is_refused(make: Any, fetcher: FakeFetcher) -> None:
    fetcher.files[PLAYLIST_URL] = PRIVATE_PLAYLIST.encode()
    with pytest.raises(DownloadError) as caught:
        make()
    assert caught.value.code is ErrorCode.ENCRYPTION_NOT_SUPPORT
    assert fetcher.asked == [PLAYLIST_URL]


@pytest.mark.parametrize("job_id", ["", "a job", "x" * 65])
def test_a_private_stream_without_a_proper_id_is_no_format(
    make: Any, fetcher: FakeFetcher, job_id: str
) -> None:
    fetcher.files[PLAYLIST_URL] = PRIVATE_PLAYLIST.encode()
    with pytest.raises(DownloadError) as caught:
        make({"JobId": job_id}, transport_key=KEY)
    assert caught.value.code is ErrorCode.NOT_SUPPORT_FORMAT


@pytest.mark.parametrize(
    "text", ["", "<html>log in</html>", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nx"]
)
def test_what_is_no_media_playlist_is_no_format(make: Any, fetcher: FakeFetcher, text: str) -> None:
    fetcher.files[PLAYLIST_URL] = text.encode()
    with pytest.raises(DownloadError) as caught:
        make()
    assert caught.value.code is ErrorCode.NOT_SUPPORT_FORMAT


@pytest.mark.behaviour("B44")
def test_a_converter_sees_every_media_url_with_its_format(make: Any, fetcher: FakeFetcher) -> None:
    seen: list[tuple[str, str]] = []

    def convert(url: str, hint: str) -> str | None:
        seen.append((url, hint))
        return None if "seg-1" in url else url.replace("cdn.", "proxy.")

    fetcher.files[PLAYLIST_URL.replace("cdn.", "proxy.")] = CLEAR_PLAYLIST.encode()
    job = make(convert=convert)
    assert seen == [
        (PLAYLIST_URL, "m3u8"),
        (f"{HOST}/media/seg-0.ts?auth_key=a", ""),
        (f"{HOST}/media/seg-1.ts?auth_key=b", ""),
    ]
    assert [segment.url for segment in job.segments] == [
        "http://proxy.example/media/seg-0.ts?auth_key=a",
        f"{HOST}/media/seg-1.ts?auth_key=b",
    ]
    assert [segment.path for segment in job.segments] == ["/media/seg-0.ts", "/media/seg-1.ts"]


@pytest.mark.behaviour("B44")
def test_a_converter_of_a_file_hears_its_format(make: Any) -> None:
    seen: list[str] = []
    make(
        {"Format": "mp4", "PlayURL": f"{HOST}/0.mp4"},
        convert=lambda _, hint: seen.append(hint),
    )
    assert seen == ["mp4"]


def test_a_converter_that_raises_is_logged_and_passed_over(
    make: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def convert(url: str, hint: str) -> str:
        raise ValueError(url)

    with caplog.at_level(logging.ERROR):
        job = make(convert=convert)
    assert job.segments[0].url == f"{HOST}/media/seg-0.ts?auth_key=a"
    assert set(caplog.messages) == {"A URL converter raised ValueError; the URL is used as it is"}
    assert "auth_key" not in caplog.text


def signed(key: Ed25519PrivateKey, *, job_id: str = "job-0", range_size: int = 0) -> dict[str, str]:
    manifest, digests = seal_digests(
        vid=VID, job_id=job_id, digests=DIGESTS, signing_key=key, range_size=range_size
    )
    texts = {"Manifest": manifest, "Digests": digests}
    return {name: base64.b64encode(data).decode() for name, data in texts.items()}


def test_digests_that_the_service_signed_go_into_the_job(
    make: Any, stand_in: StandIn, service_key: Ed25519PrivateKey
) -> None:
    stand_in.actions["GetSegmentDigests"] = signed(service_key)
    job = make(trust=trust_in(service_key))
    assert job.digests == tuple(DIGESTS)
    assert job.digest_algorithm == DigestAlgorithm.BLAKE3_256
    assert job.digests_root is not None


def test_without_anybody_to_trust_digests_are_not_asked_for(
    make: Any, stand_in: StandIn, service_key: Ed25519PrivateKey
) -> None:
    stand_in.actions["GetSegmentDigests"] = signed(service_key)
    assert make().digests == ()
    assert "GetSegmentDigests" not in stand_in.asked


@pytest.mark.parametrize("code", ["NoSuchResource", "InvalidAction.NotFound"])
def test_a_stream_without_digests_is_downloaded_without(
    make: Any, stand_in: StandIn, service_key: Ed25519PrivateKey, code: str
) -> None:
    stand_in.actions["GetSegmentDigests"] = Refusal(code=code, status=404)
    assert make(trust=trust_in(service_key)).digest_algorithm is None


def test_any_other_refusal_ends_the_run(
    make: Any, stand_in: StandIn, service_key: Ed25519PrivateKey
) -> None:
    stand_in.actions["GetSegmentDigests"] = Refusal(code="Forbidden", status=403)
    with pytest.raises(RequestError):
        make(trust=trust_in(service_key))


def test_digests_of_another_signer_or_stream_are_refused(
    make: Any, stand_in: StandIn, service_key: Ed25519PrivateKey
) -> None:
    good = signed(service_key)
    bad = [
        signed(Ed25519PrivateKey.generate()),
        signed(service_key, job_id="job-9"),
        good | {"Digests": base64.b64encode(b"3" * 64).decode()},
        good | {"Digests": "not base64!"},
    ]
    for answer in bad:
        stand_in.actions["GetSegmentDigests"] = answer
        with pytest.raises(DownloadError) as caught:
            make(trust=trust_in(service_key))
        assert caught.value.code is ErrorCode.ENCRYPT_ERROR


def test_digests_of_other_ranges_than_ours_do_not_count(
    make: Any, stand_in: StandIn, service_key: Ed25519PrivateKey
) -> None:
    stream = {"Format": "mp4", "PlayURL": f"{HOST}/0.mp4"}
    for range_size, count in ((4 << 20, 2), (1 << 20, 0), (0, 0)):
        stand_in.actions["GetSegmentDigests"] = signed(service_key, range_size=range_size)
        assert len(make(stream, trust=trust_in(service_key)).digests) == count
