"""`pulse check` on real servers: rights, policies, clocks, types and plans; and nothing to say of a healthy one."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from assets.examine.finding import Finding
from tests.assets.examine.planted import LARGE, by_name
from tests.support.platforms.roles import name_of, reader_of, user_of_mariadb
from tests.support.platforms.sources import (
    QUIZZES_TYPES,
    SESSIONS_TYPES,
    USERS_TYPES,
    XP_TYPES,
    Platform,
    platform_of,
    xp_rows,
)
from warehouse import clock

SERVERS = ["postgresql", "mariadb"]
WRONG = {"warning", "failed"}
pytestmark = pytest.mark.slow


@pytest.fixture(params=["sqlite", *SERVERS])
def every(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Platform]:
    with platform_of(request, tmp_path) as source:
        yield filled(source)


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Platform]:
    with platform_of(request, tmp_path) as source:
        yield filled(source)


@pytest.fixture
def postgres(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Platform]:
    request.param = "postgresql"
    with platform_of(request, tmp_path) as source:
        yield filled(source)


def filled(source: Platform) -> Platform:
    """Learners, and a few events of every kind."""
    source.make("users", USERS_TYPES, [("ann", "Europe/Berlin")])
    source.make("xp", XP_TYPES, xp_rows(5))
    source.make("sessions", SESSIONS_TYPES, [("s1", "ann", "2026-06-01T10:00:00Z", "2026-06-01T11:00:00Z")])
    source.make("quizzes", QUIZZES_TYPES, [("q1", "ann", "2026-06-01T10:00:00Z", 1)])
    return source


def as_reader(source: Platform, stack: ExitStack) -> Platform:
    """Return the platform as a role sees it that may select its tables, and nothing else."""
    if source.is_sqlite:
        return source
    if source.is_mariadb:
        user = stack.enter_context(user_of_mariadb(source))
        url = sa.make_url(source.url).set(username=name_of(user), database=source.schema)
        return replace(source, url=url.render_as_string(hide_password=False))
    return stack.enter_context(reader_of(source))


def look(source: Platform) -> dict[tuple[str, str], list[Finding]]:
    return by_name(source.configuration().path)


def wrong(findings: dict[tuple[str, str], list[Finding]]) -> dict[tuple[str, str], Finding]:
    return {key: one for key, several in findings.items() for one in several if one.status in WRONG}


def test_there_is_nothing_to_say_of_a_healthy_platform(every: Platform) -> None:
    with ExitStack() as stack:
        findings = look(as_reader(every, stack))
    assert wrong(findings) == {}
    assert findings["source platform", "writing"][0].message == "the session is read-only, a write was refused"


def test_a_role_that_may_write_is_a_warning_and_still_cannot(server: Platform) -> None:
    findings = look(server)
    assert wrong(findings).keys() == {("source platform", "role")}
    (finding,) = findings["source platform", "role"]
    assert all(f"{server.schema}.{table}" in finding.message for table in ("users", "xp", "sessions", "quizzes"))
    assert "may only select" in (finding.way_out or "")


def test_a_table_that_may_not_be_read_is_named_and_hides_no_other(postgres: Platform) -> None:
    with reader_of(postgres) as reader:
        role = sa.make_url(reader.url).username
        postgres.run(f"revoke select on {{xp}} from {role}", "update {quizzes} set passed = 7")
        faults = wrong(look(reader))
    assert faults.keys() == {("stream xp", "rights"), ("stream quizzes", "rows")}
    assert f"may not read platform.{postgres.table('xp')}: permission denied" in faults["stream xp", "rights"].message
    assert f"grant select on {postgres.table('xp')}" in (faults["stream xp", "rights"].way_out or "")


def test_policies_are_named(postgres: Platform) -> None:
    postgres.run("alter table {xp} enable row level security")
    with reader_of(postgres) as reader:
        (finding,) = wrong(look(reader)).values()
        assert (finding.subject, finding.check) == ("stream xp", "row level security")
        assert "BYPASSRLS" in (finding.way_out or "")
        reader.settings = 'row_security = "apply"'
        findings = look(reader)
    (finding,) = wrong(findings).values()
    assert (finding.subject, finding.check) == ("stream xp", "row level security")
    assert "has no row that our role may see" in finding.message


@pytest.mark.parametrize(("minutes", "status"), [(-20, "failed"), (20, "warning"), (2, "ok")])
def test_a_clock_that_differs_is_named_and_the_streams_are_looked_at(
    server: Platform, minutes: int, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() + timedelta(minutes=minutes))
    findings = look(server)
    (finding,) = findings["source platform", "clock"]
    assert finding.status == status
    assert findings["stream xp", "rows"][0].message == "the 5 sampled rows pass the rules"


def test_a_value_of_another_type_is_named_before_the_night(server: Platform) -> None:
    configuration = server.configuration()
    text = configuration.path.read_text()
    for table, column, value in (("quizzes", "passed", '"often"'), ("xp", "occurred_at", '"yesterday"')):
        named = f'table = "{server.table(table)}"'
        text = text.replace(named, f'{named}\nwhere = [{{ column = "{column}", is = [{value}] }}]')
    configuration.path.write_text(text)
    findings = by_name(configuration.path)
    assert {key for key, finding in wrong(findings).items() if finding.status == "failed"} == {
        ("stream quizzes", "where"),
        ("stream xp", "where"),
    }
    assert "where on passed" in findings["stream quizzes", "where"][0].message
    assert "where on occurred_at" in findings["stream xp", "where"][0].message


def test_a_missing_index_is_named_with_the_statement_that_makes_it(every: Platform) -> None:
    rows = [(f"e{n}", "ann", f"{2016 + n % 10}-06-0{1 + n % 9}T10:00:00Z", 1) for n in range(LARGE)]
    every.add("xp", rows)
    (finding,) = look(every)["stream xp", "index"]
    assert finding.status == "warning"
    statement = (finding.way_out or "").removeprefix("make one: ")
    assert statement.startswith("CREATE INDEX ")
    with sa.create_engine(every.url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool).connect() as connection:
        connection.exec_driver_sql(statement)
        if not every.is_sqlite:
            connection.exec_driver_sql(f"analyze {'table ' * every.is_mariadb}{every.table('xp')}")
    findings = look(every)
    assert findings["stream xp", "plan"][0].message == "an index finds the rows of a day"
    assert findings["stream xp", "rows"][0].message == "the 1,000 newest rows pass the rules"


def test_nothing_of_a_url_is_shown_but_host_and_database(server: Platform) -> None:
    parts = sa.make_url(server.url)
    where = f"{parts.host or ''}{f':{parts.port}' if parts.port else ''}/{parts.database}_of_nobody"
    query = f"?host={parts.query['host']}" if "host" in parts.query else ""
    url = f"{parts.drivername}://somebody_else:hidden_word@{where}{query}"
    findings = look(replace(server, url=url))
    (finding,) = findings["source platform", "connection"]
    assert finding.status == "failed"
    assert findings["stream xp", "columns"][0].message == "not looked at, because source platform cannot be read"
    assert not [word for word in ("somebody_else", "hidden_word") if word in str(findings)]


def test_dates_formats_and_lookups_are_looked_at_as_well(every: Platform) -> None:
    """The texts are those of ten years, with the day first in one column and the year first in another."""
    visits, keys = every.table("visits"), every.table("id_map")
    every.run(
        f"create table {visits} (id integer, who varchar(9), day date, seconds integer, year_first varchar(40), "
        "day_first varchar(40))",
        f"create table {keys} (anon varchar(9), whose varchar(9))",
        f"insert into {keys} values ('k1', 'ann'), ('k2', 'ben')",
    )
    days = [f"{2016 + n % 10}-06-{1 + n % 28:02}" for n in range(LARGE)]
    rows = [
        {"id": n, "day": day, "year_first": f"{day} 10:00", "day_first": f"{day[8:]}.{day[5:7]}.{day[:4]} 10:00"}
        for n, day in enumerate(days)
    ]
    cast_day = ":day" if every.is_sqlite else "cast(:day as date)"
    with every.changing() as connection:
        insert = f"insert into {visits} values (:id, 'k1', {cast_day}, 60, :year_first, :day_first)"
        connection.execute(sa.text(insert), rows)
    lookup = f'{{ source = "platform", table = "{keys}", key = "anon", value = "whose" }}'
    user_id = f'user_id = {{ column = "who", lookup = {lookup} }}'
    texts = f'event_id = "id", {user_id}, amount = "seconds"'
    streams = {
        "visits": ("daily", f'{user_id}, on = "day", seconds = "seconds"'),
        "year_first": ("xp", f'{texts}, occurred_at = {{ column = "year_first", format = "%Y-%m-%d %H:%M" }}'),
        "day_first": ("xp", f'{texts}, occurred_at = {{ column = "day_first", format = "%d.%m.%Y %H:%M" }}'),
    }
    path = every.configuration().path
    lines = [path.read_text()]
    for name, (kind, columns) in streams.items():
        lines += [f"[streams.{name}]", f'kind = "{kind}"', 'source = "platform"', f'table = "{visits}"']
        lines += [f"columns = {{ {columns} }}"]
    path.write_text("\n".join(lines))
    findings = by_name(path)
    expected = {("stream visits", "index"), ("stream year_first", "index"), ("stream day_first", "format")}
    assert wrong(findings).keys() - {("source platform", "role")} == expected
    for name in streams:
        assert findings[f"stream {name}", "learners"][0].message.startswith("0 of 1")  # all of 1,000, or of 140 dates
        assert findings[f"stream {name}", "lookup"][0].message == f"platform.{keys} says whose 2 keys are"
    with sa.create_engine(every.url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool).connect() as connection:
        for key in sorted(expected)[1:]:
            connection.exec_driver_sql((findings[key][0].way_out or "").removeprefix("make one: "))
        if not every.is_sqlite:
            connection.exec_driver_sql(f"analyze {'table ' * every.is_mariadb}{visits}")
    findings = by_name(path)
    assert wrong(findings).keys() - {("source platform", "role")} == {("stream day_first", "format")}
    assert findings["stream visits", "plan"][0].message == "an index finds the rows of a day"
    assert findings["stream year_first", "rows"][0].message == "the 1,000 newest rows pass the rules"
