"""The colours of page and picture: one calm scale from teal to indigo, told apart by lightness alone.

Every level above 0 has a contrast of 3:1 with its surface (WCAG 1.4.11), text 4.5:1 or more. Between neighbouring
levels it is about 1.7:1. So the scale works on grey paper and for every kind of colour blindness.
"""

import re
from collections.abc import Mapping

LIGHT = {
    "page": "#f5f7f8",
    "surface": "#ffffff",
    "line": "#dbe2e6",
    "text": "#17202a",
    "quiet": "#55616d",
    "focus": "#a01fb8",
    "l0": "#e9f0f3",
    "l1": "#37a09a",
    "l2": "#0d7b8a",
    "l3": "#1d4b82",
    "l4": "#241858",
}
DARK = {
    "page": "#0b0e13",
    "surface": "#12161d",
    "line": "#2a313b",
    "text": "#e8edf2",
    "quiet": "#9aa7b4",
    "focus": "#ffb454",
    "l0": "#1f2630",
    "l1": "#5963a4",
    "l2": "#408fba",
    "l3": "#4fc5cb",
    "l4": "#9cf5e3",
}
FIXED = {"light": LIGHT, "dark": DARK}
IN_THE_DARK = "@media (prefers-color-scheme:dark){%s}"


def variables() -> str:
    """Return the CSS that sets the colours for a page, by what its reader prefers."""
    return _root(LIGHT) + IN_THE_DARK % _root(DARK)


def theme_of(word: str) -> str:
    """Return the theme that a word means: `light`, `dark`, or `auto` for all others."""
    return word if word in FIXED else "auto"


def coloured(css: str, theme: str) -> str:
    """Return the CSS of a picture, every `var(--…)` replaced: not all that draw pictures know variables.

    Args:
        css: with our variables.
        theme: `light` or `dark`; anything else follows what the reader prefers.
    """
    if theme in FIXED:
        return _filled_in(css, FIXED[theme])
    return _filled_in(css, LIGHT) + IN_THE_DARK % _filled_in(css, DARK)


def _root(colours: Mapping[str, str]) -> str:
    return ":root{" + ";".join(f"--{name}:{colour}" for name, colour in colours.items()) + "}"


def _filled_in(css: str, colours: Mapping[str, str]) -> str:
    return re.sub(r"var\(--(\w+)\)", lambda match: colours[match[1]], css)
