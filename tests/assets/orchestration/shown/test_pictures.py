"""Charts in the metadata of assets: whole pictures, whatever the labels are."""

from base64 import b64decode
from xml.etree import ElementTree as ET

from assets.orchestration.shown import pictures


def svg_of(markdown: str) -> ET.Element:
    _, _, encoded = markdown.rstrip(")").partition("base64,")
    return ET.fromstring(b64decode(encoded).decode())  # noqa: S314 - our own


def test_a_chart_has_a_bar_for_each_value_and_says_the_numbers_without_the_picture() -> None:
    markdown = pictures.bars("Active days by level", {"level 1": 1_000, "level 2": 500, "<b>": 0}).value
    assert markdown is not None
    assert markdown.startswith("![Active days by level: level 1: 1,000, level 2: 500, <b>: 0](")
    widths = [float(bar.attrib["width"]) for bar in svg_of(markdown).iter("{http://www.w3.org/2000/svg}rect")]
    assert widths[0] == 2 * widths[1]
    assert widths[2] == 1


def test_a_chart_of_nothing_is_a_picture_too() -> None:
    markdown = pictures.bars("Active days by level", {}).value
    assert markdown is not None
    assert svg_of(markdown).tag.endswith("svg")
