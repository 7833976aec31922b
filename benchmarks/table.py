"""Print the table of a result: python benchmarks/table.py benchmarks/results/download.json"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main() -> None:
    found = json.loads(Path(sys.argv[1]).read_text())
    machine = found["machine"]
    print(
        f"{found['size'] / 1e9:.2f} GB, {machine['cores']} cores of {machine['processor']}, "
        f"medians of {found['rounds']} interleaved rounds.\n"
    )
    print("| | MB/s | seconds | CPU s per GB | peak MB |\n|---|---|---|---|---|")
    for name, rate in found["median_MBps"].items():
        cpu, memory = (found[key].get(name, "") for key in ("cpu_s_per_GB", "peak_rss_MB"))
        does = found.get("does", {}).get(name, "")
        seconds = found["median_seconds"][name]
        print(f"| **{name}** {does} | {rate} | {seconds} | {cpu} | {memory} |")
    for pair, times in found["times_as_fast"].items():
        print(f"\n{pair}: {times}", end="")
    print()


if __name__ == "__main__":
    main()
