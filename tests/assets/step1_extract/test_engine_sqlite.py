"""What we lean on in SQLite and SQLAlchemy's driver of it.

Belongs here: behaviour of the driver, tested against real files. Stays out: our extraction code. Found by trying, on
the versions named in the lock file. PostgreSQL is `test_engine_postgresql.py`.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.types import NullType


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Any type in any column: text that is no number, no UTF-8 and no date."""
    path = tmp_path / "platform.sqlite"
    with closing(sqlite3.connect(path)) as con:
        con.execute("create table t (id integer, name text, at timestamp, ok boolean)")
        con.execute("insert into t values (1, 'zoë', '2026-11-21 01:02:03', 1)")
        con.execute("insert into t values ('abc', cast(x'61ff62' as text), 'garbage', 7)")
        con.execute("insert into t values (2.5, x'61ff', 5, 'true')")
        con.commit()
    return path


def engine_for(path: Path, text_factory: Callable[[bytes], object] | None = None) -> sa.Engine:
    """Read-only, one connection per use, and a transaction that really begins."""
    engine = sa.create_engine(f"sqlite:///file:{path}?mode=ro&uri=true", poolclass=sa.NullPool)

    @sa.event.listens_for(engine, "connect")
    def on_connect(dbapi_connection: sqlite3.Connection, _: object) -> None:
        dbapi_connection.isolation_level = None  # the driver begins nothing by itself …
        dbapi_connection.create_function(
            "starts_with", 2, lambda v, s: isinstance(v, str) and v.startswith(s), deterministic=True
        )
        if text_factory:
            dbapi_connection.text_factory = text_factory

    @sa.event.listens_for(engine, "begin")
    def on_begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN")  # … and SQLAlchemy does

    return engine


def text_or_bytes(raw: bytes) -> str | bytes:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw


def reflected(engine: sa.Engine) -> sa.Table:
    return sa.Table("t", sa.MetaData(), autoload_with=engine)


def rows_of(engine: sa.Engine, *what: sa.ColumnElement[Any]) -> Sequence[sa.Row[Any]]:
    with engine.connect() as con:
        return con.execute(sa.select(*what)).all()


def test_invalid_utf_8_stops_the_whole_query_unless_the_text_factory_takes_it(path: Path) -> None:
    """One bad row must go to the quarantine, not end the night: a text factory that falls back to bytes, per value."""
    table = reflected(engine_for(path))
    with pytest.raises(sa.exc.OperationalError, match="Could not decode to UTF-8"):
        rows_of(engine_for(path), table.c.name)
    kept = engine_for(path, text_or_bytes)
    assert [r.name for r in rows_of(kept, table.c.name)] == ["zoë", b"a\xffb", b"a\xff"]
    assert [r[0] for r in rows_of(engine_for(path), sa.cast(table.c.name, sa.LargeBinary))] == [
        "zoë".encode(),
        b"a\xffb",
        b"a\xff",
    ]
    assert [r[0] for r in rows_of(kept, sa.func.typeof(table.c.name))] == ["text", "text", "blob"]
    assert list(reflected(kept).c.keys()) == ["id", "name", "at", "ok"]


def test_text_factory_bytes_breaks_reflection(path: Path) -> None:
    """`text_factory = bytes` turns the catalogue's own text into bytes too: reflect with another engine."""
    with pytest.raises(TypeError):
        reflected(engine_for(path, bytes))


def test_type_coerce_to_nulltype_reads_what_is_stored(path: Path) -> None:
    """A reflected TIMESTAMP parses every value and falls over the first bad one, a BOOLEAN makes 7 and 'true' True."""
    engine = engine_for(path, text_or_bytes)
    t = reflected(engine)
    with pytest.raises(ValueError, match="Invalid isoformat"):
        rows_of(engine, t.c.at)
    assert [r.ok for r in rows_of(engine, t.c.ok)] == [True, True, True]
    as_stored = [sa.type_coerce(c, NullType()).label(c.name) for c in (t.c.id, t.c.at, t.c.ok)]
    assert [tuple(r) for r in rows_of(engine, *as_stored)] == [
        (1, "2026-11-21 01:02:03", 1),
        ("abc", "garbage", 7),
        (2.5, 5, "true"),
    ]


def test_a_python_function_registered_on_connect_works_in_where(path: Path) -> None:
    """`create_function` in the `connect` event; `sa.func.name(…)`. It sees the stored value of any type."""
    engine = engine_for(path, text_or_bytes)
    t = reflected(engine)
    query = sa.select(t.c.id).where(sa.func.starts_with(t.c.at, "2026-11-21"))
    with engine.connect() as con:
        assert con.execute(query).scalars().all() == [1]


def test_mode_ro_refuses_to_write_and_to_create(path: Path) -> None:
    with engine_for(path).connect() as con, pytest.raises(sa.exc.OperationalError, match="readonly"):
        con.exec_driver_sql("insert into t (id) values (9)")
    with (
        pytest.raises(sa.exc.OperationalError, match="unable to open"),
        engine_for(path.with_name("missing")).connect(),
    ):
        pass


def try_to_insert(path: Path) -> str:
    with closing(sqlite3.connect(path, timeout=0)) as con:
        try:
            con.execute("insert into t (id) values (9)")
            con.commit()
        except sqlite3.OperationalError as error:
            return str(error)
    return "written"


@pytest.mark.parametrize(("journal", "writer_gets"), [("delete", "database is locked"), ("wal", "written")])
def test_begin_and_a_first_read_hold_one_snapshot_for_several_statements(
    path: Path, journal: str, writer_gets: str
) -> None:
    """The driver opens no transaction for a SELECT by itself: two counts may differ. With BEGIN they can't: in WAL mode
    the writer goes on unseen, otherwise it has to wait for us (so keep the transaction short).
    """
    with closing(sqlite3.connect(path)) as con:
        con.execute(f"pragma journal_mode={journal}")
    count = sa.text("select count(*) from t")
    plain = sa.create_engine(f"sqlite:///file:{path}?mode=ro&uri=true", poolclass=sa.NullPool)
    with plain.connect() as con:
        assert con.execute(count).scalar() == 3
        assert try_to_insert(path) == "written"
        assert con.execute(count).scalar() == 4
    with engine_for(path).connect() as con:
        assert con.execute(count).scalar() == 4
        assert try_to_insert(path) == writer_gets
        assert con.execute(count).scalar() == 4
