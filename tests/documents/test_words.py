"""No name in the source is a word that the table in docs/RULES.md, Words not to use, lists on the right.

Checked are the names that the source defines: variables, parameters, functions, classes, attributes and modules. A name
that has such a word beside others, as `put_in_place`, says more and may stay.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tests.documents.documents import RULES, rows_of_table
from tests.support.repository import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROOMS = ("assets", "pipelines", "serve", "warehouse")
WORDS_NOT_TO_USE = {
    word.replace(" ", "_"): instead
    for instead, words in rows_of_table(RULES, "| say | not |")
    for word in words.split(", ")
}


def names_defined(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Every name that a module defines, with its line."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=str(name)) | ast.AsyncFunctionDef(name=str(name)) | ast.ClassDef(name=str(name)):
                yield name, node.lineno
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name, node.lineno
            case ast.arg(arg=name) | ast.ExceptHandler(name=str(name)):
                yield name, node.lineno
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.alias(asname=str(name)):
                yield name, node.lineno


def words_not_to_use(code: str) -> list[tuple[str, int, str]]:
    """The names of a module that are such words, with their lines and what to say instead."""
    words = [(name, line, name.strip("_").lower()) for name, line in names_defined(ast.parse(code))]
    return sorted((name, line, WORDS_NOT_TO_USE[word]) for name, line, word in words if word in WORDS_NOT_TO_USE)


def files() -> list[Path]:
    return sorted(file for room in ROOMS for file in (ROOT / room).rglob("*.py"))


def test_no_name_in_the_source_is_a_word_not_to_use() -> None:
    assert {"place", "found", "said", "there", "one", "ours"} <= WORDS_NOT_TO_USE.keys()
    assert files()
    by_file = {str(file.relative_to(ROOT)): words_not_to_use(file.read_text(encoding="utf-8")) for file in files()}
    assert {file: names for file, names in by_file.items() if names} == {}


def test_no_module_is_named_by_a_word_not_to_use() -> None:
    assert [file for file in files() if file.stem in WORDS_NOT_TO_USE] == []


def test_every_kind_of_name_is_looked_at() -> None:
    """`put_in_place` and an attribute of somebody else are none of them."""
    code = """
import one as there
class Found: place: str = ""
def _said(ours, *, told=0): self._found, put_in_place = other.place, 1
async def refusal(*things, **ones):
    try: [mine for mine in []]
    except ValueError as nobody: pass
    match ours:
        case [*places]: pass
        case theirs: pass
"""
    expected = ["Found", "_found", "_said", "mine", "nobody", "ones", "ours", "place", "places", "refusal", "theirs"]
    assert [name for name, _, _ in words_not_to_use(code)] == [*expected, "there", "things", "told"]
