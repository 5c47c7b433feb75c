"""Calibration bins → a picture: predicted against observed share, a panel for each kind, as SVG without a library."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from noisefilter.report.figures import CALIBRATION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from noisefilter.report.figures import Figures

PICTURE = "calibration.svg"
#: Side of a panel's square, and the margins around it, in pixels.
SIDE, LEFT, TOP, GAP, BELOW = 300, 64, 48, 34, 84
COLUMNS = 2
TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
INK, FAINT, CURVE = "#222222", "#bbbbbb", "#0b5fa5"
#: With fewer rows in a bin, chance moves its point by a tenth and more.
FEW = 25


def draw_calibration(figures: Figures) -> str:
    """The picture of all kinds that have bins, "" if there is none; the same figures give the same bytes."""
    kinds = [kind for kind in figures if kind.startswith(CALIBRATION)]
    if not kinds:
        return ""
    step_x, step_y = LEFT + SIDE + GAP, TOP + SIDE + BELOW
    width = min(len(kinds), COLUMNS) * step_x
    height = -(-len(kinds) // COLUMNS) * step_y
    panels = [
        f'<g transform="translate({place % COLUMNS * step_x + LEFT},{place // COLUMNS * step_y + TOP})">'
        f"{_panel(kind.removeprefix(CALIBRATION), figures[kind])}</g>"
        for place, kind in enumerate(kinds)
    ]
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'font-family="sans-serif" font-size="12" fill="{INK}">'
    )
    title = "<title>Calibration: what share came true of what was said with each probability</title>"
    ground = f'<rect width="{width}" height="{height}" fill="#ffffff"/>'
    return "\n".join([opening, title, ground, *panels, "</svg>", ""])


def _panel(name: str, bins: Mapping[str, Mapping[str, float]]) -> str:
    """A square with its axes, the diagonal, the curve, and the number of rows of each bin below its place."""
    parts = [
        f'<text x="{SIDE / 2:g}" y="-18" text-anchor="middle" font-size="15">{escape(name)}</text>',
        f'<line x1="0" y1="{SIDE}" x2="{SIDE}" y2="0" stroke="{FAINT}" stroke-dasharray="5 4"/>',
        f'<rect width="{SIDE}" height="{SIDE}" fill="none" stroke="{INK}"/>',
        f'<text x="{SIDE / 2:g}" y="{SIDE + 68}" text-anchor="middle">probability said (small: rows in the bin)</text>',
        f'<text transform="translate(-42,{SIDE / 2:g}) rotate(-90)" text-anchor="middle">share that came true</text>',
    ]
    for tick in TICKS:
        x, y = _at(tick, tick)
        parts += [
            f'<line x1="{x}" y1="{SIDE}" x2="{x}" y2="{SIDE + 5}" stroke="{INK}"/>',
            f'<text x="{x}" y="{SIDE + 19}" text-anchor="middle">{tick:.1f}</text>',
            f'<line x1="-5" y1="{y}" x2="0" y2="{y}" stroke="{INK}"/>',
            f'<text x="-9" y="{float(y) + 4:g}" text-anchor="end">{tick:.1f}</text>',
        ]
    points = [(*_at(row["said"], row["came true"]), int(row["rows"])) for row in bins.values()]
    path = " ".join(f"{x},{y}" for x, y, _ in points)
    parts.append(f'<polyline points="{path}" fill="none" stroke="{CURVE}" stroke-width="2"/>')
    for place, ((x, y, rows), label) in enumerate(zip(points, bins, strict=True)):
        fill = CURVE if rows >= FEW else "#ffffff"
        parts.append(f'<circle cx="{x}" cy="{y}" r="4.5" fill="{fill}" stroke="{CURVE}" stroke-width="1.5"/>')
        middle, _ = _at(float(label.split(" ")[0]) + 0.05, 0)
        lower = SIDE + (36 if place % 2 == 0 else 49)  # two lines, so that long numbers do not touch
        parts.append(f'<text x="{middle}" y="{lower}" text-anchor="middle" font-size="10">{rows:,}</text>')
    return "".join(parts)


def _at(predicted: float, came_true: float) -> tuple[str, str]:
    return f"{predicted * SIDE:.1f}", f"{(1 - came_true) * SIDE:.1f}"
