"""The right thing for somebody or something else: each is refused."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, product

import pytest
from tests.tamper.conftest import Attacks
from tests.tamper.golden import A, B, World

from vodseal.container.reader import SealedReader
from vodseal.container.source import MemorySource
from vodseal.credential.envelope import (
    EnvelopeType,
    keys_by_id,
    open_envelope,
    open_self_anchored,
    seal_envelope,
    seal_self_anchored,
)
from vodseal.license.model import Issuer, License
from vodseal.license.open import verify_license

pytestmark = pytest.mark.tamper
NAMES = list(World().specimens)
STAGED = ("staged piece", "staged piece without its row", "staged piece in blocks")
"""One file, read in three ways."""


def test_no_thing_passes_for_another(world: World, attacks: Attacks) -> None:
    """Every specimen to every reader but its own; a file of A is one, too."""
    things = {name: specimen.data for name, specimen in world.specimens.items()}
    things |= {"sealed file": A.seal_file(b"film"), "nothing": b"", "zeros": bytes(4096)}
    same = {
        frozenset({"license", "local license"}),  # Either is read as what it is.
        frozenset({"security file", "security file with string"}),
        *map(frozenset, combinations(STAGED, 2)),
    }
    tried = 0
    for (name, data), (other, specimen) in product(things.items(), world.specimens.items()):
        if name != other and frozenset({name, other}) not in same:
            attacks.on(specimen.read, data, (name, other))
            tried += 1
    attacks.check(tried)
    assert tried > 150


def test_no_envelope_passes_for_another_type(world: World, attacks: Attacks) -> None:
    keys = keys_by_id(world.signing.public_key())
    for made, asked in product(EnvelopeType, EnvelopeType):
        plain = seal_envelope(made, b"payload", world.signing)
        anchored = seal_self_anchored(made, b"payload", world.signing)
        if made is asked:
            assert open_envelope(plain, asked, keys) == b"payload"
            assert open_self_anchored(anchored, asked)[1] == b"payload"
            continue
        for data in (plain, plain[:9] + bytes([asked]) + plain[10:]):
            attacks.on(lambda d, asked=asked: open_envelope(d, asked, keys), data, (made, asked))
        for data in (anchored, anchored[:9] + bytes([asked]) + anchored[10:]):
            attacks.on(lambda d, asked=asked: open_self_anchored(d, asked), data, (made, asked))
    attacks.check(4 * len(EnvelopeType) * (len(EnvelopeType) - 1))


def test_a_license_opens_for_its_file_app_and_device_alone(world: World, attacks: Attacks) -> None:
    everybody = list(product((A, B), world.apps, world.devices))
    for of, asked in product(everybody, everybody):
        data = world.license(*of)
        if of == asked:
            assert world.content_key(data, *asked) == of[0].content_key
        else:
            attacks.on(lambda d, asked=asked: world.content_key(d, *asked), data, (of, asked))
    attacks.check(8 * 7)


def test_the_key_of_one_license_does_not_open_the_file_of_another(
    world: World, attacks: Attacks
) -> None:
    """Even with a license that names the file: file and key have to belong together."""
    app, device = world.apps[0], world.devices[0]
    for of, other in ((A, B), (B, A)):
        key = world.content_key(world.license(of, app, device), of, app, device)
        file = other.seal_file(b"film", file_id=b"file-id-000000-1")
        attacks.on(lambda d, key=key: SealedReader(MemorySource(d), key).readall(), file, other)
    attacks.check(2)


def test_no_wrapped_key_can_be_taken_into_another_license(world: World, attacks: Attacks) -> None:
    """Signed again by the service's own key: the terms are in the locks, not in the signature."""
    app, device = world.apps[0], world.devices[0]
    mine = (A, app, device)
    held = verify_license(world.license(*mine), world.trust, device.signing.public_key())
    others = [
        world.license(B, app, device),
        world.license(A, world.apps[1], device),
        world.license(A, app, world.devices[1]),
    ]
    read = [verify_license(d, world.trust, device.signing.public_key()) for d in others]
    made = [replace(held, wrapped_key=other.wrapped_key) for other in read]
    made += [replace(held, wrapped_transport_key=other.wrapped_transport_key) for other in read]
    made += [replace(other, terms=held.terms) for other in read]
    made += [replace(held, ck_digest=other.ck_digest) for other in read if other is read[0]]
    made += [replace(held, terms=replace(held.terms, **change)) for change in changes()]
    for forged in made:
        attacks.on(lambda d: world.content_key(d, *mine), signed(world, forged), forged.terms)
    attacks.check(3 + 3 + 3 + 1 + len(changes()))


def changes() -> list[dict[str, object]]:
    return [
        {"sequence": 1},
        {"vid": "another"},
        {"track": "another"},
        {"issued_at": 0},
        {"not_before": 1},
        {"expires_at": 1 << 53},
        {"play_window": 1},
        {"max_offline": 1},
        {"renewable": False},
        {"releasable": False},
    ]


def signed(world: World, forged: License) -> bytes:
    assert forged.issuer is Issuer.SERVICE
    return seal_envelope(EnvelopeType.LICENSE, forged.encode(), world.licensing)


def test_there_is_enough_to_attack(world: World) -> None:
    assert len(NAMES) >= 15
    assert all(specimen.data for specimen in world.specimens.values())


def test_a_reader_that_believes_everything_would_be_seen() -> None:
    made = Attacks()
    made.on(lambda _: None, b"altered", "believed")
    with pytest.raises(AssertionError, match="believed"):
        made.check(1)
    with pytest.raises(AssertionError):
        Attacks().check(0)
