"""Ours and aria2c where a round trip takes 50 ms and 1 % is lost: ``scripts/torture network``.

Root on Linux, with nginx, ffmpeg and aria2c. Rounds are interleaved; a figure is
the median of its rounds, start of the process included. Ours also opens, seals,
makes the film and reads it back; aria2c saves what it gets.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from torture.encrypted_hls import encrypted_hls
from torture.lossy_path import lossy_path
from vodseal.bench.film import long_film

if TYPE_CHECKING:
    from collections.abc import Callable

    from torture.lossy_path import LossyPath

_PORT: Final = 8080
_ARIA2C: Final = ["aria2c", "-q", "-x16", "-j16", "-s16", "-k1M", "--file-allocation=none"]
_NGINX: Final = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; user root;
events {{ worker_connections 256; }}
http {{
  access_log off; sendfile on; root {folder}/www;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  server {{ listen {port}; }}
}}
"""


def main() -> None:
    """Run the rounds and print the figures as one JSON object."""
    parser = argparse.ArgumentParser(prog="scripts/torture network", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--round-trip-ms", type=float, default=50.0)
    parser.add_argument("--loss-percent", type=float, default=1.0)
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as name,
        lossy_path(
            round_trip=asked.round_trip_ms / 1000, loss=asked.loss_percent / 100, seed=1
        ) as path,
    ):
        contest = _Contest(Path(name), path, asked.megabytes * 10**6)
        with contest:
            print(json.dumps(contest.run(asked.rounds), indent=2))


class _Contest:
    """A server on the far side, and everybody who downloads from it on the near side."""

    def __init__(self, folder: Path, path: LossyPath, size: int) -> None:
        self._folder = folder
        self._path = path
        self._www = folder / "www"
        self._url = f"http://{path.server_address}:{_PORT}"
        self._film = folder / "film.mp4"
        long_film(None, self._film, size)
        encrypted_hls(self._film, self._www / "hls", f"{self._url}/hls")
        self._film = self._film.rename(self._www / "film.mp4")
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> None:
        config = self._folder / "nginx.conf"
        config.write_text(_NGINX.format(folder=self._folder, port=_PORT))
        command = ["nginx", "-c", str(config), "-p", str(self._folder)]
        self._server = subprocess.Popen(self._path.in_server(command))

    def __exit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.terminate()
        self._server.wait()

    def run(self, rounds: int) -> dict[str, object]:
        """Return the seconds of each, and the ratio of their medians."""
        contestants: dict[str, Callable[[Path], None]] = {
            "vodseal, HLS": self._ours_hls,
            "aria2c -x16 -j16, HLS": self._aria2c_hls,
            "vodseal, MP4": self._ours_mp4,
            "aria2c -x16 -s16, MP4": self._aria2c_mp4,
        }
        seconds: dict[str, list[float]] = {name: [] for name in contestants}
        for _ in range(rounds):
            for name, download in contestants.items():
                out = self._folder / "out"
                out.mkdir()
                began = time.perf_counter()
                download(out)
                seconds[name].append(time.perf_counter() - began)
                shutil.rmtree(out)
        medians = {name: statistics.median(found) for name, found in seconds.items()}
        hls_ours, hls_theirs, mp4_ours, mp4_theirs = medians.values()
        return {
            "bytes": self._film.stat().st_size,
            "rounds": rounds,
            "median_seconds": medians,
            "speed_against_aria2c": {
                "HLS": round(hls_theirs / hls_ours, 2),
                "MP4": round(mp4_theirs / mp4_ours, 2),
            },
            "raw": seconds,
        }

    def _segments(self) -> list[str]:
        lines = (self._www / "hls" / "index.m3u8").read_text().splitlines()
        return [f"{self._url}/hls/{line}" for line in lines if line and not line.startswith("#")]

    def _ours_hls(self, out: Path) -> None:
        text = (self._www / "hls" / "index.m3u8").read_text()
        iv = text.partition("IV=0x")[2].partition("\n")[0]
        key = (self._www / "hls" / "key.bin").read_bytes()
        self._ours(out, {"urls": self._segments(), "key": key.hex(), "iv": iv})

    def _ours_mp4(self, out: Path) -> None:
        self._ours(out, {"urls": [f"{self._url}/film.mp4"]})

    def _ours(self, out: Path, job: dict[str, object]) -> None:
        command = self._path.in_client([sys.executable, "-m", "torture.network_job"])
        order = json.dumps({**job, "save_dir": str(out)})
        subprocess.run(command, input=order.encode(), check=True, stdout=subprocess.DEVNULL)

    def _aria2c_hls(self, out: Path) -> None:
        listed = "\n".join(self._segments()).encode()
        self._aria2c(out, "-i", "-", listed=listed)

    def _aria2c_mp4(self, out: Path) -> None:
        self._aria2c(out, f"{self._url}/film.mp4")

    def _aria2c(self, out: Path, *what: str, listed: bytes = b"") -> None:
        command = self._path.in_client([*_ARIA2C, "-d", str(out), *what])
        subprocess.run(command, input=listed, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
