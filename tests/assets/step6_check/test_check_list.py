"""The list of checks is made from the headers of their files, and a check that does not report fails (FAULTS 43)."""

from pathlib import Path

import pytest

from assets.step6_check.check_list import CHECK_LIST, Check, Report, checks_in, judged, page
from tests.support.repository import ROOT
from warehouse.errors import CheckFailedError
from warehouse.versions import schema

NAMES = [check.name for check in CHECK_LIST]


def test_a_check_is_a_file_with_a_header(tmp_path: Path) -> None:
    """Adding one is adding a file: what holds, beside which table, what it compares; the rest if it is so."""
    place = tmp_path / "ours_holds.sql"
    place.write_text("""-- Ours holds,
-- always.
-- table: users
-- compares: select 3
-- way out: look
-- there
-- let through by: accept_shrink
--
-- table: this is a comment
select 'one' as example
""")
    (check,) = checks_in(tmp_path)
    assert check == Check(
        "ours_holds", "users", "Ours holds, always.", "select 3", "look there", "accept_shrink", "", check.model
    )
    for lost in ("-- table: users\n", "-- compares: select 3\n", "-- Ours holds,\n-- always.\n"):
        other = tmp_path / f"{len(lost)}.sql"
        other.write_text(place.read_text().replace(lost, "").replace("-- table: this is a comment\n", ""))
        with pytest.raises(ValueError, match=f"{other.name} does not say"):
            list(checks_in(tmp_path))
        other.unlink()


def report(name: str, compared: str = "1 rows") -> Report:
    return Report(name, 0, None, compared)


def failed(reports: list[Report]) -> list[str]:
    return [outcome.check.name for outcome in judged(reports) if not outcome.passed]


def test_a_check_that_does_not_report_once_fails() -> None:
    """FAULTS 43: nobody, twice, or without a word of what it compared."""
    every = [report(name) for name in NAMES]
    assert failed(every) == []
    assert failed([]) == NAMES
    assert failed(every[1:]) == [NAMES[0]]
    assert failed([*every, every[-1]]) == [NAMES[-1]]
    assert failed([*every[:-1], report(NAMES[-1], "")]) == [NAMES[-1]]
    with pytest.raises(CheckFailedError, match="that nobody knows have reported: riddle"):
        judged([*every, report("riddle")])


def test_the_page_of_checks_is_what_their_headers_say() -> None:
    """As `make checks` writes it."""
    assert (ROOT / "docs" / "reference" / "checks.md").read_text(encoding="utf-8") == page()


def test_a_check_names_a_table_of_the_version() -> None:
    """FAULTS 43: Dagster shows a check beside its table; beside no table it would not be shown at all."""
    tables = {table.name for table in schema.every_table()}
    assert {check.table for check in CHECK_LIST} <= tables
    assert all(check.way_out for check in CHECK_LIST)
