"""Bar charts for the metadata of assets: SVG in a data URI, which Dagster's pages show and no server has to give."""

from base64 import b64encode
from collections.abc import Mapping
from html import escape

import dagster as dg

WIDTH, ROW, LABEL, VALUE = 560, 22, 110, 90  # pixels: of the picture, a bar's line, and the texts beside a bar
FONT = "font-family='sans-serif' font-size='12'"
BAR = "#4f46e5"


def bars(title: str, values: Mapping[str, int]) -> dg.MarkdownMetadataValue:
    """Return a chart with a line for each value, its label before it and its number behind.

    Args:
        title: what is shown; also what is read to people who see no pictures.
        values: by label, 0 or more.
    """
    most = max(values.values(), default=0) or 1
    lines = [
        _line(number, label, value, round((WIDTH - LABEL - VALUE) * value / most))
        for number, (label, value) in enumerate(values.items())
    ]
    height = ROW * max(len(values), 1) + 4
    svg = f"<svg xmlns='http://www.w3.org/2000/svg' width='{WIDTH}' height='{height}'>{''.join(lines)}</svg>"
    in_words = ", ".join(f"{label}: {value:,}" for label, value in values.items())
    return dg.MetadataValue.md(f"![{title}: {in_words}](data:image/svg+xml;base64,{b64encode(svg.encode()).decode()})")


def _line(number: int, label: str, value: int, length: int) -> str:
    top, middle = ROW * number + 3, ROW * number + 18
    return (
        f"<text x='{LABEL - 8}' y='{middle}' text-anchor='end' fill='#888' {FONT}>{escape(label)}</text>"
        f"<rect x='{LABEL}' y='{top}' width='{max(length, 1)}' height='{ROW - 6}' rx='2' fill='{BAR}'/>"
        f"<text x='{LABEL + length + 6}' y='{middle}' fill='#888' {FONT}>{value:,}</text>"
    )
