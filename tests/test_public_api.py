"""The public surface is short, explicit, and changes only on purpose."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import vodseal
import vodseal.aio

if TYPE_CHECKING:
    from types import ModuleType

PINNED = Path(__file__).parent / "api.txt"


def surface() -> str:
    """Return every public name with its kind, and every public method with its signature."""
    return "\n".join([*_surface_of(vodseal), *_surface_of(vodseal.aio)]) + "\n"


def _surface_of(module: ModuleType) -> list[str]:
    lines = []
    for name in sorted(module.__all__):
        thing = getattr(module, name)
        full = f"{module.__name__}.{name}".removeprefix("vodseal.")
        lines.append(f"{full}: {'class' if inspect.isclass(thing) else type(thing).__name__}")
        for member, value in sorted(inspect.getmembers(thing)):
            if member.startswith("_") or not callable(value) or not inspect.isclass(thing):
                continue
            if any(
                member in vars(base)
                for base in thing.__mro__
                if base.__module__.startswith("vodseal")
            ):
                lines.append(f"  {name}.{member}{_signature(value)}")
    return lines


def _signature(value: object) -> str:
    try:
        return str(inspect.signature(value))  # type: ignore[arg-type]  # every public name is called or a class
    except (TypeError, ValueError):
        return "(...)"


def test_the_surface_is_the_reviewed_one() -> None:
    assert surface() == PINNED.read_text(), "run: python -m tests.test_public_api"


def test_all_names_exist_and_nothing_else_is_public() -> None:
    assert vodseal.__all__ == sorted(vodseal.__all__)
    assert vodseal.aio.__all__ == sorted(vodseal.aio.__all__)
    assert all(getattr(vodseal, name) for name in vodseal.__all__)


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = {
        "av",
        "pycurl",
        "cryptography",
        "starlette",
        "sqlalchemy",
        "granian",
        "rich",
        "obstore",
    }
    code = f"import sys, vodseal; print(sorted({heavy!r} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_the_client_alone_needs_no_service() -> None:
    code = (
        "import sys, vodseal.sdk.downloader, vodseal.player.session\n"
        "print(sorted({'starlette', 'sqlalchemy', 'granian', 'obstore', 'msgspec'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


if __name__ == "__main__":
    PINNED.write_text(surface())
