"""Every model says in its header what it reads, takes and makes, and a parser of SQL holds header and text together."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from tests.support.repository import ROOT

ROOMS = ("assets", "pipelines", "serve", "warehouse")
MOST_LINES = 120
MOST_LINES_IN_PYTHON = 3
SQL = re.compile(r"^\s*(select|with|copy|create|insert|update|delete)\b", re.IGNORECASE)
FILES = sorted(file for room in ROOMS for file in (ROOT / room).rglob("*.sql"))
# DDL, and macros: they make what models read.
NO_MODELS = re.compile(r"schema_of_\w+|(row_)?macros|names|platform|indexes")
MODELS = [file for file in FILES if not NO_MODELS.fullmatch(file.stem)]


def header_of(file: Path) -> dict[str, str]:
    """Return the lines of a header that have a key, by key."""
    lines: list[str] = []
    for line in file.read_text(encoding="utf-8").splitlines():
        if not line.startswith("-- "):
            break
        words = line.removeprefix("-- ")
        if lines and not re.match(r"(reads|takes|makes|table|compares|way out|let through by|beside): ", words):
            lines[-1] += f" {words}"
        else:
            lines.append(words)
    return {key: rest for key, colon, rest in (line.partition(": ") for line in lines) if colon}


def said_by(file: Path) -> dict[str, str]:
    """Return what a header has to say, by the text below it: tables, parameters, and the columns of the result."""
    dialect = "postgres" if file.stem.endswith("postgres") else "duckdb"
    (tree,) = sqlglot.parse(file.read_text(encoding="utf-8"), dialect=dialect)
    assert tree is not None
    named_steps = {step.alias for step in tree.find_all(exp.CTE)}
    tables = {
        f"{table.db}.{table.name}".removeprefix(".") for table in tree.find_all(exp.Table) if table.name
    } - named_steps
    parameters = {parameter.name for parameter in tree.find_all(exp.Parameter, exp.Placeholder)}
    assert isinstance(tree, exp.Query)
    first, *others = arms_of(tree)
    expressions = list(first.expressions)
    if tree.args.get("by_name"):
        expressions += [column for arm in others for column in arm.expressions if not column.is_star]
    columns = dict.fromkeys(
        column.sql(dialect).lower() if column.is_star else column.alias_or_name for column in expressions
    )
    is_check = file.parent.name == "checks"
    said = {
        "reads": ", ".join(sorted(tables)),
        "takes": ", ".join(f"${name}" for name in sorted(parameters)),
        "makes": "" if is_check else ", ".join(columns),
    }
    return {key: text for key, text in said.items() if text}


def arms_of(query: exp.Query) -> Iterator[exp.Select]:
    """Yield the arms of a union, in order, or the query itself."""
    if isinstance(query, exp.SetOperation):
        yield from arms_of(query.left)
        yield from arms_of(query.right)
    else:
        assert isinstance(query, exp.Select)
        yield query


@pytest.mark.parametrize("file", MODELS, ids=lambda file: str(file.relative_to(ROOT)))
def test_a_header_says_what_a_model_reads_takes_and_makes(file: Path) -> None:
    header = header_of(file)
    assert {key: header[key] for key in ("reads", "takes", "makes") if key in header} == said_by(file)
    assert file.read_text(encoding="utf-8").startswith("-- "), "it begins by saying what it is for"


def test_no_model_stands_in_python() -> None:
    """Statements of up to three lines may: most of them name a file, a table or a number of rows."""
    statements = [(file, line, lines_of(text)) for file, line, text in texts() if SQL.match(text)]
    assert statements, "there are short ones"
    assert not [statement for statement in statements if statement[-1] > MOST_LINES_IN_PYTHON]


def test_no_model_is_long() -> None:
    assert not {file for file in FILES if len(file.read_text(encoding="utf-8").splitlines()) > MOST_LINES}


def test_names_are_qualified() -> None:
    """A `use` changes what every name after it means; only the schema is made under one."""
    uses = {str(file) for file, _, text in texts() if re.match(r"use \w+|use $", text)}
    assert uses == {"warehouse/versions/schema.py"}


def texts() -> Iterator[tuple[Path, int, str]]:
    """Yield every text in the source that is no docstring, with its file and line."""
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            tree = ast.parse(file.read_text(encoding="utf-8"))
            docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
            for node in ast.walk(tree):
                if isinstance(node, ast.JoinedStr):
                    parts = [part.value if isinstance(part, ast.Constant) else "" for part in node.values]
                    yield file.relative_to(ROOT), node.lineno, "".join(map(str, parts))
                elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
                    yield file.relative_to(ROOT), node.lineno, node.value


def lines_of(text: str) -> int:
    return len(text.strip().splitlines())
