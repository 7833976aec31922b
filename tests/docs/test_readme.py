"""The example in the README, and its like for asyncio, run word for word on a real service."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from vodseal.vault.app_folder import make_manifest_key, sign_app_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.behaviours.house import House

ROOT = Path(__file__).parents[2]
PRIVATE_STRING = "Readers1234567890"


EXAMPLES = (("README.md", 0), ("docs/howto/asyncio.md", 0), ("docs/howto/asyncio.md", 1))


def example(page: str = "README.md", number: int = 0) -> str:
    codes = re.findall(
        r"^```python\n(.*?)^```", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE
    )
    return str(codes[number])


def test_the_example_is_ten_lines() -> None:
    calls = [line for line in example().splitlines() if not line.startswith("from ")]
    assert len(calls) <= 10


@pytest.mark.parametrize("place", EXAMPLES)
def test_the_example_downloads_a_film(
    place: tuple[str, int],
    house: House,
    video: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app_folder = tmp_path / "app"
    app_folder.mkdir()
    (app_folder / "main.py").write_text("")
    manifest = sign_app_folder(
        app_folder, "org.example.reader", make_manifest_key(tmp_path / "key.pem")
    )
    registered = house.ask(
        "RegisterApp",
        Kind="python",
        Identifier="org.example.reader",
        ManifestKey=base64.b64encode(manifest.public_key).decode(),
        FileAlone="false",
        form={"AppDecryptKey": PRIVATE_STRING},
    )
    security_file = base64.b64decode(registered["SecurityFile"])
    (tmp_path / "encryptedApp.dat").write_bytes(security_file)
    (tmp_path / "encryptedApp.key").write_text(PRIVATE_STRING)
    source = house.auth(video("short"))
    given = {
        "app_folder": str(app_folder),
        "vid": source.vid,
        "auth": source.play_auth,
        "config": source.play_config,
        "endpoint": source.endpoint,
    }
    code = f"import json, sys\nglobals().update(json.loads(sys.stdin.read()))\n{example(*place)}"
    monkeypatch.setenv("VODSEAL_HOME", str(tmp_path / "home"))
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
    )
    path = Path(done.stdout.strip())
    assert done.returncode == 0, done.stderr
    assert path.suffix == ".vseal", done.stdout
    assert path.parent == tmp_path / "videos"
    assert path.stat().st_size > 4096
