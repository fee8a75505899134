"""The dates and years that a query may ask for: brought into one spelling, and compared with what a version has."""

import re
from contextlib import suppress
from datetime import date
from urllib.parse import parse_qsl

from serve.own_route import QueryError

YEAR = re.compile(r"\d{4}", re.ASCII)
DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
MOST_FIELDS = 20  # in a query; more have nothing to do with us


def only(query: str, *names: str) -> dict[str, str]:
    """Return the values of the names in a query; what else stands in it means nothing.

    Raises:
        QueryError: a name stands there twice, or the query is no query.
    """
    try:
        fields = [
            field for field in parse_qsl(query, keep_blank_values=True, max_num_fields=MOST_FIELDS) if field[0] in names
        ]
    except ValueError:
        raise QueryError(f"The query has more than {MOST_FIELDS} fields") from None
    if twice := [name for name in names if sum(field[0] == name for field in fields) > 1]:
        raise QueryError(f"{twice[0]} stands in the query twice")
    return dict(fields)


def date_of(name: str, text: str) -> date:
    """Return the date that a field spells.

    Raises:
        QueryError: it is none.
    """
    with suppress(ValueError):
        if DATE.fullmatch(text):
            return date.fromisoformat(text)
    raise QueryError(f"{name} is no date, write one like 2026-01-31")
