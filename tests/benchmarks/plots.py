"""Two kinds of plots as SVG, readable on dark and on light: bars for comparing pieces, lines for growth."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

WIDTH, BAR, LABEL, MARGIN = 760, 26, 270, 14
COLOURS = ("#2f81f7", "#8b949e", "#d29922", "#3fb950", "#db61a2")
STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#57606a}"
    ".title{font-weight:600;fill:#24292f}"
    "@media(prefers-color-scheme:dark){text{fill:#9da7b3}.title{fill:#e6edf3}}"
)


def bars(title: str, unit: str, values: Mapping[str, float], *, ours: Sequence[str] = ()) -> dict[str, Any]:
    """Return a plot of one bar per name; our own ones have another colour."""
    return {"kind": "bars", "title": title, "unit": unit, "values": dict(values), "ours": list(ours)}


def lines(title: str, across: str, up: str, series: Mapping[str, Sequence[tuple[float, float]]]) -> dict[str, Any]:
    """Return a plot of points (across, up) joined by lines, one line per name; both axes begin at 0."""
    points = {name: [list(point) for point in line] for name, line in series.items()}
    return {"kind": "lines", "title": title, "across": across, "up": up, "series": points}


def svg(plot: Mapping[str, Any]) -> str:
    """Draw a plot."""
    return _bars(plot) if plot["kind"] == "bars" else _lines(plot)


def _bars(plot: Mapping[str, Any]) -> str:
    values: dict[str, float] = plot["values"]
    most = max(values.values(), default=0) or 1
    room = WIDTH - LABEL - 110
    parts = [_title(plot["title"])]
    for number, (name, value) in enumerate(values.items()):
        top = 40 + number * BAR
        colour = COLOURS[0] if name in plot["ours"] else COLOURS[1]
        parts.append(f'<text x="{LABEL - 8}" y="{top + 15}" text-anchor="end">{escape(name)}</text>')
        width = max(1, room * value / most)
        parts.append(f'<rect x="{LABEL}" y="{top + 2}" width="{width:.1f}" height="{BAR - 8}" rx="3" fill="{colour}"/>')
        parts.append(f'<text x="{LABEL + width + 6:.1f}" y="{top + 15}">{value:,.4g} {escape(plot["unit"])}</text>')
    return _document(parts, 52 + len(values) * BAR)


def _lines(plot: Mapping[str, Any]) -> str:
    left, top, width, height = 64, 44, WIDTH - 240, 260
    series: dict[str, list[list[float]]] = plot["series"]
    points = [point for line in series.values() for point in line]
    most_across = max(point[0] for point in points) or 1
    most_up = max(point[1] for point in points) * 1.08 or 1
    parts = [_title(plot["title"])]
    parts.append(
        f'<path d="M{left},{top} V{top + height} H{left + width}" fill="none" stroke="#8b949e" stroke-width="1"/>'
    )
    for part in range(5):
        value = most_up * part / 4
        y = top + height * (1 - part / 4)
        parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{value:,.3g}</text>')
        x = left + width * part / 4
        parts.append(
            f'<text x="{x:.1f}" y="{top + height + 18}" text-anchor="middle">{most_across * part / 4:,.3g}</text>'
        )
    parts.append(f'<text x="{left + width}" y="{top + height + 36}" text-anchor="end">{escape(plot["across"])}</text>')
    parts.append(f'<text x="{left - 6}" y="{top - 8}">{escape(plot["up"])}</text>')
    for number, (name, line) in enumerate(series.items()):
        colour = COLOURS[number % len(COLOURS)]
        places = [(left + width * across / most_across, top + height * (1 - up / most_up)) for across, up in line]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in places]
        x, y = places[-1]
        parts.append(f'<text x="{x + 8:.1f}" y="{y + 4:.1f}" style="fill:{colour}">{escape(name)}</text>')
    return _document(parts, top + height + 48)


def _title(text: str) -> str:
    return f'<text class="title" x="{MARGIN}" y="22">{escape(text)}</text>'


def _document(parts: Sequence[str], height: float) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}">'
    return "\n".join([head, f"<style>{STYLE}</style>", *parts, "</svg>\n"])
