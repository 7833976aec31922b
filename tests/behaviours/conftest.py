"""One service for all behaviours of a worker; a fresh device for each test."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.behaviours.house import House
from tests.behaviours.phone import Phone
from tests.behaviours.wire import Wire
from tests.media import FILMS, render

from vodseal import AppIdentity, MediaDownloader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.behaviours.house import App

_FILMS = {
    "short": replace(FILMS["plain"], seconds=4.0, size=(160, 120)),
    "long": replace(FILMS["plain"], seconds=80.0, size=(96, 64)),
    "middle": replace(FILMS["plain"], seconds=16.0, size=(96, 64)),
    "sharp": replace(FILMS["ladder"], seconds=2.0, size=(720, 540)),
    "sound": FILMS["audio-only"],
}


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    made = House(folder=tmp_path_factory.mktemp("house")).open()
    yield made
    made.close()


@pytest.fixture(scope="session")
def film_path(house: House) -> Callable[[str], Path]:
    """Return who gives a film by its name, rendered when first asked for."""

    def film_path(film: str) -> Path:
        path = house.folder / f"{film}{_FILMS[film].suffix}"
        if not path.exists():
            render(path, _FILMS[film])
        return path

    return film_path


@pytest.fixture(scope="session")
def video(house: House, film_path: Callable[[str], Path]) -> Callable[..., str]:
    """Return who gives the vid of a film under a template, uploaded when first asked for."""
    vids: dict[tuple[str, str], str] = {}

    def video(film: str, template: str = "encrypted") -> str:
        if (film, template) not in vids:
            vids[film, template] = house.upload(film_path(film), template=template)
        return vids[film, template]

    return video


@pytest.fixture(autouse=True)
def secure_mode(house: House) -> None:
    """Every test begins in secure mode."""
    house.set("download-mode", "secure")


_numbers = itertools.count()


@pytest.fixture
def new_app(house: House) -> Callable[[], App]:
    """Return who registers an app that the service did not know before."""
    return lambda: house.register(AppIdentity.ios_bundle(f"com.example.app{next(_numbers)}"))


@pytest.fixture(scope="session")
def app(house: House) -> App:
    return house.register(AppIdentity.ios_bundle("com.example.player"))


@pytest.fixture
def new_phone(house: House, tmp_path: Path) -> Iterator[Callable[[], Phone]]:
    """Return who makes a device; the security file is the process's, so one is used at a time."""
    made: list[Phone] = []

    def new_phone() -> Phone:
        made.append(Phone(folder=tmp_path / f"phone{len(made)}", house=house))
        made[-1].folder.mkdir()
        return made[-1]

    yield new_phone
    for phone in made:
        phone.close()


@pytest.fixture
def bare_phone(new_phone: Callable[[], Phone]) -> Phone:
    """A device whose app loaded no security file."""
    return new_phone()


@pytest.fixture
def phone(bare_phone: Phone, app: App) -> Phone:
    """A device whose app loaded its security file."""
    return bare_phone.load(app)


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire() as made:
        yield made


@pytest.fixture(autouse=True)
def no_process_converter() -> Iterator[None]:
    yield
    MediaDownloader.set_convert_url_callback(None)
