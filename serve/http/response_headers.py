"""The headers of every answer, and those of own answers (docs/reference/http.md, Headers).

An own answer's `ETag` is known before the look-up: it depends on learner, version and format. It is weak, because one
body travels plain, as gzip and as brotli; proxies that compress make it weak anyway.
"""

import hashlib
from collections.abc import Mapping

from flask import Response, request
from werkzeug.http import parse_etags, quote_etag

from serve.http.access_log import REQUEST_ID
from serve.http.answers import compress

BODY_FORMAT = 2  # goes up when the same numbers are written in another way, or a header says more of them
PRIVATE = "private, no-cache"  # kept by the browser alone, and asked for every time
ENCODING = "Accept-Encoding"
VARY = f"Authorization, X-API-Key, Origin, {ENCODING}"


def compress_and_vary(response: Response) -> Response:
    """Compress a long answer if the client takes that, and say in every answer that it depends on it."""
    compress(response)
    vary = response.headers.get("Vary")
    if vary is None:
        response.headers["Vary"] = ENCODING
    elif ENCODING not in vary:
        response.headers["Vary"] = f"{vary}, {ENCODING}"
    return response


def request_id() -> str:
    """Return the id of the request at hand, under which the access log has it."""
    return str(request.environ[REQUEST_ID])


def etag(learner: str, version: str, what: str = "") -> str:
    """Return the tag of a learner's own answer from a version.

    Args:
        learner: whose it is.
        version: the version's name, and whether the learner is erased.
        what: the route and what was asked; empty for the pulse.
    """
    text = "\0".join((str(BODY_FORMAT), version, learner, *([what] if what else [])))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def etag_of(body: bytes, *headers: str) -> str:
    """Return the tag of an answer that is there already, by all that it says."""
    return hashlib.sha256(b"\0".join((body, *(header.encode() for header in headers)))).hexdigest()[:32]


def is_fresh(if_none_match: str | None, tag: str) -> bool:
    """Tell whether the client holds the answer of this tag already; to be called only after authorisation.

    Args:
        if_none_match: what the request says that it holds; None if it does not say.
        tag: the answer's.
    """
    return if_none_match is not None and parse_etags(if_none_match).contains_weak(tag)


def not_modified() -> Response:
    """Return 304: what the client holds is still right."""
    response = Response(status=304)
    del response.headers["Content-Type"]
    return response


def own(tag: str, headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the headers of an answer that is one learner's own, and that no cache may give to another.

    Args:
        tag: the answer's.
        headers: what else there is to say.
    """
    of_its_own = {"Cache-Control": PRIVATE, "Vary": VARY, "ETag": quote_etag(tag, weak=True)}
    return [*headers.items(), *of_its_own.items()]
