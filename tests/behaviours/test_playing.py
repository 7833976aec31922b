"""A sealed file plays in its app on its device, and nowhere else."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from vodseal import AppIdentity, ErrorCode
from vodseal.errors import PlayError
from vodseal.player.decode import Film, decode_to_nowhere
from vodseal.player.session import open_sealed
from vodseal.player.snapshot import take_snapshot
from vodseal.vault import key_service

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.behaviours.house import App, House
    from tests.behaviours.phone import Phone

    from vodseal import VidSts
    from vodseal.player.session import PlaySession

    Video = Callable[..., str]

_PLAY = """
import sys
from pathlib import Path
from vodseal import AppIdentity
from vodseal.demo.isolation import cut_network
from vodseal.player.decode import decode_to_nowhere
from vodseal.player.session import open_sealed
from vodseal.player.snapshot import take_snapshot
from vodseal.vault import key_service

path, security_file, home = map(Path, sys.argv[1:])
cut_network()
key_service.install(security_file, AppIdentity.ios_bundle("com.example.player"), None, home)
with open_sealed(path) as session:
    assert take_snapshot(session, 2.0).startswith(b"\\x89PNG")
    print(decode_to_nowhere(session).frames)
"""


@pytest.fixture
def sealed(phone: Phone, house: House, video: Video) -> Path:
    path, _ = phone.download(house.sts(video("short")))
    return path


def refusal(path: Path) -> PlayError:
    """Return why ``path`` does not play."""
    with pytest.raises(PlayError) as caught, open_sealed(path) as session:
        decode_to_nowhere(session)
    return caught.value


@pytest.mark.behaviour("B17")
def test_it_plays_without_a_network(phone: Phone, sealed: Path, app: App) -> None:
    security_file = phone.folder / "encryptedApp.dat"
    security_file.write_bytes(app.security_file)
    done = subprocess.run(
        [sys.executable, "-c", _PLAY, str(sealed), str(security_file), str(phone.home)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stderr == ""
    assert done.stdout == "100\n"


@pytest.mark.behaviour("B17")
def test_it_plays_when_every_credential_has_expired(
    phone: Phone, house: House, sealed: Path
) -> None:
    house.clock.advance(10 * 86_400)
    with open_sealed(sealed, clock=house.clock) as session, Film(session) as film:
        film.seek(2.0)
        times = [frame.time for frame in film.frames() if frame.time is not None]
        assert min(times) == pytest.approx(2.0, abs=0.05)
        assert max(times) == pytest.approx(4.0, abs=0.1)
        assert take_snapshot(session, 1.0).startswith(b"\x89PNG")


@pytest.mark.behaviour("B18")
def test_without_a_security_file(sealed: Path) -> None:
    key_service.uninstall()
    error = refusal(sealed)
    assert error.code is ErrorCode.DEMUXER_OPENSTREAM
    assert "security file" in error.message
    assert error.remedy


@pytest.mark.behaviour("B18", "B19", "B47")
def test_with_the_security_file_of_another_app(
    phone: Phone, sealed: Path, new_app: Callable[[], App]
) -> None:
    other = new_app()
    phone.load(other)
    assert refusal(sealed).code is ErrorCode.DEMUXER_OPENSTREAM


@pytest.mark.behaviour("B18")
def test_with_the_security_file_of_another_app_claimed_to_be_its_own(
    phone: Phone, sealed: Path, app: App, new_app: Callable[[], App]
) -> None:
    key_service.install(new_app().security_file, app.identity, None, phone.home)
    assert refusal(sealed).code is ErrorCode.DEMUXER_OPENSTREAM


@pytest.mark.behaviour("B19")
def test_copied_to_another_app_on_another_device(
    new_phone: Callable[[], Phone], sealed: Path, new_app: Callable[[], App]
) -> None:
    other = new_phone().load(new_app())
    copy = other.folder / sealed.name
    copy.write_bytes(sealed.read_bytes())
    assert refusal(copy).code is ErrorCode.DEMUXER_OPENSTREAM


def test_copied_to_the_same_app_on_another_device(
    new_phone: Callable[[], Phone], sealed: Path, app: App
) -> None:
    other = new_phone().load(app)
    copy = other.folder / sealed.name
    copy.write_bytes(sealed.read_bytes())
    error = refusal(copy)
    assert error.code is ErrorCode.DEMUXER_OPENSTREAM
    assert "license" in error.message


@pytest.mark.behaviour("B47")
def test_two_apps_with_one_private_string(
    new_phone: Callable[[], Phone], house: House, video: Video
) -> None:
    names = ("com.example.one", "com.example.two")
    one, two = (
        house.register(AppIdentity.ios_bundle(name), private_string="SameString123456")
        for name in names
    )
    phone = new_phone().load(one)
    path, _ = phone.download(house.sts(video("short")))
    phone.load(two)
    assert refusal(path).code is ErrorCode.DEMUXER_OPENSTREAM
    phone.load(one)
    with open_sealed(path) as session:
        assert decode_to_nowhere(session).frames == 100


@pytest.mark.behaviour("B49")
def test_cut_anywhere_it_is_an_error(sealed: Path) -> None:
    whole = sealed.read_bytes()
    for size in (0, 1, 100, 4096, 5000, len(whole) // 2, len(whole) - 1, len(whole) + 1):
        sealed.write_bytes((whole + b"\0")[:size])
        assert refusal(sealed).code is ErrorCode.DEMUXER_OPENSTREAM


@pytest.mark.behaviour("B49")
def test_a_flipped_bit_is_an_error_and_never_a_picture(sealed: Path) -> None:
    whole = sealed.read_bytes()
    with open_sealed(sealed) as session:
        clean = _pictures(session)
    step = len(whole) // 23
    for at in (8, 40, 100, 120, 2000, *range(4096, len(whole), step), len(whole) - 1):
        damaged = bytearray(whole)
        damaged[at] ^= 0x10
        sealed.write_bytes(damaged)
        seen: list[bytes] = []
        with pytest.raises(PlayError) as caught, open_sealed(sealed) as session:
            _pictures(session, seen)
        assert caught.value.code is ErrorCode.DEMUXER_OPENSTREAM
        assert seen == clean[: len(seen)]


def _pictures(session: PlaySession, seen: list[bytes] | None = None) -> list[bytes]:
    """Return a digest of each picture, in order; ``seen`` keeps them also when it raises."""
    seen = [] if seen is None else seen
    with Film(session) as film:
        for frame in film.frames():
            seen.append(hashlib.sha256(frame.to_ndarray().tobytes()).digest())
    return seen


def test_the_same_film_is_never_sealed_to_the_same_bytes(
    phone: Phone, house: House, video: Video
) -> None:
    source = house.sts(video("short"))
    first, second = (_sealed_anew(phone, source) for _ in range(2))
    alike = sum(a == b for a, b in zip(first[4096:], second[4096:], strict=False))
    assert alike < len(first) / 64


def _sealed_anew(phone: Phone, source: VidSts) -> bytes:
    path, _ = phone.download(source)
    data = path.read_bytes()
    assert phone.downloaders[-1].delete_file() == 0
    return data
