"""Vectors of the app manifest (SPEC credential, 6). What is given out is the app's identifier."""

from collections.abc import Callable

from spec.credential.forms import (
    BUNDLE,
    MANIFEST,
    Fields,
    default_files,
    entry,
    manifest,
)
from spec.kit import Raw, flip, public
from spec.vector import vector


def manifests() -> dict[str, bytes]:
    identifier = BUNDLE + b"\0" + public(MANIFEST)
    cases = {name: vector("manifest", "ok", data, identifier) for name, data in good().items()}
    for name, (expect, data) in (bad_frames() | bad_files()).items():
        cases[name] = vector("manifest", expect, data)
    return {f"manifest_{name}": data for name, data in cases.items()}


def good() -> dict[str, bytes]:
    paths = ["A", "a", "a/b", "a b", "ab", "é", "\uffee", "\U0001f600"]
    return {
        "of_two_files": manifest(),
        "of_no_files": manifest(files=[]),
        "in_order_of_code_points": manifest(files=[entry(path) for path in sorted(paths)]),
        "with_links": manifest(
            files=[
                ["a/link", "x"],
                entry("a/x"),
                ["b/c/link", "../../a/x"],
                ["link", "a/x"],
            ]
        ),
        "of_many_files": manifest(files=[entry(f"{i:04}") for i in range(1500)]),
    }


def bad_frames() -> dict[str, tuple[str, bytes]]:
    def changed(change: Fields) -> bytes:
        return manifest(edit=lambda fields: fields.update(change))

    def without(key: int) -> Callable[[Fields], object]:
        return lambda fields: fields.pop(key)

    right = manifest()
    return {
        "altered": ("tampered", flip(right, 100)),
        "cut": ("truncated", right[:-1]),
        "of_another_type": ("malformed", manifest(number=1)),
        "version_2": ("unsupported", changed({0: 2})),
        "version_missing": ("malformed", manifest(edit=without(0))),
        "bundle_missing": ("malformed", manifest(edit=without(1))),
        "files_missing": ("malformed", manifest(edit=without(2))),
        "field_unknown": ("malformed", changed({3: 0})),
        "bundle_without_dot": ("malformed", changed({1: "player"})),
        "bundle_is_bytes": ("malformed", changed({1: BUNDLE})),
        "trailing_byte": ("malformed", manifest(body=lambda b: b + b"\0")),
    }


def bad_files() -> dict[str, tuple[str, bytes]]:
    digest = entry("x")[2]
    paths = {
        "path_empty": "",
        "path_absolute": "/etc/passwd",
        "path_up": "../x",
        "path_up_within": "a/../../x",
        "path_dot": "./x",
        "path_of_two_slashes": "a//x",
        "path_with_a_slash_at_its_end": "a/",
        "path_with_backslash": "..\\x",
        "path_with_drive": "C:x",
        "path_with_zero": "a\0b",
        "path_is_bytes": b"x",
    }
    targets: dict[str, object] = {
        "link_to_nothing": "y",
        "link_to_itself": "l",
        "link_to_a_folder": "f",
        "link_above_the_app": "../x",
        "link_above_and_back": "../app/x",
        "link_absolute": "/x",
        "link_by_a_dot": "./x",
        "link_by_two_slashes": "f//x",
        "link_empty": "",
        "link_to_a_number": 1,
        "link_in_bytes": b"x",
    }
    files: dict[str, list[object]] = {name: [entry(path)] for name, path in paths.items()} | {
        "paths_out_of_order": default_files()[::-1],
        "path_twice": [entry("x"), entry("x")],
        "entry_of_one": [["x"]],
        "entry_of_four": [["x", 1, digest, 0]],
        "entry_is_a_map": [{0: "x"}],
        "size_negative": [["x", Raw(b"\x20"), digest]],
        "size_is_a_boolean": [["x", Raw(b"\xf5"), digest]],
        "digest_of_31_bytes": [["x", 1, bytes(31)]],
        "digest_is_text": [["x", 1, "d" * 32]],
    }
    for name, target in targets.items():
        files[name] = [entry("f/x"), ["l", target], entry("x")]
    files["link_to_a_link"] = [["k", "l"], ["l", "x"], entry("x")]
    return {name: ("malformed", manifest(files=listed)) for name, listed in files.items()}
