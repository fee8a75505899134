"""The two kinds of body of every route: JSON, and an error as `{"detail": …}` that is not cached.

Headers that depend on who asks, and from where, are in `response_headers.py` and `cors.py`.
"""

from typing import Any

import orjson
from flask import Response


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
