"""The demo of docs/guide/analyse.md, and the results of the page's queries on it, as tables of Markdown.

`python -m tests.documents.analyse.analysed_demo` writes the results into the page again, for whoever changes a query.
"""

from __future__ import annotations

import os
import re
from contextlib import chdir
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import duckdb

from assets.all_steps import run_night
from assets.night.night import Night
from assets.step0_plan.plan import Run
from pipelines.demo.platform import demo_configuration, make_platform
from tests.support.repository import ROOT
from warehouse.configuration.configuration import load
from warehouse.copies.export import export
from warehouse.versions.versions import Warehouse

if TYPE_CHECKING:
    from warehouse.configuration.configuration import Configuration

PAGE = ROOT / "docs/guide/analyse.md"
LEARNERS, DAYS, LAST_DAY = 40, 63, date(2026, 11, 21)
SECRET = "a secret of these tests, longer than 32 bytes"
QUERY = re.compile(r"^```sql\n(.*?)^```\n\n?((?:\|[^\n]*\n)*)\n?", flags=re.MULTILINE | re.DOTALL)


def make_demo(home: Path) -> Configuration:
    """Make `demo/` below a folder as `make demo` does, in two nights, and `exported/` beside it."""
    folder = home / "demo"
    platform = make_platform(folder / "platform.sqlite", users=LEARNERS, days=DAYS, last_day=LAST_DAY)
    text = demo_configuration("var", "sqlite:///platform.sqlite", platform.first_day, SECRET)
    (folder / "pulse.toml").write_text(text, encoding="utf-8")
    configuration = load(folder / "pulse.toml", uses=["sources", "auth"])
    for first, last in ((platform.first_day, LAST_DAY - timedelta(days=1)), (LAST_DAY, LAST_DAY)):
        assert run_night(Night.of(configuration), Run(first, last)) is not None
    export(configuration, home / "exported", None, ())
    return configuration


def queries(page: str) -> list[tuple[str, str]]:
    """Every query of the page with the table below it, empty where there is none."""
    return [(match[1], match[2]) for match in QUERY.finditer(page)]


def result(configuration: Configuration, query: str) -> str:
    """What a query gives in the folder above the demo, as a table of Markdown; its numbers are aligned to the right."""
    file = Warehouse.of(configuration).pointer.resolve()
    with chdir(configuration.path.parent.parent), duckdb.connect(str(file), read_only=True) as connection:
        found = connection.execute(query)
        names = [column[0] for column in found.description or []]
        rows = found.fetchall()
    marks = ["---:" if isinstance(value, (int, float)) else "---" for value in (rows[0] if rows else names)]
    cells = [names, marks, *([("" if value is None else str(value)) for value in row] for row in rows)]
    return "".join(f"| {' | '.join(row)} |\n" for row in cells)


def with_results(page: str, configuration: Configuration) -> str:
    """The page with the table of each query as it has to be."""
    return QUERY.sub(lambda match: f"```sql\n{match[1]}```\n\n{result(configuration, match[1])}\n", page)


def main() -> None:
    """Write the page again."""
    with TemporaryDirectory(dir=os.environ.get("TMPDIR")) as home:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(with_results(page, make_demo(Path(home))), encoding="utf-8")


if __name__ == "__main__":
    main()
