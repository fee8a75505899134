"""`pulse check` on a platform of many faults: each is named, with culprit and way out, and none hides another.

All of them stand in one platform and are looked for by one call, as an operator would do it.
"""

from pathlib import Path

import pytest

from assets.examine.finding import Finding
from tests.assets.examine.planted import DAY, HOSTILE, LARGE, QUIZZES, SESSIONS, XP, by_name, make, query, table, write

AT = f"{DAY}T12:00:00Z"
ROW = ("e1", "ann", AT, 1, "")
# name: kind, definition, rows; every table says why it is there
TABLES: dict[str, tuple[str, str, list[tuple[object, ...]]]] = {
    # of these nothing is wrong but their mappings
    "good_xp": ("", XP, [ROW]),
    "good_quizzes": ("", QUIZZES, [(f"q{n}", "ann", AT, 1, n, "9") for n in range(3)]),
    # seconds since 1970 that nobody said are such
    "epochs": ("xp", XP.replace("at text", "at datetime"), [("e1", "ann", 1_780_315_200, 1, "")]),
    "integers": ("", XP.replace("at text", "at integer"), [("e1", "ann", 1_780_315_200, 1, "")]),
    # the application has never filled the column
    "undated": ("xp", XP, [("e1", "ann", None, 1, ""), ("e2", "ann", "", 1, "")]),
    "amounts": ("xp", XP.replace("integer", "numeric"), [("e1", "ann", AT, 1.5, ""), ("e2", "ann", AT, 2.5, "")]),
    # a text among amounts that would end a line and colour the terminal
    "hostile": ("xp", XP.replace("integer", "numeric"), [("e1", "ann", AT, HOSTILE, "")]),
    # amounts that are ids and usernames of learners
    "ids_as_amounts": ("xp", XP.replace("integer", "numeric"), [("e1", "ann", AT, n, "") for n in ("cem", "Ann")]),
    "verdicts": ("quizzes", QUIZZES.replace("passed integer", "passed text"), [("q1", "ann", AT, "perhaps", 1, "")]),
    "without_id": ("xp", XP, [(None, "ann", AT, 1, ""), ("", "ann", AT, 1, "")]),
    "without_user": ("xp", XP, [("e1", None, AT, 1, "")]),
    # lesson 7 of two learners: the id is half a key
    "halves": ("xp", XP, [("7", "ann", AT, 1, ""), ("7", "cem", AT, 1, ""), ("8", "ann", AT, 1, "")]),
    "backwards": ("sessions", SESSIONS, [("s1", "ann", AT, f"{DAY}T11:00:00Z", None)]),
    "long": ("sessions", SESSIONS, [("s1", "ann", AT, "2026-06-03T11:00:00Z", None)]),
    "unclear": ("sessions", SESSIONS, [("s1", "ann", AT, "soon", None)]),
    "strangers": ("xp", XP, [("e1", "nobody", AT, 1, ""), ("e2", "stranger", AT, 1, "")]),
    "shouting": ("xp", XP, [("e1", "ANN", AT, 1, ""), ("e2", "ann", AT, 1, ""), ("e3", "cem", AT, 1, "")]),
    # a row without an instant that the query's own bounds leave out
    "bound": ("", XP, [ROW, ("e2", "ann", None, 1, "")]),
}
STREAMS = {
    "nowhere": table("xp", "no_such_table"),
    "two_columns": table("xp", "good_xp", amount='"points"', occurred_at='"finished"'),
    "wrong_type": table("xp", "good_xp", amount='"note"'),
    "bad_query": query("xp", "select id, who, at, amount from good_xp wher 1 = 1"),
    "gone_source": table("xp", "good_xp", source="gone"),
    "unset_source": table("xp", "good_xp", source="unset"),
    "text_for_number": table("quizzes", "good_quizzes", where='{ column = "state", is = ["finished"] }'),
    "number_for_text": table("quizzes", "good_quizzes", where='{ column = "label", at_least = 10 }'),
    "filter_nowhere": table("quizzes", "good_quizzes", where='{ column = "stat", is = [1] }'),
    "filter_leaves_none": table("quizzes", "good_quizzes", where='{ column = "state", is = [99] }'),
    "never": table("xp", "integers", occurred_at='{ column = "at", unit = "s", never = ["never"] }'),
    "no_index": table("xp", "big", event_id='"id"'),
    "whole_table": query("xp", "select id, who, at, amount + 0 as amount from big"),
    "bounded": query("xp", "select id, who, at, amount from bound where at >= :from and date(at) < date(:to)"),
    **{name: table(kind, name) for name, (kind, _, _) in TABLES.items() if kind},
}
SOURCES = '[sources.gone]\nurl = "sqlite:///gone.db"\n[sources.unset]\nurl = "${NO_SUCH_URL_OF_A_SOURCE}"'

# subject, name of the look, status, what the message names, what the way out names
PLANTED = [
    ("source gone", "connection", "failed", "there is no file", "correct the url"),
    ("stream gone_source", "columns", "warning", "source gone cannot be read", "source first"),
    ("source unset", "connection", "failed", "NO_SUCH_URL_OF_A_SOURCE is not set", "set the variable"),
    ("stream unset_source", "columns", "warning", "source unset cannot be read", "source first"),
    ("stream nowhere", "table", "failed", "there is no table platform.no_such_table", "correct the mapping's table"),
    ("stream two_columns", "columns", "failed", '"points" (amount)', "map another"),
    ("stream two_columns", "columns", "failed", '"finished" (occurred_at)', "map another"),
    ("stream wrong_type", "types", "failed", 'column "note" is TEXT()', "map another column"),
    ("stream bad_query", "query", "failed", "does not take its query", "correct it"),
    ("stream text_for_number", "where", "failed", 'where on state: no row can have the value "fin', "as the column"),
    ("stream number_for_text", "where", "failed", "where on label", "as the column has it"),
    ("stream filter_nowhere", "columns", "failed", '"stat" (where)', "map another"),
    ("stream filter_leaves_none", "where", "warning", "leaves none of them (it asks for state)", "compare its values"),
    ("stream never", "where", "failed", 'never of at: no row can have the value "never"', "as the column has it"),
    ("stream no_index", "index", "warning", "no index begins with at", "CREATE INDEX big_at_idx ON big (at)"),
    ("stream whole_table", "plan", "warning", "would read all of big", "bound an indexed column by :from and :to"),
    ("stream bounded", "bounds", "warning", "leave out 1 rows without an instant", "is null"),
    ("stream epochs", "rows", "failed", 'cannot be read, such as "1780315200" (at)', '{ column = "at", unit = "s" }'),
    ("stream undated", "rows", "failed", "2 rows are missing_time (at)", "map a column that is filled"),
    ("stream hostile", "rows", "failed", "1 of 1 rows is bad_amount, such as", "whole numbers"),
    ("stream ids_as_amounts", "rows", "failed", "2 of 2 rows are bad_amount (amount)", "whole numbers"),
    ("stream amounts", "rows", "failed", '2 of 2 rows are bad_amount, such as "1.5" (amount)', "whole numbers"),
    ("stream verdicts", "rows", "failed", '1 of 1 rows is bad_passed, such as "perhaps" (passed)', "true = "),
    ("stream without_id", "rows", "failed", "2 of 2 rows are missing_id (id)", "every row fills"),
    ("stream without_user", "rows", "failed", "1 of 1 rows is missing_user (who)", "every row fills"),
    ("stream halves", "rows", "warning", "duplicates of another learner's event_id (id)", "every column of the key"),
    ("stream backwards", "rows", "failed", "ended_before_started, such as", "the right way round"),
    ("stream long", "rows", "failed", "longer_than_24h, such as", "last activity"),
    ("stream unclear", "rows", "failed", 'bad_time, such as "soon" (ended)', "timestamps"),
    ("stream strangers", "learners", "failed", "2 of 2 rows are of unknown learners", "user_id is known"),
    ("stream shouting", "spelling of ids", "warning", "1 of 3 rows have the user_id of a learner but", "fold_case"),
    ("stream users", "zones", "warning", '1 of 1 zones are no IANA names, such as "Eastern Time', "Europe/Berlin"),
    ("stream users", "deleted", "failed", '2 of 3 learners are deleted, most of them with "1970-01-01', "is_deleted"),
]  # fmt: skip
Named = dict[tuple[str, str], list[Finding]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planted")
    make(folder, {name: (definition, rows) for name, (_, definition, rows) in TABLES.items()})
    write(folder, STREAMS, SOURCES)
    return folder


@pytest.fixture(scope="module")
def named(folder: Path) -> Named:
    """What one call says, whatever else is wrong."""
    return by_name(folder / "pulse.toml")


def test_there_are_many_faults() -> None:
    assert len({*PLANTED}) == len(PLANTED) > 25
    assert LARGE > 10_000


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: f"{planted[0]}: {planted[3][:20]}")
def test_every_planted_fault_is_named_with_its_culprit_and_the_way_out(named: Named, planted: tuple[str, ...]) -> None:
    subject, check, status, culprit, way_out = planted
    findings = named.get((subject, check), [])
    fitting = [finding for finding in findings if finding.status == status and culprit in finding.message]
    assert fitting, findings or {key: lines for key, lines in named.items() if key[0] == subject}
    assert way_out in (fitting[0].way_out or "")


def test_nothing_that_is_in_order_is_a_fault(named: Named) -> None:
    """Every warning and every failure is one of those that were planted."""
    planted = {(subject, check) for subject, check, *_ in PLANTED}
    wrong = {key for key, findings in named.items() for finding in findings if finding.status != "ok"}
    assert wrong - planted == set()


def test_no_id_and_no_username_is_shown(named: Named) -> None:
    every = " ".join(finding.line for findings in named.values() for finding in findings)
    assert not [name for name in ("stranger", "nobody", "cem", "Cem", "Ann") if f'"{name}"' in every]


def test_a_value_ends_no_line_and_colours_no_terminal(named: Named) -> None:
    (finding,) = named["stream hostile", "rows"]
    assert r'such as "no\x1b[31mthing\u202e at all; drop"' in finding.line
    assert all(finding.line.isprintable() for findings in named.values() for finding in findings)


def test_one_stream_alone_is_looked_at_with_its_source(folder: Path) -> None:
    """Its learners are known all the same."""
    findings = by_name(folder / "pulse.toml", only="strangers")
    assert {subject for subject, _ in findings} == {"stream strangers", "source platform"}
    assert findings["stream strangers", "learners"][0].status == "failed"
