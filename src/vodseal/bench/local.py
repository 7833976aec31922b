"""``bench seal`` and ``bench seek``: what sealing costs, with no network about.

Sealing is held against copying, against what OpenSSL says of the bare cipher on one
core, and against age; reading against the same film unsealed, through the same player's
reader. Our own work, and reading, count without the start of the interpreter.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from vodseal.bench.measure import Taken, events, measure
from vodseal.bench.report import Report
from vodseal.bench.rivals import chosen, find
from vodseal.bench.rounds import Contestant, interleave
from vodseal.bench.work import seal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


__all__ = ["LocalBench", "bench_seal", "bench_seek", "openssl_rate"]

_WORK: Final = (sys.executable, "-m", "vodseal.bench.work")
_SEAL_RIVALS: Final = ("cp", "openssl", "age")
_SEEK_RIVALS: Final = ("plain file",)
_BLOCK: Final = 1 << 20
_CHUNK: Final = 16384
_MEMORY, _FILE, _SEALED, _PLAIN = "vodseal in memory", "vodseal to a file", "vodseal", "plain file"


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalBench:
    """What is to be measured."""

    folder: Path
    """Where to work; it is there."""
    size: int
    rounds: int
    against: str | None = None
    rival_bin: Path | None = None


def bench_seal(order: LocalBench, say: Callable[[str], object]) -> Report:
    """Return what ``bench seal`` found.

    Raises:
        OperatorError: ``CHECK_FAILED``: a run of ours failed.
        MisuseError: A rival is not known.
    """
    names = chosen(_SEAL_RIVALS, order.against)
    plain, out = order.folder / "plain.mp4", order.folder / "out"
    _write_plain(plain, order.size)
    contestants = [
        _ours(_MEMORY, (*_WORK, "seal", str(order.size)), out),
        _ours(_FILE, (*_WORK, "seal", str(order.size), str(out / "film.vseal")), out),
    ]
    left_out = {}
    for name in names:
        program = find(name, order.rival_bin)
        keygen = find("age-keygen", order.rival_bin) if name == "age" else None
        if program is None or (name == "age" and keygen is None):
            left_out[name] = f"{name} is not installed"
        elif name == "cp":
            contestants.append(_rival(name, [program, plain, out / "copy"], out))
        elif keygen is not None:
            contestants.append(_rival(name, _age(program, keygen, plain, out), out))
        else:
            contestants.append(_openssl(program, order.size))
    results = interleave(contestants, order.rounds, say)
    results.left_out.update(left_out)
    return Report(
        benchmark="seal",
        size=order.size,
        rounds=order.rounds,
        results=results,
        ratios=((_MEMORY, ("openssl",)), (_FILE, ("cp", "age"))),
    )


def bench_seek(order: LocalBench, say: Callable[[str], object]) -> Report:
    """Return what ``bench seek`` found; besides the usual it has ``p50_ms`` and ``p99_ms``.

    ``median_MBps`` is of reading from the first byte to the last; the others are of
    64 KiB at 2,000 random places. All of it is warm: the file lies in the page cache.

    Raises:
        OperatorError: ``CHECK_FAILED``: a run of ours failed.
        MisuseError: A rival is not known.
    """
    names = chosen(_SEEK_RIVALS, order.against)
    sealed, plain = order.folder / "film.vseal", order.folder / "film.mp4"
    say("writing a sealed film")
    seal(sealed, order.size)
    found: dict[str, list[dict[str, float]]] = {}
    contestants = [_reader(_SEALED, sealed, found)]
    if names:
        _write_plain(plain, order.size)
        contestants.append(_reader(_PLAIN, plain, found))
    results = interleave(contestants, order.rounds, say)
    counted = {name: all_[1:] for name, all_ in found.items()}  # but not the round to warm up
    more: dict[str, object] = {"raw_ms": counted}
    for figure in ("p50_ms", "p99_ms"):
        more[figure] = {
            name: round(statistics.median(one[figure] for one in all_), 4)
            for name, all_ in counted.items()
        }
    return Report(
        benchmark="seek",
        size=order.size,
        rounds=order.rounds,
        results=results,
        ratios=((_SEALED, (_PLAIN,)),),
        more=more,
    )


def openssl_rate(output: str) -> float | None:
    """Return bytes a second from what ``openssl speed -mr`` printed; None when it says nothing."""
    found = re.findall(r"^\+F:\d+:[^:]+:([0-9.]+)\s*$", output, re.MULTILINE)
    return float(found[-1]) if found else None


def _write_plain(path: Path, size: int) -> None:
    block = os.urandom(_BLOCK)
    with path.open("wb") as file:
        for start in range(0, size, _BLOCK):
            file.write(block[: min(_BLOCK, size - start)])


def _ours(name: str, command: tuple[str, ...], out: Path) -> Contestant:
    def run() -> Mapping[str, Taken]:
        out.mkdir()
        taken = measure(command)
        shutil.rmtree(out)
        return {name: _inner(taken)}

    return Contestant(name=name, run=run, is_ours=True)


def _inner(taken: Taken) -> Taken:
    """Return a run with the seconds that its process told."""
    if taken.failure:
        return taken
    ((_, told),) = events(taken)
    return replace(taken, seconds=float(str(told["seconds"])))


def _rival(name: str, command: list[str | Path], out: Path) -> Contestant:
    def run() -> Mapping[str, Taken]:
        out.mkdir()
        taken = measure(command)
        shutil.rmtree(out)
        return {name: taken}

    return Contestant(name=name, run=run)


def _age(program: str, keygen: str, plain: Path, out: Path) -> list[str | Path]:
    identity = plain.with_name("age.key")
    measure([keygen, "-o", identity])
    lines = identity.read_text().splitlines() if identity.exists() else []
    recipient = next((line.rpartition(" ")[2] for line in lines if "public key" in line), "")
    return [program, "-r", recipient, "-o", out / "film.age", plain]


def _openssl(program: str, size: int) -> Contestant:
    """AES-256-GCM on one core, as OpenSSL measures itself: what nobody with that cipher beats."""
    speed = ("speed", "-mr", "-elapsed", "-seconds", "1", "-bytes", str(_CHUNK))

    def run() -> Mapping[str, Taken]:
        taken = measure([program, *speed, "-evp", "aes-256-gcm"])
        rate = openssl_rate("".join(line for _, line in taken.lines))
        if taken.failure or not rate:
            return {"openssl": replace(taken, failure=taken.failure or "it told no rate")}
        return {"openssl": Taken(seconds=size / rate)}

    return Contestant(name="openssl", run=run)


def _reader(name: str, path: Path, found: dict[str, list[dict[str, float]]]) -> Contestant:
    def run() -> Mapping[str, Taken]:
        taken = measure((*_WORK, "read", str(path)))
        if not taken.failure:
            ((_, told),) = events(taken)
            found.setdefault(name, []).append({key: float(str(told[key])) for key in told})
        return {name: _inner(taken)}

    return Contestant(name=name, run=run, is_ours=True)
