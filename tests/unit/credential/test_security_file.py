from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from vodseal.container.cbor import CborMap, decode, encode
from vodseal.container.cobblestone import open_message, seal_message
from vodseal.credential.envelope import (
    EnvelopeType,
    open_self_anchored,
    seal_envelope,
    seal_self_anchored,
)
from vodseal.credential.fingerprint import AppIdentity
from vodseal.credential.opening import Argon2Opening, FileAloneOpening
from vodseal.credential.requirements import AppRequirements, IdentityLevel
from vodseal.credential.security_file import SecurityFile
from vodseal.credential.trust import VerificationKeys
from vodseal.errors import AppIdentityError, MisuseError, SecurityFileError

if TYPE_CHECKING:
    from .conftest import Service

KEY = Ed25519PrivateKey.from_private_bytes(b"c" * 32)
STRING = "PrivateString123"
ALONE = FileAloneOpening(salt=b"salt" * 4, secret=b"s" * 32)


def rewritten(data: bytes, change: CborMap, *, drop: int | None = None) -> bytes:
    """The file with other fields, signed again by the service: only the rules can refuse it."""
    _, body = open_self_anchored(data, EnvelopeType.SECURITY_FILE)
    fields = decode(body)
    assert isinstance(fields, dict)
    fields |= change
    if drop is not None:
        del fields[drop]
    return seal_self_anchored(EnvelopeType.SECURITY_FILE, encode(fields), KEY)


@pytest.mark.parametrize(
    "opening", [ALONE, Argon2Opening(salt=b"salt" * 4)], ids=["alone", "string"]
)
def test_a_file_opens_for_its_app(
    service: Service, player: AppIdentity, opening: FileAloneOpening | Argon2Opening
) -> None:
    app_key = X25519PrivateKey.generate()
    data = service.issue(player, app_private_key=app_key, opening=opening)
    parsed = SecurityFile.parse(data)
    assert parsed.identity == player
    assert parsed.opening == opening
    unlocked = parsed.open(player, STRING)
    assert unlocked.app_key.private_bytes_raw() == app_key.private_bytes_raw()
    assert unlocked.fingerprint == player.fingerprint
    assert unlocked.serial == b"serial-of-16-byt"
    assert unlocked.trust == service.trust


@pytest.mark.parametrize("quick", [True, False], ids=["string", "alone"])
def test_the_payload_is_the_specification_s(
    service: Service, player: AppIdentity, *, quick: bool
) -> None:
    app_key = X25519PrivateKey.generate()
    changes: dict[str, object] = {} if quick else {"opening": ALONE}
    data = service.issue(player, app_private_key=app_key, not_before=8, not_after=9, **changes)
    anchor, body = open_self_anchored(data, EnvelopeType.SECURITY_FILE)
    fields = decode(body)
    assert isinstance(fields, dict)
    assert anchor == KEY.public_key().public_bytes_raw()
    wrapped = fields.pop(6)
    assert isinstance(wrapped, bytes)
    by_string = {0: 1, 1: b"salt" * 4, 2: 19456, 3: 1, 4: 1}
    by_itself = {0: 0, 1: b"salt" * 4, 2: b"s" * 32}
    assert fields == {
        0: 1,
        1: b"serial-of-16-byt",
        2: b"com.example.player",
        3: 2,
        4: player.fingerprint,
        5: app_key.public_key().public_bytes_raw(),
        7: by_string if quick else by_itself,
        8: 8,
        9: 9,
        11: {1: [anchor], 2: list(service.trust.by_type[EnvelopeType.LICENSE])},
    }
    key = (
        Argon2id(salt=b"salt" * 4, length=32, iterations=1, lanes=1, memory_cost=19456).derive(
            STRING.encode()
        )
        if quick
        else hmac.digest(b"s" * 32, b"vodseal1/filealone\0" + b"salt" * 4 + b"\1", "sha256")
    )
    context = b"vodseal1/appkey\0" + player.fingerprint + b"serial-of-16-byt"
    assert open_message(key, context, wrapped) == app_key.private_bytes_raw()


def test_a_file_alone_needs_no_string(service: Service, player: AppIdentity) -> None:
    parsed = SecurityFile.parse(service.issue(player, opening=ALONE, private_string=None))
    assert not parsed.opening.needs_private_string
    assert parsed.open(player, None).fingerprint == player.fingerprint


@pytest.mark.parametrize("string", [None, "", "PrivateString124", "privateString123"])
def test_a_wrong_or_missing_string_does_not_open(
    service: Service, player: AppIdentity, string: str | None
) -> None:
    parsed = SecurityFile.parse(service.issue(player))
    assert parsed.opening.needs_private_string
    with pytest.raises(SecurityFileError) as caught:
        parsed.open(player, string)
    assert not string or string not in str(caught.value)


@pytest.mark.behaviour("B14", "B18")
def test_the_file_of_another_app_does_not_open(service: Service, player: AppIdentity) -> None:
    other = AppIdentity.ios_bundle("com.example.other")
    for data in (service.issue(player), service.issue(player, opening=ALONE)):
        with pytest.raises(SecurityFileError):
            SecurityFile.parse(data).open(other, STRING)


@pytest.mark.behaviour("B47")
def test_one_string_for_two_apps_gives_two_keys(service: Service, player: AppIdentity) -> None:
    """And naming the other app does not help: its name is in what the wrap commits to."""
    other = AppIdentity.ios_bundle("com.example.other")
    mine, theirs = (
        SecurityFile.parse(service.issue(player)),
        SecurityFile.parse(service.issue(other)),
    )
    assert (
        mine.open(player, STRING).app_key.private_bytes_raw()
        != theirs.open(other, STRING).app_key.private_bytes_raw()
    )
    renamed = rewritten(
        service.issue(player), {2: other.identifier, 3: int(other.kind), 4: other.fingerprint}
    )
    with pytest.raises(SecurityFileError):
        SecurityFile.parse(renamed).open(other, STRING)


@pytest.mark.parametrize("opening", [ALONE, None], ids=["alone", "string"])
def test_no_flipped_bit_survives(
    service: Service, player: AppIdentity, opening: FileAloneOpening | None
) -> None:
    data = service.issue(player, **({"opening": opening} if opening else {}))
    for bit in range(len(data) * 8):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SecurityFileError):
            SecurityFile.parse(bytes(changed))


def test_no_cut_or_addition_survives(service: Service, player: AppIdentity) -> None:
    data = service.issue(player)
    for size in range(len(data)):
        with pytest.raises(SecurityFileError):
            SecurityFile.parse(data[:size])
    with pytest.raises(SecurityFileError):
        SecurityFile.parse(data + b"\0")


@pytest.mark.parametrize(
    "change",
    [
        {0: 2},
        {1: b"short"},
        {2: b"com.example.other"},
        {2: b"not an id"},
        {3: 9},
        {3: 0},
        {4: bytes(32)},
        {5: bytes(31)},
        {6: bytes(103)},
        {6: bytes(105)},
        {7: {0: 2, 1: bytes(16)}},
        {7: {0: 2, 1: bytes(16), 2: 65536, 3: 3, 4: 1}},
        {7: {0: 0, 1: bytes(15), 2: bytes(32)}},
        {7: {0: 0, 1: bytes(16), 2: bytes(32), 3: 0}},
        {7: {0: 1, 1: bytes(16), 2: 65536, 3: 3}},
        {7: {0: 1, 1: bytes(16), 2: 19455, 3: 3, 4: 1}},
        {7: {0: 1, 1: bytes(16), 2: 1048577, 3: 3, 4: 1}},
        {7: {0: 1, 1: bytes(16), 2: 65536, 3: 0, 4: 1}},
        {7: {0: 1, 1: bytes(16), 2: 65536, 3: 11, 4: 1}},
        {7: {0: 1, 1: bytes(16), 2: 65536, 3: 3, 4: 2}},
        {7: {0: 1, 1: bytes(8), 2: 65536, 3: 3, 4: 1}},
        {8: True},
        {10: {}},
        {10: {0: 0, 1: True}},
        {10: {0: 1}},
        {10: {0: 4, 1: True}},
        {10: {0: True, 1: True}},
        {10: {0: 1, 1: 1}},
        {10: {0: 1, 1: True, 2: 0}},
        {12: 0},
        {11: {}},
        {11: {1: [KEY.public_key().public_bytes_raw()], 2: []}},
        {11: {1: [KEY.public_key().public_bytes_raw()], 2: [b"short"]}},
        {11: {1: [KEY.public_key().public_bytes_raw()], 2: ["text"]}},
        {11: {1: [KEY.public_key().public_bytes_raw()], 8: [bytes(32)]}},
        {11: {1: [KEY.public_key().public_bytes_raw()], 20: [bytes(32)]}},
        {11: {1: [KEY.public_key().public_bytes_raw()], 2: [bytes(32)] * 17}},
        {11: {1: [bytes(32)], 2: [bytes(32)]}},
        {11: {2: [bytes(32)]}},
    ],
)
def test_a_signed_file_that_breaks_a_rule_is_refused(
    service: Service, player: AppIdentity, change: CborMap
) -> None:
    with pytest.raises(SecurityFileError):
        SecurityFile.parse(rewritten(service.issue(player), change))


@pytest.mark.parametrize("key", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11])
def test_a_signed_file_without_a_field_is_refused(
    service: Service, player: AppIdentity, key: int
) -> None:
    with pytest.raises(SecurityFileError):
        SecurityFile.parse(rewritten(service.issue(player), {}, drop=key))


def test_a_wrapped_key_of_another_pair_is_refused(service: Service, player: AppIdentity) -> None:
    data = service.issue(player, opening=ALONE)
    context = b"vodseal1/appkey\0" + player.fingerprint + b"serial-of-16-byt"
    wrong = seal_message(ALONE.derive(None), context, b"x" * 32)
    with pytest.raises(SecurityFileError):
        SecurityFile.parse(rewritten(data, {6: wrong})).open(player, None)


def test_another_type_of_envelope_is_no_security_file(
    service: Service, player: AppIdentity
) -> None:
    _, body = open_self_anchored(service.issue(player), EnvelopeType.SECURITY_FILE)
    anchor = KEY.public_key().public_bytes_raw()
    for kind in set(EnvelopeType) - {EnvelopeType.SECURITY_FILE}:
        with pytest.raises(SecurityFileError):
            SecurityFile.parse(seal_envelope(kind, anchor + body, KEY))


def test_validity_has_two_ends(service: Service, player: AppIdentity) -> None:
    limited = SecurityFile.parse(service.issue(player, not_before=100, not_after=200))
    for now in (100, 199.9):
        limited.check_validity(now)
    for now in (99.9, 200, 1e9):
        with pytest.raises(SecurityFileError):
            limited.check_validity(now)
    unlimited = SecurityFile.parse(service.issue(player))
    assert (unlimited.not_before, unlimited.not_after) == (0, 0)
    unlimited.check_validity(1e12)


def test_keys_are_trusted_for_their_type_alone(service: Service) -> None:
    licenses = service.trust.for_type(EnvelopeType.LICENSE)
    files = service.trust.for_type(EnvelopeType.SECURITY_FILE)
    assert len(licenses) == len(files) == 1
    assert not licenses.keys() & files.keys()
    assert service.trust.for_type(EnvelopeType.TIME_TOKEN) == {}


def test_nothing_is_issued_that_would_not_open(service: Service, player: AppIdentity) -> None:
    stranger = Ed25519PrivateKey.from_private_bytes(b"x" * 32)
    for_licenses = VerificationKeys({EnvelopeType.LICENSE: (bytes(32),)})
    for changes in (
        {"serial": b"short"},
        {"signing_key": stranger},
        {"trust": for_licenses},
    ):
        with pytest.raises(MisuseError):
            service.issue(player, **changes)
    with pytest.raises(SecurityFileError):
        service.issue(player, private_string=None)
    with pytest.raises(MisuseError):
        VerificationKeys({EnvelopeType.APP_MANIFEST: (bytes(32),)})
    with pytest.raises(MisuseError):
        FileAloneOpening(salt=b"", secret=bytes(32))


def test_the_work_that_a_string_asks_for_has_bounds_of_its_own() -> None:
    for memory, passes in ((19 * 1024, 1), (1024 * 1024, 10)):
        made = Argon2Opening(salt=bytes(16), memory_kib=memory, passes=passes)
        assert (made.memory_kib, made.passes) == (memory, passes)
        for more, longer in ((1, 0), (0, 1)) if passes > 1 else ((-1, 0), (0, -1)):
            with pytest.raises(MisuseError):
                Argon2Opening(salt=bytes(16), memory_kib=memory + more, passes=passes + longer)


def test_no_secret_shows_in_a_repr(service: Service, player: AppIdentity) -> None:
    parsed = SecurityFile.parse(service.issue(player, opening=ALONE))
    unlocked = parsed.open(player, None)
    shown = repr(parsed) + repr(unlocked)
    assert repr(ALONE.secret) not in shown
    assert "app_key=" not in shown


@pytest.mark.parametrize("least", IdentityLevel)
@pytest.mark.parametrize("shown", IdentityLevel)
def test_a_file_opens_from_its_least_level_on(
    service: Service, player: AppIdentity, least: IdentityLevel, shown: IdentityLevel
) -> None:
    data = service.issue(player, opening=ALONE, requirements=AppRequirements(least_level=least))
    parsed = SecurityFile.parse(data)
    assert parsed.requirements.least_level is least
    if shown >= least:
        assert parsed.open(player, None, level=shown).level is shown
        return
    asked = rf"asks for identity level {least:d} \({least.name.lower()}\).* shows level {shown:d}$"
    with pytest.raises(AppIdentityError, match=asked) as caught:
        parsed.open(player, None, level=shown)
    remedies = ("", "`vodseal app sign`", "its platform installs", "hardware vouches")
    assert remedies[least] in caught.value.remedy


def test_a_type_has_at_most_sixteen_keys() -> None:
    keys = tuple(bytes([number]) * 32 for number in range(17))
    assert VerificationKeys({EnvelopeType.LICENSE: keys[:16]}).by_type
    for wrong in (keys, ()):
        with pytest.raises(MisuseError):
            VerificationKeys({EnvelopeType.LICENSE: wrong})


def test_requirements_come_back_as_they_were_issued(service: Service, player: AppIdentity) -> None:
    for level in IdentityLevel:
        for allowed in (True, False):
            asked = AppRequirements(least_level=level, file_key_store=allowed)
            assert (
                SecurityFile.parse(service.issue(player, requirements=asked)).requirements == asked
            )
    _, body = open_self_anchored(
        service.issue(player, requirements=AppRequirements(least_level=IdentityLevel.PLATFORM)),
        EnvelopeType.SECURITY_FILE,
    )
    fields = decode(body)
    assert isinstance(fields, dict)
    assert fields[10] == {0: 2, 1: True}
    assert SecurityFile.parse(service.issue(player)).requirements == AppRequirements()
