"""`pulse check` of learners from several streams, with names of zones and keys of another system (R3, R4, R26)."""

from pathlib import Path

import pytest

from assets.examine.finding import Finding
from tests.assets.examine.planted import DAY, XP, by_name, make, table, write

Rows = list[tuple[object, ...]]
Named = dict[tuple[str, str], list[Finding]]
AT = f"{DAY}T12:00:00Z"
PEOPLE = "create table {} (id text, name text, zone text, gone_at text)"
KEYS = "create table {} (anon text, whose text)"
OWN_NAMES = 'zone_names = { "Eastern Time (US & Canada)" = "America/New_York" }'
BY_KEY = '{{ column = "who", lookup = {{ source = "{}", table = "{}", key = "{}", value = "whose" }} }}'
PREFIXED = '{{ column = "id", prefix = "{}" }}'
MERGE = "merge = true"


def with_second(folder: Path, *more: str, prefix: str = "") -> Path:
    """Make a platform of two tables of learners, of whom Ben is in both, and return its mapping.

    Both streams say `more`; with a prefix, that of the planted users is `a:`.
    """
    rows: Rows = [("ben", "Benjamin", "Europe/Berlin", None), ("dan", "Dan", "UTC", None)]
    make(folder, {"people": (PEOPLE, rows), "xp": (XP, [("e1", f"{prefix}ben", AT, 1, "")])})
    user_id = PREFIXED.format(prefix) if prefix else '"id"'
    others = ['kind = "users"', 'source = "platform"', 'table = "people"', *more]
    others += [f'columns = {{ user_id = {user_id}, username = "name", timezone = "zone" }}']
    path = write(folder, {"others": "\n".join(others), "xp": table("xp", "xp")})
    text = path.read_text().replace('table = "users"', "\n".join(['table = "users"', *more]))
    if prefix:
        text = text.replace(
            '{ user_id = "id", username = "name", timezone', f"{{ user_id = {PREFIXED.format('a:')}, timezone"
        )
    path.write_text(text)
    return path


def test_an_id_in_two_streams_is_a_failure_that_does_not_show_it(tmp_path: Path) -> None:
    path = with_second(tmp_path)
    named = by_name(path)
    (finding,) = named["stream others", "shared ids"]
    assert finding.status == "failed"
    assert "1 ids are in more than one stream of learners, such as one in others and users" in finding.message
    assert MERGE in (finding.way_out or "")
    assert not [line for findings in named.values() for line in findings if "ben" in line.line.lower()]
    assert [key for key in by_name(path, only="users") if key[1] == "shared ids"] == [("stream users", "shared ids")]


@pytest.mark.parametrize(("more", "prefix"), [([MERGE], ""), ([], "b:")])
def test_who_is_merged_or_has_a_prefix_is_known_and_shares_no_id(more: list[str], prefix: str, tmp_path: Path) -> None:
    named = by_name(with_second(tmp_path, *more, prefix=prefix))
    assert ("stream others", "shared ids") not in named
    assert named["stream xp", "learners"][0].message == "0 of 1 rows are of unknown learners"


def test_a_stream_of_deleted_learners_fails_if_most_of_all_streams_are(tmp_path: Path) -> None:
    """A night counts the learners of all of them (R21): first it is Ann and Ben of Ann, Ben, Cem and Dan."""
    path = with_second(tmp_path, MERGE)
    named = by_name(path)
    (finding,) = named["stream users", "deleted"]
    assert finding.status == "warning"
    assert "2 of 3 learners are deleted, most of them with" in finding.message
    assert ("stream others", "deleted") not in named
    without_dan = 'table = "people"\nwhere = [{ column = "id", is_not = ["dan"] }]'
    path.write_text(path.read_text().replace('table = "people"', without_dan))
    (finding,) = by_name(path)["stream others", "deleted"]
    assert (finding.status, finding.message) == ("failed", "2 of the 3 learners of all streams are deleted")


def test_names_of_zones_that_the_mapping_explains_are_no_fault(tmp_path: Path) -> None:
    make(tmp_path, {"xp": (XP, [("e1", "cem", AT, 1, "")])})
    path = write(tmp_path, {"xp": table("xp", "xp")})
    (finding,) = by_name(path)["stream users", "zones"]
    assert finding.status == "warning"
    assert "zone_names" in (finding.way_out or "")
    path.write_text(path.read_text().replace('table = "users"', f'table = "users"\n{OWN_NAMES}'))
    (finding,) = by_name(path)["stream users", "zones"]
    assert (finding.status, finding.message[:25]) == ("ok", "1 learners give a zone, a")


LOOKUPS = {
    "good": ("platform", "keys", "anon"),
    "good_too": ("platform", "keys", "anon"),  # keys of two streams are the same ones
    "no_table": ("platform", "no_keys", "anon"),
    "no_column": ("platform", "keys", "nothing"),
    "shared": ("platform", "keys_of_two", "anon"),
    "no_source": ("gone", "keys", "anon"),
}
# stream, the look, its status, and what it says
OF_LOOKUPS = [
    ("good", "lookup", "ok", "platform.keys says whose 2 keys are"),
    ("good", "learners", "failed", "2 of 4 rows are of unknown learners"),
    ("good", "spelling of ids", "failed", "1 of 4 rows"),
    ("good_too", "learners", "failed", "2 of 4 rows are of unknown learners"),
    ("no_table", "lookup", "failed", "there is no table platform.no_keys"),
    ("no_table", "learners", "warning", "its lookup does not say whose the keys are"),
    ("no_column", "lookup", "failed", 'column "nothing" (key) is not in platform.keys'),
    ("shared", "lookup", "failed", "1 keys of platform.keys_of_two are of several learners"),
    ("shared", "learners", "warning", "not looked for"),
    ("no_source", "lookup", "warning", "source gone cannot be read"),
    ("no_source", "rows", "ok", "the 4 sampled rows pass the rules"),
]


@pytest.fixture(scope="module")
def with_lookups(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of four keys one is Ann's, one is spelled otherwise, one is nobody's, and one is the id of Ann herself.

    A row more has another key as its amount.
    """
    folder = tmp_path_factory.mktemp("lookups")
    keys: Rows = [("k1", "ann"), ("k2", "ben")]
    rows: Rows = [(key, key, AT, 1, "") for key in ("k1", "K1", "k9", "ann")]
    tables = dict.fromkeys(LOOKUPS, (XP, rows)) | {"good": (XP, [*rows, ("e5", "k1", AT, "k2", "")])}
    make(folder, {**tables, "keys": (KEYS, keys), "keys_of_two": (KEYS, [*keys, ("k1", "cem")])})
    streams = {name: table("xp", name, user_id=BY_KEY.format(*mapped)) for name, mapped in LOOKUPS.items()}
    return write(folder, streams, '[sources.gone]\nurl = "sqlite:///gone.db"')


@pytest.fixture(scope="module")
def named(with_lookups: Path) -> Named:
    return by_name(with_lookups)


@pytest.mark.parametrize(("stream", "check", "status", "message"), OF_LOOKUPS)
def test_a_key_is_resolved_before_its_learner_is_unknown(
    named: Named, stream: str, check: str, status: str, message: str
) -> None:
    findings = named[f"stream {stream}", check]
    assert [one for one in findings if one.status == status and message in one.message], findings


def test_neither_keys_nor_ids_are_shown(named: Named) -> None:
    assert any("1 of 5 rows is bad_amount (amount)" in finding.message for finding in named["stream good", "rows"])
    assert not [one for findings in named.values() for one in findings if '"k' in one.line or '"ann"' in one.line]


def test_a_stream_alone_is_looked_at_with_the_source_of_its_lookup(with_lookups: Path) -> None:
    only = by_name(with_lookups, only="no_source")
    assert {subject for subject, _ in only} == {"stream no_source", "source platform", "source gone"}
