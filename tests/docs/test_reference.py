"""What the reference pages list is what there is."""

from __future__ import annotations

import re
import runpy
from dataclasses import fields
from pathlib import Path

from vodseal.error_codes import REMEDIES, ErrorCode
from vodseal.service.service_settings import SETTINGS
from vodseal.service.settings import Settings

ROOT = Path(__file__).parents[2]
SETTINGS_PAGE = (ROOT / "docs/reference/settings.md").read_text()


def test_every_number_has_a_remedy_and_stands_on_the_page() -> None:
    assert set(REMEDIES) == set(ErrorCode)
    script = runpy.run_path(str(ROOT / "scripts/errors"))
    assert script["page"]() == (ROOT / "docs/reference/errors.md").read_text()


def test_every_setting_of_a_run_is_documented() -> None:
    names = {f.name for f in fields(Settings)} - {"home"}
    missing = {n for n in names if f"| `VODSEAL_{n.upper()}` |" not in SETTINGS_PAGE}
    assert names
    assert missing == set()


def test_every_setting_of_the_service_is_documented() -> None:
    assert SETTINGS
    assert {n for n in SETTINGS if f"| `{n}` |" not in SETTINGS_PAGE} == set()


def test_every_variable_that_the_code_reads_is_documented() -> None:
    source = "".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
    read = set(re.findall(r'"(VODSEAL_[A-Z_]+)"', source))
    assert read
    assert {name for name in read if name not in SETTINGS_PAGE} == set()
