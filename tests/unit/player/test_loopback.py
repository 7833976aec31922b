"""The loopback player: who gets in, what they get, and when it ends."""

from __future__ import annotations

import http.client
import json
import os
import socket
import threading
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest

from vodseal.container.layout import CHUNK_SIZE, PREFIX_SIZE, SEALED_CHUNK_SIZE, part_offset
from vodseal.player.gate import TOKEN_SECONDS
from vodseal.player.loopback import CLOSED_SECONDS, IDLE_SECONDS, LoopbackPlayer
from vodseal.player.session import open_sealed


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = 1000.0

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Viewer:
    """A browser of a kind: it keeps the cookie, and says what a test makes it say."""

    player: LoopbackPlayer
    cookie: str = ""
    root: str = ""
    talk: dict[str, str] = field(default_factory=dict)

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.player.film_url)
        return parts.hostname or "", parts.port or 0

    def ask(self, path: str, method: str = "GET", **headers: str) -> Answer:
        said = {"Cookie": self.cookie} if self.cookie else {}
        said |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection(*self.address, timeout=10)
        try:
            connection.request(method, path, headers=said)
            answer = connection.getresponse()
            return Answer(answer.status, dict(answer.headers), answer.read())
        finally:
            connection.close()

    def enter(self) -> Answer:
        self.root = urlsplit(self.player.film_url).path.removesuffix("film")
        answer = self.ask(urlsplit(self.player.url).path)
        self.cookie = answer.headers.get("Set-Cookie", "").partition(";")[0]
        return answer

    def raw(self, request: bytes) -> bytes:
        with socket.create_connection(self.address, timeout=10) as connection:
            connection.sendall(request)
            return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def session(sealed, ring):
    with open_sealed(sealed, keys=ring) as session:
        yield session


@pytest.fixture
def player(session, clock):
    with LoopbackPlayer(session, clock=clock) as player:
        yield player


@pytest.fixture
def stranger(player) -> Viewer:
    """Somebody who knows the port, and the path, but was not let in."""
    viewer = Viewer(player)
    viewer.root = urlsplit(player.film_url).path.removesuffix("film")
    return viewer


@pytest.fixture
def viewer(player) -> Viewer:
    viewer = Viewer(player)
    assert viewer.enter().status == 200
    return viewer


def test_it_listens_on_127_0_0_1_alone(player) -> None:
    assert urlsplit(player.url).hostname == "127.0.0.1"
    assert player._server.socket.getsockname()[0] == "127.0.0.1"


def test_the_way_in_sets_a_strict_cookie_for_one_unguessable_path(player) -> None:
    viewer = Viewer(player)
    cookie = viewer.enter().headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert f"Path={viewer.root}" in cookie
    assert len(viewer.root) > 40
    assert viewer.root not in player.url


def test_the_page_the_script_and_the_film_are_there(viewer, movie) -> None:
    page = viewer.ask(viewer.root)
    assert page.status == 200
    assert b"Grace &amp; &lt;Hopper&gt;" in page.body
    assert b"Grace & <Hopper>" not in page.body
    assert viewer.ask(viewer.root + "player.js").headers["Content-Type"].startswith("text/javasc")
    assert viewer.ask(viewer.root + "player.css").status == 200
    film = viewer.ask(viewer.root + "film")
    assert film.body == movie
    assert film.headers["Content-Type"] == "video/mp4"
    assert viewer.ask(viewer.root + "status").body == b"{}"


def test_no_script_or_style_is_inline(viewer) -> None:
    page = viewer.ask(viewer.root)
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert page.body.count(b"<script") == page.body.count(b"<script src=") == 1
    assert b"<style" not in page.body
    assert b" style=" not in page.body
    assert b" on" not in page.body.replace(b" one", b"")


@pytest.mark.parametrize("route", ["", "film", "player.js", "status", "alive", "nothing"])
def test_every_answer_forbids_storing_and_framing(viewer, stranger, route) -> None:
    for answer in (viewer.ask(viewer.root + route), stranger.ask(stranger.root + route)):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert "Python" not in answer.headers["Server"]


def test_the_token_works_once(player) -> None:
    path = urlsplit(player.url).path
    first, second = Viewer(player), Viewer(player)
    assert first.ask(path).status == 200
    again = second.ask(path)
    assert again.status == 403
    assert "Set-Cookie" not in again.headers
    assert player.url.endswith(str(second.address[1]))


def test_two_who_bring_the_token_at_once_do_not_both_get_in(player) -> None:
    path = urlsplit(player.url).path
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(Viewer(player).ask(path).status))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [403] * 7


def test_the_token_does_not_keep(player, clock) -> None:
    path = urlsplit(player.url).path
    player._visit.seen_at += 10  # keeps the server up for a little longer
    clock.at += TOKEN_SECONDS + 1
    assert Viewer(player).ask(path).status == 403


@pytest.mark.parametrize("path", ["/open/", "/open/x", "/open/None", "/", "/film", "//", "*"])
def test_a_wrong_token_is_refused(stranger, path) -> None:
    assert stranger.ask(path).status == 403


def test_looking_ahead_does_not_spend_the_token(player) -> None:
    path = urlsplit(player.url).path
    viewer = Viewer(player)
    assert viewer.ask(path, Sec_Purpose="prefetch;prerender").status == 403
    assert viewer.ask(path, "HEAD").status == 403
    assert viewer.ask(path).status == 200


def test_without_the_cookie_the_path_alone_is_nothing(stranger, viewer) -> None:
    for route in ("", "film", "player.js", "status", "alive", "closed"):
        assert stranger.ask(stranger.root + route).status == 403
    wrong = viewer.cookie[:-1] + ("A" if viewer.cookie[-1] != "A" else "B")
    stranger.cookie = wrong
    assert stranger.ask(stranger.root + "film").status == 403
    stranger.cookie = "vodseal=; a=b; =;;"
    assert stranger.ask(stranger.root + "film").status == 403


@pytest.mark.parametrize(
    "host",
    ["localhost:{port}", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "", "[::1]:{port}"],
)
def test_another_host_name_is_refused(viewer, player, host) -> None:
    """A page whose name was rebound to 127.0.0.1 still sends that name."""
    assert viewer.ask(viewer.root + "film", Host=host.format(port=viewer.address[1])).status == 403


def test_a_missing_or_second_host_is_refused(viewer) -> None:
    host = f"Host: 127.0.0.1:{viewer.address[1]}\r\n"
    tail = f"Cookie: {viewer.cookie}\r\nConnection: close\r\n\r\n"
    for hosts in ("", host * 2):
        raw = viewer.raw(f"GET {viewer.root}film HTTP/1.1\r\n{hosts}{tail}".encode())
        assert raw.startswith(b"HTTP/1.1 403 ")


@pytest.mark.parametrize(
    "said",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Dest": "document"},
        {"Sec_Fetch_Dest": "empty"},
    ],
)
def test_another_page_is_refused_even_with_the_cookie(viewer, said) -> None:
    assert viewer.ask(viewer.root + "film", **said).status == 403


def test_our_own_page_is_served(viewer, player) -> None:
    origin = player.film_url.removesuffix(viewer.root + "film")
    said = {"Origin": origin, "Sec_Fetch_Site": "same-origin", "Sec_Fetch_Dest": "video"}
    assert viewer.ask(viewer.root + "film", **said).status == 200


def test_a_player_with_the_bearer_gets_the_film_and_nothing_else(stranger, player, movie) -> None:
    said = {"Authorization": player.authorization}
    assert stranger.ask(stranger.root + "film", **said).body == movie
    assert stranger.ask(stranger.root, **said).status == 403
    assert stranger.ask(stranger.root + "film", Authorization="Bearer x").status == 403
    assert stranger.ask(stranger.root + "film", Authorization="").status == 403


@pytest.mark.parametrize(
    "path",
    [
        "../../etc/passwd",
        "..%2f..%2fetc%2fpasswd",
        "static/player.js",
        "../page.py",
        "player.js/../../page.py",
        "film/",
        "film?x=1",
        "FILM",
        "%66ilm",
        "\\..\\page.py",
    ],
)
def test_nothing_but_the_known_names_is_there(viewer, path) -> None:
    assert viewer.ask(viewer.root + path).status in {403, 404}


@pytest.mark.parametrize(
    "method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW"]
)
def test_other_methods_are_refused(viewer, method) -> None:
    answer = viewer.ask(viewer.root + "film", method)
    assert answer.status == 405
    assert answer.headers["Allow"] == "GET, HEAD"


def test_a_request_with_a_body_is_refused_and_the_connection_closed(viewer) -> None:
    """Two requests in one would be seen differently by a proxy before us."""
    host = f"Host: 127.0.0.1:{viewer.address[1]}\r\nCookie: {viewer.cookie}\r\n"
    first = f"GET {viewer.root}alive HTTP/1.1\r\n{host}Content-Length: 4\r\n\r\nGET "
    raw = viewer.raw(first.encode())
    assert raw.startswith(b"HTTP/1.1 400 ")
    assert raw.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    "line", [b"\r\n", b"nonsense\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /\r\n\r\n"]
)
def test_what_is_not_http_gets_no_echo(viewer, line) -> None:
    raw = viewer.raw(line)
    assert b"nonsense" not in raw
    assert b"200" not in raw.partition(b"\r\n")[0]


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-", 0, None),
        ("bytes=100-199", 100, 200),
        ("bytes=100-99999999", 100, None),
        ("bytes=-50", -50, None),
        ("bytes=-99999999", 0, None),
        ("bytes= 16383-16384 ", 16383, 16385),
    ],
)
def test_a_range_is_answered_with_206(viewer, movie, asked, start, stop) -> None:
    answer = viewer.ask(viewer.root + "film", Range=asked)
    assert answer.status == 206
    assert answer.body == movie[start:stop]
    begin = start % len(movie) if start < 0 else start
    last = begin + len(answer.body) - 1
    assert answer.headers["Content-Range"] == f"bytes {begin}-{last}/{len(movie)}"
    assert answer.headers["Content-Length"] == str(len(answer.body))


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=99999999-999999999", "bytes=-0"])
def test_a_range_beyond_the_end_is_416(viewer, movie, asked) -> None:
    answer = viewer.ask(viewer.root + "film", Range=asked)
    assert answer.status == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(movie)}"


@pytest.mark.parametrize(
    "asked", ["", "bytes=", "bytes=-", "bytes=5-4", "bytes=0-1,3-4", "lines=1-2", "bytes=a-b", "٣"]
)
def test_a_range_that_may_be_passed_over_gets_the_whole_film(viewer, movie, asked) -> None:
    answer = viewer.ask(viewer.root + "film", Range=asked.encode())
    assert (answer.status, len(answer.body)) == (200, len(movie))


def test_if_range_and_head_get_the_whole_film(viewer, movie) -> None:
    kept = viewer.ask(viewer.root + "film", Range="bytes=0-1", If_Range='"old"')
    assert (kept.status, len(kept.body)) == (200, len(movie))
    head = viewer.ask(viewer.root + "film", "HEAD", Range="bytes=0-1")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == str(len(movie))
    assert head.headers["Accept-Ranges"] == "bytes"


def test_several_ranges_at_once_do_not_mix(viewer, movie) -> None:
    got: dict[int, bytes] = {}

    def fetch(start: int) -> None:
        got[start] = viewer.ask(viewer.root + "film", Range=f"bytes={start}-{start + 9999}").body

    threads = [threading.Thread(target=fetch, args=(start,)) for start in range(0, 40_000, 5_000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == {start: movie[start : start + 10_000] for start in range(0, 40_000, 5_000)}


@pytest.mark.behaviour("B49")
def test_an_altered_film_ends_with_an_error_and_the_page_is_told(seal, ring) -> None:
    movie = os.urandom(2 << 20)
    path = seal(movie)
    data = bytearray(path.read_bytes())
    data[part_offset(0) + PREFIX_SIZE + 60 * SEALED_CHUNK_SIZE + 5] ^= 1
    path.write_bytes(data)
    with open_sealed(path, keys=ring) as session, LoopbackPlayer(session) as player:
        viewer = Viewer(player)
        viewer.enter()
        with pytest.raises(http.client.IncompleteRead) as caught:
            viewer.ask(viewer.root + "film")
        assert movie.startswith(caught.value.partial)
        assert 0 < len(caught.value.partial) <= 60 * CHUNK_SIZE
        told = json.loads(viewer.ask(viewer.root + "status").body)
        assert "altered" in told["message"]
        assert told["remedy"]
        assert player.failure is not None
        middle = viewer.ask(viewer.root + "film", Range=f"bytes={60 * CHUNK_SIZE}-")
        assert middle.status == 500
        assert json.loads(middle.body)["message"] == told["message"]


def test_it_ends_when_nobody_comes(player, clock) -> None:
    clock.at += TOKEN_SECONDS
    assert player.is_watched()
    clock.at += 1
    player.wait()


def test_it_ends_when_the_page_is_closed_unless_it_comes_back(viewer, player, clock) -> None:
    viewer.ask(viewer.root + "closed")
    clock.at += CLOSED_SECONDS - 1
    viewer.ask(viewer.root)
    clock.at += CLOSED_SECONDS + 1
    assert player.is_watched()
    viewer.ask(viewer.root + "closed")
    clock.at += CLOSED_SECONDS + 1
    player.wait()
    with pytest.raises(OSError):
        viewer.ask(viewer.root)


def test_it_ends_when_the_page_falls_silent(viewer, player, clock) -> None:
    clock.at += IDLE_SECONDS - 1
    viewer.ask(viewer.root + "alive")
    clock.at += IDLE_SECONDS - 1
    assert player.is_watched()
    clock.at += 2
    player.wait()


def test_a_stranger_does_not_keep_it_alive(stranger, viewer, player, clock) -> None:
    clock.at += IDLE_SECONDS - 1
    stranger.ask(stranger.root + "alive")
    clock.at += 2
    player.wait()


def test_a_patient_one_stays_until_it_is_stopped(session, clock) -> None:
    player = LoopbackPlayer(session, clock=clock, until_stopped=True)
    with player:
        clock.at += 1e9
        assert player.is_watched()
    player.stop()
    player.wait()


@pytest.mark.timeout(15)
def test_stopping_cuts_who_is_still_connected(session) -> None:
    player = LoopbackPlayer(session)
    player.start()
    viewer = Viewer(player)
    viewer.enter()
    with socket.create_connection(viewer.address, timeout=10) as idle:
        idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(65536).startswith(b"HTTP/1.1 403 ")
        player.stop()
        assert b"".join(iter(lambda: idle.recv(65536), b"")) in {b"", b"Forbidden\n"}
    assert not [t for t in threading.enumerate() if "loopback" in t.name]


def test_stopping_before_starting_is_harmless(session) -> None:
    LoopbackPlayer(session).stop()


def test_no_secret_shows(player, capfd) -> None:
    viewer = Viewer(player)
    viewer.enter()
    viewer.raw(b"nonsense\r\n\r\n")
    assert capfd.readouterr() == ("", "")
    assert player.authorization not in repr(player)
