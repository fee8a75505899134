"""FAULTS 53: what a server, a database or a role sets bends nothing of what the table of API keys says.

What it could do to a night is `test_source_settings.py`'s.
"""

import psycopg
import sqlalchemy as sa

from serve.credentials.key_store import key_store
from tests.assets.step1_extract.settings_against_us import (
    COLUMNS,
    HASH,
    POSTGRES,
    ZOE,
    against_us,
    as_it_is,
    database_in,
    keys_of,
    sql_ascii,
    told_at_first,
)
from tests.support.platforms.roles import reader_of
from tests.support.platforms.sources import Platform
from warehouse.configuration.authentication import ApiKeys
from warehouse.configuration.configuration import Source


def test_no_setting_bends_what_a_key_says(postgres: Platform, mariadb: Platform) -> None:
    """FAULTS 53: whose it is, and until when."""
    settings = keys_of(postgres)
    postgres.run(f"update {settings.table} set expires_at = timestamptz '2026-06-01 12:00:00Z'")
    with against_us(postgres, POSTGRES, "role") as reader:
        (row,) = key_store(settings, Source(url=reader.url), postgres.folder).rows(HASH)
        assert (row.user_id, row.expires_at) == (ZOE, "2026-06-01 12:00:00+00")
    settings = keys_of(mariadb)
    bent = "set names latin1, session time_zone = '-08:00', sql_mode = 'PAD_CHAR_TO_FULL_LENGTH,ANSI_QUOTES'"
    with told_at_first(mariadb, bent) as (_, reader):
        (row,) = key_store(settings, Source(url=f"{reader.url}?charset=latin1"), mariadb.folder).rows(HASH)
        assert (row.user_id, row.expires_at) == (ZOE, "2026-06-01 12:00:00")


def test_an_owner_that_is_no_text_is_nobody_and_no_failure(postgres: Platform) -> None:
    """FAULTS 53: in SQL_ASCII; or else one key would be a minute's silence for all."""
    with database_in(postgres, "SQL_ASCII") as ascii_only:
        ascii_only.run("create table api_keys (sha256 text, owner text, expires_at timestamptz)")
        with psycopg.connect(sql_ascii(ascii_only)) as raw:
            raw.execute(f"insert into api_keys values ('{HASH}', E'\\xeb', null)".encode())
        settings = ApiKeys(source="keys", table="api_keys", columns=COLUMNS)
        (row,) = key_store(settings, Source(url=as_it_is(ascii_only).url), ascii_only.folder).rows(HASH)
        assert row.user_id == "\udceb"


def test_keys_are_looked_up_in_the_table_that_was_found_first(postgres: Platform) -> None:
    """FAULTS 53: one of the same name that comes earlier in a later search path is another table."""
    settings = keys_of(postgres).model_copy(update={"table": "api_keys"})
    other = f"{postgres.schema}_other"
    with reader_of(postgres) as reader:
        role = sa.make_url(reader.url).username
        postgres.run(f"alter role {role} set search_path = {postgres.schema}")
        store = key_store(settings, Source(url=reader.url), postgres.folder)
        assert len(store.rows(HASH)) == 1
        postgres.run(
            f"create schema {other}",
            f"create table {other}.api_keys (like {postgres.table('api_keys')})",
            f"grant usage on schema {other} to {role}",
            f"grant select on {other}.api_keys to {role}",
            f"alter role {role} set search_path = {other}, {postgres.schema}",
            f"select pg_terminate_backend(pid) from pg_stat_activity where usename = '{role}'",
        )
        try:
            assert len(store.rows(HASH)) == 1
        finally:
            postgres.run(f"drop schema {other} cascade")
