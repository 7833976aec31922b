"""The table of calls names calls that exist, and all of them."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields
from pathlib import Path

import vodseal

PAGE = (Path(__file__).parents[3] / "docs/reference/calls.md").read_text()
CLASSES = ("MediaDownloader", "DownloaderFactory", "PrivateService", "DownloadManager")


def test_every_call_on_the_page_exists() -> None:
    named = set(re.findall(r"`(\w+)\.(\w+)\(", PAGE))
    ours = {(owner, call) for owner, call in named if owner in CLASSES and call.islower()}
    assert len(ours) >= 24
    for owner, call in ours:
        assert callable(getattr(getattr(vodseal, owner), call)), f"{owner}.{call}"


def test_every_public_call_is_on_the_page() -> None:
    for owner in CLASSES:
        for name, _ in inspect.getmembers(getattr(vodseal, owner), callable):
            if not name.startswith("_") and name != "delete_own_file":
                assert f"{owner}.{name}(" in PAGE, f"{owner}.{name}"


def test_every_field_of_sources_and_config_is_on_the_page() -> None:
    for model in (vodseal.VidSts, vodseal.VidAuth, vodseal.DownloaderConfig):
        for field in fields(model):
            assert re.search(rf"\b{field.name}\b", PAGE), f"{model.__name__}.{field.name}"


def test_every_answer_of_a_deletion_is_on_the_page() -> None:
    for result in vodseal.DeleteResult:
        number = "\u2013" if result.code is None else f"{result.code:08X}"
        assert f"| {result.value} | {number} |" in PAGE
