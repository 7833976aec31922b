"""A film in a real browser: it plays, it jumps, and the page says what is wrong with it."""

from __future__ import annotations

import io
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING

import av
import pytest
from tests.rendering import Film, render
from tests.tools import require_module, require_tool

from vodseal.container.meta import Meta
from vodseal.container.writer import SealedWriter
from vodseal.download.fragments import FragmentJoiner
from vodseal.download.staged_source import RunStream
from vodseal.error_codes import ErrorCode
from vodseal.errors import PlayError
from vodseal.player.browser import play_with_browser
from vodseal.player.session import open_sealed
from vodseal.vault.sealed_files import FileSink

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

KEY = b"k" * 32
SECONDS = 40
FLAGS = [
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--autoplay-policy=no-user-gesture-required",  # else it decides by what it has seen before
]


class OneKey:
    """The only key there is."""

    def open_content_key(self, download_id: bytes, now: float) -> bytes:
        """Return it."""
        del download_id, now
        return KEY

    def note_play(self, download_id: bytes, now: float) -> None:
        """Let it play."""


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    clear = tmp_path_factory.mktemp("film") / "film.mp4"
    render(
        clear, Film(seconds=SECONDS, size=(640, 360), options={"preset": "ultrafast", "qp": "4"})
    )
    return clear.read_bytes()


@pytest.fixture
def sealed(film: bytes, tmp_path: Path) -> Path:
    return seal(film, tmp_path)


@pytest.fixture
def sealed_fragments(film: bytes, tmp_path: Path) -> Path:
    """The film, cut into fragments and joined again."""
    cut, joined = io.BytesIO(), io.BytesIO()
    options = {"movflags": "+frag_keyframe+delay_moov+default_base_moof"}
    with (
        av.open(io.BytesIO(film)) as source,
        av.open(cut, "w", format="mp4", options=options) as out,
    ):
        tracks = [out.add_stream_from_template(stream) for stream in source.streams]
        for packet in source.demux():
            if packet.size:
                packet.stream = tracks[packet.stream_index]
                out.mux(packet)
    start = cut.getvalue().index(b"moof") - 4
    parts = [memoryview(cut.getvalue())[:start], memoryview(cut.getvalue())[start:]]
    joiner = FragmentJoiner(joined)  # type: ignore[arg-type]
    joiner.add_run(RunStream(Parts(parts), range(2)))
    joiner.finish(lambda: None)
    return seal(joined.getvalue(), tmp_path)


class Parts:
    """Opens what lies in memory."""

    def __init__(self, parts: list[memoryview]) -> None:
        self._parts = parts

    def open(self, position: int) -> memoryview:
        """Return a part."""
        return self._parts[position]


def seal(film: bytes, folder: Path) -> Path:
    path = folder / "film.vseal"
    with FileSink(folder / "part") as sink:
        writer = SealedWriter(sink, KEY, file_id=b"f" * 16, download_id=b"d" * 16)
        writer.write(film)
        writer.finish(Meta(content_type="video/mp4", title="A <film> & more"))
        sink.publish(path)
    return path


@pytest.fixture
def page() -> Iterator[Page]:
    chromium = require_tool("chromium")
    require_module("playwright")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as tools:
        browser = tools.chromium.launch(
            executable_path=chromium, args=FLAGS, chromium_sandbox=False
        )
        yield browser.new_page()
        browser.close()


class Screening:
    """``vodseal play --with browser``, up to the moment when a browser is started."""

    def __init__(self, path: Path) -> None:
        self.failure: PlayError | None = None
        self._path = path
        self._opened: SimpleQueue[str] = SimpleQueue()
        self._thread = threading.Thread(target=self._play)
        self._thread.start()

    def address(self) -> str:
        return self._opened.get(timeout=30)

    def wait_for_end(self) -> bool:
        self._thread.join(timeout=60)
        return not self._thread.is_alive()

    def _play(self) -> None:
        def start_browser(url: str) -> bool:
            self._opened.put(url)
            return True

        try:
            with open_sealed(self._path, keys=OneKey()) as session:
                play_with_browser(
                    session,
                    on_ready=lambda _: None,
                    on_no_browser=lambda _: None,
                    open_page=start_browser,
                )
        except PlayError as error:
            self.failure = error


def wait_until(page: Page, truth: str) -> None:
    """Wait in the page itself; its policy forbids what Playwright would evaluate there."""
    page.evaluate(
        "() => new Promise((done, fail) => {"
        f"  const look = () => {{ if ({truth}) done(); else setTimeout(look, 20); }};"
        "  setTimeout(() => fail('it did not come true'), 60000);"
        "  look(); })"
    )


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VODSEAL_HOME", str(tmp_path / "home"))


@pytest.mark.behaviour("B17")
@pytest.mark.parametrize("way", ["sealed", "sealed_fragments"])
def test_a_film_plays_and_jumps_in_a_browser(
    way: str, request: pytest.FixtureRequest, page: Page
) -> None:
    screening = Screening(request.getfixturevalue(way))
    page.goto(screening.address())
    page.wait_for_selector("video")
    video = "document.querySelector('video')"
    wait_until(page, f"{video}.currentTime > 0.5")
    assert page.title() == "A <film> & more"
    size = page.evaluate(f"[{video}.videoWidth, {video}.videoHeight, Math.round({video}.duration)]")
    assert size == [640, 360, SECONDS]
    page.keyboard.press("9")
    wait_until(page, f"{video}.currentTime > {SECONDS * 0.9} && !{video}.seeking")
    assert page.evaluate(f"{video}.error") is None
    assert not page.is_visible("#trouble")
    page.goto("about:blank")
    assert screening.wait_for_end()
    assert screening.failure is None


def test_the_way_in_leads_in_once(sealed: Path, page: Page) -> None:
    screening = Screening(sealed)
    answers = []
    page.on("response", lambda answer: answers.append((answer.url, answer.status)))
    page.goto(screening.address())
    page.wait_for_selector("video")
    way_in = next(url for url, _ in answers if url.startswith("http"))
    with page.context.browser.new_context() as stranger:  # type: ignore[union-attr]  # the page has a browser
        other = stranger.new_page()
        refused = other.goto(way_in)
        assert refused is not None
        assert refused.status == 403
        assert other.query_selector("video") is None
    page.goto("about:blank")
    assert screening.wait_for_end()


def test_an_altered_film_says_so_on_its_page(sealed: Path, page: Page) -> None:
    data = bytearray(sealed.read_bytes())
    data[len(data) // 2] ^= 1
    sealed.write_bytes(data)
    screening = Screening(sealed)
    page.goto(screening.address())
    page.wait_for_selector("#trouble:not([hidden])")
    assert "altered" in page.inner_text("#trouble")
    page.goto("about:blank")
    assert screening.wait_for_end()
    assert screening.failure is not None
    assert screening.failure.code is ErrorCode.DEMUXER_OPENSTREAM
