"""Bodies: JSON, an error as `{"detail": …}` that is not cached, and the encoding in which a long one travels.

No answer has a secret, nor parts of the request beside one. So the length of a compressed answer tells nothing
(BREACH). Errors and short answers are not compressed. Headers that depend on who asks, and from where, are in
`response_headers.py` and `cors.py`.
"""

import gzip
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple

import brotli  # type: ignore[import-untyped]
import orjson
from flask import Response, request
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

OK = 200
SHORTEST_BYTES = 1024  # of a body that is compressed
COMPRESSED = frozenset({"application/json", "text/html", "text/javascript", "image/svg+xml"})
LONGEST_HEADER = 1000  # characters that are read; whoever sends more gets bodies as they are
REMEMBERED = 128  # headers, which are few


class Encoding(NamedTuple):
    """A way to encode bodies.

    Args:
        name: as `Content-Encoding` has it; empty for the body as it is.
        encode: encodes a body.
    """

    name: str
    encode: Callable[[bytes], bytes]


IDENTITY = Encoding("", bytes)
BROTLI = Encoding("br", partial(brotli.compress, quality=4))
GZIP = Encoding("gzip", partial(gzip.compress, compresslevel=6, mtime=0))
BY_PREFERENCE = {"br": BROTLI, "gzip": GZIP, "identity": IDENTITY}


def json_answer(body: object, status: int = 200) -> Response:
    """Return a body as JSON."""
    return json_text_answer(orjson.dumps(body), status)


def json_text_answer(text: bytes, status: int = 200) -> Response:
    """Return a body that is JSON already."""
    return Response(text, status, mimetype="application/json")


def error_answer(status: int, detail: str | dict[str, Any]) -> Response:
    """Return an error; caches must not keep it."""
    response = json_answer({"detail": detail}, status)
    response.headers["Cache-Control"] = "no-store"
    return response


def accepted(header: str | None) -> Encoding:
    """Return the encoding that a client likes best, of those that it likes equally the shortest.

    Args:
        header: its `Accept-Encoding`.
    """
    return _best(header) if header and len(header) <= LONGEST_HEADER else IDENTITY


@lru_cache(REMEMBERED)
def _best(header: str) -> Encoding:
    qualities = {name.lower(): quality for name, quality in parse_accept_header(header, Accept) if quality > 0}
    named = [name for name in BY_PREFERENCE if name in qualities]
    if named:
        return BY_PREFERENCE[max(named, key=qualities.__getitem__)]
    return BROTLI if "*" in qualities else IDENTITY


def compress(response: Response) -> None:
    """Encode the body of an answer if it is long, and say so; what has been encoded already stays as it is."""
    encoding = accepted(request.headers.get("Accept-Encoding"))
    is_compressed = (
        encoding is not IDENTITY
        and response.mimetype in COMPRESSED
        and response.status_code == OK
        and "Content-Encoding" not in response.headers
        and len(response.get_data()) >= SHORTEST_BYTES
    )
    if is_compressed:
        response.set_data(encoding.encode(response.get_data()))
        response.headers["Content-Encoding"] = encoding.name
