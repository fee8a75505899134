"""A pointer names what exists: a page, a section, a file, a rule, a fault, a promise or a decision.

Looked at are pages, comments, docstrings and sentences in strings, in code and in tests. Links are the matter of
`test_pages.py`. A section is named behind its page: "docs/reference/http.md, Rate limits".
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from functools import cache

import pytest

from tests.documents.documents import DOCS, RULES, TEXTS, numbers_named, numbers_of_faults, prose, sections
from tests.support.repository import ROOT

FOLDERS = (".ci", ".github", "assets", "docs", "pipelines", "serve", "tests", "warehouse")
AT_THE_TOP = (
    ".editorconfig",
    ".pre-commit-config.yaml",
    ".sqlfluff",
    ".zensical.toml",
    "Makefile",
    "README.md",
    "constraints.txt",
    "pyproject.toml",
)
READ = {".c", ".conf", ".css", ".html", ".js", ".md", ".py", ".service", ".sql", ".toml", ".xml", ".yml", ""}
NOT_OURS = {"node_modules", "__pycache__"}
CODE = r"(?:c|conf|css|html|js|py|service|sql)"  # files of this repository; `pulse.toml` and the like are made by users


def files() -> list[str]:
    """Every text file of ours, by its path."""
    inside = [file for folder in FOLDERS for file in (ROOT / folder).rglob("*") if file.is_file()]
    named = [file for file in inside if file.suffix in READ and not NOT_OURS & {*file.parts}]
    return sorted(str(file.relative_to(ROOT)) for file in [*named, *(ROOT / name for name in AT_THE_TOP)])


FILES = [file for file in files() if not file.endswith("/test_pointers.py")]  # which has pointers to nothing
RULES_THERE_ARE = {*re.findall(r"^\*\*(R\d+)\*\*", RULES, flags=re.MULTILINE)}
PROMISES = {*re.findall(r"^\| (I\d) \|", TEXTS["docs/RELIABILITY.md"], flags=re.MULTILINE)}
DECISIONS = {page.name[:4] for page in (DOCS / "decisions").glob("*.md")}


@cache
def text_of(file: str) -> str:
    """A file as one line: what stands in a comment over two lines is one sentence. Of Python only the sentences."""
    text = (ROOT / file).read_text(encoding="utf-8")
    if file.endswith(".py"):
        text = sentences(text)
    return re.sub(r"\s*\n[ \t]*(?:--|#|//|\*)?[ \t]*", " ", prose(text) if file.endswith(".md") else text)


def sentences(code: str) -> str:
    """The comments of a Python file, and every string with a space in it."""
    strings = [node.value for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant)]
    tokens = tokenize.generate_tokens(io.StringIO(code).readline)
    comments = [token.string for token in tokens if token.type == tokenize.COMMENT]
    return "\n".join([*(text for text in strings if isinstance(text, str) and " " in text), *comments])


def lost_pages(file: str) -> list[str]:
    """Pages that a file names and that are nowhere."""
    named = re.findall(r"(?<![\w/.*-])((?:\.{0,2}/)?[\w./-]*\w\.md)\b", text_of(file))
    places = (ROOT, (ROOT / file).parent, DOCS) if file.startswith("docs/") or file == ".zensical.toml" else (ROOT,)
    return [name for name in named if not any((place / name).is_file() for place in places)]


def lost_sections(file: str) -> list[str]:
    """Sections that a file names behind a page and that this page does not have."""
    pointers = re.findall(r"(?<![\w/])((?:docs/[\w/]+|README)\.md)`?, ([A-Z][^\n]{0,80})", text_of(file))
    return [
        f"{page}, {behind}"
        for page, behind in pointers
        if page in TEXTS and not any(re.match(rf"{re.escape(name)}(?!\w)", behind) for name in sections(TEXTS[page]))
    ]


def lost_files(file: str) -> list[str]:
    """Files of code that a file names, by path or in backticks by the name of a neighbour, and that are nowhere."""
    in_backticks = re.findall(rf"`(?!/)([\w./-]+\.{CODE})(?:::\w+)?`", text_of(file))  # a "/" begins a URL
    from_the_top = re.findall(rf"(?<![\w./-])((?:{'|'.join(FOLDERS)})/[\w./-]+\.{CODE})\b", text_of(file))
    named = dict.fromkeys([*in_backticks, *from_the_top])
    places = [ROOT]
    if not file.startswith("docs/"):
        places.append((ROOT / file).parent)
    if file == "docs/RELIABILITY.md":
        places.append(ROOT / "tests")
    return [name for name in named if not any((place / name).is_file() for place in places)]


def lost_numbers(file: str) -> list[str]:
    """Rules, faults, promises and decisions that a file names by a number that nothing has."""
    text = text_of(file)
    named_decisions = re.findall(r"(?:docs/decisions/|\bdecision )(\d{4})", text)
    return [
        *({*re.findall(r"\bR\d+\b", text)} - RULES_THERE_ARE),
        *({*re.findall(r"\bI[1-9]\b", text)} - PROMISES),
        *(f"FAULTS {number}" for number in numbers_named(text, "FAULTS") - {*numbers_of_faults()}),
        *(f"decision {number}" for number in {*named_decisions} - DECISIONS),
    ]


def test_every_pointer_names_what_exists() -> None:
    lost = {file: lost_pages(file) + lost_sections(file) + lost_files(file) + lost_numbers(file) for file in FILES}
    assert {file: names for file, names in lost.items() if names} == {}


def test_no_pointer_is_a_riddle() -> None:
    """A paragraph sign counts sections that have no numbers, and only pages below docs/ have sections to point to."""
    riddle = re.compile(r"\u00a7|README(?:\.md)?, |FAULTS\.md,? \d|RULES\.md, R\d")
    riddles = {file: riddle.findall(text_of(file)) for file in FILES}
    assert {file: found for file, found in riddles.items() if found} == {}


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("docs/RULE.md", "docs/RULE.md"),
        ("docs/reference/http.md, Rate limit.", "docs/reference/http.md, Rate limit"),
        ("`assets/step0_none.py`", "assets/step0_none.py"),
        ("tests/none.py", "tests/none.py"),
        ("(R99)", "R99"),
        ("(I9)", "I9"),
        ("FAULTS 2 to 4 and 999", "FAULTS 999"),
        ("decision 9999", "decision 9999"),
    ],
)
def test_a_pointer_to_nothing_is_found(text: str, lost: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.text_of", lambda _: text)
    found = [*lost_pages("file.py"), *lost_sections("file.py"), *lost_files("file.py"), *lost_numbers("file.py")]
    assert [name.rstrip(".") for name in found] == [lost]
