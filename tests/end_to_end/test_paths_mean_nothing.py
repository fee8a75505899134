"""Where the data folder is makes no difference: no part of its path is a column, a pattern or a part of a URL."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from assets.all_steps import publish_lake
from assets.night.night import Night
from assets.reconcile.reconcile import reconcile
from assets.step3_users.users import land_users
from pipelines.command_line import cli
from serve.public.profiles import Profiles
from tests.support.erasing.erase import erase
from tests.support.platforms.sources import FIRST, Platform, night, only_xp, published, sqlite_platform
from tests.support.repository import ROOT
from tests.support.slowly import slowly
from warehouse.configuration.configuration import Configuration
from warehouse.errors import ConfigurationError
from warehouse.lake.days import DAY
from warehouse.lake.lake import Lake
from warehouse.lake.proofs import proofs_in
from warehouse.versions.manifest import Manifest

ROOMS = ("assets", "pipelines", "serve", "warehouse")
# Every way in which DuckDB, pyarrow or pandas reads a Parquet file; `engine.files` and `engine.paths` are ours.
READERS = re.compile(
    r"read_parquet|parquet_scan|from_parquet|read_table\(|ParquetFile|ParquetDataset|\.dataset\b|from\s+'[^']*\.parquet"
    r"|parquet_(?:kv_metadata|metadata|file_metadata|schema|bloom_probe)\((?!\{)"
)
USERS = {"user_id": "text", "username": "text", "is_public": "boolean", "timezone": "text"}
SESSIONS = {"event_id": "text", "user_id": "text", "started_at": "timestamptz", "ended_at": "timestamptz"}
QUIZZES = {"event_id": "text", "user_id": "text", "occurred_at": "timestamptz", "passed": "integer"}
# What a file has columns of, or might have; and what DuckDB would read as a pattern.
FOLDERS = (
    "env=prod/amount=500",
    "user_id=x/name=x/day=2026-01-01",
    "star*",
    "env=prod",
    "amount=500",
    "user_id=x",
    "name=x",
    "day=2026-01-01",
    "zone=Asia%2",  # no escape of a URL
    "reason=null",
    "instant=2026-01-01/passed=true",
    "user_key=1/activity_date=2026-06-01",
    "filename=x/file_name=y",
    "[ab]",
    "x[[]y",
    "**",
    "{a,b}",
    'it\'s "quoted"',
    "a b#c&d;e",
    "ü学",
    "$HOME ~",
)
BESIDE = {"star*": "starfish", "[ab]": "a", "x[[]y": "x[y", "**": "z", "{a,b}": "a"}


def platform(folder: Path) -> Platform:
    """Three learners with two days of rows of every kind, one row of which cannot be used."""
    source = sqlite_platform(folder)
    source.make("users", USERS, [("ann", "ann", 1, "Asia/Tokyo"), ("bob", "bob", 1, "UTC"), ("cy", "cy", 0, None)])
    xp = {"event_id": "text", "user_id": "text", "occurred_at": "timestamptz", "amount": "bigint"}
    rows = [(f"e{n}", user, f"{FIRST + n % 2 * DAY}T0{n}:00:00Z", n * 10) for n, user in enumerate(["ann", "bob"] * 3)]
    source.make("xp", xp, [*rows, ("bad", "ann", f"{FIRST}T09:00:00Z", "much"), ("undated", "bob", None, 5)])
    source.make("sessions", SESSIONS, [("s1", "ann", f"{FIRST}T10:00:00Z", f"{FIRST}T10:30:00Z")])
    source.make("quizzes", QUIZZES, [("q1", "bob", f"{FIRST + DAY}T10:00:00Z", 1)])
    return source


def configured(source: Platform, folder: str) -> Configuration:
    """The platform, with its data folder below one of another name."""
    return source.configuration(data_dir=f"'''{folder}/var'''", shrink_base=1000)


def way(configuration: Configuration) -> Iterator[Manifest]:
    """Go every way that reads the lake: two nights, a reconciliation, an erasure, a build."""
    for day in (FIRST, FIRST + DAY):
        manifest = night(configuration, day)
        assert manifest is not None
        yield manifest
    _, restated = reconcile(Night.of(configuration))
    assert restated is None
    assert len(proofs_in(Lake.of(configuration))) == 6
    erased = erase(configuration, "bob")
    assert erased.failure is None
    assert erased.receipt.content["lake"]["xp"]["before"] == 3
    manifest = publish_lake(Night.of(configuration))
    assert manifest is not None
    yield manifest


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("plain")
    return [manifest.logical_hash for manifest in way(configured(platform(folder), "plain"))]


@pytest.mark.one_in(3)
@pytest.mark.parametrize("folder", slowly(FOLDERS))
def test_every_way_through_a_lake_gives_the_numbers_of_a_plain_folder(
    folder: str, expected: list[str], tmp_path: Path
) -> None:
    """FAULTS 52: nights, build, reconciliation, erasure, restatements, proofs and profiles, below any folder."""
    configuration = configured(platform(tmp_path), folder)
    if folder in BESIDE:  # what the pattern would find too: another platform's lake, with another learner in public
        other = sqlite_platform(tmp_path / "other")
        (tmp_path / "other").mkdir()
        other.make("users", USERS, [("eve", "eve", 1, "UTC"), ("bob", "eve2", 1, "UTC")])
        other.make("xp", {**SESSIONS, "amount": "bigint", "occurred_at": "timestamptz"}, [])
        beside = other.configuration(data_dir=f"'''{tmp_path / BESIDE[folder]}/var'''")
        night(beside, FIRST)
    assert [manifest.logical_hash for manifest in way(configuration)] == expected
    assert published(configuration, "select sum(xp_earned)::bigint from daily_activity") == [(60,)]


@pytest.mark.parametrize("folder", ["name=x/user_id=y", "star*"])
def test_the_server_below_such_a_folder_shows_whom_the_lake_says(folder: str, tmp_path: Path) -> None:
    """FAULTS 52: a public page is found by its own name, and not by that of the folder, or in another's lake."""
    source = platform(tmp_path)
    configuration = configured(source, folder)
    land_users(Night.of(configuration), FIRST)
    if folder in BESIDE:
        source.run("update {users} set username = 'eve', is_public = 1 where user_id = 'cy'")
        land_users(Night.of(configured(source, BESIDE[folder])), FIRST)
    profiles = Profiles(Lake.of(configuration).profiles)
    found = {name: profiles.find(name) for name in ("ann", "x", "eve", "cy")}
    assert found == {"ann": ("ann", "ann"), "x": None, "eve": None, "cy": None}


@pytest.mark.parametrize(("folder", "culprit"), [("what?", "?"), ("a%20b", "%20"), ("x/100%ff/y", "%ff")])
def test_a_folder_whose_name_would_be_taken_for_a_url_is_refused(
    folder: str, culprit: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 52: exit 2 and one line with the culprit, before anything is made."""
    source = sqlite_platform(tmp_path)
    with pytest.raises(ConfigurationError) as refused:
        only_xp(source, data_dir=f"'''{folder}'''")
    (mistake,) = refused.value.mistakes
    assert f'pulse.data_dir: "{culprit}" stands in {tmp_path / folder}, ' in mistake
    for command in ("nightly", "status"):
        assert cli.main([command, "--config", str(tmp_path / "pulse.toml")]) == 2
        assert capsys.readouterr().err == f"pulse: {mistake}\n"
    assert not (tmp_path / folder).exists()


def test_no_reader_of_parquet_stands_beside_the_one_that_says_that_paths_mean_nothing() -> None:
    """FAULTS 52: whoever reads a Parquet file does so by `engine.files` or, its metadata, by `engine.paths`."""
    places = [place for room in ROOMS for place in (ROOT / room).rglob("*") if place.suffix in {".py", ".sql"}]
    assert len(places) > 100
    bare = [
        f"{place.relative_to(ROOT)}:{number}"
        for place in places
        for number, line in enumerate(place.read_text(encoding="utf-8").splitlines(), 1)
        if READERS.search(line) and not (place.name == "engine.py" and "hive_partitioning = false" in line)
    ]
    assert bare == []
