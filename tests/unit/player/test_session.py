"""Opening a downloaded file, and what is said when it does not open."""

from __future__ import annotations

import os
import sys

import pytest

from vodseal.error_codes import ErrorCode
from vodseal.errors import (
    AppIdentityError,
    ClockRollbackError,
    ContactNeededError,
    LicenseBindingError,
    LicenseExpiredError,
    LicenseMissingError,
    MalformedError,
    NotSealedError,
    PlayError,
    SecurityFileError,
    TamperedError,
    TruncatedError,
    UnsupportedVersionError,
    VaultRestoredError,
    WrongKeyError,
)
from vodseal.player.session import open_sealed


def failure(path, ring) -> PlayError:
    with pytest.raises(PlayError) as caught, open_sealed(path, keys=ring) as session:
        session.open_reader().read()
    return caught.value


def test_a_sealed_film_reads_as_it_was(sealed, ring, movie) -> None:
    with open_sealed(sealed, keys=ring) as session:
        assert (session.size, session.is_sealed) == (len(movie), True)
        assert (session.title, session.content_type) == ("Grace & <Hopper>", "video/mp4")
        with session.open_reader() as reader:
            assert reader.read() == movie


def test_the_license_is_judged_by_the_clock_that_is_given(sealed, ring) -> None:
    class Clock:
        def now(self) -> float:
            return 1_234.5

        def monotonic(self) -> float:
            return 0.0

    open_sealed(sealed, keys=ring, clock=Clock()).close()
    assert ring.asked == [1_234.5]


def test_readers_of_one_session_do_not_disturb_one_another(sealed, ring, movie) -> None:
    with open_sealed(sealed, keys=ring) as session:
        first, second = session.open_reader(), session.open_reader()
        first.seek(1000)
        assert second.read(10) == movie[:10]
        assert first.read(10) == movie[1000:1010]
        assert (first.tell(), second.tell()) == (1010, 10)


def test_a_plain_file_opens_without_any_key(tmp_path, movie) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(movie)
    with open_sealed(path) as session, session.open_reader() as reader:
        assert (session.is_sealed, session.title, session.size) == (False, "film", len(movie))
        reader.seek(-7, os.SEEK_END)
        assert reader.read() == movie[-7:]


def test_a_file_url_and_a_link_lead_to_the_file(sealed, ring, tmp_path) -> None:
    link = tmp_path / "a link"
    link.symlink_to(sealed)
    open_sealed(link.as_uri(), keys=ring).close()


def test_a_film_plays_on_when_its_file_is_deleted(sealed, ring, movie) -> None:
    with open_sealed(sealed, keys=ring) as session:
        sealed.unlink()
        assert session.open_reader().read() == movie


@pytest.mark.behaviour("B18")
def test_without_a_security_file_nothing_sealed_opens(sealed) -> None:
    from vodseal.vault import key_service

    with pytest.raises(PlayError) as caught:
        open_sealed(sealed)
    assert caught.value.code == ErrorCode.DEMUXER_OPENSTREAM
    assert "init_service" in caught.value.remedy
    assert key_service


@pytest.mark.behaviour("B18", "B19", "B49")
@pytest.mark.parametrize(
    ("refusal", "remedy"),
    [
        (SecurityFileError(), "issued for this app"),
        (AppIdentityError(), "app check"),
        (LicenseMissingError(), "that downloaded it"),
        (LicenseBindingError(), "that downloaded it"),
        (LicenseExpiredError(), "OfflineLicense.renew()"),
        (ContactNeededError(), "OfflineLicense.check_in()"),
        (ClockRollbackError(), "Set the clock right"),
        (VaultRestoredError(), "let the service look"),
    ],
)
def test_each_refusal_names_its_own_remedy(sealed, ring, refusal, remedy) -> None:
    ring.refusal = refusal
    error = failure(sealed, ring)
    assert error.code == ErrorCode.DEMUXER_OPENSTREAM
    assert remedy in error.remedy
    assert error.__cause__ is refusal


@pytest.mark.behaviour("B19")
def test_a_file_copied_to_another_app_does_not_open(sealed, ring) -> None:
    ring.keys.clear()
    assert isinstance(failure(sealed, ring).__cause__, LicenseMissingError)


def test_another_films_key_is_told_from_an_altered_film(seal, ring, movie) -> None:
    path = seal(movie)
    ring.keys = dict.fromkeys(ring.keys, os.urandom(32))
    assert isinstance(failure(path, ring).__cause__, WrongKeyError)


@pytest.mark.behaviour("B49")
@pytest.mark.parametrize(
    ("at", "cause"),
    [
        (0, NotSealedError),
        (8, UnsupportedVersionError),
        (20, WrongKeyError),
        (40, LicenseMissingError),
        (71, (MalformedError, TamperedError, TruncatedError)),
        (120, TamperedError),
        (2000, TamperedError),
        (4096, TamperedError),
        (9000, TamperedError),
        (-1, TamperedError),
    ],
)
def test_one_flipped_bit_is_a_play_error(sealed, ring, at, cause) -> None:
    data = bytearray(sealed.read_bytes())
    data[at] ^= 1
    sealed.write_bytes(data)
    error = failure(sealed, ring)
    assert error.code == ErrorCode.DEMUXER_OPENSTREAM
    assert isinstance(error.__cause__, cause)


@pytest.mark.behaviour("B49")
@pytest.mark.parametrize("size", [0, 7, 8, 4095, 4096, 20_000])
def test_a_cut_file_is_a_play_error(sealed, ring, size) -> None:
    with sealed.open("rb+") as file:
        file.truncate(size)
    assert failure(sealed, ring).code == ErrorCode.DEMUXER_OPENSTREAM


def test_a_longer_file_is_a_play_error(sealed, ring) -> None:
    with sealed.open("ab") as file:
        file.write(b"\0")
    assert isinstance(failure(sealed, ring).__cause__, TruncatedError)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("", ErrorCode.DATASOURCE_EMPTYURL),
        ("  ", ErrorCode.DATASOURCE_EMPTYURL),
        ("/nowhere/at/all.vseal", ErrorCode.DEMUXER_OPENURL),
        ("/", ErrorCode.DEMUXER_OPENURL),
        ("/dev/null", ErrorCode.DEMUXER_OPENURL),
        ("http://127.0.0.1/film.vseal", ErrorCode.DEMUXER_OPENURL),
        ("file://elsewhere/film.vseal", ErrorCode.DEMUXER_OPENURL),
    ],
)
def test_a_path_that_leads_nowhere_has_a_number_of_its_own(path, code) -> None:
    with pytest.raises(PlayError) as caught:
        open_sealed(path)
    assert caught.value.code == code


def test_no_key_shows_in_the_session(sealed, ring) -> None:
    with open_sealed(sealed, keys=ring) as session:
        (key,) = ring.keys.values()
        assert repr(key) not in repr(session)
        assert key.hex() not in repr(session)


def test_the_interpreter_switches_quickly_while_a_reader_is_open(sealed, ring) -> None:
    before = sys.getswitchinterval()
    with open_sealed(sealed, keys=ring) as session:
        with session.open_reader():
            assert sys.getswitchinterval() < before
        assert sys.getswitchinterval() == before
