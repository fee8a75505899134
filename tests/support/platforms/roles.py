"""Roles of a real PostgreSQL that are no superuser and own nothing, and users of a real MariaDB."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count

import sqlalchemy as sa

from tests.support.platforms.sources import Platform

numbers = count()


@contextmanager
def reader_of(platform: Platform, *options: str) -> Iterator[Platform]:
    """The platform as a role sees it that may read every table that was made, and owns none.

    Args:
        platform: of PostgreSQL, with its tables.
        options: what the role has beside the right to log in.
    """
    role = f"reader_{os.getpid()}_{next(numbers)}"
    platform.run(
        f"create role {role} login {' '.join(options)}",
        f"grant usage on schema {platform.schema} to {role}",
        f"grant select on all tables in schema {platform.schema} to {role}",
    )
    try:
        yield replace(platform, url=as_role(platform.url, role))
    finally:
        platform.run(f"drop owned by {role}", f"drop role {role}")


def as_role(url: str, role: str) -> str:
    return sa.make_url(url).set(username=role, password=None).render_as_string(hide_password=False)


@contextmanager
def user_of_mariadb(platform: Platform, password: str = "") -> Iterator[str]:
    """A user who may read the tables that were made, under the name by which grants know them.

    Known at the host that the server sees us come from: an anonymous user there, as many installations have one, would
    come before a user of any host.
    """
    name = f"reader_{os.getpid()}_{next(numbers)}"
    with platform.changing() as connection:
        host = connection.scalar(sa.text("select substring_index(user(), '@', -1)"))
        user = f"{name}@'{host}'"
        connection.execute(sa.text(f"create user {user} identified by :password"), {"password": password})
        connection.execute(sa.text(f"grant select on {platform.schema}.* to {user}"))
    try:
        yield user
    finally:
        platform.run(f"drop user {user}")


def name_of(user: str) -> str:
    """The name without the host, as a URL has it."""
    return user.partition("@")[0]
