"""What tests of the edges share: roles of a real PostgreSQL that are no superuser and own nothing."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count

import sqlalchemy as sa

from tests.sources import Platform

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
