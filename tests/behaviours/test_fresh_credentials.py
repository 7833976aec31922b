"""Credentials end in every phase of a download: it completes, and nothing restarts."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.behaviours.wire import forward, is_segment

from vodseal import CredentialReason, CredentialRequest, ErrorCode, OfflineLicense, VidSts
from vodseal.clock import SystemClock
from vodseal.player.decode import decode_to_nowhere
from vodseal.player.session import open_sealed
from vodseal.testing.http_server import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.behaviours.house import House
    from tests.behaviours.phone import Ear, Phone
    from tests.behaviours.wire import Wire

    from vodseal import MediaDownloader
    from vodseal.sdk.sources import Source
    from vodseal.testing.http_server import Received

    Video = Callable[..., str]

FRAMES, SEGMENTS = 2000, 14
STS_SECONDS = 900
LATER = 2 * 86_400
"""Seconds after which everything has ended that a client holds."""


class DeviceClock(SystemClock):
    """The house's wall clock; that it jumps is no reason for a timeout."""

    def __init__(self, house: House) -> None:
        self._house = house

    def now(self) -> float:
        return self._house.clock.now()


@dataclass
class AppServer:
    """Gives out credentials, and remembers why it was asked."""

    house: House
    vid: str
    kind: str = "sts"
    reasons: list[CredentialReason] = field(default_factory=list)

    def __call__(self, request: CredentialRequest) -> Source:
        assert request.vid == self.vid
        self.reasons.append(request.reason)
        return self.issue()

    def issue(self) -> Source:
        if self.kind == "auth":
            return self.house.auth(self.vid)
        return self.house.sts(self.vid, seconds=STS_SECONDS)


def is_media(request: Received) -> bool:
    return is_segment(urlsplit(request.target).path)


@dataclass
class Count:
    """Counts what the service gave out, and makes time pass before one request."""

    house: House
    until: Callable[[Received], bool]
    after: int = 0
    seconds: float = LATER
    free: int = 1000
    """Segments beyond these wait until a playlist was fetched again."""

    given: Counter[str] = field(default_factory=Counter)
    signatures: list[str] = field(default_factory=list)
    playlists: int = 0
    refused: int = 0
    passed: bool = False
    changed: threading.Condition = field(default_factory=threading.Condition)

    def __call__(self, request: Received) -> Answer:
        with self.changed:
            self._before(request)
        answer = forward(request)
        path = urlsplit(request.target).path
        with self.changed:
            if is_media(request):
                self.given[path] += answer.status in {200, 206}
            self.playlists += path.endswith(".m3u8")
            self.refused += answer.status == 403
            self.changed.notify_all()
        return answer

    def _before(self, request: Received) -> None:
        if not self.passed and self.until(request):
            self.after -= 1
            if self.after < 0:
                self.passed = True
                self.house.clock.advance(self.seconds)
        if is_media(request):
            self.free -= 1
            self.signatures.append(parse_qs(urlsplit(request.target).query)["auth_key"][0])
            if self.free < 0:
                assert self.changed.wait_for(lambda: self.playlists > 1, 60)

    def wait_for(self, count: int) -> None:
        """Wait until so many segments were given out."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.given.total() >= count, 60)


@pytest.fixture
def device(phone: Phone, house: House) -> Phone:
    phone.clock = DeviceClock(house)
    return phone


def ready(
    device: Phone, wire: Wire, vid: str, kind: str = "sts"
) -> tuple[MediaDownloader, Ear, AppServer]:
    """Return a downloader that lacks nothing but its start, and who gives it credentials."""
    app_server = AppServer(device.house, vid, kind)
    downloader, ear = device.ready(app_server.issue(), wire=wire)
    downloader.set_credential_provider(app_server)
    return downloader, ear, app_server


def assert_whole(downloader: MediaDownloader, count: Count, segments: int = SEGMENTS) -> None:
    """The film plays, and each of its segments came once."""
    with open_sealed(downloader.get_file_path()) as session:
        assert decode_to_nowhere(session).frames in {FRAMES, 100}
    assert len(count.given) == segments
    assert set(count.given.values()) == {1}


@pytest.fixture
def half_an_hour(house: House) -> Iterator[None]:
    """Media URLs last for 1800 seconds, as the vendor's do."""
    settings = house.ask("GetServiceSettings")["Settings"]
    house.set("url-auth-seconds", "1800")
    yield
    house.set("url-auth-seconds", settings["url-auth-seconds"])


ACTIONS = [
    "GetDownloadPolicy",
    "GetPlayInfo",
    "GetRevocationList",
    "GetEnrolmentChallenge",
    "EnrollDevice",
    "AcquireDownloadLicense",
    "GetSegmentDigests",
]


@pytest.mark.behaviour("B51")
@pytest.mark.parametrize("action", ACTIONS)
def test_the_key_is_refused_for_an_action_of_the_start(
    device: Phone, video: Video, wire: Wire, action: str
) -> None:
    downloader, ear, app_server = ready(device, wire, video("short"))
    refused: list[str] = []

    def refuse_once(request: Received) -> Answer:
        if refused:
            return forward(request)
        refused.append(request.query["AccessKeyId"])
        body = b'{"Code":"InvalidSecurityToken.Expired","Message":"","RequestId":"r"}'
        return Answer(status=400, body=body)

    wire.on_action = {action: refuse_once}
    downloader.start()
    ear.wait_for("completed")
    assert len(refused) == 1
    assert app_server.reasons == [CredentialReason.QUEUED_START, CredentialReason.REFUSED]


@pytest.mark.behaviour("B51")
@pytest.mark.parametrize("action", sorted({*ACTIONS} - {"EnrollDevice"}))
def test_the_key_ends_before_an_action_of_the_start(
    device: Phone, house: House, video: Video, wire: Wire, action: str
) -> None:
    downloader, ear, app_server = ready(device, wire, video("short"))
    count = Count(house, lambda request: request.query.get("Action") == action)
    wire.on_action = dict.fromkeys(ACTIONS, count)
    wire.on_media = count
    downloader.start()
    ear.wait_for("completed")
    assert count.passed
    assert app_server.reasons[0] is CredentialReason.QUEUED_START
    assert set(app_server.reasons[1:]) <= {
        CredentialReason.REFUSED,
        CredentialReason.AHEAD_OF_EXPIRY,
    }
    assert 2 <= len(app_server.reasons) <= 4
    assert_whole(downloader, count, 1)
    assert ear.names.count("completed") == 1


@pytest.mark.behaviour("B51")
@pytest.mark.parametrize("action", ["GetDownloadPolicy", "GetPlayInfo"])
def test_the_key_ends_before_an_action_of_the_prepare(
    device: Phone, house: House, video: Video, wire: Wire, action: str
) -> None:
    vid = video("short")
    downloader, ear, app_server = ready(device, wire, vid)
    count = Count(house, lambda request: request.query.get("Action") == action)
    wire.on_action = {action: count}
    downloader.prepare(replace(house.sts(vid, seconds=STS_SECONDS), expiration=""))
    ear.wait_for("prepared")
    assert count.passed
    assert app_server.reasons == [CredentialReason.REFUSED]


@pytest.mark.behaviour("B51")
@pytest.mark.parametrize("what", ["playlist", "key"])
def test_a_url_or_token_ends_before_a_small_thing_is_fetched(
    device: Phone, house: House, video: Video, wire: Wire, what: str
) -> None:
    def is_it(request: Received) -> bool:
        path = urlsplit(request.target).path
        return path.endswith(".m3u8") if what == "playlist" else path == "/key"

    downloader, ear, app_server = ready(device, wire, video("short"))
    wire.on_media = count = Count(house, is_it)
    downloader.start()
    ear.wait_for("completed")
    assert count.passed
    assert 1 <= count.refused <= 2
    assert CredentialReason.REFUSED in app_server.reasons
    assert_whole(downloader, count, 1)


@pytest.mark.behaviour("B38", "B51")
@pytest.mark.parametrize(("after", "kind"), [(0, "sts"), (7, "auth"), (7, "sts"), (13, "sts")])
def test_media_urls_and_the_key_end_amid_the_segments(
    device: Phone, video: Video, wire: Wire, after: int, kind: str
) -> None:
    house = device.house
    downloader, ear, app_server = ready(device, wire, video("long"), kind)
    wire.on_media = count = Count(house, is_media, after=after)
    downloader.start()
    ear.wait_for("completed")
    assert count.passed
    assert 1 <= count.refused <= 9
    assert len(app_server.reasons) >= 2
    assert_whole(downloader, count)
    assert ear.values("downloading") == sorted(ear.values("downloading"))


@pytest.mark.behaviour("B38")
@pytest.mark.usefixtures("half_an_hour")
def test_media_urls_that_end_are_renewed_while_the_key_holds(
    device: Phone, house: House, video: Video, wire: Wire
) -> None:
    """Nobody has to be asked for that: the app's own source still is good."""
    downloader, ear = device.ready(house.sts(video("long"), seconds=3600), wire=wire)
    wire.on_media = count = Count(house, is_media, after=5, seconds=2000)
    downloader.start()
    ear.wait_for("completed")
    assert count.refused >= 1
    assert count.playlists == 2
    assert_whole(downloader, count)


@pytest.mark.behaviour("B51")
@pytest.mark.usefixtures("half_an_hour")
def test_what_ends_soon_is_renewed_before_it_is_refused(
    device: Phone, house: House, video: Video, wire: Wire
) -> None:
    downloader, ear, app_server = ready(device, wire, video("long"))
    wire.on_media = count = Count(house, is_media, after=3, seconds=1770, free=4)
    downloader.start()
    ear.wait_for("completed")
    assert count.refused == 0
    assert app_server.reasons == [
        CredentialReason.QUEUED_START,
        CredentialReason.AHEAD_OF_EXPIRY,
    ]
    assert len(set(count.signatures)) > 1
    assert_whole(downloader, count)


@pytest.mark.behaviour("B10", "B51")
def test_a_source_that_is_set_while_running_takes_effect(
    device: Phone, house: House, video: Video, wire: Wire
) -> None:
    vid = video("long")
    downloader, ear = device.ready(house.sts(vid), wire=wire)
    wire.on_media = count = Count(house, is_media, after=1000, free=4)
    downloader.start()
    count.wait_for(4)
    before = set(count.signatures)
    house.clock.advance(5)
    fresh = house.sts(vid)
    downloader.update_source(house.sts("anothervideo"))  # it waits for the next start
    downloader.update_source(fresh)
    ear.wait_for("completed")
    asked = [one.query for one in wire.requests if one.query.get("Action") == "GetPlayInfo"]
    assert asked[-1]["AccessKeyId"] == fresh.access_key_id
    assert len(asked) == 2
    assert set(count.signatures) - before
    assert_whole(downloader, count)
    assert ear.values("downloading") == sorted(ear.values("downloading"))


@pytest.mark.behaviour("B51")
def test_a_queued_task_needs_no_credential_before_it_starts(
    device: Phone, house: House, video: Video, wire: Wire
) -> None:
    vid = video("short")
    app_server = AppServer(house, vid)
    downloader, ear = device.ready(VidSts(vid=vid, endpoint=house.endpoint), wire=wire)
    downloader.set_credential_provider(app_server)
    assert app_server.reasons == []
    downloader.start()
    ear.wait_for("completed")
    assert app_server.reasons == [CredentialReason.QUEUED_START]


@pytest.mark.behaviour("B11", "B51")
def test_a_provider_that_has_nothing_changes_no_number(
    device: Phone, house: House, video: Video
) -> None:
    vid = video("short")
    downloader, ear = device.ready(house.sts(vid, seconds=STS_SECONDS))
    downloader.set_credential_provider(lambda _: None)
    house.clock.advance(STS_SECONDS + 1)
    downloader.start()
    assert ear.wait_for("error").code is ErrorCode.SERVER_POP_TOKEN_EXPIRED


@pytest.mark.behaviour("B51")
def test_a_license_is_renewed_with_a_fresh_credential(
    device: Phone, house: House, video: Video
) -> None:
    vid = video("short")
    old = house.sts(vid, seconds=STS_SECONDS)
    path, _ = device.download(old)
    house.clock.advance(STS_SECONDS + 1)
    app_server = AppServer(house, vid)
    OfflineLicense.renew(path, old, credential_provider=app_server)
    assert app_server.reasons == [CredentialReason.REFUSED]


@pytest.mark.behaviour("B30")
def test_a_stop_waits_for_no_provider(device: Phone, house: House, video: Video) -> None:
    called, over = threading.Event(), threading.Event()

    def hang(_: CredentialRequest) -> Source | None:
        called.set()
        over.wait(60)
        return None

    downloader, ear = device.ready(house.sts(video("short")))
    downloader.set_credential_provider(hang)
    downloader.start()
    assert called.wait(20)
    downloader.stop()
    over.set()
    assert ear.names == []
