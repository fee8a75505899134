"""The documents as the tests of documentation read them: pages, blocks, tables, sections, links.

Stays out: what is claimed about them, which is the matter of the tests.
"""

from __future__ import annotations

import re

from tests.support.repository import ROOT

DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", *DOCS.rglob("*.md")])
NAMES = {page: str(page.relative_to(ROOT)) for page in PAGES}
TEXTS = {name: page.read_text(encoding="utf-8") for page, name in NAMES.items()}
# What a user is told to type, and is held to the code.
FOR_USERS = [name for name in TEXTS if name == "README.md" or name.startswith(("docs/guide/", "docs/reference/"))]
README = TEXTS["README.md"]
COMMANDS = TEXTS["docs/reference/commands.md"]
CONFIGURATION = TEXTS["docs/reference/configuration.md"]
CONNECT = TEXTS["docs/guide/connect.md"]
HTTP = TEXTS["docs/reference/http.md"]
METRICS = TEXTS["docs/reference/metrics.md"]
RULES = TEXTS["docs/RULES.md"]
FAULTS = TEXTS["docs/FAULTS.md"]


def blocks(language: str) -> list[str]:
    """Every fenced block of a language in the pages for users, in any of them once."""
    found = [block for name in FOR_USERS for block in blocks_of(TEXTS[name], language)]
    return list(dict.fromkeys(found))


def blocks_of(text: str, language: str) -> list[str]:
    """Every fenced block of a language in a page."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def rows_of_table(text: str, header: str) -> list[list[str]]:
    """The cells of the one table under a header line, without the spaces around a cell."""
    _, table = text.split(f"{header}\n")
    lines = table.split("\n\n", 1)[0].splitlines()
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in lines
        if line.startswith("| ") and not line.startswith("| ---")
    ]


def prose(text: str) -> str:
    """A page without its fenced blocks."""
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def sentences(text: str) -> list[str]:
    """The sentences of a page's paragraphs and lists; code counts as one word, and tables as nothing."""
    lines = [line for line in prose(text).splitlines() if not line.startswith(("|", "#", "<", "    alt="))]
    plain = re.sub(r"`[^`]*`", "X", re.sub(r"\]\([^)]*\)", "]", "\n".join(lines)))
    paragraphs = re.split(r"\n\s*\n|\n(?=\s*(?:- |\d+\. ))", plain)
    ends = re.compile(r"(?<=[.?!])\s+(?=[A-Z*\[\d])|(?<=[:;])\s")
    plain_paragraphs = [re.sub(r"^(?:- |\d+\. )", "", " ".join(paragraph.split())) for paragraph in paragraphs]
    return [sentence for paragraph in plain_paragraphs for sentence in ends.split(paragraph)]


def links(text: str) -> list[str]:
    """The targets of every link and picture of a page."""
    return re.findall(r"\]\(([^)\s]+)\)", prose(text)) + re.findall(r'(?:src|srcset)="([^"]+)"', prose(text))


def headings(text: str) -> list[str]:
    """The title and every heading of a page."""
    return re.findall(r"^#+ (.+)$", prose(text), flags=re.MULTILINE)


def sections(text: str) -> set[str]:
    """What a pointer may name in a page: headings, and what a paragraph in bold begins with."""
    bold = re.findall(r"^(?:- )?\*\*([^*]+?)[.:]?\*\*", prose(text), flags=re.MULTILINE)
    return {*headings(text), *bold}


def anchor(heading: str) -> str:
    """The anchor that GitHub, and the site, give a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def numbers_of_faults() -> list[int]:
    """The number of every fault, in the order of the page."""
    return [int(number) for number in re.findall(r"^\| (\d+) \|", FAULTS, flags=re.MULTILINE)]


def numbers_named(text: str, word: str) -> set[int]:
    """Every number behind a word: "FAULTS 4, 5", "FAULTS 14 to 17 and 21"."""
    runs = re.findall(rf"\b{word} (\d+(?:(?:, | to | and )\d+)*)", text)
    found: set[int] = set()
    for part in (part for run in runs for part in re.split(", | and ", run)):
        ends = [int(number) for number in part.split(" to ")]
        found.update(range(ends[0], ends[-1] + 1))
    return found
