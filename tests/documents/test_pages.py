"""The pages are whole: every link leads somewhere, every rule and fault is written down once, every page is found.

What is claimed about commands and configuration is the matter of `test_documentation.py`.
"""

from __future__ import annotations

import ast
import re
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from tests.benchmarks import report
from tests.documents.documents import (
    DOCS,
    FOR_USERS,
    README,
    RULES,
    TEXTS,
    anchor,
    headings,
    links,
    numbers_named,
    numbers_of_faults,
    prose,
    sentences,
)
from tests.support.repository import ROOT
from warehouse.versions import schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LONGEST_README = 150  # lines
LONGEST_SENTENCE = 22  # words, in pages for users
LONGEST_EXPLANATION = 24  # words, in pages that explain
EXPLAINING = [f"docs/{name}.md" for name in ("ARCHITECTURE", "FAULTS", "RELIABILITY", "RULES", "SECURITY")]


def test_the_page_of_tables_is_what_the_schema_says() -> None:
    found = TEXTS["docs/reference/tables.md"]
    assert found == schema.dictionary(), "run `make dictionary`"


def test_the_page_of_benchmarks_is_what_figures_and_notes_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "REPORT", tmp_path / "BENCHMARKS.md")
    monkeypatch.setattr(report, "IMAGES", tmp_path)
    report.write()
    assert (tmp_path / "BENCHMARKS.md").read_text(encoding="utf-8") == TEXTS["docs/BENCHMARKS.md"]


def test_every_public_table_and_column_has_a_comment() -> None:
    assert schema.tables()
    for table in schema.tables():
        assert table.comment, table.name
        assert [column.name for column in table.columns if not column.comment] == [], table.name


def test_every_rule_is_written_down_once_and_no_other_is_named() -> None:
    rules = [f"R{number}" for number in range(1, 33)]
    assert sorted(re.findall(r"^\*\*(R\d+)\*\*", RULES, flags=re.MULTILINE)) == sorted(rules)
    named = {name for text in TEXTS.values() for name in re.findall(r"\bR\d+\b", text)}
    assert named <= set(rules)


def test_every_reason_for_quarantine_is_in_the_rules() -> None:
    reasons = schema.table("quarantine").columns[3].comment.rstrip(".").replace(" or ", ", ").split(", ")
    assert [reason for reason in reasons if f"`{reason}`" not in RULES] == []


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= LONGEST_README


@pytest.mark.parametrize("page", [*FOR_USERS, *EXPLAINING, "docs/CONTRIBUTING.md", "docs/CHANGELOG.md"])
def test_no_sentence_is_long(page: str) -> None:
    longest = LONGEST_EXPLANATION if page in EXPLAINING else LONGEST_SENTENCE
    assert [text for text in sentences(TEXTS[page]) if len(re.findall(r"[\w'-]+", text)) > longest] == []


@pytest.mark.parametrize("page", TEXTS)
def test_every_relative_link_leads_to_a_page_and_its_section(page: str) -> None:
    for link in relative_links(page):
        path, _, section = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.exists(), link
        if section:
            text = target.read_text(encoding="utf-8")
            assert section in {anchor(heading) for heading in headings(text)}, link


@pytest.mark.parametrize("page", [name for name in TEXTS if name.startswith("docs/")])
def test_no_link_leads_out_of_the_site(page: str) -> None:
    targets = [((ROOT / page).parent / link.partition("#")[0]).resolve() for link in relative_links(page)]
    assert [target for target in targets if not target.is_relative_to(DOCS)] == []


def relative_links(page: str) -> list[str]:
    """The links of a page that are no addresses of the web."""
    return [link for link in links(TEXTS[page]) if not link.startswith(("https://", "http://"))]


@pytest.mark.parametrize("page", TEXTS)
def test_no_two_headings_of_a_page_have_one_anchor(page: str) -> None:
    if page != "docs/BENCHMARKS.md":  # where the same questions are answered for each size; nothing links to them
        anchors = [anchor(heading) for heading in headings(TEXTS[page])]
        assert sorted(set(anchors)) == sorted(anchors)


def test_every_page_is_in_the_navigation_once_and_in_the_list_of_the_home_page() -> None:
    site = tomllib.loads((ROOT / ".zensical.toml").read_text(encoding="utf-8"))["project"]
    pages = sorted(name.removeprefix("docs/") for name in TEXTS if name.startswith("docs/"))
    assert sorted(in_navigation(site["nav"])) == pages
    assert sorted({*relative_links("docs/index.md"), "index.md"} - {"images/profile-light.png"}) == pages


def in_navigation(entries: Any) -> Iterator[str]:
    """Every page of a navigation."""
    if isinstance(entries, str):
        yield entries
    else:
        for entry in entries.values() if isinstance(entries, dict) else entries:
            yield from in_navigation(entry)


def test_every_page_for_users_is_linked_from_the_readme() -> None:
    assert {*FOR_USERS} - {"README.md"} <= {link.partition("#")[0] for link in relative_links("README.md")}


def test_the_site_asks_no_network_when_it_is_read() -> None:
    """Fonts would come from elsewhere, and so would what draws diagrams."""
    site = tomllib.loads((ROOT / ".zensical.toml").read_text(encoding="utf-8"))["project"]
    assert site["theme"]["font"] is False
    assert [name for name, text in TEXTS.items() if "```mermaid" in text] == ["README.md"]
    pictures = re.compile(r'(?:!\[[^\]]*\]\(|src(?:set)?=")https?:')
    texts = {name: re.sub(r"`[^`\n]+`", "", prose(text)) for name, text in TEXTS.items()}
    assert [name for name, text in texts.items() if pictures.search(text)] == []


def test_every_decision_is_short() -> None:
    decisions = sorted((DOCS / "decisions").glob("*.md"))
    assert decisions
    assert [page.name for page in decisions if len(page.read_text(encoding="utf-8").splitlines()) > 40] == []


# --- faults -----------------------------------------------------------------------------------------------------------

OF_THE_API = range(31, 42)  # the tests that name these are not listed in docs/RELIABILITY.md


def by_fault() -> dict[int, set[str]]:
    """Every test whose docstring names a fault, by its number: "FAULTS 4, 5", "FAULTS 14 to 17"."""
    found: dict[int, set[str]] = {}
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        for function in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef) and function.name.startswith("test_"):
                name = f"{file.relative_to(ROOT / 'tests')}::{function.name}"
                for number in numbers_named(ast.get_docstring(function) or "", "FAULTS"):
                    found.setdefault(number, set()).add(name)
    return found


def test_every_fault_is_written_down_once() -> None:
    numbers = numbers_of_faults()
    assert numbers == list(range(1, len(numbers) + 1))


def test_every_fault_of_the_pipeline_is_tested_by_what_the_page_on_reliability_says() -> None:
    page = TEXTS["docs/RELIABILITY.md"]
    rows = re.findall(r"^\| (\d+) \| [^|]+ \| ([^|]+) \|$", page, flags=re.MULTILINE)
    assert [int(number) for number, _ in rows] == [number for number in numbers_of_faults() if number not in OF_THE_API]
    known = by_fault()
    for number, cell in rows:
        named = set(re.findall(r"`([\w/]+\.py::\w+)`", cell))
        assert named, number
        assert named <= known[int(number)], number
