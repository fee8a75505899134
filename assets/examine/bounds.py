"""Rows of a `query` that its own `:from` and `:to` leave out for good: those whose bound column is null (R1, R19).

No comparison with a null is true, so rows without an instant never come, and nobody counts them. Whether there are any
is asked of the query with its bounds letting nulls through.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from sqlalchemy import Connection, func, select
from sqlalchemy.exc import DBAPIError

from assets.examine.finding import Finding
from assets.step1_extract.selects.selects import Selects
from warehouse.configuration.configuration import Stream
from warehouse.configuration.queries import tokens, without_end

MOST_COUNTED = 1000
# What ends a comparison on its side: another condition, or another part of the statement.
ENDS = re.compile(
    r"\b(?:select|from|where|and|or|not|on|join|left|inner|as|case|when|then|else|end|group|having|window|order|limit"
    r"|union|intersect|except)\b|,",
    re.IGNORECASE,
)
COMPARES = re.compile(r"[<>=]")
BETWEEN = re.compile(r"\bbetween\b", re.IGNORECASE)


def rows_left_out(connection: Connection, stream: Stream, selects: Selects) -> list[Finding]:
    """Return the warning about rows without an instant that a query's own bounds leave out; none if there are none.

    Args:
        connection: of the stream's source.
        stream: an event stream with a query that has `:from` or `:to`.
        selects: what is asked of it.
    """
    query = letting_nulls_through(stream.query or "")
    if query is None:
        return []
    try:
        bounded = _undated(connection, selects)
        open_to_nulls = _undated(connection, replace(selects, mapped=replace(selects.mapped, query=query)))
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        return []  # a query of a form that we do not understand
    finally:
        connection.rollback()
    left_out = open_to_nulls - bounded
    if left_out <= 0:
        return []
    number = f"{left_out:,}" if open_to_nulls < MOST_COUNTED else f"at least {left_out:,}"
    message = f"the bounds within its query leave out {number} rows without an instant, which nobody will miss"
    way_out = "let them through with `or … is null` if they are more than attempts in progress"
    return [Finding(f"stream {stream.name}", "bounds", "warning", message, way_out)]


def letting_nulls_through(query: str) -> str | None:
    """Return a query whose comparisons with `:from` and `:to` are true of a null; None if one is not understood."""
    text = without_end(query)
    hidden = {"quoted": " ", "comment": " ", "bind": "_"}  # `:from` is not the word of a select
    masked = "".join(hidden.get(piece.kind, "") * len(piece.text) or piece.text for piece in tokens(text))
    spans = set()
    for position in _binds(text):
        span = _comparison(masked, position)
        if span is None:
            return None
        spans.add(span)
    for begin, end in sorted(spans, reverse=True):
        text = f"{text[:begin]} coalesce(({text[begin:end]}), 1 = 1) {text[end:]}"
    return text


def _binds(query: str) -> Iterator[int]:
    position = 0
    for piece in tokens(query):
        if piece.kind == "bind":
            yield position
        position += len(piece.text)


def _comparison(masked: str, position: int) -> tuple[int, int] | None:
    """Return where the comparison begins and ends in which a bind stands, whatever functions are around the bind."""
    while position >= 0:
        begin, end = _end_on_the_left(masked, position), _end_on_the_right(masked, position)
        inside = _without_parentheses(masked[begin:end])
        if BETWEEN.search(inside):
            return begin, _end_on_the_right(masked, end + len("and"))
        if COMPARES.search(inside):
            return begin, end
        before = begin - len("and")
        earlier = _end_on_the_left(masked, before) if masked[max(before, 0) : begin].lower() == "and" else begin
        if BETWEEN.search(_without_parentheses(masked[earlier:begin])):  # it is the second bound of a `between`
            return earlier, end
        position = _opening(masked, position)
    return None


def _end_on_the_left(masked: str, position: int) -> int:
    depth, ends = 0, {match.end() for match in ENDS.finditer(masked, 0, max(position, 0))}
    for index in range(position, 0, -1):
        if depth == 0 and (index in ends or masked[index - 1] == "("):
            return index
        depth += {")": 1, "(": -1}.get(masked[index - 1], 0)
    return 0


def _end_on_the_right(masked: str, position: int) -> int:
    depth, ends = 0, {match.start() for match in ENDS.finditer(masked, position)}
    for index in range(position, len(masked)):
        if depth == 0 and (index in ends or masked[index] == ")"):
            return index
        depth += {"(": 1, ")": -1}.get(masked[index], 0)
    return len(masked)


def _opening(masked: str, position: int) -> int:
    """Return where the parenthesis opens in which a position stands, -1 if it stands in none."""
    depth = 0
    for index in range(position - 1, -1, -1):
        if masked[index] == "(" and depth == 0:
            return index
        depth += {")": 1, "(": -1}.get(masked[index], 0)
    return -1


def _without_parentheses(text: str) -> str:
    depth, outside = 0, []
    for character in text:
        depth += character == "("
        outside.append(character if depth == 0 else " ")
        depth -= character == ")"
    return "".join(outside)


def _undated(connection: Connection, selects: Selects) -> int:
    some = selects.undated().limit(MOST_COUNTED).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one())
