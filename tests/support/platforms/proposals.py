"""What `pulse init` proposes for a database of a test, and the databases of whole applications to propose for."""

import re
import sqlite3
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from pipelines.propose.guess.proposal import Proposal, ProposedStream
from pipelines.propose.look.address import address_of
from pipelines.propose.propose import propose
from pipelines.propose.write import text_of
from tests.support.repository import ROOT
from warehouse.configuration.configuration import Configuration, load

APPLICATIONS = ROOT / "tests" / "end_to_end" / "applications"
DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}
FIXTURES = {"postgres": ("postgres_url", "postgresql"), "mysql": ("mariadb_url", "mysql")}


def sqlite_database(folder: Path, script: str) -> str:
    """Make a SQLite database of a script, and return its URL."""
    with closing(sqlite3.connect(folder / "platform.sqlite")) as connection:
        connection.executescript(script)
    return f"sqlite:///{folder}/platform.sqlite"


def proposed(url: str, folder: Path, schema: str | None = None) -> Proposal:
    return propose(address_of(url), folder, schema)


def proposal_for(folder: Path, *scripts: str) -> Proposal:
    """Propose for the tables of scripts in SQLite, and see that what is proposed loads."""
    proposal = proposed(sqlite_database(folder, "".join(scripts)), folder)
    written(proposal, folder)
    return proposal


def roles_of(proposal: Proposal, table: str) -> dict[str, Any]:
    return {role: guess.value for role, guess in stream_of(proposal, table).columns.items()}


def written(proposal: Proposal, folder: Path) -> Configuration:
    """Write a proposal as it is, and load it as a night does."""
    file = folder / "pulse.toml"
    file.write_text(text_of(proposal), encoding="utf-8")
    return load(file, uses=["sources"])


def document_of(proposal: Proposal) -> dict[str, Any]:
    """Return what TOML makes of the text of a proposal."""
    return tomllib.loads(text_of(proposal))


def stream_of(proposal: Proposal, table: str) -> ProposedStream:
    return next(stream for stream in proposal.streams if stream.table == table)


@contextmanager
def database_of(server: str, name: str, statements: Sequence[str] = ()) -> Iterator[str]:
    """A database of its own on a server, with what statements make in it; its URL, as a configuration has it."""
    scheme = server.partition(":")[0].partition("+")[0]
    url = sa.make_url(server).set(drivername=DRIVERS[scheme])
    admin = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    unicode = " character set utf8mb4" if scheme == "mysql" else ""
    with admin.connect() as connection:
        connection.exec_driver_sql(f"drop database if exists {name}")
        connection.exec_driver_sql(f"create database {name}{unicode}")
    try:
        own = sa.create_engine(url.set(database=name), poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
        with own.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement.replace("%", "%%"))
        yield url.set(drivername=scheme, database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.exec_driver_sql(f"drop database {name}" + ("" if scheme == "mysql" else " with (force)"))


@contextmanager
def application(name: str, folder: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The database of an application of `tests/end_to_end/applications`, in the server that it uses; its URL."""
    (setup,) = (APPLICATIONS / name).glob("setup.*.sql")
    script, kind = setup.read_text(encoding="utf-8"), setup.name.split(".")[1]
    if kind == "sqlite":
        yield sqlite_database(folder, script)
        return
    statements = list(filter(str.strip, re.split(r";\s*\n", re.sub(r"\s--[^\n]*", "", f"\n{script}\n"))))
    with database_of(request.getfixturevalue(FIXTURES[kind][0]), f"init_of_{name}", statements) as url:
        yield url
