"""Bars as SVG: one for each name, its number beside it, and the spread of its rounds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from vodseal.bench.report import Report

__all__ = ["bars", "pictures"]

_LEFT, _WIDTH, _RIGHT, _ROW, _TOP, _FOOT = 190, 460, 110, 30, 54, 44
_STYLE: Final = (
    "text{font:13px system-ui,sans-serif;fill:#222}.t{font-size:16px;font-weight:600}"
    ".u{fill:#666;font-size:12px}.g{stroke:#ddd}.w{stroke:#222}.r{fill:#9db4c8}.o{fill:#1f77b4}"
)
_STEPS: Final = (1, 2, 2.5, 5, 10)
_LINES: Final = 5


def bars(
    title: str,
    unit: str,
    values: Mapping[str, float],
    *,
    spread: Mapping[str, Sequence[float]] | None = None,
    ours: str = "vodseal",
) -> str:
    """Return an SVG picture. ``spread`` has the values of every round; names of ours stand out."""
    low_high = {name: (min(all_), max(all_)) for name, all_ in (spread or {}).items() if all_}
    most = max([*values.values(), *(high for _, high in low_high.values())], default=0) or 1
    step = _step(most)
    scale = _WIDTH / most
    bottom = _TOP + _ROW * len(values)
    width = _LEFT + _WIDTH + _RIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{bottom + _FOOT}">',
        f"<title>{escape(title)}</title>",
        f"<style>{_STYLE}</style>",
        '<rect width="100%" height="100%" fill="#fff"/>',
        f'<text class="t" x="16" y="26">{escape(title)}</text>',
    ]
    for tick in (number * step for number in range(math.floor(most / step) + 1)):
        x = _LEFT + tick * scale
        parts.append(f'<line class="g" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP - 6}" y2="{bottom}"/>')
        parts.append(
            f'<text class="u" x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{tick:g}</text>'
        )
    for number, (name, value) in enumerate(values.items()):
        parts += _bar(number, name, value, scale, low_high.get(name), is_ours=name.startswith(ours))
    parts.append(f'<text class="u" x="{_LEFT}" y="{bottom + 34}">{escape(unit)}</text></svg>')
    return "\n".join(parts) + "\n"


def _bar(
    number: int,
    name: str,
    value: float,
    scale: float,
    low_high: tuple[float, float] | None,
    *,
    is_ours: bool,
) -> list[str]:
    y = _TOP + number * _ROW
    kind, wide = "o" if is_ours else "r", value * scale
    middle, end = y + _ROW / 2 - 3, _LEFT + wide
    parts = [
        f'<text x="{_LEFT - 10}" y="{middle + 5:.1f}" text-anchor="end">{escape(name)}</text>',
        f'<rect class="{kind}" x="{_LEFT}" y="{y}" width="{wide:.1f}" height="{_ROW - 8}"/>',
    ]
    if low_high is not None and low_high[1] > low_high[0]:
        low, high = (_LEFT + one * scale for one in low_high)
        parts.append(
            f'<line class="w" x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}"/>'
        )
        end = max(end, high)
    parts.append(f'<text x="{end + 8:.1f}" y="{middle + 5:.1f}">{value:g}</text>')
    return parts


def _step(most: float) -> float:
    """Return the distance of the lines of the grid: a round number, at most five of them."""
    size = 10.0 ** math.floor(math.log10(most / _LINES))
    return next(size * one for one in _STEPS if most / (size * one) <= _LINES)


def pictures(report: Report) -> dict[str, str]:
    """Return the pictures of a report, by the name of their file."""
    kind, size = report.benchmark, report.size / 1e6
    about = f"{kind}, {size:.0f} MB, {report.rounds} round{'s' if report.rounds > 1 else ''}"
    drawn = {
        f"{kind}-MBps.svg": bars(
            f"vodseal bench {about}",
            "MB/s, median; the line: all rounds",
            report.rates(),
            spread=report.spread(),
        ),
        f"{kind}-cpu.svg": bars(f"CPU: {about}", "CPU seconds for each GB", report.cpu()),
        f"{kind}-memory.svg": bars(f"Memory: {about}", "MB at the peak (PSS)", report.memory()),
    }
    for figure in ("p50_ms", "p99_ms"):
        values = report.more.get(figure)
        if isinstance(values, dict):
            title = f"64 KiB at random places, {figure[:3]}: {about}"
            drawn[f"{kind}-{figure}.svg"] = bars(title, "ms", values)
    return drawn
