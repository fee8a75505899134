"""The text of a stream's `query`: one `select`, where it ends, and where `:from` and `:to` stand in it.

It is read as far as that needs and no further: what is in quotes, in comments and between dollars is left alone, in the
spelling of any of the databases. What the query means is the source's matter, which runs it in a read-only transaction.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

FROM, TO = ":from", ":to"
FIRST_WORDS = ("select", "with", "(")
TOKEN = re.compile(
    r"""
    (?P<quoted> '(?:[^'\\]|''|\\.)*' | "(?:[^"]|"")*" | `(?:[^`]|``)*` | (?P<tag>\$\w*\$).*?(?P=tag) )
    | (?P<comment> --[^\n]* | /\*.*?\*/ )
    | (?P<cast> :: )
    | (?P<bind> (?<![\w\\]) : (?:from|to) \b )
    | (?P<mark> [;()] )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)


class Token(NamedTuple):
    """A piece of a query.

    Args:
        kind: `quoted`, `comment`, `cast`, `bind`, `mark` or `other`.
        text: as it stands there.
    """

    kind: str
    text: str


def tokens(query: str) -> Iterator[Token]:
    """Yield the pieces of a query, which make it up."""
    for match in TOKEN.finditer(query):
        yield Token(
            next(kind for kind, text in match.groupdict().items() if text is not None and kind != "tag"), match[0]
        )


def query_mistake(query: str) -> str | None:
    """Return what is wrong about a query, as far as its text shows it, None if nothing is."""
    statement = without_end(query)
    words = "".join(token.text for token in tokens(statement) if token.kind != "comment").strip().lower()
    if not words.startswith(FIRST_WORDS):
        return "it has to be one select, and begins otherwise"
    depth = 0
    for token in tokens(statement):
        if token.text == ";" and token.kind == "mark":
            return "it has more than one statement; leave one select"
        depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind == "mark" else 0
        if depth < 0:
            break
    return None if depth == 0 else "its parentheses do not match"


def without_end(query: str) -> str:
    """Return a query without the semicolon, the comments and the spaces at its end."""
    pieces = list(tokens(query))
    ended = False
    while pieces and (
        pieces[-1].kind == "comment" or not pieces[-1].text.strip() or (pieces[-1].text == ";" and not ended)
    ):
        ended = ended or pieces[-1].text == ";"
        pieces.pop()
    return "".join(piece.text for piece in pieces)


def binds_of(query: str) -> set[str]:
    """Return which of `:from` and `:to` a query uses."""
    return {token.text for token in tokens(query) if token.kind == "bind"}


def bound(query: str, begin: str, end: str) -> str:
    """Return a query with SQL in the places of `:from` and `:to`.

    Args:
        query: as configured.
        begin: SQL for `:from`.
        end: SQL for `:to`.
    """
    literals = {FROM: begin, TO: end}
    pieces = tokens(without_end(query))
    return "".join(literals[piece.text] if piece.kind == "bind" else piece.text for piece in pieces)
