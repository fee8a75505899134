"""How a page is looked at: by whom, by which rules, and what is to be seen at a spot.

With `PULSE_SCREENSHOTS=folder` every look is saved there, for somebody to look at.
"""

import os
import zlib
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.support.running.chromium import PHONE

RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]

LOOKS: dict[str, dict[str, Any]] = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "forced colours": {"forced_colors": "active"},
    "forced dark colours": {"forced_colors": "active", "color_scheme": "dark"},
    "phone": PHONE,
    "dark phone": {**PHONE, "color_scheme": "dark"},
    "tablet": {"viewport": {"width": 768, "height": 1024}},
    "narrow": {"viewport": {"width": 320, "height": 640}},
    "still": {"reduced_motion": "reduce"},
}


def keep(page: Page, name: str) -> None:
    """Save what is to be seen, if somebody wants to look at it."""
    if folder := os.environ.get("PULSE_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name.replace(' ', '-')}.png")


def pixel(page: Page, selector: str) -> tuple[int, int, int]:
    """Return the colour in the middle of an element as it is on the screen."""
    box = page.locator(selector).first.bounding_box()
    assert box is not None
    clip = {"x": box["x"] + box["width"] // 2, "y": box["y"] + box["height"] // 2, "width": 1, "height": 1}
    png = page.screenshot(clip=clip)  # type: ignore[arg-type]
    data, at = b"", 8
    while at < len(png):
        length, kind = int.from_bytes(png[at : at + 4], "big"), png[at + 4 : at + 8]
        data, at = data + png[at + 8 : at + 8 + length] * (kind == b"IDAT"), at + 12 + length
    red, green, blue = zlib.decompress(data)[1:4]  # of one pixel no filter changes anything
    return red, green, blue


def rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue


def in_view(cell: Any) -> bool:
    """Tell whether nothing covers a cell's middle, neither the edge of the region nor the names of the weekdays."""
    return bool(
        cell.evaluate(
            """cell => {
                const box = cell.getBoundingClientRect();
                return cell.getRootNode().elementFromPoint(box.x + box.width / 2, box.y + box.height / 2) === cell;
            }"""
        )
    )
