"""The browser as the player: how it is led to the film."""

from __future__ import annotations

import http.client
import re
import stat
import threading
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from vodseal.player.browser import play_with_browser
from vodseal.player.loopback import CLOSED_SECONDS
from vodseal.player.session import open_sealed


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("VODSEAL_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


class Clock:
    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at


class Browser:
    """Does what a browser would do with the address it was started with."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.film = b""
        self.seen: dict[str, object] = {}
        self.thread = threading.Thread(target=self.watch)

    def start(self, address: str) -> bool:
        self.address = address
        self.thread.start()
        return True

    def watch(self) -> None:
        try:
            self.visit()
        finally:
            self.clock.at += 10_000

    def visit(self) -> None:
        file = Path(unquote(urlsplit(self.address).path))
        self.seen["mode"] = stat.S_IMODE(file.stat().st_mode)
        (url,) = re.findall(r"url=([^\"]+)\"", file.read_text())
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=10)
        connection.request("GET", parts.path, headers={"Sec-Fetch-Site": "cross-site"})
        answer = connection.getresponse()
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
        (root,) = re.findall(r"url=([^\"]+)\"", answer.read().decode())
        for route in ("", "film", "closed"):
            connection.request(
                "GET", root + route, headers={"Cookie": cookie, "Sec-Fetch-Site": "same-origin"}
            )
            body = connection.getresponse().read()
            self.film = body if route == "film" else self.film
        connection.close()
        self.clock.at += CLOSED_SECONDS + 1
        self.seen["closed"] = True


@pytest.mark.behaviour("B17")
def test_the_film_is_shown_until_its_page_is_closed(sealed, ring, movie, home) -> None:
    browser = Browser(Clock())
    addresses: list[str] = []
    with open_sealed(sealed, keys=ring) as session:
        play_with_browser(
            session,
            on_ready=addresses.append,
            on_no_browser=pytest.fail,
            open_page=browser.start,
            clock=browser.clock,
        )
    browser.thread.join()
    assert browser.seen["closed"]
    assert browser.film == movie
    assert browser.seen["mode"] == 0o600
    (url,) = addresses
    assert urlsplit(url).path not in browser.address, "the secret is in no command line"
    assert not list((home / "run").iterdir())


def test_without_a_browser_the_address_is_told(sealed, ring) -> None:
    clock = Clock()
    told: list[str] = []

    def tell(url: str) -> None:
        told.append(url)
        clock.at += 1000

    with open_sealed(sealed, keys=ring) as session:
        play_with_browser(
            session,
            on_ready=lambda _: None,
            on_no_browser=tell,
            open_page=lambda _: False,
            clock=clock,
        )
    assert told[0].startswith("http://127.0.0.1:")


def test_a_home_that_cannot_be_written_is_an_error_and_nothing_stays(sealed, ring, home) -> None:
    home.write_text("in the way")
    with open_sealed(sealed, keys=ring) as session, pytest.raises(OSError):
        play_with_browser(session, on_ready=pytest.fail, on_no_browser=pytest.fail)
    assert not [thread for thread in threading.enumerate() if "loopback" in thread.name]
