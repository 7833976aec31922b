"""Play infos of one stream on several servers, and URLs that are renewed from them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from tests.unit.sdk.stand_in import StandIn, play_info

from vodseal import DownloaderConfig
from vodseal.clock import SystemClock
from vodseal.download.addresses import Cause
from vodseal.download.small_fetch import HttpFetcher
from vodseal.error_codes import ErrorCode
from vodseal.errors import MediaRefusedError
from vodseal.media.tracks import MediaInfo, TrackInfo, media_info
from vodseal.sdk.credentials import LiveSource
from vodseal.sdk.job_maker import JobMaker
from vodseal.sdk.mirrors import with_mirrors
from vodseal.sdk.network import fetcher_config
from vodseal.sdk.playlists import MediaAddresses
from vodseal.sdk.renewal import RenewalParts, SourceRenewer
from vodseal.sdk.transport import RpcClient
from vodseal.testing.http_server import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vodseal.clock import Clock
    from vodseal.download.job import JobSpec
    from vodseal.sdk.credentials import CredentialRequest
    from vodseal.sdk.sources import Source
    from vodseal.testing.http_server import Received

ID = b"d" * 16
PLAYLIST = """#EXTM3U
#EXT-X-TARGETDURATION:4
#EXTINF:4,
s0.ts?auth_key={key}
#EXTINF:2,
s1.ts?auth_key={key}
#EXT-X-ENDLIST
"""


def track(index: int, url: str, **more: Any) -> TrackInfo:
    values = {"vod_format": "m3u8", "vod_definition": "HD", "job_id": "j"} | more
    return TrackInfo(index=index, vod_play_url=url, **values)


def test_mirrors_differ_in_their_server_alone() -> None:
    own = track(0, "https://a/x/0.m3u8?auth_key=1")
    mirror = track(5, "https://b/x/0.m3u8?auth_key=2")
    others = (
        track(1, "https://b/x/0.m3u8", job_id="k"),
        track(2, "https://b/y/0.m3u8"),
        track(3, "https://b/x/0.m3u8", vod_definition="LD"),
        track(4, "https://a/x/0.m3u8?auth_key=3"),
    )
    media = MediaInfo(tracks=(own, *others, mirror, replace(mirror, index=6)))
    assert with_mirrors(media, own) == (own, mirror)
    assert with_mirrors(media, mirror) == (mirror, own)


class Two:
    """A service, and a second server for its media."""

    def __init__(self, service: StandIn, mirror: StandIn) -> None:
        self.service, self.mirror, self.key = service, mirror, 0
        self.live = LiveSource(service.sts())
        service.actions["GetPlayInfo"] = self.streams
        for one in (service, mirror):
            one.files["/media/0.m3u8"] = self.playlist

    def streams(self, _: Received) -> Any:
        self.key += 1
        infos = [
            play_info(self.service, Format="m3u8", JobId="j"),
            play_info(self.mirror, Format="m3u8", JobId="j"),
        ]
        self.service.offer("normal", *infos)
        given = self.service.actions["GetPlayInfo"]
        self.service.actions["GetPlayInfo"] = self.streams
        return given

    def playlist(self, _: Received) -> Answer:
        return Answer(body=PLAYLIST.format(key=self.key).encode())

    def make(self) -> tuple[JobMaker, JobSpec]:
        client = RpcClient.for_live(self.live)
        media = media_info(client.get_play_info(self.live.current))
        maker = JobMaker(
            client=client,
            fetcher=HttpFetcher(fetcher_config(DownloaderConfig())),
            source=self.live.current,
            media=media,
            track=media.tracks[0],
            trust=None,
            convert=None,
        )
        return maker, maker.make(ID, secure=False)

    def renewer(self, job: JobSpec, clock: Clock | None = None) -> SourceRenewer:
        config = DownloaderConfig()
        fetcher = HttpFetcher(fetcher_config(config))
        return SourceRenewer(
            RenewalParts(
                live=self.live,
                job=job,
                index=0,
                job_id="j",
                mirror_count=2,
                config=config,
                addresses=MediaAddresses(fetcher=fetcher, convert=None),
                clock=clock or SystemClock(),
                is_stopped=lambda: False,
            )
        )

    def urls(self, key: int) -> list[tuple[str, ...]]:
        return [
            tuple(f"{one.server.url}/media/s{n}.ts?auth_key={key}" for n in range(2))
            for one in (self.service, self.mirror)
        ]


@pytest.fixture
def two(stand_in: StandIn) -> Iterator[Two]:
    mirror = StandIn()
    with mirror.server:
        yield Two(stand_in, mirror)


def test_a_playlist_comes_from_whichever_server_gives_it(two: Two) -> None:
    two.service.files["/media/0.m3u8"] = Answer(status=404)
    maker, job = two.make()
    assert tuple(segment.url for segment in job.segments) == two.urls(1)[1]
    assert maker.mirrors() == (None,)


def test_when_no_server_gives_it_the_first_one_s_word_counts(two: Two) -> None:
    two.service.files["/media/0.m3u8"] = two.mirror.files["/media/0.m3u8"] = Answer(status=403)
    with pytest.raises(MediaRefusedError) as caught:
        two.make()
    assert caught.value.code is ErrorCode.URL_CANNOT_REACH


def test_fresh_urls_are_those_of_every_server(two: Two) -> None:
    _, job = two.make()
    renewer = two.renewer(job)
    assert not renewer.is_due
    assert renewer.renew(Cause.MIRROR, again=False) == tuple(two.urls(2))


def test_a_server_without_the_playlist_is_left_out(two: Two) -> None:
    _, job = two.make()
    two.mirror.files["/media/0.m3u8"] = Answer(status=404)
    renewer = two.renewer(job)
    assert renewer.renew(Cause.REFUSED, again=False) == (two.urls(2)[0], None)


@pytest.mark.parametrize(
    "other",
    [PLAYLIST.replace("s1", "s9"), PLAYLIST.replace("#EXTINF:2,\ns1.ts?auth_key={key}\n", "")],
)
def test_a_playlist_of_other_segments_gives_nothing(two: Two, other: str) -> None:
    _, job = two.make()
    for one in (two.service, two.mirror):
        one.files["/media/0.m3u8"] = other.encode()
    assert two.renewer(job).renew(Cause.REFUSED, again=False) is None


def test_another_source_is_due_at_once_and_once(two: Two) -> None:
    _, job = two.make()
    renewer = two.renewer(job)
    two.live.replace(replace(two.live.current, access_key_id="fresh"))
    assert renewer.is_due
    assert renewer.renew(Cause.DUE, again=False) is not None
    assert not renewer.is_due
    assert two.service.server.received[-1].query.get("AccessKeyId", "fresh") == "fresh"


def test_the_app_is_asked_when_the_same_credential_does_not_help(two: Two) -> None:
    _, job = two.make()
    asked: list[CredentialRequest] = []

    def provide(request: CredentialRequest) -> Source:
        asked.append(request)
        two.key = 7
        return two.service.sts()

    two.live = LiveSource(two.live.current, provider=provide)
    for one in (two.service, two.mirror):
        one.files["/media/0.m3u8"] = lambda _: (
            Answer(body=PLAYLIST.format(key=two.key).encode()) if asked else Answer(status=403)
        )
    fresh = two.renewer(job).renew(Cause.REFUSED, again=False)
    assert fresh == tuple(two.urls(8))
    assert [request.reason for request in asked] == ["refused"]


def test_after_a_renewal_in_vain_the_app_is_asked_first(two: Two) -> None:
    _, job = two.make()
    asked: list[CredentialRequest] = []
    give: Callable[[CredentialRequest], None] = asked.append
    two.live = LiveSource(two.live.current, provider=give)  # type: ignore[arg-type]
    assert two.renewer(job).renew(Cause.REFUSED, again=True) is not None
    assert len(asked) == 1
