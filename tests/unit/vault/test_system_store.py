"""Only key stores that a user's password opens are used, whatever keyring finds."""

from __future__ import annotations

import keyring
import keyring.backend
import keyring.backends.chainer
import keyring.backends.fail
import keyring.backends.kwallet
import keyring.backends.null
import keyring.backends.SecretService
import pytest

from vodseal.vault.system_store import system_backends


class PlaintextKeyring(keyring.backend.KeyringBackend):
    """As the one of keyrings.alt."""

    priority = 9

    def get_password(self, service: str, username: str) -> str | None:
        raise AssertionError

    set_password = delete_password = get_password


class Impostor(keyring.backends.SecretService.Keyring):
    """Derived from one that is allowed."""

    priority = 9


class Chain(keyring.backends.chainer.ChainerBackend):
    backends = (
        PlaintextKeyring(),
        keyring.backends.kwallet.DBusKeyring(),
        keyring.backends.SecretService.Keyring(),
    )


@pytest.fixture(autouse=True)
def _put_back() -> object:
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


@pytest.mark.parametrize(
    "backend",
    [
        keyring.backends.fail.Keyring(),
        keyring.backends.null.Keyring(),
        PlaintextKeyring(),
        Impostor(),
    ],
    ids=lambda one: type(one).__qualname__,
)
def test_what_is_not_on_the_list_is_not_used(backend: keyring.backend.KeyringBackend) -> None:
    keyring.set_keyring(backend)
    assert system_backends() == {}


def test_what_is_on_the_list_is_used() -> None:
    chosen = keyring.backends.SecretService.Keyring()
    keyring.set_keyring(chosen)
    assert system_backends() == {"secret-service": chosen}


def test_of_several_the_preferred_one_that_is_on_the_list_comes_first() -> None:
    keyring.set_keyring(Chain())
    assert list(system_backends()) == ["kwallet", "secret-service"]


def test_a_plug_in_that_breaks_is_no_key_store(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("keyring.core._keyring_backend", None)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "no.such.Keyring")
    assert system_backends() == {}
    assert "cannot be listed" in caplog.text
    monkeypatch.undo()


def test_keyring_knows_the_backends_of_the_list() -> None:
    from vodseal.vault.system_store import _ALLOWED

    for module, name in _ALLOWED:
        if module.endswith(("SecretService", "kwallet", "libsecret")):
            assert hasattr(__import__(module, fromlist=[name]), name)
