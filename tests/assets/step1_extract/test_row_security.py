"""FAULTS 46: a table that row level security filters is not an empty one, and nothing is published of it in silence.

On a real PostgreSQL, read by a role that no policy is for. The way of API keys stands here, too.
"""

import logging
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
import sqlalchemy as sa

from assets.night.night import Night
from assets.reconcile.compare import compare
from pipelines.command_line.cli import main
from serve.credentials.key_store import key_store
from serve.http.errors import UnavailableError
from tests.support.platforms.roles import reader_of
from tests.support.platforms.sources import (
    FIRST,
    USERS_TYPES,
    XP_TYPES,
    Notes,
    Platform,
    lake_files,
    night,
    server_platform,
    sqlite_platform,
    xp_by_day,
    xp_rows,
)
from warehouse.configuration.authentication import ApiKeyColumns, ApiKeys
from warehouse.configuration.configuration import Source
from warehouse.errors import CheckFailedError, SourceDriftError
from warehouse.versions.versions import Warehouse

APPLY = 'row_security = "apply"'
HASH = "0" * 64


@pytest.fixture
def platform(postgres_url: str, tmp_path: Path) -> Iterator[Platform]:
    """One learner with three XP."""
    with server_platform(postgres_url, tmp_path) as found:
        found.make("users", USERS_TYPES, [("ann", "UTC")])
        found.make("xp", XP_TYPES, xp_rows(3))
        yield found


@pytest.mark.parametrize("table", ["users", "xp"])
def test_a_table_that_policies_would_filter_stops_before_a_row(platform: Platform, table: str) -> None:
    """FAULTS 46: it used to read as empty; the line has table, BYPASSRLS and the key."""
    platform.run(f"alter table {{{table}}} enable row level security")
    with reader_of(platform) as reader:
        configuration = reader.configuration()
        with pytest.raises(SourceDriftError) as caught:
            night(configuration, FIRST)
    message = str(caught.value)
    assert message.startswith(f"stream {table}: row level security would filter platform.{platform.table(table)} ")
    assert "BYPASSRLS" in message
    assert f"[sources.platform] {APPLY}" in message
    assert Warehouse.of(configuration).current() is None
    assert not [name for name in lake_files(configuration) if name.startswith(table)]


def test_a_view_that_reads_such_a_table_stops_too_and_both_are_named(platform: Platform) -> None:
    """FAULTS 46: a view with its reader's rights."""
    view = platform.table("shown")
    platform.run(
        "alter table {xp} enable row level security",
        f"create view {view} with (security_invoker = true) as select * from {{xp}}",
    )
    with reader_of(platform) as reader:
        configuration = reader.configuration()
        place = configuration.path
        place.write_text(place.read_text().replace(f'"{platform.table("xp")}"', f'"{view}"'))
        streams = {**configuration.streams, "xp": configuration.streams["xp"].model_copy(update={"table": view})}
        with pytest.raises(SourceDriftError, match=rf"would filter platform\.{view} \(by its table xp\) for our role"):
            night(configuration.model_copy(update={"streams": streams}), FIRST)


def test_policies_that_come_later_stop_the_reconciliation(platform: Platform) -> None:
    """FAULTS 46: which used to say that every landing equals its source, or that all of it has gone."""
    with reader_of(platform) as reader:
        configuration = reader.configuration()
        night(configuration, FIRST)
        platform.run("alter table {xp} enable row level security")
        with pytest.raises(SourceDriftError, match=r"stream xp: row level security would filter"):
            compare(Night.of(configuration))
        assert xp_by_day(configuration) == {FIRST: 3}


def test_a_role_that_bypasses_policies_reads_every_row(platform: Platform) -> None:
    """FAULTS 46: the first way out."""
    platform.run("alter table {xp} enable row level security", "alter table {users} enable row level security")
    with reader_of(platform, "bypassrls") as reader:
        configuration = reader.configuration()
        night(configuration, FIRST)
        assert xp_by_day(configuration) == {FIRST: 3}


def test_policies_that_are_meant_filter_and_it_is_said(platform: Platform, capsys: pytest.CaptureFixture[str]) -> None:
    """FAULTS 46: the second way out, by the night and by `pulse status`; even where the role has it switched off."""
    platform.run(
        "alter table {xp} enable row level security", "create policy two on {xp} using (event_id in ('e0', 'e1'))"
    )
    listener = Notes()
    with reader_of(platform) as reader:
        role = sa.make_url(reader.url).username
        platform.run(f"alter role {role} set row_security = off")
        reader.settings = APPLY
        configuration = reader.configuration()
        night(configuration, FIRST, listener=listener)
    assert xp_by_day(configuration) == {FIRST: 2}
    said = f"source platform: rows are filtered by its row level security ({APPLY})"
    assert said in listener.lines
    assert main(["status", "--config", str(configuration.path)]) == 0
    printed = capsys.readouterr().out
    assert f"warning       {said}\n" in printed
    assert "has no row" not in "".join([printed, *listener.lines])


@pytest.mark.slow
@pytest.mark.parametrize("table", ["users", "xp"])
def test_a_table_without_a_row_to_be_seen_is_a_warning(
    platform: Platform, table: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 46: of the night, and of `pulse status` afterwards; gone when a policy has come."""
    platform.run(f"alter table {{{table}}} enable row level security")
    listener = Notes()
    with reader_of(platform) as reader:
        reader.settings = APPLY
        configuration = reader.configuration()
        is_held_back = pytest.raises(CheckFailedError) if table == "users" else nullcontext()  # XP of strangers
        with is_held_back:
            night(configuration, FIRST, listener=listener)
        line = f"stream {table}: platform.{platform.table(table)} has no row that our role may see"
        assert [one for one in listener.lines if one.startswith(line)]
        main(["status", "--config", str(configuration.path)])
        assert f"warning       {line}" in capsys.readouterr().out
        platform.run(f"create policy every on {{{table}}} using (true)")
        night(configuration, FIRST)
        main(["status", "--config", str(configuration.path)])
        assert "has no row" not in capsys.readouterr().out
        assert xp_by_day(configuration) == {FIRST: 3}


def keys_of(platform: Platform, table: str) -> ApiKeys:
    platform.run(f"create table {table} (sha256 text, owner text)", f"insert into {table} values ('{HASH}', 'ann')")
    return ApiKeys(source="keys", table=table, columns=ApiKeyColumns(key_hash="sha256", user_id="owner"))


def test_keys_behind_policies_are_503_and_the_log_says_why(
    platform: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    """FAULTS 46: they used to be unknown, all of them."""
    table = platform.table("api_keys")
    settings = keys_of(platform, table)
    platform.run(f"alter table {table} enable row level security")
    with reader_of(platform) as reader, caplog.at_level(logging.ERROR):
        with pytest.raises(UnavailableError):
            key_store(settings, Source(url=reader.url), platform.folder).rows(HASH)
        for part in (table, "BYPASSRLS", f"[sources.keys] {APPLY}"):
            assert part in caplog.text
        platform.run(f"create policy every on {table} using (true)")
        applied = key_store(settings, Source(url=reader.url, row_security="apply"), platform.folder)
        assert [row.user_id for row in applied.rows(HASH)] == ["ann"]


@pytest.mark.parametrize(
    ("setting", "mistake"), [('row_security = "off"', "sources.platform.row_security: "), (APPLY, "is for PostgreSQL")]
)
def test_what_cannot_be_meant_is_a_mistake_of_the_configuration(
    tmp_path: Path, setting: str, mistake: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """FAULTS 46: exit 2, with the key; SQLite has no policies."""
    source = sqlite_platform(tmp_path)
    source.make("users", USERS_TYPES)
    source.make("xp", XP_TYPES)
    place = source.configuration().path
    place.write_text(place.read_text().replace("[sources.platform]", f"[sources.platform]\n{setting}"))
    assert main(["status", "--config", str(place)]) == 2
    assert mistake in capsys.readouterr().err
