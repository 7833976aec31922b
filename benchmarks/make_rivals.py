"""Install the rivals that come from the package index, in a venv of their own.

    python benchmarks/make_rivals.py FOLDER

Then: vodseal bench download --rival-bin FOLDER/bin

The others (ffmpeg, aria2c, curl) are the system's. With pycryptodomex yt-dlp opens the segments
itself; without, it hands the whole job to ffmpeg, and -N8 means nothing.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

RIVALS = ("yt-dlp==2026.10.26", "pycryptodomex", "streamlink==8.6.3")


def main() -> None:
    folder = Path(sys.argv[1])
    venv.create(folder, with_pip=True)
    pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", *RIVALS]
    subprocess.run(pip, check=True, stdout=sys.stderr)
    print(folder / "bin")


if __name__ == "__main__":
    main()
