"""The headers of every answer, and those of own answers (docs/reference/http.md, Headers).

An own answer's `ETag` is known before the look-up: it depends on learner, version and format. It is weak, because one
body travels plain, as gzip and as brotli; proxies that compress make it weak anyway.
"""

import hashlib
from collections.abc import Mapping

from flask import Flask, Response, request
from flask_compress import Compress
from werkzeug.http import quote_etag

from serve.http.access_log import REQUEST_ID

BODY_FORMAT = 2  # goes up when the same numbers are written in another way, or a header says more of them
PRIVATE = "private, no-cache"  # kept by the browser alone, and asked for every time
VARY = "Authorization, X-API-Key, Origin"
EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}
COMPRESSION = {
    "COMPRESS_ALGORITHM": ["br", "gzip"],
    "COMPRESS_MIMETYPES": ["application/json", "text/html", "image/svg+xml"],
    "COMPRESS_MIN_SIZE": 1024,
    "COMPRESS_EVALUATE_CONDITIONAL_REQUEST": False,  # that is done here, after authorisation
}


def register(app: Flask) -> None:
    """Give every answer of an app its id and the headers that keep browsers careful, and compress long ones.

    No answer has a secret, nor parts of the request beside one. So the length of a compressed answer tells nothing
    (BREACH). Errors are not compressed.
    """
    app.before_request(_drop_refused_encodings)
    app.after_request(_add_headers)
    app.config.from_mapping(COMPRESSION)
    Compress(app)


def _drop_refused_encodings() -> None:
    """Remove encodings with `q=0`, which a client does not accept; Flask-Compress would use them."""
    accepted = request.headers.get("Accept-Encoding", "")
    if "=0" in accepted:
        kept = [f"{name};q={quality}" for name, quality in request.accept_encodings if quality > 0]
        request.environ["HTTP_ACCEPT_ENCODING"] = ", ".join(kept)


def _add_headers(response: Response) -> Response:
    present = {name for name, _ in response.headers}  # all at once: to set one looks through all the others
    response.headers.extend([line for line in EVERYWHERE.items() if line[0] not in present])
    response.headers.add("X-Request-Id", request_id())
    return response


def request_id() -> str:
    """Return the id of the request at hand, under which the access log has it."""
    return str(request.environ[REQUEST_ID])


def etag(learner: str, version: str) -> str:
    """Return the tag of a learner's own answer from a version."""
    text = "\0".join((str(BODY_FORMAT), version, learner))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def etag_of(body: bytes, *headers: str) -> str:
    """Return the tag of an answer that is there already, by all that it says."""
    return hashlib.sha256(b"\0".join((body, *(header.encode() for header in headers)))).hexdigest()[:32]


def has_fresh(tag: str) -> bool:
    """Tell whether the client holds the answer of this tag already; to be called only after authorisation."""
    return request.if_none_match.contains_weak(tag)


def not_modified() -> Response:
    """Return 304: what the client holds is still right."""
    response = Response(status=304)
    del response.headers["Content-Type"]
    return response


def own(response: Response, tag: str, headers: Mapping[str, str]) -> Response:
    """Mark an answer as one learner's own, which no cache may give to another.

    Args:
        response: has none of the headers that follow.
        tag: the answer's.
        headers: what else there is to say.
    """
    response.headers.extend({**headers, "Cache-Control": PRIVATE, "Vary": VARY, "ETag": quote_etag(tag, weak=True)})
    return response
